"""Regular expressions as they are compiled in the worker: Python's own, but for more than ten repeats inside one another.

Such a pattern compiles in milliseconds, and may then match for ever: its repeats multiply. The deadline ends that, but only
where somebody plays the action; refused, it is found when the script is checked. Nobody writes one by hand.
"""

import re
from collections.abc import Callable
from re import _parser  # type: ignore[attr-defined]  # the tree that `re` itself compiles
from typing import Any

MAX_NESTED_REPEATS = 10

_SHORTEST = 3 * MAX_NESTED_REPEATS
"""Characters that so many repeats take, each a pair of brackets and a sign."""

_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def _check(pattern: str, flags: int = 0) -> None:
    # Ordinary patterns are not parsed twice: every level needs a group and a repeat of its own.
    if (
        len(pattern) < _SHORTEST
        or pattern.count("(") < MAX_NESTED_REPEATS
        or sum(map(pattern.count, "*+?{")) <= MAX_NESTED_REPEATS
    ):
        return
    waiting: list[tuple[Any, int]] = [(_parser.parse(pattern, flags), 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_NESTED_REPEATS:
            raise re.error("repeats are nested too deeply; write the pattern with fewer groups", pattern)
        if isinstance(part, _parser.SubPattern):
            waiting.extend((item, depth) for item in part.data)
        elif isinstance(part, (tuple, list)):
            deeper = bool(part) and str(part[0]) in _REPEATS
            waiting.extend((item, depth + deeper) for item in part)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern.

    Raises:
        re.error, OverflowError, RecursionError: As `re.compile` does, and where repeats are nested too deeply.
    """
    _check(pattern)
    return re.compile(pattern)


_FLAGS_AT = {"compile": 0, "split": 2, "sub": 3, "subn": 3}
_REMEMBERED = 256
_LONGEST_REMEMBERED = 500


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the `re` module that checks its pattern and its flags first.

    As `re` does, it remembers patterns; that one was remembered shows in nothing but time.
    """
    name = function.__name__
    at = _FLAGS_AT.get(name, 1)
    remembers = name in {"findall", "finditer", "fullmatch", "match", "search", "split"}
    known: dict[str, Callable[[Any], Any]] = {}

    def call(pattern: Any, *arguments: Any, **named: Any) -> Any:
        if remembers and len(arguments) == 1 and not named and type(pattern) is str:
            method = known.get(pattern)
            if method is None:
                _check(pattern)
                method = getattr(re.compile(pattern), name)
                if len(pattern) > _LONGEST_REMEMBERED:
                    re.purge()  # for it would remember hundreds, however large
                    return method(arguments[0])
                if len(known) == _REMEMBERED:
                    known.clear()
                known[pattern] = method
            return method(arguments[0])
        flags = arguments[at] if len(arguments) > at else named.get("flags", 0)
        if type(flags) is not int:  # `re` remembers patterns by flags that are equal, 2.0 and 2 alike
            raise TypeError("flags must be whole numbers; write re.IGNORECASE | re.VERBOSE")
        if type(pattern) is bytes:
            raise TypeError("a pattern of bytes is not available; write it as a text")
        if type(pattern) is str:
            _check(pattern, flags)
        result = function(pattern, *arguments, **named)
        if type(pattern) is str and len(pattern) > _LONGEST_REMEMBERED:
            re.purge()
        return result

    return call
