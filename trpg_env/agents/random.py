"""The random player: valid actions, drawn evenly; the baseline that knows the templates and nothing else."""

import gymnasium as gym
import numpy as np

from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import environment_of
from trpg_env.world.sampling import sample_action


class RandomAgent:
    """Draws a template and a valid value for each of its placeholders, the same for the same seed."""

    kind = "random"

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Start drawing from the episode's seed."""
        self._actions = environment_of(env).script.program.actions
        self._rng = np.random.default_rng(seed)

    def act(self, observation: str, info: Info) -> Turn:
        """A random valid action."""
        return Turn("I try something.", sample_action(self._actions, self._rng))
