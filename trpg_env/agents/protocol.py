"""Who plays: the one interface that every agent has.

An agent is any object with `reset(env, seed)` and `act(observation, info)`, or a plain callable from
observation and info to an action's text. Each of them may be a coroutine.

Attributes `kind`, `model`, `sampling` and `prompt_hash`, where an agent has them, say who it is: they stand in its
trajectories and make up their ids. Agents that play differently differ in one of them at least; otherwise a
run of the one is taken for a run of the other.

An agent that looks into the engine's world has `grounded_only = True`, and no narrative script is handed to it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import gymnasium as gym

Info = dict[str, Any]
Function = Callable[[str, Info], "str | Turn | Awaitable[str | Turn]"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a player does in one turn.

    Attributes:
        thought: Why, in the player's words.
        action: The action's text.
        reasoning: The text of a model's hidden channel, where there was one.
        reply: A model's raw answer, where there was one.
    """

    thought: str
    action: str
    reasoning: str | None = None
    reply: str | None = None


@runtime_checkable
class Agent(Protocol):
    """Plays one episode after another."""

    def reset(self, env: gym.Env[str, str], seed: int) -> Awaitable[None] | None:
        """A new episode: its environment, already reset, and its seed, for whatever the agent draws."""
        ...

    def act(self, observation: str, info: Info) -> Turn | str | Awaitable[Turn | str]:
        """The next turn, from what `reset` or `step` gave last; a text is an action without a thought."""
        ...


class CallableAgent:
    """A plain callable as an agent.

    Args:
        function: From observation and info to an action's text.

    Attributes:
        model: The callable's own name, which tells its episodes from those of another.

    Example:
        >>> CallableAgent(lambda observation, info: "look").act("", {})
        'look'
    """

    kind = "callable"

    def __init__(self, function: Function) -> None:
        self._function = function
        named = function if hasattr(function, "__qualname__") else type(function)
        self.model = f"{named.__module__}.{named.__qualname__}"

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Nothing is kept."""

    def act(self, observation: str, info: Info) -> Turn | str | Awaitable[Turn | str]:
        """What the callable says."""
        return self._function(observation, info)


def as_agent(agent: Agent | Function) -> Agent:
    """An agent as it is, a callable wrapped.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(agent, Agent) and not isinstance(agent, type):
        return agent
    if callable(agent) and not isinstance(agent, type):
        return CallableAgent(agent)
    raise TypeError(
        f"an agent has reset(env, seed) and act(observation, info), or is a callable; got {agent!r}"
    )
