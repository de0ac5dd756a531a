"""A record of chat messages, in whichever of the usual forms, as what was said and by whom.

Forms: `{"messages": [{"role", "content"}]}` (OpenAI's, our own `messages`, `openai`, `swift` and `axolotl`),
`{"conversations": [{"from", "value"}]}` (ShareGPT's), and a bare list of either kind of message.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Role = Literal["system", "user", "assistant"]
Error = Literal["parameter", "place", "logic"]

_ROLES: Final[Mapping[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "environment": "user",
    "observation": "user",
    "tool": "user",
    "function": "user",
    "function_response": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
_ERRORS: Final[tuple[Error, ...]] = ("parameter", "place", "logic")
_LISTS: Final = ("messages", "conversations", "conversation")
_LONGEST: Final = 40
"""The longest role that is quoted, in characters."""


class BadRecord(ValueError):
    """A record that is no conversation of a player's; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said.

    Attributes:
        role: Who.
        text: What.
        error: Whether the record calls it erroneous, with the kind of error where it says so; None where it does not say.
    """

    role: Role
    text: str
    error: bool | Error | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation of a player with what it plays in.

    Attributes:
        said: What was said: at most one system message, then user and assistant in turn, the user first.
        id: What the record calls itself, if it does.
        script: The script that it names, if it does.
        family: The family that it names, if it does.
        success: Whether it says that the goal was reached; None where it does not say.
    """

    said: tuple[Said, ...]
    id: str | None = None
    script: str | None = None
    family: str | None = None
    success: bool | None = None


def conversation_of(record: Any) -> Conversation:
    """Read a record. Messages of one speaker in a row become one, a blank line between them.

    Args:
        record: What was read from JSON.

    Raises:
        BadRecord: There is no conversation in it.

    Example:
        >>> found = conversation_of({"conversations": [{"from": "human", "value": "A door."},
        ...     {"from": "gpt", "value": "Action: open door"}], "id": 7})
        >>> found.id, found.said[1]
        ('7', Said(role='assistant', text='Action: open door', error=None))
    """
    if isinstance(record, BadRecord):
        raise record
    fields: Mapping[str, Any] = record if isinstance(record, Mapping) else {}
    listed = record if isinstance(record, list) else next((fields[k] for k in _LISTS if fields.get(k)), None)
    if not isinstance(listed, list):
        raise BadRecord('no conversation: there is no list of "messages" or "conversations" in it')
    system = fields.get("system")
    said = [Said("system", system)] if isinstance(system, str) and system.strip() else []
    said = _joined([*said, *(_said(message, i) for i, message in enumerate(listed))])
    speakers = [one.role for one in said if one.role != "system"]
    if "system" in [one.role for one in said[1:]]:
        raise BadRecord("no conversation of a player's: a system message stands in the midst of it")
    if "assistant" not in speakers:
        raise BadRecord("no conversation of a player's: the assistant says nothing")
    if speakers[0] != "user":
        raise BadRecord("no conversation of a player's: the assistant speaks before anything is told to it")
    success = fields.get("success")
    return Conversation(
        tuple(said),
        id=_name(fields.get("id")),
        script=_name(fields.get("script")),
        family=_name(fields.get("family")),
        success=success if isinstance(success, bool) else None,
    )


def looks_like_messages(found: Sequence[Any]) -> bool:
    """Whether a list is one conversation's messages, and not a list of conversations."""
    first = found[0] if found else None
    return (
        isinstance(first, Mapping)
        and not any(key in first for key in _LISTS)
        and bool({"role", "from"} & first.keys())
    )


def _said(message: Any, place: int) -> Said:
    where = f"message {place}"
    if not isinstance(message, Mapping):
        raise BadRecord(f"{where} is no object")
    named = message.get("role", message.get("from"))
    role = _ROLES.get(named.strip().casefold()) if isinstance(named, str) else None
    if role is None:
        what = f"has the role {named[:_LONGEST]!r}" if isinstance(named, str) else "names no role"
        raise BadRecord(f"{where} {what}; known are {', '.join(_ROLES)}")
    if message.get("tool_calls") or message.get("function_call"):
        raise BadRecord(f"{where} calls a tool; write the call as its text, such as “Action: open door”")
    text = _text(message.get("content", message.get("value")), where)
    return Said(role, text, _error(message.get("error"), where) if role == "assistant" else None)


def _error(value: Any, where: str) -> bool | Error | None:
    if value is None or isinstance(value, bool):
        return value
    for kind in _ERRORS:
        if value == kind:
            return kind
    raise BadRecord(f'{where} has an "error" that is not true, false, or one of {", ".join(_ERRORS)}')


def _text(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) == len(parts):
            return "\n\n".join(texts)
    raise BadRecord(f"{where} has a content that is no text")


def _joined(messages: Iterable[Said]) -> list[Said]:
    joined: list[Said] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            before = joined[-1]
            error = before.error if not message.error else message.error
            joined[-1] = replace(before, text=f"{before.text}\n\n{message.text}", error=error)
        else:
            joined.append(message)
    return joined


def _name(value: Any) -> str | None:
    """A name as text; none where it is empty, or no name."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return str(value).strip() or None
    except ValueError:  # a number of more digits than Python writes out
        return None
