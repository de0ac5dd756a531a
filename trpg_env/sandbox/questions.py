"""How questions are put to the worker and how its answers are read.

The worker's answers are not trusted either: whatever is not an answer of the right kind is a crash, texts are cleaned and cut,
and the texts of groups are cut out of the caller's own.
"""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from trpg_env.sandbox import protocol
from trpg_env.sandbox.faults import SourceRejected, Verdict
from trpg_env.sandbox.protocol import BAD_RESULT, CRASH, FAULTS, MEMORY, REJECTED

Groups: TypeAlias = dict[str | int, str | None]
Check: TypeAlias = tuple[str, str, Mapping[str, Any], Any]
Pair: TypeAlias = tuple[str, str]
_Item = TypeVar("_Item")

_ACCEPTED = Verdict(True)
_NOT_ACCEPTED = Verdict(False)
_GARBLED = "the worker gave an answer that is none"

# Control characters and those that reorder or hide text would reach a terminal, lone surrogates could not be written to a file.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e00ff]"
)


class Faulted(Exception):
    """A request that came to nothing: a fault, and more about it for the author."""

    def __init__(self, fault: str, message: str = "") -> None:
        super().__init__(fault, message)
        self.fault = fault
        self.message = message


def no_answer(reply: object, *, said: bool = False) -> Faulted:
    """Say what a reply means that is not what was asked for.

    Args:
        reply: The reply.
        said: Whether a text may say why there is no answer.
    """
    if reply == REJECTED:
        return unfit("use texts, numbers, lists, and dicts with texts as keys")
    if reply == MEMORY:
        return Faulted(MEMORY)
    return Faulted(REJECTED, reply) if said and isinstance(reply, str) else Faulted(CRASH, _GARBLED)


def unfit(why: str) -> Faulted:
    """Say that a request cannot be sent, or not be read."""
    return Faulted(REJECTED, f"what was handed over cannot cross into the sandbox: {why}")


def is_last(reply: object) -> bool:
    """Tell whether a reply says that memory ran out: who says so retires."""
    if type(reply) is list:
        return bool(reply) and type(reply[0]) is list and reply[0][:1] == [MEMORY]
    return reply == MEMORY


def clean(text: str) -> str:
    """Make a text from the worker fit to be shown and stored."""
    if len(text) > protocol.MAX_MESSAGE:
        text = text[: protocol.MAX_MESSAGE - 1] + "…"
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub("�", text)


def require_source(source: object) -> None:
    """Refuse, before it is sent, what cannot be verification code.

    Raises:
        Faulted: If it is not a text or too long a one.
    """
    _require(source, "the Python source", protocol.MAX_SOURCE)


def require_pattern(pattern: object) -> None:
    """Refuse, before it is sent, what cannot be a pattern.

    Raises:
        Faulted: If it is not a text or too long a one.
    """
    _require(pattern, "the regular expression", protocol.MAX_PATTERN)


def _require(author: object, what: str, limit: int) -> None:
    if not isinstance(author, str):
        raise Faulted(REJECTED, f"it is of type {type(author).__name__}; give {what} as text")
    if len(author) > limit:
        raise Faulted(REJECTED, f"it has {len(author):,} characters; write at most {limit:,}")


def _require_text(text: object) -> None:
    if not isinstance(text, str):
        raise Faulted(REJECTED, f"what it was to match is of type {type(text).__name__}; give a text")


def validation(checks: Sequence[Check]) -> list[Any]:
    """Make the request that asks about some actions; each source and each state crosses once.

    Raises:
        Faulted: If one of them is not of the right kind.
    """
    if len(checks) == 1:
        ((source, action, given, state),) = checks
        if type(source) is type(action) is str and type(given) is dict and len(source) <= protocol.MAX_SOURCE:
            return [protocol.VALIDATE, (source,), None, (action,), (given,), (state,), None]
    sources, actions, params, states = zip(*checks, strict=True)
    if not set(map(type, sources)) == set(map(type, actions)) == {str}:
        for source in sources:
            require_source(source)
        for action in actions:
            if not isinstance(action, str):
                raise Faulted(REJECTED, f"the action is of type {type(action).__name__}; give a text")
    if set(map(type, params)) != {dict}:
        params = tuple(map(_as_dict, params))
    unique, which = _numbered(sources, sources)
    for source in unique:
        require_source(source)
    worlds, whose = _numbered(states, map(id, states))
    return [protocol.VALIDATE, unique, which, actions, params, worlds, whose]


