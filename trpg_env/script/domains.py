"""The values that a parameter can take.

A value has a *spelling* (the script's own, which stands in texts and in `info`) and a *value* (what
conditions see): the two differ where a spelling names an entity written otherwise, and for numbers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trpg_env.script.names import fold, suggestion
from trpg_env.script.nodes import Scalar

MAX_VALUES = 200_000
_RANGE = re.compile(r"\s*(-?\d{1,15})\s*\.\.\s*(-?\d{1,15})\s*")
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a parameter."""

    spelling: str
    value: Scalar


@dataclass(frozen=True)
class Values:
    """A fixed list of values."""

    values: tuple[Value, ...]
    _by_fold: dict[str, Value] = field(repr=False, compare=False)

    def parse(self, text: str) -> Value | None:
        """The value that a text names, or None."""
        return self._by_fold.get(fold(text))

    @property
    def samples(self) -> Sequence[Value]:
        """The values to play with: all of them."""
        return self.values

    def describe(self, most: int) -> str:
        """The valid values in words, at most `most` of them."""
        return _some([v.spelling for v in self.values[:most]], len(self.values))


@dataclass(frozen=True)
class Range:
    """Whole numbers from `low` to `high`, both included; they are numbers in conditions."""

    low: int
    high: int

    def parse(self, text: str) -> Value | None:
        """The number that a text writes, or None."""
        if not _WHOLE.fullmatch(text):
            return None
        number = int(text)
        return Value(str(number), number) if self.low <= number <= self.high else None

    @cached_property
    def samples(self) -> Sequence[Value]:
        """The values to play with: all of them."""
        return [Value(str(n), n) for n in range(self.low, self.high + 1)]

    def describe(self, most: int) -> str:
        """The valid values in words."""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Free:
    """Any text; the examples are what a player that invents nothing uses."""

    examples: tuple[Value, ...]

    def parse(self, text: str) -> Value | None:
        """Any text is a value."""
        return Value(text, text) if text else None

    @property
    def samples(self) -> Sequence[Value]:
        """The values to play with: the examples."""
        return self.examples

    def describe(self, most: int) -> str:
        """The examples in words."""
        return f"any text, such as {_some([v.spelling for v in self.examples[:most]], len(self.examples))}"


Domain = Values | Range | Free


class DomainError(ValueError):
    """A parameter's values that cannot be read; the text says what to write instead."""


def parse_domain(
    spec: object, placeholder: str, kinds: Mapping[str, Sequence[str]], entities: Mapping[str, str]
) -> Domain:
    """Read what `parameters` says of one placeholder.

    Args:
        spec: A list of values; a kind; `low..high`; `{any: [examples]}`; or None for free text.
        placeholder: The placeholder's name, its own example where a free text has none.
        kinds: Folded kind → names of its entities.
        entities: Folded entity's name → its spelling.

    Raises:
        DomainError: It is none of these.
    """
    if spec is None:
        return free(placeholder)
    if isinstance(spec, dict):
        if [fold(key) for key in spec if not key.startswith("x-")] != ["any"]:
            raise DomainError("a mapping for a parameter is {any: [examples]}")
        examples = next(x for key, x in spec.items() if fold(key) == "any")
        if examples is None or examples == []:
            return free(placeholder)
        if not isinstance(examples, list):
            raise DomainError("`any` has a list of examples")
        return Free(tuple(Value(_spelling(e), _spelling(e)) for e in examples))
    if isinstance(spec, list):
        if not spec:
            raise DomainError("the list of valid values is empty; leave the parameter out for free text")
        return _values([(_spelling(v), _whole(v)) for v in spec], entities)
    if isinstance(spec, str):
        if fold(spec) in kinds:
            names = kinds[fold(spec)]
            if not names:
                raise DomainError(f"the kind {spec!r} has no entity")
            return _values([(n, n) for n in names], entities)
        if match := _RANGE.fullmatch(spec):
            low, high = int(match[1]), int(match[2])
            if not low <= high <= low + MAX_VALUES:
                raise DomainError(f"a range goes upwards and holds at most {MAX_VALUES:,} numbers")
            return Range(low, high)
        raise DomainError(
            f"{spec!r} is no kind{suggestion(spec, kinds)}; valid values are a list, a kind, 1..40, or {{any: [examples]}}"
        )
    raise DomainError("valid values are a list, a kind, 1..40, or {any: [examples]}")


def free(placeholder: str) -> Free:
    """Free text without examples: the placeholder's name serves as one."""
    return Free((Value(placeholder, placeholder),))


def _values(pairs: list[tuple[str, Scalar]], entities: Mapping[str, str]) -> Values:
    by_fold: dict[str, Value] = {}
    for spelling, value in pairs:
        folded = fold(spelling)
        if folded in by_fold:
            raise DomainError(f"the value {spelling!r} is given twice (case and underscores do not count)")
        by_fold[folded] = Value(spelling, entities.get(folded, value) if isinstance(value, str) else value)
    return Values(tuple(by_fold.values()), by_fold)


def _spelling(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(_whole(value))
    if not isinstance(value, str):
        raise DomainError("a valid value is a text, a number, true or false")
    text = " ".join(value.split())
    if not text:
        raise DomainError("a valid value is not empty")
    return text


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _some(shown: list[str], total: int) -> str:
    rest = total - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def iterate(domains: Sequence[Domain]) -> Iterator[tuple[Value, ...]]:
    """All combinations of the domains' samples, the last domain fastest, made one by one."""
    if not domains:
        yield ()
        return
    for head in domains[0].samples:
        for tail in iterate(domains[1:]):
            yield (head, *tail)
