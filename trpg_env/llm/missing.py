"""What a recording says of a question that it does not hold."""

import json
import sqlite3
from typing import Any

from trpg_env.llm.exchange import Message
from trpg_env.llm.question import Question

_LONGEST = 100
"""How much of a setting is shown, in characters."""


def what_is_missing(connection: sqlite3.Connection, question: Question) -> str:
    """Name a question, and where the recording goes another way.

    Args:
        connection: The recording.
        question: One that it does not hold.

    Returns:
        Words to follow "The recording has".
    """
    seed, number, _ = question.key
    messages = question.request.messages
    said = (
        f"no answer of {question.request.model!r} for question {number} of the episode with seed {seed}, which ends "
        f"{_quoted(messages[-1].get('content', '') if messages else '')}"
    )
    others = connection.execute("SELECT asked FROM exchange WHERE seed = ? AND number = ?", (seed, number))
    differences = (_apart_from(connection, asked, question) for (asked,) in others)
    difference = max((found for found in differences if found is not None), default=None)
    if difference is not None:
        return f"{said}; another question is recorded there, {difference[1]}"
    (count,) = connection.execute("SELECT count(*) FROM exchange WHERE seed = ?", (seed,)).fetchone()
    return f"{said}; of that seed it has {count or 'no'} other question{'' if count == 1 else 's'}"


def _apart_from(connection: sqlite3.Connection, asked: Any, question: Question) -> tuple[int, str] | None:
    """The difference from a request as it is recorded; none from what is no request, as in a damaged file."""
    try:
        return _difference(connection, json.loads(asked), question)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return None


def _difference(connection: sqlite3.Connection, there: dict[str, Any], question: Question) -> tuple[int, str]:
    """How far a recorded request is the same as this one, and in which words it differs."""
    schema, *here = question.names
    same = 0
    for theirs, ours in zip(there["messages"], here, strict=False):
        if theirs != ours:
            row = connection.execute("SELECT value FROM part WHERE name = ?", (theirs,)).fetchone()
            return (
                same,
                f"which differs first in message {same}, {_apart(row, question.request.messages[same])}",
            )
        same += 1
    if len(there["messages"]) != len(here):
        return same, f"with {len(there['messages'])} messages there and {len(here)} here"
    if there["schema"] != schema:
        return same + 1, "which differs in the schema of its answer"
    return same + 2, "which differs in " + ", ".join(
        f"{name} ({json.dumps(there[name])[:_LONGEST]} there, {json.dumps(value)} here)"
        for name, value in question.settings.items()
        if there[name] != value
    )


def _apart(row: tuple[str] | None, message: Message) -> str:
    """What two messages say where they come apart."""
    there = json.loads(row[0]) if row else {}
    if there.get("content") == message.get("content"):
        return f"which is the {there.get('role')}'s there and the {message.get('role')}'s here"
    theirs, ours = str(there.get("content", "")), str(message.get("content", ""))
    apart = (at for at, (one, other) in enumerate(zip(theirs, ours, strict=False)) if one != other)
    same = next(apart, min(len(theirs), len(ours)))
    return f"at character {same}: {_quoted(theirs, same)} there, {_quoted(ours, same)} here"


def _quoted(text: str, at: int = 0) -> str:
    """A piece of a text from a little before a place, on one line and fit to be shown."""
    start = max(0, at - 20)
    piece = "".join(c if c.isprintable() else " " for c in text[start : at + 60])
    return f'"{"…" if start else ""}{piece}{"…" if at + 60 < len(text) else ""}"'
