"""The expert: what a benchmark itself says is right, or the plan, where our own engine plays."""

import gymnasium as gym

from trpg_env.agents.planner import PlannerAgent
from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.random import RandomAgent
from trpg_env.agents.view import text_env
from trpg_env.envs import AgentRefineEnv
from trpg_env.envs.game import GameEnv


class ExpertAgent:
    """Plays as the benchmark's own expert does: a gold path, a solver, a planner; a random action where that knows none.

    Grounded scripts are played by the planner. It tells what can be reached at all, and is no agent to compare others with:
    it knows what no player is told.
    """

    kind = "expert"
    grounded_only = True

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Look at a new episode.

        Raises:
            TypeError: The environment has no expert.
        """
        inner = env.unwrapped
        self._env, self._game, self._planner = text_env(env), None, None
        self._random = RandomAgent()
        self._random.reset(env, seed)
        if isinstance(inner, AgentRefineEnv):
            self._planner = PlannerAgent()
            self._planner.reset(env, seed)
        elif isinstance(inner, GameEnv):
            self._game = inner
        else:
            raise TypeError(f"{type(inner).__name__} has no expert")

    def act(self, observation: str, info: Info) -> Turn:
        """What the expert does next."""
        if self._planner is not None:
            return self._planner.act(observation, info)
        assert self._game is not None
        action = self._game.expert_action()
        if action is None:
            return self._random.act(observation, info)
        return Turn("This is what the expert does next.", self._env.worded(action))
