"""The child process in which Jericho's emulator runs, so that a story that breaks it breaks nothing else.

It is run as a program, `python -I worker.py STORY SEED LIKE`, in a folder that is no more, and can write no files. A line of
JSON is a request, a line of JSON the answer: `"reset"`, `{"step": TEXT}`, or `{"try": [TEXT, …]}`, which leaves the game where
it is.
"""

import hashlib
import json
import os
import re
import resource
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SCORE = re.compile(r"scored?\b\D{0,40}?(-?\d+)\D{0,40}?\bof\b\D{0,40}?(\d+)", re.IGNORECASE)
_LONGEST = 198
_MEMORY = 4 << 30


class Machine:
    """A story in the emulator.

    Args:
        story: Its path.
        seed: The seed of its chance; 0 for the one of the game's walkthrough, or 1.
        like: The name by which Jericho knows another release of the game; empty where there is none.
    """

    def __init__(self, story: str, seed: int, like: str) -> None:
        import jericho  # noqa: PLC0415  (an extra)
        from jericho import defines  # noqa: PLC0415

        self._env: Any = jericho.FrotzEnv(story, 1)
        known: dict[str, Any] = self._env.bindings or {}
        self._seed = seed or known.get("seed") or 1
        if like and not known:
            known = next((one for one in defines.BINDINGS_DICT.values() if one.get("name") == like), {})
        self.walkthrough = str(known.get("walkthrough", "")).split("/") if known.get("walkthrough") else []
        self._library: Any = self._env.frotz_lib
        self._supported: bool = self._env.is_fully_supported
        self.words = {str(word.word): word.pos() for word in self._env.get_dictionary()}

    def reset(self) -> dict[str, Any]:
        """Begin anew."""
        self._env.seed(self._seed)
        text, _ = self._env.reset()
        return self._told(text)

    def step(self, text: str) -> dict[str, Any]:
        """Type a line."""
        return self._told(self._typed(text))

    def attempts(self, texts: list[str]) -> Iterator[dict[str, Any]]:
        """What each line would come to, typed now."""
        kept = self._env.get_state()
        for text in texts:
            said = self._typed(text)
            yield {"text": said, "state": self._state()}
            self._env.set_state(kept)

    def _typed(self, text: str) -> str:
        line = text.encode("ascii", "replace")[:_LONGEST]
        told: bytes = self._library.step(line + b"\n")
        return told.decode("cp1252", "replace")

    def _told(self, text: str) -> dict[str, Any]:
        halted = bool(self._env._emulator_halted())
        score, most = (None, None) if halted else self._score()
        seen = [] if halted else [one["text"] for one in self.attempts(["look", "inventory"])]
        won = self._supported and bool(self._env.victory())
        over = halted or (self._supported and bool(self._env.game_over()))
        told = {"text": text, "state": self._state(), "seen": seen, "score": score, "most": most}
        return told | {"won": won, "over": over}

    def _score(self) -> tuple[int | None, int | None]:
        """Score and highest score; a game that Jericho does not know is asked for them, and put back to before the question."""
        if self._supported:
            return int(self._env.get_score()), int(self._env.get_max_score())
        kept = self._env.get_state()
        read = _SCORE.search(self._typed("score"))
        self._env.set_state(kept)
        return (int(read[1]), int(read[2])) if read else (None, None)

    def _state(self) -> str:
        """The tree of objects, with their attributes: what is where, open, lit. No turns are counted in it."""
        memory: bytes = self._env.get_state()[0].tobytes()

        def word(at: int) -> int:
            return int.from_bytes(memory[at : at + 2])

        defaults, size, properties = (62, 9, 7) if memory[0] <= 3 else (126, 14, 12)
        start = word(0x0A) + defaults
        end, tables = start, len(memory)
        while end + size <= tables:
            tables = min(tables, max(word(end + properties), start))
            end += size
        return hashlib.sha256(memory[start:end]).hexdigest()


def main(story: str, seed: str, like: str) -> None:
    """Answer requests until there are no more."""
    # What C code prints is no answer.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    warnings.simplefilter("ignore")
    nowhere_to_save = tempfile.mkdtemp()
    os.chdir(nowhere_to_save)
    Path(nowhere_to_save).rmdir()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    machine = Machine(story, int(seed), like)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    answers.write(json.dumps({"walkthrough": machine.walkthrough, "words": machine.words}) + "\n")
    answers.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        if asked == "reset":
            answer: Any = machine.reset()
        elif "step" in asked:
            answer = machine.step(asked["step"])
        else:
            answer = list(machine.attempts(asked["try"]))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
