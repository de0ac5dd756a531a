"""The language's values and its total operations on them.

A value is a text, a number, true/false, null, a list (a tuple) or a mapping (a dict that nobody changes).
Every operation gives a value for every operand: ordering unlike types is false, arithmetic takes null as 0
and gives null for anything else unfit, numbers stay within ±2**53, texts and lists within 10,000. Whole
numbers are always `int`, so that 2.0 and 2 are one value. True and 1 are different values, as in JSON.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

Value = Any
Meter = list[int] | None
"""What is left of an expression's cap on work, in elements looked at; None where no loop multiplies it."""

MAX_NUMBER = 2**53
MAX_LENGTH = 10_000
WORK = 100_000
"""The cap on the work of one expression, in rounds of loops and elements looked at within them."""


MAX_DEPTH = 60
MAX_SIZE = 100_000


class Exhausted(Exception):
    """An expression has used up its cap on work."""


def charge(meter: Meter, amount: int) -> None:
    """Take work from the meter; raises Exhausted when there is none left."""
    if meter is not None:
        meter[0] -= amount
        if meter[0] < 0:
            raise Exhausted


def number(x: int | float) -> int | float:
    """A result within bounds; a whole one as int."""
    if math.isnan(x):
        return 0
    if x > MAX_NUMBER:
        return MAX_NUMBER
    if x < -MAX_NUMBER:
        return -MAX_NUMBER
    return int(x) if x.__class__ is float and x.is_integer() else x


def is_number(x: Value) -> bool:
    """Whether a value is a number (true and false are not)."""
    return x.__class__ is int or x.__class__ is float


def equal(a: Value, b: Value, meter: Meter = None) -> bool:
    """Whether two values are the same value."""
    kind, other = a.__class__, b.__class__
    if kind is tuple:
        if other is not tuple or len(a) != len(b):
            return False
        charge(meter, len(a))
        return all(equal(x, y, meter) for x, y in zip(a, b, strict=True))
    if kind is dict:
        if other is not dict or a.keys() != b.keys():
            return False
        charge(meter, len(a))
        return all(equal(x, b[key], meter) for key, x in a.items())
    if kind is bool or other is bool:
        return a is b
    return bool(a == b)


def contains(a: Value, b: Value, meter: Meter = None) -> bool:
    """`a in b`: a list's elements, a mapping's keys, a text's parts."""
    kind = b.__class__
    if kind is tuple:
        charge(meter, len(b))
        if a.__class__ is str:
            return a in b
        return any(equal(a, x, meter) for x in b)
    if kind is dict:
        return key_text(a) in b
    if kind is str:
        charge(meter, len(b) >> 6)
        return a.__class__ is str and a in b
    return False


def key_text(key: Value) -> str | None:
    """The text under which a mapping holds a key; None for what names no key."""
    if key.__class__ is str:
        return str(key)
    if key is True or key is False or is_number(key):
        return show(key)
    return None


def _comparable(a: Value, b: Value) -> bool:
    return (is_number(a) and is_number(b)) or (a.__class__ is b.__class__ and a.__class__ in (str, bool))


def less(a: Value, b: Value) -> bool:
    """`a < b`; false for unlike types."""
    return _comparable(a, b) and bool(a < b)


def less_equal(a: Value, b: Value) -> bool:
    """`a <= b`; false for unlike types."""
    return _comparable(a, b) and bool(a <= b)


def add(a: Value, b: Value, meter: Meter = None) -> Value:
    """`a + b`: numbers, texts or lists."""
    if a.__class__ is str and b.__class__ is str:
        charge(meter, (len(a) + len(b)) >> 6)
        return (a + b)[:MAX_LENGTH]
    if a.__class__ is tuple and b.__class__ is tuple:
        charge(meter, len(a) + len(b))
        return (a + b)[:MAX_LENGTH]
    return _arithmetic(lambda x, y: x + y)(a, b, meter)


Operation = Callable[[Value, Value, Meter], Value]


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Operation:
    def apply(a: Value, b: Value, meter: Meter = None) -> Value:
        a = 0 if a is None else a
        b = 0 if b is None else b
        if not (is_number(a) and is_number(b)):
            return None
        try:
            return number(operate(a, b))
        except ZeroDivisionError:
            return None

    return apply


