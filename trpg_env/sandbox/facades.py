"""The names that untrusted code finds: builtins and modules, served as plain functions and constants.

Never a module object: one exposed module is a full escape (``re.enum.sys``). Nothing here can be changed by the code that uses
it, because it can set no attributes and its own globals are fresh at each call.
"""

import collections
import heapq  # noqa: F401  (Counter.most_common imports it when called, and a worker can open no files by then)
import math
import re
import string
import unicodedata  # noqa: F401  (likewise for \N{...} in texts and patterns)
from collections.abc import Callable
from typing import Any

from trpg_env.sandbox.guards import Facade, Text, read_attribute, remainder, represent, shown
from trpg_env.sandbox.patterns import checked

_TEXT = Text()


def _types(kinds: Any) -> Any:
    if isinstance(kinds, tuple):
        return tuple(map(_types, kinds))
    return str if kinds is _TEXT else kinds


def _isinstance(value: Any, kinds: Any, /) -> bool:
    return isinstance(value, _types(kinds))


def _print(*values: Any, **options: Any) -> None:
    """Debugging output goes nowhere."""


def _show_format(value: Any, specification: str = "", /) -> str:
    return format(shown(value), specification)


def _functions(module: Any, names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


_FLAGS = "A ASCII I IGNORECASE M MULTILINE NOFLAG S DOTALL U UNICODE X VERBOSE"

RE = Facade(
    "re",
    {
        **{
            name: checked(function)
            for name, function in _functions(
                re, "compile findall finditer fullmatch match search split sub subn"
            ).items()
        },
        "error": re.error,
        "escape": re.escape,
        **{name: int(value) for name, value in _functions(re, _FLAGS).items()},
        "Match": re.Match,
        "Pattern": re.Pattern,
    },
)
MATH = Facade("math", {name: value for name, value in vars(math).items() if not name.startswith("_")})
STRING = Facade(
    "string",
    _functions(
        string,
        "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation whitespace",
    ),
)
COLLECTIONS = Facade("collections", _functions(collections, "Counter defaultdict"))

MODULES = {facade.name: facade for facade in (RE, MATH, STRING, COLLECTIONS)}


def bring(module: str, name: str | None = None) -> Any:
    """Serve an import statement; the policy has checked that both names exist."""
    facade = MODULES[module]
    return facade if name is None else facade.table[name]


_BUILTINS: dict[str, Any] = {
    value.__name__: value
    for value in (
        abs, all, any, bin, bool, callable, chr, complex, dict, divmod, enumerate, filter, float, frozenset, hex, int, iter,
        len, list, map, max, min, next, oct, ord, pow, range, reversed, round, set, slice, sorted, sum, tuple, zip,
    )
}  # fmt: skip

EXCEPTIONS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (
        ArithmeticError, AssertionError, AttributeError, Exception, FloatingPointError, IndexError, KeyError, LookupError,
        NameError, NotImplementedError, OverflowError, RecursionError, RuntimeError, StopIteration, TypeError,
        UnboundLocalError, UnicodeDecodeError, UnicodeEncodeError, UnicodeError, ValueError, ZeroDivisionError,
    )
}  # fmt: skip

NAMES: dict[str, Any] = {
    **_BUILTINS,
    **EXCEPTIONS,
    **MODULES,
    "Counter": collections.Counter,
    "defaultdict": collections.defaultdict,
    "format": _show_format,
    "isinstance": _isinstance,
    "print": _print,
    "repr": represent,
    "str": _TEXT,
    "Ellipsis": Ellipsis,
    "NotImplemented": NotImplemented,
}
"""Every name that is there without being defined."""

_GUARDS: dict[str, Callable[..., Any] | type] = {
    "_getattr_": read_attribute,
    "_mod_": remainder,
    "_shown_": shown,
    "_import_": bring,
    "_Exception_": Exception,
}

BUILTINS: dict[str, Any] = {**NAMES, **_GUARDS}
"""What the code runs with in place of Python's builtins; the names of guards cannot be spelled in it."""

__all__ = ["BUILTINS", "EXCEPTIONS", "MODULES", "NAMES", "bring"]
