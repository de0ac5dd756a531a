"""What a model has written, found in what it has sent: a script, or the turns of a trajectory.

Models wrap JSON in fences and chatter, leave commas behind the last element, write Python's constants, put a list into an
object or an object into a list, and break off in the middle. All of that is read; nothing is guessed of what a value was
meant to be. Keys are compared in any case, with blanks for underscores (`Parameter_error`, `parameter error`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from trpg_env.llm import split_reasoning
from trpg_env.llm.extraction import BEGINNING, READING, TRIES, Malformed, Undecodable, decode, objects
from trpg_env.script.names import fold

_SCRIPT_KEYS: Final = frozenset({"goal", "environment", "completion conditions", "available actions"})
_ENOUGH_KEYS: Final = 2
"""How many of a script's keys an object has that is meant to be one: an item may have a goal, too."""

_TURN_KEYS: Final = frozenset({"turn", "thought", "observation", "action"})
"""One of which a turn has beside its role: a person of a script may have a role, too."""
_LONGEST_KEY: Final = 60
"""The longest key that is compared: ours are shorter, and folding a text is slow for some that are very long."""

_BEGINNING = re.compile(r'\{(?=\s*+["}])|\[\s*+(?=[{\["\-\dtfn])')
"""Where an object, or a list that is not empty, may begin."""
_AT_ONCE = re.compile(r'\s*+(?:```\w*+\s*+)?(?:\{\s*+"|\[\s*+\{)')
"""A reply that begins with JSON, and so with no reasoning."""
_TURN = re.compile(r'\{\s*+"(?:turn|role)"\s*+:', re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]*+")
_SLIPS = re.compile(
    # A text that is never closed goes on to the end, else each quotation mark in it would be tried as a beginning.
    r'(?P<text>"(?:[^"\\]|\\.)*+"?+)'
    r"|(?P<comma>,(?=(?:\s|//[^\n]*+)*+[}\]]))|//[^\n]*+|\b(?P<constant>True|False|None)\b",
    re.DOTALL,
)
_CONSTANTS: Final = {"True": "true", "False": "false", "None": "null"}
_MENDED: Final = 3
"""From how many beginnings on slips are mended: a lone quotation mark in chatter turns all texts after it inside out."""

_DEEPEST: Final = 2
"""How many objects or lists may be wrapped around what is looked for."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What was read of a trajectory.

    Attributes:
        items: The elements of the list, whatever they are.
        fault: Why nothing is read behind them; None where they are all.
    """

    items: list[Any]
    fault: str | None = None


def read_script(reply: str) -> dict[str, Any]:
    r"""The object in a reply that is meant to be a script.

    Args:
        reply: What the model said.

    Raises:
        Malformed: There is none; tells what is wrong with what came nearest.

    Example:
        >>> read_script('Here it is:\\n```json\\n{"script": {"Goal": "Win.", "Environment": {},}}\\n```')
        {'Goal': 'Win.', 'Environment': {}}
    """
    nearest: Undecodable | None = None
    for text in _readings(_said(reply)):
        for value in objects(text):
            if isinstance(value, Undecodable):
                nearest = _nearer(nearest, value)
                continue
            script = _find(value, _is_script)
            if script is not None:
                return dict(script)
    if nearest is not None:
        raise Malformed(str(nearest))
    raise Malformed(
        "There is no script in the reply: one JSON object with goal, environment, completion_conditions and "
        "available_actions."
    )


def read_turns(reply: str) -> Turns:
    """The turns in a reply; where it breaks off or is no JSON from some place on, those before.

    Where there are several lists, a few turns quoted as an example say, the longest is meant.

    Args:
        reply: What the model said.

    Raises:
        Malformed: There is nothing that looks like a turn.

    Example:
        >>> read_turns('{"turns": [{"turn": 0, "role": "DM"}, {"turn": 1, "ro')
        Turns(items=[{'turn': 0, 'role': 'DM'}], fault='The JSON breaks off before its end.')
    """
    found: list[Turns] = []
    nearest: Undecodable | None = None
    for text in _readings(_said(reply)):
        for value in _lists(text):
            if isinstance(value, Undecodable):
                nearest = _nearer(nearest, value)
            else:
                found.append(value)
    if found:
        return max(found, key=lambda turns: (len(turns.items), turns.fault is None))
    fault = 'There is no list of turns in the reply: {"turns": [{"turn": …, "role": …, …}, …]}.'
    raise Malformed(fault if nearest is None else f"{fault} {nearest}")


