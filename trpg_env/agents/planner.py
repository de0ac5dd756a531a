"""The planner: follows a shortest plan, and plans anew where luck has it otherwise."""

from typing import NamedTuple

import gymnasium as gym
import numpy as np

from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import environment_of
from trpg_env.envs import AgentRefineEnv
from trpg_env.world import Plan, State, TooManyActions, VerificationFailed, World, find_plan, find_some_plan
from trpg_env.world.sampling import sample_action
from trpg_env.world.search import STATES

_MAX_KEPT = 10_000


class _Found(NamedTuple):
    """What a search found: the actions, the state's hash before each, and whether the search was too large."""

    actions: tuple[str, ...]
    hashes: tuple[int, ...]
    large: bool


class Planner:
    """Plans for one episode after another.

    A plan counts on favourable luck; where an action comes out otherwise, the plan is made anew from there. It is a
    shortest one where the budget allows, else the first that a search by milestones finds. What a search
    finds hangs on its state alone and is kept, so an episode is the same whatever was played before it.

    Args:
        states: The budget of one search, in states.
    """

    def __init__(self, states: int = STATES) -> None:
        self._states = states
        self._kept: dict[tuple[str, int, int, bool], _Found] = {}
        self.begin()

    def begin(self) -> None:
        """A new episode."""
        self._following = _Found((), (), large=False)
        self._next = 0
        self._hopeless = False

    def plan(self, env: AgentRefineEnv) -> tuple[str, ...]:
        """A plan from the state of play; empty where none was found."""
        state, found = env.state, self._following
        if self._next + 1 < len(found.hashes) and found.hashes[self._next + 1] == state.hash:
            self._next += 1
        elif not (self._next < len(found.hashes) and found.hashes[self._next] == state.hash):
            if self._hopeless:
                return ()
            self._following = found = self._search(env.world, state, large=found.large)
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
        depth = world.script.max_turns
        plan = Plan(None, 0, decided=False)
        try:
            if not large:
                plan = find_plan(world, state.values, depth=depth, states=self._states)
            if not plan.decided:
                large = True
                plan = find_some_plan(world, state.values, depth=depth, states=self._states)
        except (TooManyActions, VerificationFailed):
            # There is no searching this script, but it can still be played.
            return _Found((), (), large=True)
        return _Found(plan.actions or (), tuple(map(world.layout.hash, plan.path)), large)


class PlannerAgent:
    """Plays a plan; without one, random valid actions.

    Args:
        states: The budget of one search, in states.
    """

    kind = "planner"

    def __init__(self, states: int = STATES) -> None:
        self._planner = Planner(states)

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Look at a new episode."""
        self._env = environment_of(env)
        self._rng = np.random.default_rng(seed)
        self._planner.begin()

    def act(self, observation: str, info: Info) -> Turn:
        """The plan's next action."""
        plan = self._planner.plan(self._env)
        if not plan:
            action = sample_action(self._env.script.program.actions, self._rng)
            return Turn("I see no way to the goal from here, so I try something.", action)
        if len(plan) == 1:
            return Turn(f'One step is left: "{plan[0]}" reaches the goal.', plan[0])
        return Turn(f'The next step towards the goal is "{plan[0]}".', plan[0])