ARITHMETIC: dict[str, Operation] = {
    "+": add,
    "-": _arithmetic(lambda x, y: x - y),
    "*": _arithmetic(lambda x, y: x * y),
    "//": _arithmetic(lambda x, y: x // y),
    "%": _arithmetic(lambda x, y: x % y),
}


def smallest(values: tuple[Value, ...]) -> Value:
    """`min(…)`: of numbers (null is 0) or of texts; null for anything else or nothing."""
    return _extreme(values, min)


def largest(values: tuple[Value, ...]) -> Value:
    """`max(…)`: of numbers (null is 0) or of texts; null for anything else or nothing."""
    return _extreme(values, max)


def _extreme(values: tuple[Value, ...], choose: Callable[[Any], Any]) -> Value:
    if values and all(v.__class__ is str for v in values):
        return choose(values)
    numbers = [0 if v is None else v for v in values]
    return choose(numbers) if numbers and all(map(is_number, numbers)) else None


def total(values: tuple[Value, ...]) -> Value:
    """`sum(…)`: of numbers (null is 0); null where anything else is among them."""
    numbers = [0 if v is None else v for v in values]
    return number(sum(numbers)) if all(map(is_number, numbers)) else None


def elements(x: Value) -> tuple[Value, ...]:
    """What a loop ranges over: a list's elements, a mapping's keys, else nothing."""
    if x.__class__ is tuple:
        return x
    return tuple(x) if x.__class__ is dict else ()


def add_to(old: Value, x: Value) -> Value:
    """`target += x`: on a list the element joins unless it is there (each one, where x is a list)."""
    if old is None and not is_number(x):
        old = ()
    if old.__class__ is not tuple:
        return add(old, x)
    new = list(old)
    there = set(map(_identity, old))
    for element in x if x.__class__ is tuple else (x,):
        identity = _identity(element)
        if len(new) < MAX_LENGTH and identity not in there:
            new.append(element)
            there.add(identity)
    return tuple(new)


def take_from(old: Value, x: Value) -> Value:
    """`target -= x`: on a list the element leaves (each one, where x is a list)."""
    if old.__class__ is not tuple:
        return ARITHMETIC["-"](old, x, None)
    gone = set(map(_identity, x if x.__class__ is tuple else (x,)))
    return tuple(element for element in old if _identity(element) not in gone)


def _identity(x: Value) -> Value:
    """The same for two values exactly where they are equal."""
    if x.__class__ is str:
        return x
    if x.__class__ is tuple or x.__class__ is dict:
        return ("", json.dumps(x, sort_keys=True))
    return (x.__class__ is bool, x)


def fits(x: Value) -> bool:
    """Whether a state can hold a value: lists of lists may otherwise grow without end, turn by turn."""
    if x.__class__ is not tuple and x.__class__ is not dict:
        return True
    left = MAX_SIZE
    waiting = [(x, 1)]
    while waiting:
        value, depth = waiting.pop()
        left -= len(value)
        if left < 0 or depth > MAX_DEPTH:
            return False
        for element in value.values() if value.__class__ is dict else value:
            if element.__class__ is str:
                left -= len(element) >> 6
            elif element.__class__ is tuple or element.__class__ is dict:
                waiting.append((element, depth + 1))
    return left >= 0


def put(value: Value, keys: Sequence[Value], new: Value) -> Value:
    """`value` with `new` at `keys`; what is missing on the way becomes a mapping, what does not fit stays."""
    if not keys:
        return new
    key = keys[0]
    if value.__class__ is tuple:
        if key.__class__ is not int or not -len(value) <= key < len(value):
            return value
        elements = list(value)
        elements[key] = put(elements[key], keys[1:], new)
        return tuple(elements)
    text = key_text(key)
    if text is None or not (value is None or value.__class__ is dict):
        return value
    mapping = dict(value or {})
    if text in mapping or len(mapping) < MAX_LENGTH:
        mapping[text] = put(mapping.get(text), keys[1:], new)
    return mapping


def show(x: Value) -> str:
    """A value as texts print it."""
    kind = x.__class__
    if kind is str:
        return str(x)
    if x is None:
        return "nothing"
    if kind is bool:
        return "true" if x else "false"
    if kind is int or kind is float:
        return json.dumps(x)
    words = []
    left = MAX_LENGTH + 5
    for element in x:
        if left < 0:
            break
        words.append(show(element)[:MAX_LENGTH])
        left -= len(words[-1]) + 2
    if not words:
        return "nothing"
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def plain(x: Value) -> Value:
    """A value as fresh JSON-like data."""
    if x.__class__ is tuple:
        return [plain(element) for element in x]
    if x.__class__ is dict:
        return {key: plain(element) for key, element in x.items()}
    return x


def thaw(x: Value) -> Value:
    """JSON-like data as a value: the inverse of `plain`."""
    if isinstance(x, list | tuple):
        return tuple(thaw(element) for element in x)
    if isinstance(x, dict):
        return {key: thaw(element) for key, element in x.items()}
    return x
