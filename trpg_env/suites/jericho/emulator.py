"""Our side of the process in which Jericho's emulator runs: asks, waits for so long and no longer, and ends it."""

import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

_WORKER = Path(__file__).with_name("worker.py")
_START, _ANSWER, _LEAVE = 60.0, 10.0, 5.0


class EmulatorEnded(RuntimeError):
    """The emulator broke down, or did not answer in time."""


class Said(NamedTuple):
    """What a game answered.

    Attributes:
        text: Its text.
        state: Tells one state of all its objects from another.
        seen: What looking around, and at what is carried, would tell now.
        score: The score; None where the game did not tell it.
        most: The highest score that there is; None likewise.
        won: Whether it says that it is won.
        over: Whether it has ended otherwise.
    """

    text: str
    state: str
    seen: Sequence[str] = ()
    score: int | None = None
    most: int | None = None
    won: bool = False
    over: bool = False


class Emulator:
    """A story in an emulator of its own.

    Args:
        story: The story file.
        seed: The seed of its chance; 0 for the one of the game's walkthrough.
        like: The name by which Jericho knows another release of the game.

    Raises:
        EmulatorEnded: It cannot be played.
    """

    def __init__(self, story: Path, seed: int, like: str) -> None:
        self.story = story
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            (sys.executable, "-I", str(_WORKER), str(story.resolve()), str(seed), like),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,  # an interrupt from the keyboard is ours to answer
        )
        self._end = weakref.finalize(self, _end, self._process)
        self._rest = b""
        said = self._answer(_START)
        self.walkthrough: Sequence[str] = said["walkthrough"]
        self.words: Mapping[str, Sequence[str]] = said["words"]

    def reset(self) -> Said:
        """Begin the story.

        Raises:
            EmulatorEnded: It broke down.
        """
        return Said(**self._ask("reset"))

    def step(self, text: str) -> Said:
        """Type a line.

        Raises:
            EmulatorEnded: It broke down.
        """
        return Said(**self._ask({"step": text}))

    def attempts(self, texts: Sequence[str]) -> list[Said]:
        """What each line would come to; the game stays where it is.

        Raises:
            EmulatorEnded: It broke down.
        """
        return [Said(**one) for one in self._ask({"try": list(texts)})]

    def close(self) -> None:
        """End the process, and wait until it has ended."""
        self._end()

    def _ask(self, request: object) -> Any:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise self._ended("has ended") from None
        return self._answer(_ANSWER)

    def _answer(self, patience: float) -> Any:
        assert self._process.stdout is not None
        file, until = self._process.stdout.fileno(), time.monotonic() + patience
        while b"\n" not in self._rest:
            if not select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise self._ended(f"did not answer within {patience:g} s")
            read = os.read(file, 1 << 16)
            if not read:
                raise self._ended("broke down")
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def _ended(self, how: str) -> EmulatorEnded:
        self.close()
        return EmulatorEnded(f"Jericho's emulator {how} while it played {self.story.name}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None and process.stdout is not None
    with suppress(OSError):  # a line that could not be sent
        process.stdin.close()
    process.stdout.close()
    try:
        process.wait(0.1 if process.poll() is None else 0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_LEAVE)
