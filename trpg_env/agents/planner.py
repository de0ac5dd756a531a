"""The planner: follows a shortest plan, and plans anew where luck has it otherwise."""

from typing import Any, NamedTuple

import gymnasium as gym

from trpg_env.agents.draws import Draws
from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import environment_of, text_env, world_of
from trpg_env.envs import AgentRefineEnv
from trpg_env.world import Plan, State, TooManyActions, VerificationFailed, World, find_plan, find_some_plan
from trpg_env.world.atlas import Atlas
from trpg_env.world.sampling import sample_action
from trpg_env.world.search import STATES
from trpg_env.world.search_quick import QuickSearch
from trpg_env.world.values import Value

EXPLORED = 10_000
"""The most states that a world may have to be explored whole; a larger one is searched from state to state."""

_MAX_EXPLORED = 200_000
_MAX_KEPT = 10_000
_MAX_WORLDS = 20
_ENDLESS = 1_000_000


class Outlook(NamedTuple):
    """What lies ahead: the first actions of a plan, none where there is none, and how many the whole plan has."""

    actions: tuple[str, ...]
    length: int


class _Found(NamedTuple):
    """What a search found: the actions, the state's hash before each, and whether the search was too large."""

    actions: tuple[str, ...]
    hashes: tuple[int, ...]
    large: bool


class Planner:
    """Plans for one episode after another.

    A plan counts on favourable luck; where an action comes out otherwise, the plan is made anew from there. It is a
    shortest one where the budget allows, else one that relaxed plans or milestones lead to. One that is longer than an
    episode may be is followed as far as it goes. What is found hangs on the state alone and is kept, so an episode is the
    same whatever was played before it.

    Args:
        states: The budget of one search, in states.
    """

    def __init__(self, states: int = STATES) -> None:
        self._states = states
        self._atlases: dict[tuple[str, int], Atlas | None] = {}
        self._kept: dict[tuple[str, int, int, bool], _Found] = {}
        self._quick: dict[str, QuickSearch | None] = {}
        self.begin()

    def begin(self) -> None:
        """A new episode."""
        self._atlas: Atlas | None = None
        self._looked = False
        self._following = _Found((), (), large=False)
        self._next = 0
        self._hopeless = False

    def ahead(self, env: AgentRefineEnv, most: int = 1) -> Outlook:
        """The plan from the state of play.

        Args:
            env: The environment that is played in.
            most: How many of its actions are wanted at most.
        """
        if not self._looked:
            self._looked = True
            self._atlas = self._explored(world_of(env), env.episode.variation)
        if self._atlas is not None:
            plan = self._atlas.plan(env.state.values, most)
            if plan is not None:
                return Outlook(*plan)
        actions = self._searched_for(world_of(env), env.state)
        return Outlook(actions[:most], len(actions))

    @property
    def explored(self) -> bool:
        """Whether the episode's world is explored whole, so that distances are known."""
        return self._atlas is not None

    def distance(self, values: list[Value]) -> int | None:
        """How many actions lead to the goal from a state of the episode; None where there is no way, or none is known."""
        return None if self._atlas is None else self._atlas.distance(values)

    def _explored(self, world: World, variation: int) -> Atlas | None:
        """The atlas of a variation; None for a world that is too large."""
        key = (world.script.hash, variation)
        if key not in self._atlases:
            start = world.begin(variation).values
            # A variation whose start another one can reach has all its states in that one's atlas.
            others = [a for (script, _), a in self._atlases.items() if script == key[0] and a is not None]
            atlas = next((a for a in others if start in a), None)
            if atlas is None:
                atlas = self._explore(world, start)
            kept = {id(a): len(a) for a in self._atlases.values() if a is not None}
            if sum(kept.values()) > _MAX_EXPLORED:
                self._atlases.clear()
            self._atlases[key] = atlas
        return self._atlases[key]

    def _explore(self, world: World, start: list[Value]) -> Atlas | None:
        states, quick = min(self._states, EXPLORED), self._quick_in(world)
        if quick is not None and quick.exceeds(start, states):
            return None
        try:
            atlas = Atlas(world, start, states=states)
        except (TooManyActions, VerificationFailed):
            return None
        return atlas if atlas.complete else None

    def _searched_for(self, world: World, state: State) -> tuple[str, ...]:
        found = self._following
        if self._next + 1 < len(found.hashes) and found.hashes[self._next + 1] == state.hash:
            self._next += 1
        elif not (self._next < len(found.hashes) and found.hashes[self._next] == state.hash):
            if self._hopeless:
                return ()
            self._following = found = self._search(world, state, large=found.large)
            self._next = 0
            self._hopeless = not found.actions
        return found.actions[self._next :]

    def _search(self, world: World, state: State, *, large: bool) -> _Found:
        key = (world.script.hash, state.hash, state.turn, large)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._searched(world, state, large)
        return found

    def _searched(self, world: World, state: State, large: bool) -> _Found:
        plan = Plan(None, 0, decided=False)
        try:
            if not large:
                plan = self._shortest(world, state)
            if plan.actions is None and (not plan.decided or self._quick_in(world) is not None):
                large = True
                plan = self._any(world, state)
        except (TooManyActions, VerificationFailed):
            # There is no searching this script, but it can still be played.
            return _Found((), (), large=True)
        return _Found(plan.actions or (), tuple(map(world.layout.hash, plan.path)), large)

    def _shortest(self, world: World, state: State) -> Plan:
        quick, depth = self._quick_in(world), world.script.max_turns
        plan = None if quick is None else quick.shortest(state.values, depth=depth, states=self._states)
        return plan or find_plan(world, state.values, depth=depth, states=self._states)

    def _any(self, world: World, state: State) -> Plan:
        quick = self._quick_in(world)
        plan = None if quick is None else quick.some(state.values, depth=_ENDLESS, states=self._states)
        return plan or find_some_plan(world, state.values, depth=world.script.max_turns, states=self._states)

    def _quick_in(self, world: World) -> QuickSearch | None:
        """The quick search in a world; None for one that is not simple."""
        key = world.script.hash
        if key not in self._quick:
            if len(self._quick) >= _MAX_WORLDS:
                self._quick.clear()
            self._quick[key] = QuickSearch.of(world)
        return self._quick[key]


class PlannerAgent:
    """Plays a plan; without one, random valid actions. A copy of it starts afresh.

    Args:
        states: The budget of one search, in states.
    """

    kind = "planner"
    grounded_only = True

    def __init__(self, states: int = STATES) -> None:
        self._states = states
        self._planner = Planner(states)

    @property
    def sampling(self) -> dict[str, Any]:
        """Its settings, as a trajectory keeps them."""
        return {"states": self._states}

    def __reduce__(self) -> tuple[type["PlannerAgent"], tuple[int]]:
        return type(self), (self._states,)

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Look at a new episode."""
        self._env = environment_of(env)
        self._worded = text_env(env).worded
        self._draws = Draws(seed)
        self._planner.begin()

    def act(self, observation: str, info: Info) -> Turn:
        """The plan's next action."""
        plan = self._planner.ahead(self._env)
        if not plan.actions:
            action = sample_action(self._env.script.program.actions, self._draws.generator)
            return Turn("I see no way to the goal from here, so I try something.", self._worded(action))
        action = self._worded(*plan.actions)
        if plan.length == 1:
            return Turn(f'One step is left: "{action}" reaches the goal.', action)
        return Turn(f'The next step towards the goal is "{action}".', action)
