"""Players and DMs that several processes can have: they stand at the top of a module."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trpg_env.agents import Turn
from trpg_env.dm import Narration


def west(observation: str, info: dict[str, Any]) -> str:
    return "go west"


def waiting(observation: str, info: dict[str, Any]) -> str:
    return "wait"


def winning(observation: str, info: dict[str, Any]) -> str:
    """Plays the tiny script: a step beside it, then the goal."""
    return "take ball" if info["turn"] == 0 else "win"


class Telling:
    """Says with which settings the sandbox runs in which it is played."""

    kind = "telling"

    def reset(self, env: Any, seed: int) -> None:
        self.sandbox = env.world.sandbox

    def act(self, observation: str, info: dict[str, Any]) -> Turn:
        return Turn(repr(self.sandbox.__reduce__()[1]), "win")


class Scripted:
    """Does what it is told at each turn; `reset` runs a function too."""

    kind = "scripted"

    def __init__(self, act: Callable[[int], Any], reset: Callable[[int], Any] = lambda seed: None) -> None:
        self._act, self._reset = act, reset

    def reset(self, env: Any, seed: int) -> None:
        self.turn = -1
        self._reset(seed)

    def act(self, observation: str, info: dict[str, Any]) -> Any:
        self.turn += 1
        return self._act(self.turn)


class Counting:
    """Keeps the number of the turn, as an agent may; wrong as soon as two episodes share it."""

    kind = "counting"

    def reset(self, env: Any, seed: int) -> None:
        self.seed, self.turn = seed, -1

    async def act(self, observation: str, info: dict[str, Any]) -> Turn:
        self.turn += 1
        assert self.turn == info["turn"]
        await asyncio.sleep(0)
        assert self.turn == info["turn"]
        return Turn(f"{self.seed}:{self.turn}", "take ball" if self.turn < 3 else "win")


class Hanging:
    """Says that it plays, and never comes back."""

    kind = "hanging"

    def __init__(self, name: str) -> None:
        self.name = name

    def reset(self, env: Any, seed: int) -> None:
        Path(f"{self.name}-{os.getpid()}").touch()

    def act(self, observation: str, info: dict[str, Any]) -> Turn:
        while True:
            time.sleep(1)


class Waiting(Hanging):
    """The same, waiting for a model that never answers."""

    def reset(self, env: Any, seed: int) -> None:
        pass

    async def act(self, observation: str, info: dict[str, Any]) -> Turn:  # type: ignore[override]
        super().reset(None, 0)
        await asyncio.Event().wait()
        raise AssertionError


class Deadly:
    """Ends its process in one episode, or in all without a seed, and plays the others."""

    kind = "deadly"

    def __init__(self, seed: int | None, how: str) -> None:
        self.deadly, self.how = seed, how

    def reset(self, env: Any, seed: int) -> None:
        self.dies = self.deadly in (None, seed)

    async def act(self, observation: str, info: dict[str, Any]) -> Turn:
        await asyncio.sleep(0)  # others that are in flight go on
        if self.dies and self.how == "exit":
            os._exit(3)
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return Turn("", winning(observation, info))


class Told:
    """A DM that says what a function says, and may be a coroutine."""

    kind = "told"

    def __init__(self, opening: Any, answer: Any) -> None:
        self._opening, self._answer = opening, answer

    def open(self, world: Any, state: Any, fate: Any) -> Any:
        return self._opening()

    def answer(self, world: Any, before: Any, ruling: Any) -> Any:
        return self._answer()

    def snapshot(self) -> None:
        pass

    def restore(self, snapshot: Any) -> None:
        pass


NARRATION = Narration("A thought.", "An observation.")
