"""Who plays: the one interface that every agent has.

An agent is any object with `reset(env, seed)` and `act(observation, info)`, or a plain callable from
observation and info to an action's text. `act`, or the callable, may be a coroutine.
"""

import inspect
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

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """A new episode: its environment, already reset, and its seed, for whatever the agent draws."""
        ...

    def act(self, observation: str, info: Info) -> Turn | Awaitable[Turn]:
        """The next turn, from what `reset` or `step` gave last."""
        ...


class CallableAgent:
    """A plain callable as an agent.

    Args:
        function: From observation and info to an action's text.

    Example:
        >>> CallableAgent(lambda observation, info: "look").act("", {})
        Turn(thought='', action='look', reasoning=None, reply=None)
    """

    kind = "callable"

    def __init__(self, function: Function) -> None:
        self._function = function

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Nothing is kept."""

    def act(self, observation: str, info: Info) -> Turn | Awaitable[Turn]:
        """What the callable says, without a thought."""
        said = self._function(observation, info)
        return _awaited(said) if inspect.isawaitable(said) else _turn(said)


async def _awaited(said: Awaitable[str | Turn]) -> Turn:
    return _turn(await said)


def _turn(said: str | Turn) -> Turn:
    return said if isinstance(said, Turn) else Turn("", said)


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
