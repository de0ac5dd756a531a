"""Recordings: every exchange with a model kept in a file, and played back from it.

An exchange goes by all that determines it: the request, the episode's seed, and how many questions the participant had
asked before. Nothing of where the model is served is part of that. Recording is a memo: a question that has an answer
is answered from the file and not asked again, so that a run that was interrupted goes on where it stood; a question that
ended with an error is asked again, unless that was made of an answer. A replay gives the errors, too: a run repeats exactly, failures and all.
"""

import json
import os
import sqlite3
from typing import Any, Final

from trpg_env.llm import errors
from trpg_env.llm.errors import ModelError, NotRecorded, RecordingFailed
from trpg_env.llm.exchange import Answer, Usage
from trpg_env.llm.missing import what_is_missing
from trpg_env.llm.question import Question
from trpg_env.llm.record_file import RecordFile, open_to_read, open_to_write

Outcome = Answer | ModelError
_Row = tuple[str | None, str]

_FIND: Final = "SELECT error, value FROM exchange WHERE seed = ? AND number = ? AND request = ?"
_KEEP: Final = """INSERT INTO exchange (seed, number, request, error, value, asked) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET error = excluded.error, value = excluded.value WHERE error IS NOT NULL"""
_CLASSES: Final = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, ModelError)
}
_MOST: Final = 2**53
"""More than any count is."""
_REMEMBERED: Final = 50_000
"""How many parts a recorder knows to be in the file; for speed alone."""


class Recorder:
    """Writes a recording, and answers from it what it holds.

    Several threads and processes may record into one file: where two ask the same, both have the answer that came
    first. What could not be written is kept, and put into the file before anything else is asked.

    Args:
        path: The file; begun where there is none.

    Raises:
        ModelUnavailable: It cannot be written, or is something else.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = RecordFile(path, open_to_write)
        self._unwritten: list[tuple[Question, Outcome]] = []
        self._there: set[int] = set()

    def find(self, question: Question) -> Answer | None:
        """The answer that is recorded, if there is one.

        Raises:
            ModelError: There was an answer, which counted as a call, and came to this.
            RecordingFailed: The file cannot be read, or what should be in it cannot be written yet.
        """
        opened = self._file.opened
        with opened.lock:
            self._catch_up()
            try:
                row = opened.connection.execute(_FIND, question.key).fetchone()
                outcome = _read(row) if row else None
            except sqlite3.Error as error:
                raise self._failed(error) from None
        if isinstance(outcome, ModelError):
            if outcome.usage.calls:
                raise outcome
            return None
        return outcome

    def keep(self, question: Question, outcome: Outcome) -> Outcome:
        """Record how an exchange ended.

        Returns:
            What the file holds now: the same, or the answer that somebody else was given first.

        Raises:
            RecordingFailed: It could not be written.
        """
        try:
            return self._write(question, outcome)
        except RecordingFailed:
            with self._file.opened.lock:
                self._unwritten.append((question, outcome))
            raise

    def _catch_up(self) -> None:
        """Write what could not be written before; whoever calls this holds the lock."""
        while self._unwritten:
            late = self._unwritten.pop()
            try:
                self._write(*late)
            except RecordingFailed:
                self._unwritten.append(late)
                raise

    def _write(self, question: Question, outcome: Outcome) -> Outcome:
        opened = self._file.opened
        # Made before others are kept from writing.
        row = (*question.key, *_written(outcome), question.asked)
        parts = {name: text for name, text in question.parts.items() if name not in self._there}
        try:
            with opened.lock, opened.connection as connection:
                connection.execute("BEGIN IMMEDIATE")
                if not connection.execute(_KEEP, row).rowcount:
                    return _read(connection.execute(_FIND, question.key).fetchone())
                connection.executemany("INSERT OR IGNORE INTO part VALUES (?, ?)", parts.items())
        except sqlite3.Error as error:
            raise self._failed(error) from None
        if len(self._there) > _REMEMBERED:
            self._there.clear()
        self._there.update(parts)
        return outcome

    def _failed(self, error: sqlite3.Error) -> RecordingFailed:
        return RecordingFailed(f"the recording {self._file.path.name} cannot be written: {error}")


class Replay:
    """Answers from a recording and from nothing else.

    Args:
        path: The file; it is not changed.

    Raises:
        ModelUnavailable: It is not there, or no recording.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = RecordFile(path, open_to_read)

    def answer(self, question: Question) -> Answer:
        """The recorded answer.

        Raises:
            NotRecorded: There is none; names what was asked, and where the recording goes another way.
            ModelError: The exchange ended with it when it was recorded.
        """
        opened = self._file.opened
        try:
            with opened.lock:
                row = opened.connection.execute(_FIND, question.key).fetchone()
                if row is None:
                    missing = what_is_missing(opened.connection, question)
                    raise NotRecorded(f"{self._file.path.name} has {missing}")
            outcome = _read(row)
        except sqlite3.Error as error:
            raise NotRecorded(f"the recording {self._file.path.name} cannot be read: {error}") from None
        if isinstance(outcome, ModelError):
            raise outcome
        return outcome


def _written(outcome: Outcome) -> tuple[str | None, str]:
    if isinstance(outcome, ModelError):
        error = {"kind": outcome.kind, "message": str(outcome), "usage": outcome.usage.as_dict()}
        return type(outcome).__name__, json.dumps(error)
    value = {
        "content": outcome.content,
        "reasoning": outcome.reasoning,
        "finish": outcome.finish,
        "usage": outcome.usage.as_dict(),
    }
    return None, json.dumps(value)


def _read(row: _Row) -> Outcome:
    """An exchange as it was written; a file may come from anywhere, and hold anything.

    Raises:
        sqlite3.DatabaseError: It is none.
    """
    error, text = row
    try:
        value = json.loads(text)
        usage = Usage(**value["usage"])
        if not all(type(count) is int and 0 <= count < _MOST for count in usage.as_dict().values()):
            raise ValueError
        if error is not None:
            return _CLASSES[error](_printable(_text(value["message"])), usage)
        reasoning, finish = (
            None if value[name] is None else _text(value[name]) for name in ("reasoning", "finish")
        )
        return Answer(_text(value["content"]), reasoning, finish, usage)
    except (ValueError, TypeError, LookupError, RecursionError):
        raise sqlite3.DatabaseError("an exchange in it is damaged") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
