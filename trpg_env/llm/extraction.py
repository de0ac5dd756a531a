"""The JSON object in a model's reply, whatever is written around it."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import pydantic

from trpg_env.llm.reasoning import split_reasoning

Form = TypeVar("Form", bound=pydantic.BaseModel)

BEGINNING: Final = re.compile(r'\{(?=\s*+["}])')
"""Where an object may begin."""
_LONE = re.compile("[\ud800-\udfff]")
TRIES: Final = 500
"""How many beginnings of objects are looked at."""
READING: Final = 20
"""How many times over a reply is read at most: what begins many objects and ends none is no answer."""
_FAULTS: Final = 5


class Malformed(ValueError):
    """A reply without a JSON object of the right form; the text says what is wrong with it, and where."""


class Undecodable(Malformed):
    """A text that is no JSON.

    Attributes:
        reached: How many characters from its beginning could be JSON.
        read: How many were looked at.
    """

    def __init__(self, fault: str, reached: int, read: int) -> None:
        super().__init__(fault)
        self.reached, self.read = reached, read


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of one opening brace; the greatest is the likeliest to have been meant."""

    whole: bool
    reached: int
    fault: str


class _NoNumber(ValueError):
    pass


def extract(reply: str, form: type[Form]) -> Form:
    r"""Read the first JSON object of a reply that has a form.

    Reasoning, code fences and chatter around it are passed over; half surrogate pairs become U+FFFD; line breaks may
    stand in texts. Types are not guessed: a text is no number, and NaN is none either. However long or odd a reply
    is, this ends in a time that grows with its length alone.

    Args:
        reply: What the model said.
        form: What it was to look like.

    Raises:
        Malformed: There is no such object; tells the fault of the one that came nearest.

    Example:
        >>> class Move(pydantic.BaseModel):
        ...     to: str
        >>> extract('Sure!\n```json\n{"to": "den"}\n```', Move)
        Move(to='den')
    """
    said = split_reasoning(reply)[1]
    nearest: _Attempt | None = None
    for value in objects(said):
        if isinstance(value, Undecodable):
            attempt = _Attempt(False, value.reached, str(value))
        else:
            try:
                return fit(value, form)
            except Malformed as error:
                keys = len(value.keys() & form.model_fields.keys())
                attempt = _Attempt(keys > 0, keys, str(error))
        if nearest is None or (attempt.whole, attempt.reached) > (nearest.whole, nearest.reached):
            nearest = attempt
    if nearest is not None:
        raise Malformed(nearest.fault)
    if said:
        raise Malformed("There is no JSON object in the reply.")
    raise Malformed(
        "The reply is empty." if not reply.strip() else "The reply has only reasoning and no answer."
    )


def objects(text: str) -> Iterator[Any]:
    """What every opening brace of a text begins: an object, or why it is none.

    Args:
        text: The text.

    Yields:
        A value, or what its reading would have raised; the work grows with the text's length alone.

    Example:
        >>> [*objects('{"to": "den"} {"to"')][0]
        {'to': 'den'}
    """
    budget = READING * len(text)
    for tries, match in enumerate(BEGINNING.finditer(text)):
        if tries == TRIES or budget < 0:
            return
        start = match.start()
        try:
            value, end = decode(text, start)
        except Undecodable as broken:
            budget -= broken.read
            yield broken
        else:
            budget -= end - start
            yield value


def decode(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that begins at a place of a text, and where it ends.

    Line breaks may stand in texts; NaN, numbers without an end and what nests too deeply are refused.

    Args:
        text: The text.
        start: The place of the value's first character.

    Raises:
        Undecodable: There is none; tells what is wrong, and where.

    Example:
        >>> decode('so: {"to": "den"}, yes', 4)
        ({'to': 'den'}, 17)
    """
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        reached = (len(text) if _breaks_off(text, error) else error.pos) - start
        raise Undecodable(_located(text, error), reached, reached) from None
    except _NoNumber as error:
        raise Undecodable(f"The JSON is not valid: {error}.", 1, len(text) - start) from None
    except RecursionError:
        raise Undecodable("The JSON is nested too deeply.", 1, len(text) - start) from None


def _no_constant(name: str) -> NoReturn:
    raise _NoNumber(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _NoNumber(f"the number {digits[:20]} is too large")
    return number


def _whole(digits: str) -> int:
    if len(digits) > 400:
        raise _NoNumber(f"a number has {len(digits):,} digits")
    return int(digits)


_DECODER: Final = json.JSONDecoder(
    strict=False, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
)


def _breaks_off(text: str, error: json.JSONDecodeError) -> bool:
    # A text that is not closed is reported where it begins.
    return error.msg.startswith("Unterminated string") or not text[error.pos :].strip()


def _located(text: str, error: json.JSONDecodeError) -> str:
    if _breaks_off(text, error):
        return "The JSON breaks off before its end."
    before, after = text[max(0, error.pos - 30) : error.pos], text[error.pos : error.pos + 20]
    return f"The JSON is not valid: {error.msg} at {after!r}, after {before!r}."


def fit(value: Mapping[str, Any], form: type[Form]) -> Form:
    r"""Read a JSON object that is there already.

    Args:
        value: The object.
        form: What it was to look like; types are not guessed.

    Raises:
        Malformed: It does not; tells in what.

    Example:
        >>> class Move(pydantic.BaseModel):
        ...     to: str
        >>> fit({"to": 3}, Move)
        Traceback (most recent call last):
            ...
        trpg_env.llm.extraction.Malformed: "to": Input should be a valid string, not 3.
    """
    try:
        text = _LONE.sub("\ufffd", json.dumps(value, ensure_ascii=False))
        return form.model_validate_json(text, strict=True)
    except RecursionError:
        raise Malformed("The JSON is nested too deeply.") from None
    except pydantic.ValidationError as error:
        faults = [_told(fault) for fault in error.errors(include_url=False, include_context=False)]
        if len(faults) > _FAULTS:
            faults[_FAULTS:] = [f"… and {len(faults) - _FAULTS} more."]
        raise Malformed(" ".join(faults)) from None


def _told(fault: Any) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    where = where.removeprefix(".")[:100]
    what = fault["msg"].removeprefix("Value error, ").rstrip(".")[:300]
    if fault["type"] == "missing":
        return f'The field "{where}" is missing.'
    if fault["type"] == "extra_forbidden":
        return f'The field "{where}" is not asked for.'
    given = json.dumps(fault["input"])[:60] if isinstance(fault["input"], str | int | float | None) else ""
    found = f", not {given}" if given else ""
    return f'"{where}": {what}{found}.' if where else f"{what}."
