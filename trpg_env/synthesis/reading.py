"""What a model has written, found in what it has sent: a script, or the turns of a trajectory.

Models wrap JSON in fences and chatter, leave commas behind the last element, write Python's constants, put a list into an
object or an object into a list, and break off in the middle. All of that is read; nothing is guessed of what a value was
meant to be. Keys are compared in any case, with blanks for underscores (`Parameter_error`, `parameter error`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from trpg_env.llm import split_reasoning
from trpg_env.llm.extraction import BEGINNING, READING, TRIES, Malformed, Undecodable, decode
from trpg_env.script.names import fold

_SCRIPT_KEYS: Final = frozenset({"goal", "environment", "completion conditions", "available actions"})
_ENOUGH_KEYS: Final = 2
"""How many of a script's keys an object has that is meant to be one: an item may have a goal, too."""

_BEGINNING = re.compile(r'\{(?=\s*+["}])|\[(?=\s*+\{)')
"""Where an object, or a list of objects, may begin."""
_TURN = re.compile(r'\{\s*+"(?:turn|role)"\s*+:', re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]*")
_SLIPS = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*+")|(?P<comma>,(?=\s*+[}\]]))|//[^\n]*+|\b(?P<constant>True|False|None)\b',
    re.DOTALL,
)
_CONSTANTS: Final = {"True": "true", "False": "false", "None": "null"}

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
    said = _said(reply)
    nearest: Undecodable | None = None
    for text in _readings(said):
        for value in _values(text):
            if isinstance(value, Undecodable):
                nearest = value if nearest is None or value.reached > nearest.reached else nearest
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

    Args:
        reply: What the model said.

    Raises:
        Malformed: There is nothing that looks like a turn.

    Example:
        >>> read_turns('{"turns": [{"turn": 0, "role": "DM"}, {"turn": 1, "ro')
        Turns(items=[{'turn': 0, 'role': 'DM'}], fault='The JSON breaks off before its end.')
    """
    said = _said(reply)
    found = [turns for turns in map(_turns, _readings(said)) if turns is not None]
    if not found:
        raise Malformed('There is no list of turns in the reply: {"turns": [{"turn": …, "role": …, …}, …]}.')
    return max(found, key=lambda turns: (turns.fault is None, len(turns.items)))


def named(item: Mapping[str, Any]) -> dict[str, Any]:
    """An object with its keys in one spelling: lower case, underscores for blanks.

    Example:
        >>> named({"Role": "DM", "Place Error": False})
        {'role': 'DM', 'place_error': False}
    """
    return {fold(key).replace(" ", "_"): value for key, value in item.items()}


def _said(reply: str) -> str:
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
    beginning = BEGINNING.search(said)
    if beginning is None:
        return
    # A lone quotation mark in the chatter before would turn all texts inside out.
    mended = _SLIPS.sub(_mended, said[beginning.start() :])
    if mended != said[beginning.start() :]:
        yield mended


def _mended(slip: re.Match[str]) -> str:
    if slip["text"] is not None:
        return slip["text"]
    return _CONSTANTS.get(slip["constant"] or "", "")


def _values(text: str) -> Iterator[Any]:
    """What every opening brace of a text begins: an object, or why it is none."""
    budget = READING * len(text)
    for tries, match in enumerate(BEGINNING.finditer(text)):
        if tries == TRIES or budget < 0:
            return
        try:
            value, end = decode(text, match.start())
        except Undecodable as broken:
            budget -= broken.read
            yield broken
        else:
            budget -= end - match.start()
            yield value


def _find(value: Any, wanted: Any, depth: int = 0) -> Any:
    """The first value that is wanted, from the outside in."""
    if wanted(value):
        return value
    if depth == _DEEPEST or not isinstance(value, dict | list):
        return None
    inner = value.values() if isinstance(value, dict) else value
    return next((found for v in inner if (found := _find(v, wanted, depth + 1)) is not None), None)


def _is_script(value: Any) -> bool:
    return isinstance(value, dict) and len(_SCRIPT_KEYS & set(map(fold, value))) >= _ENOUGH_KEYS


def _is_turn(value: Any) -> bool:
    return isinstance(value, dict) and any(fold(key) == "role" for key in value)


def _is_list_of_turns(value: Any) -> bool:
    return isinstance(value, list) and any(map(_is_turn, value))


def _turns(text: str) -> Turns | None:
    budget = READING * len(text)
    for tries, match in enumerate(_BEGINNING.finditer(text)):
        if tries == TRIES or budget < 0:
            return None
        start = match.start()
        try:
            value, end = decode(text, start)
        except Undecodable as broken:
            if _TURN.match(text, start):
                return Turns([], str(broken))
            budget -= broken.read
            continue
        if _is_turn(value):
            return _sequence(text, start)
        budget -= end - start
        if (whole := _find(value, _is_list_of_turns)) is not None:
            return Turns(whole)
    return None


def _sequence(text: str, start: int) -> Turns:
    """Turns one after another, in a list or not."""
    listed = text[:start].rstrip().endswith("[")
    items: list[Any] = []
    while True:
        following = text[start : start + 1]
        if following != "{" and (not listed or following in ("", "]")):
            broken_off = listed and not following
            return Turns(items, "The JSON breaks off before its end." if broken_off else None)
        try:
            item, end = decode(text, start)
        except Undecodable as broken:
            return Turns(items, str(broken))
        items.append(item)
        start = _behind(text, end)


def _behind(text: str, end: int) -> int:
    """Where the next element begins; models forget commas, too."""
    between = _BETWEEN.match(text, end)
    assert between is not None  # it matches nothing, too
    return between.end()