def _as_dict(params: object) -> dict[Any, Any]:
    if not isinstance(params, Mapping):
        raise Faulted(REJECTED, f"params is of type {type(params).__name__}; give a dict")
    return params if isinstance(params, dict) else dict(params)


def _numbered(items: Sequence[_Item], keys: Iterable[Hashable]) -> tuple[list[_Item], list[int] | None]:
    """Return the items whose keys differ, and each item's index among them (None where there is but one)."""
    keys = list(keys)
    first = dict(zip(keys, items, strict=True))
    if len(first) == 1:
        return [items[0]], None
    numbers = dict(zip(first, range(len(first)), strict=True))
    return list(first.values()), [numbers[key] for key in keys]


def read_verdicts(checks: Sequence[Check], reply: Any) -> list[Verdict]:
    """Read the verdicts on the first of some actions, at least one.

    Raises:
        Faulted: If they are none.
    """
    if type(reply) is not list or not 0 < len(reply) <= len(checks):
        raise no_answer(reply)
    return [_verdict(answer) for answer in reply]


def _verdict(answer: Any) -> Verdict:
    if answer is True:
        return _ACCEPTED
    if answer is False:
        return _NOT_ACCEPTED
    if isinstance(answer, str):
        return Verdict(False, clean(answer))
    if isinstance(answer, list) and len(answer) == 2:
        fault, message = answer
        if isinstance(fault, str) and fault in FAULTS and isinstance(message, str):
            return Verdict(False, clean(f"The verification code {_FAILED[fault]}: {message}"), fault)
    raise Faulted(CRASH, _GARBLED)


_FAILED = dict.fromkeys(FAULTS, "failed") | {REJECTED: "cannot be used", BAD_RESULT: "gave no verdict"}


def matching(pairs: Sequence[Pair]) -> list[Any]:
    """Make the request that matches some pairs of pattern and text; each pattern and each text crosses once.

    Raises:
        Faulted: If one of them is not of the right kind.
    """
    patterns: dict[str, int] = {}
    texts: dict[str, int] = {}
    flat: list[int] = []
    for pattern, text in pairs:
        if type(pattern) is not str or pattern not in patterns:
            require_pattern(pattern)
        _require_text(text)
        flat.append(patterns.setdefault(pattern, len(patterns)))
        flat.append(texts.setdefault(text, len(texts)))
    return [protocol.MATCH, list(patterns), list(texts), flat]


def read_matches(pairs: Sequence[Pair], reply: Any) -> list[Groups | SourceRejected | None]:
    """Read what became of the first of some pairs, at least one.

    Raises:
        Faulted: If it is nothing of the kind, or the first pair took too much memory.
    """
    try:
        tables, results = reply
        if not 0 < len(results) <= len(pairs):
            raise Faulted(CRASH, _GARBLED)
        numbers: dict[str, int] = {}
        answers: list[Groups | SourceRejected | None] = []
        for (pattern, text), result in zip(pairs, results, strict=False):
            number = numbers.setdefault(pattern, len(numbers))
            if result is None:
                answers.append(None)
            elif result is False:
                answers.append(malformed(str(tables[number])))
            elif result == MEMORY:
                raise Faulted(MEMORY)
            else:
                answers.append(_groups(tables[number], text, result))
        return answers
    except (TypeError, ValueError, LookupError, AttributeError):
        raise no_answer(reply) from None


def _groups(names: list[str | int], text: str, spans: list[list[int]]) -> Groups:
    return {
        name: None if start < 0 else text[start:end] for name, (start, end) in zip(names, spans, strict=True)
    }


def malformed(why: str) -> SourceRejected:
    """Return the rejection of a pattern that cannot be used."""
    return SourceRejected(clean(f"The pattern cannot be used: {why}"))
