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

from trpg_env.sandbox.language import texts
from trpg_env.sandbox.language.guards import make_facade, read_attribute
from trpg_env.sandbox.language.kinds import BYTES, DEFAULTDICT, TEXT, real
from trpg_env.sandbox.language.patterns import checked


def _isinstance(value: Any, kinds: Any, /) -> bool:
    return isinstance(value, real(kinds))


def _print(*values: Any, **options: Any) -> None:
    """Debugging output goes nowhere."""


def _those(module: Any, names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


_FLAGS = "A ASCII I IGNORECASE M MULTILINE NOFLAG S DOTALL U UNICODE X VERBOSE"

RE = make_facade(
    "re",
    {
        **{
            name: checked(function)
            for name, function in _those(
                re, "compile findall finditer fullmatch match search split sub subn"
            ).items()
        },
        **_those(re, "error escape Match Pattern PatternError"),
        **{name: int(value) for name, value in _those(re, _FLAGS).items()},
    },
)
MATH = make_facade("math", {name: value for name, value in vars(math).items() if not name.startswith("_")})
STRING = make_facade(
    "string",
    _those(
        string,
        "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation whitespace",
    ),
)
COLLECTIONS = make_facade("collections", {"Counter": collections.Counter, "defaultdict": DEFAULTDICT})

MODULES = {facade.name: facade for facade in (RE, MATH, STRING, COLLECTIONS)}
"""The modules there are, without an import too."""


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
    "IOError": OSError,
    **{
        error.__name__: error
        for error in (
            ArithmeticError, AssertionError, AttributeError, BufferError, ConnectionError, EOFError, Exception,
            FileExistsError, FileNotFoundError, FloatingPointError, ImportError, IndexError, IsADirectoryError, KeyError,
            LookupError, ModuleNotFoundError, NameError, NotADirectoryError, NotImplementedError, OSError, OverflowError,
            PermissionError, RecursionError, RuntimeError, StopIteration, SyntaxError, TimeoutError, TypeError,
            UnboundLocalError, UnicodeDecodeError, UnicodeEncodeError, UnicodeError, UserWarning, ValueError, Warning,
            ZeroDivisionError,
        )
    },
}  # fmt: skip

NAMES: dict[str, Any] = {
    **_BUILTINS,
    **EXCEPTIONS,
    **MODULES,
    "Counter": collections.Counter,
    "Ellipsis": Ellipsis,
    "NotImplemented": NotImplemented,
    "ascii": texts.in_ascii,
    "bytes": BYTES,
    "defaultdict": DEFAULTDICT,
    "format": texts.formatted,
    "isinstance": _isinstance,
    "print": _print,
    "repr": texts.represent,
    "str": TEXT,
}
"""Every name that is there without being defined."""

_GUARDS: dict[str, Callable[..., Any] | type] = {
    "_getattr_": read_attribute,
    "_operand_": texts.operand,
    "_shown_": texts.shown,
    "_import_": bring,
    "_Exception_": Exception,
    "_MemoryError_": MemoryError,
}

BUILTINS: dict[str, Any] = {**NAMES, **_GUARDS}
"""What the code runs with in place of Python's builtins; the names of guards cannot be spelled in it."""

GIVEN: tuple[Any, ...] = (
    *NAMES.values(),
    *(value for f in MODULES.values() for value in (f, *f.table.values())),
)
"""Everything that code can be given by name. None of it can be changed."""
