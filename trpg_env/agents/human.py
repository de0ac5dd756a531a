"""A person as the player."""

from collections.abc import Callable

import gymnasium as gym

from trpg_env.agents.protocol import Info, Turn


class HumanAgent:
    """Asks a person for each action.

    Args:
        ask: Shows an observation and `info`, and gives what the person wrote. Raises `EOFError` to leave.
    """

    kind = "human"

    def __init__(self, ask: Callable[[str, Info], str]) -> None:
        self._ask = ask

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Nothing is kept."""

    def act(self, observation: str, info: Info) -> Turn:
        """What the person wrote, without a thought."""
        return Turn("", self._ask(observation, info))
