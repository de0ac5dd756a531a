"""Regular expressions as they are compiled in the worker: Python's own, but for repeats inside repeats without end.

Such a pattern is a bomb of a few hundred characters: its repeats multiply.
"""

import re
from collections.abc import Callable
from re import _parser  # type: ignore[attr-defined]  # the tree that `re` itself compiles
from typing import Any

MAX_NESTED_REPEATS = 20

_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def _check(pattern: object) -> None:
    # Every level needs a group of its own, so that ordinary patterns are not parsed twice.
    if type(pattern) is not str or pattern.count("(") < MAX_NESTED_REPEATS:
        return
    waiting: list[tuple[Any, int]] = [(_parser.parse(pattern), 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_NESTED_REPEATS:
            raise re.error("repeats are nested too deeply", pattern)
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


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the `re` module that checks its pattern first."""

    def call(pattern: Any, *arguments: Any, **named: Any) -> Any:
        _check(pattern)
        return function(pattern, *arguments, **named)

    return call
