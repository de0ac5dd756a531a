"""The planner: follows a shortest plan, and plans anew where luck has it otherwise."""

import gymnasium as gym
import numpy as np

from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import environment_of
from trpg_env.envs import AgentRefineEnv
from trpg_env.world import VerificationFailed, World, find_plan
from trpg_env.world.grounding import TooManyActions
from trpg_env.world.relevance import relevant_slots
from trpg_env.world.sampling import sample_action
from trpg_env.world.search import STATES
from trpg_env.world.values import Value

_MAX_PLANS = 100_000


class Planner:
    """Finds shortest plans; what was found once is kept, script by script.

    A plan counts on favourable luck. Where an action comes out otherwise, the plan is made anew from there.

    Args:
        states: The budget of one search, in states.
    """

    def __init__(self, states: int = STATES) -> None:
        self._states = states
        self._plans: dict[tuple[str, int, int], tuple[str, ...]] = {}
        self._timed: dict[str, bool] = {}

    def plan(self, env: AgentRefineEnv) -> tuple[str, ...]:
        """A shortest plan from the state of play; empty where none was found."""
        world, state = env.world, env.state
        key = self._key(world, state.hash, state.turn)
        found = self._plans.get(key)
        if found is None:
            self._search(world, state.values, key)
            found = self._plans[key]
        return found

    def _search(self, world: World, values: list[Value], key: tuple[str, int, int]) -> None:
        if len(self._plans) > _MAX_PLANS:
            self._plans.clear()
        self._plans[key] = ()
        try:
            plan = find_plan(world, values, depth=world.script.max_turns, states=self._states)
        except (TooManyActions, VerificationFailed):
            # There is no searching this script, but it can still be played.
            return
        actions = plan.actions or ()
        for i, before in enumerate(plan.path):
            step = self._key(world, world.layout.hash(before), int(before[0]))
            self._plans[step] = actions[i:]

    def _key(self, world: World, state_hash: int, turn: int) -> tuple[str, int, int]:
        script = world.script.hash
        if script not in self._timed:
            self._timed[script] = 0 in relevant_slots(world)
        return script, state_hash, turn if self._timed[script] else 0


class PlannerAgent:
    """Plays a shortest plan; without one, random valid actions.

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

    def act(self, observation: str, info: Info) -> Turn:
        """The plan's next action."""
        plan = self._planner.plan(self._env)
        if not plan:
            return Turn("I see no way to the goal from here, so I try something.", self._random())
        if len(plan) == 1:
            return Turn(f'One step is left: "{plan[0]}" reaches the goal.', plan[0])
        return Turn(f'The next step towards the goal is "{plan[0]}".', plan[0])

    def _random(self) -> str:
        return sample_action(self._env.script.program.actions, self._rng)