def named(item: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its keys in one spelling: lower case, underscores for blanks. Of several spellings the last counts.

    Example:
        >>> named({"Role": "DM", "Place Error": False})
        {'role': 'DM', 'place_error': False}
    """
    return {spelled(key).replace(" ", "_"): value for key, value in item.items()}


def spelled(key: str) -> str:
    """A key as it is compared; one that is longer than any of ours is left alone.

    Example:
        >>> spelled("Place_Error")
        'place error'
    """
    return fold(key) if len(key) <= _LONGEST_KEY else key


def _said(reply: str) -> str:
    if _AT_ONCE.match(reply):
        return reply  # a tag in it is a part of what is said
    reasoning, said = split_reasoning(reply)
    if said:
        return said
    raise Malformed(
        "The reply is empty."
        if reasoning is None
        else "The reply has only reasoning and no answer; it may have run out of tokens."
    )


def _readings(said: str) -> Iterator[str]:
    """A text as it is, and where it has slips, without them."""
    yield said
    before = said
    for beginning in islice(BEGINNING.finditer(said), _MENDED):
        mended = _SLIPS.sub(_mended, said[beginning.start() :])
        if not before.endswith(mended):
            yield mended
            before = mended


def _mended(slip: re.Match[str]) -> str:
    if slip["text"] is not None:
        return slip["text"]
    return _CONSTANTS.get(slip["constant"] or "", "")


def _nearer(nearest: Undecodable | None, broken: Undecodable) -> Undecodable:
    return broken if nearest is None or broken.reached > nearest.reached else nearest


def _find(value: Any, wanted: Any, depth: int = 0) -> Any:
    """The first value that is wanted, from the outside in."""
    if wanted(value):
        return value
    if depth == _DEEPEST or not isinstance(value, dict | list):
        return None
    inner = value.values() if isinstance(value, dict) else value
    return next((found for v in inner if (found := _find(v, wanted, depth + 1)) is not None), None)


def _is_script(value: Any) -> bool:
    return isinstance(value, dict) and len(_SCRIPT_KEYS & set(map(spelled, value))) >= _ENOUGH_KEYS


def _is_turn(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    keys = set(map(spelled, value))
    return "role" in keys and not keys.isdisjoint(_TURN_KEYS)


def _is_list_of_turns(value: Any) -> bool:
    return isinstance(value, list) and any(map(_is_turn, value))


def _lists(text: str) -> Iterator[Turns | Undecodable]:
    """Every list of turns in a text, whole or not; and why other things are no JSON.

    Turns without a list around them are taken where nothing was found before: those behind a broken turn are no list of
    their own, and no trajectory that begins in the middle.
    """
    budget, at, first, passed = READING * len(text), 0, True, 0
    for _ in range(TRIES):
        match = _BEGINNING.search(text, at)
        if match is None or budget < 0:
            return
        start, at = match.start(), match.start() + 1
        listed = text[start] == "["
        turns: Turns | None = None
        try:
            value, end = decode(text, start)
        except Undecodable as broken:
            yield broken
            budget -= broken.read
            begun = _TURN.match(text, match.end() if listed else start) is not None
            if listed:
                turns, end = _sequence(text, match.end(), listed=True)
                budget -= end - start
                turns = turns if begun or _is_list_of_turns(turns.items) else None
            elif begun and first:
                turns, end = Turns([], str(broken)), at
        else:
            whole = _find(value, _is_list_of_turns)
            if whole is not None:
                turns = Turns(whole)
            elif not _is_turn(value):
                passed = max(passed, end)
            elif first and not _follows_another(text, start, passed):
                turns, end = _sequence(text, start, listed=False)
            budget -= end - start
        if turns is not None:
            yield turns
            at, first = max(at, end), False


def _follows_another(text: str, start: int, passed: int) -> bool:
    """Whether an object that could not be read stands right before a place."""
    before = text[:start].rstrip(", \t\r\n")
    return before.endswith("}") and len(before) > passed


def _sequence(text: str, start: int, *, listed: bool) -> tuple[Turns, int]:
    """Turns one after another, in a list or not, and where they end."""
    items: list[Any] = []
    while True:
        following = text[start : start + 1]
        if following != "{" and (not listed or following in ("", "]")):
            broken_off = listed and not following
            return Turns(items, "The JSON breaks off before its end." if broken_off else None), start
        try:
            item, end = decode(text, start)
        except Undecodable as broken:
            return Turns(items, str(broken)), start + 1
        if not listed and _find(item, _is_list_of_turns):
            return Turns(items), start  # a turn was quoted, and the trajectory is to come
        items.append(item)
        start = _behind(text, end)


def _behind(text: str, end: int) -> int:
    """Where the next element begins; models forget commas, too."""
    between = _BETWEEN.match(text, end)
    assert between is not None  # it matches nothing, too
    return between.end()
