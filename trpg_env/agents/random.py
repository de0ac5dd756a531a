"""The random player: actions that are understood, drawn evenly; the baseline that knows the templates and nothing else."""

import gymnasium as gym
import numpy as np

from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import text_env


class RandomAgent:
    """Draws a template and a valid value for each of its placeholders, the same for the same seed."""

    kind = "random"

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Start drawing from the episode's seed."""
        self._env = text_env(env)
        self._rng = np.random.default_rng(seed)

    def act(self, observation: str, info: Info) -> Turn:
        """A random action that is understood."""
        return Turn("I try something.", self._env.sample_action(self._rng))
