"""Which attributes untrusted code may read.

Everything here is an allowlist. An attribute that no table names does not exist, so walks over classes, frames, tracebacks
and modules end at the first step.
"""

import collections
import functools
import re
import types
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from trpg_env.sandbox.language import refusals
from trpg_env.sandbox.language.kinds import Kind
from trpg_env.sandbox.language.texts import decode, encode, fill, fill_from, scrub

_STR = (
    "capitalize casefold center count endswith expandtabs find index isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition "
    "removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip "
    "swapcase title translate upper zfill"
)
_INT = "as_integer_ratio bit_count bit_length conjugate from_bytes is_integer to_bytes"
_DICT = "clear copy fromkeys get items keys pop popitem setdefault update values"
_SET = "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"

_AS_THEY_ARE: dict[type, str] = {
    str: _STR,
    bytes: f"{_STR} fromhex hex",
    int: _INT,
    bool: _INT,
    float: "as_integer_ratio conjugate from_number fromhex hex is_integer",
    complex: "conjugate from_number",
    list: "append clear copy count extend index insert pop remove reverse sort",
    tuple: "count index",
    range: "count index",
    slice: "indices",
    dict: _DICT,
    collections.defaultdict: _DICT,
    collections.Counter: f"{_DICT} elements most_common subtract total",
    set: f"{_SET} add clear difference_update discard intersection_update pop remove symmetric_difference_update update",
    frozenset: _SET,
    type({}.keys()): "isdisjoint",
    type({}.items()): "isdisjoint",
    re.Match: "end group groupdict groups span start",
    re.Pattern: "findall finditer fullmatch match search split",
    types.GeneratorType: "close send",
}
"""Per type: the methods that are handed out as they are, where the type has them."""


def _expand(match: re.Match[str], template: str, /) -> str:
    return match.expand(template)


def _sub(pattern: re.Pattern[str], repl: Any, string: str, count: int = 0) -> str:
    return pattern.sub(repl, string, count)


def _subn(pattern: re.Pattern[str], repl: Any, string: str, count: int = 0) -> tuple[str, int]:
    return pattern.subn(repl, string, count)


_STAND_INS: dict[type, dict[str, Callable[..., Any]]] = {
    str: {"encode": encode, "format": fill, "format_map": fill_from},
    bytes: {"decode": decode},
    # These three import `re` when called, in the name of whoever calls, and untrusted code can import nothing.
    re.Match: {"expand": _expand},
    re.Pattern: {"sub": _sub, "subn": _subn},
}
"""Per type: the methods that others stand in for."""

METHODS: dict[type, dict[str, Callable[..., Any] | None]] = {
    kind: {
        **dict.fromkeys(name for name in names.split() if hasattr(kind, name)),
        **_STAND_INS.get(kind, {}),
    }
    for kind, names in _AS_THEY_ARE.items()
}
"""Per type: the methods there are, and what stands in for each (None: the method itself)."""

_NUMBER = ("denominator", "imag", "numerator", "real")
_ENCODING = ("encoding", "end", "object", "reason", "start")
_RANGE = ("start", "step", "stop")

VALUES: dict[type, tuple[str, ...]] = {
    int: _NUMBER,
    bool: _NUMBER,
    float: ("imag", "real"),
    complex: ("imag", "real"),
    range: _RANGE,
    slice: _RANGE,
    re.Match: ("endpos", "lastgroup", "lastindex", "pos", "re", "regs", "string"),
    re.Pattern: ("flags", "groupindex", "groups", "pattern"),
    re.error: ("args", "colno", "lineno", "msg", "pattern", "pos"),
    StopIteration: ("args", "value"),
    UnicodeDecodeError: ("args", *_ENCODING),
    UnicodeEncodeError: ("args", *_ENCODING),
}
"""Per type: the attributes that are values."""


def _arguments(error: BaseException) -> tuple[Any, ...]:
    return tuple(scrub(item) if type(item) is str else item for item in error.args)


def _group_index(pattern: re.Pattern[str]) -> dict[str, int]:
    return dict(pattern.groupindex)


_Reader = Callable[[Any], Any]
_READ_BY: dict[str, _Reader] = {"args": _arguments, "groupindex": _group_index}


def _readers(kind: type) -> dict[str, _Reader]:
    return {
        **{
            name: attrgetter(name) if stand_in is None else functools.partial(types.MethodType, stand_in)
            for name, stand_in in METHODS.get(kind, {}).items()
        },
        **{name: _READ_BY.get(name) or attrgetter(name) for name in VALUES.get(kind, ())},
    }


_READERS: dict[type, dict[str, _Reader]] = {kind: _readers(kind) for kind in {**METHODS, **VALUES}}
"""Per type and name: what reads the attribute. Nothing else can be read off values, but the arguments of exceptions."""


class Facade:
    """A module as untrusted code sees it: a fixed table of plain functions and constants, never the module itself.

    Attributes:
        name: The module's name.
        table: What it has.
    """

    __slots__ = ("name", "table")

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self.name = name
        self.table = types.MappingProxyType(dict(table))

    def __repr__(self) -> str:
        return f"<module {self.name!r}>"


def make_facade(name: str, table: Mapping[str, Any]) -> Facade:
    """Make a module's facade, of a type of its own, whose attributes are the table's entries."""
    kind = type(f"Facade of {name}", (Facade,), {"__slots__": ()})
    _READERS[kind] = {key: lambda _, value=value: value for key, value in table.items()}  # type: ignore[misc]
    return kind(name, table)  # type: ignore[no-any-return]


def read_attribute(value: Any, name: str) -> Any:
    """Read an attribute for untrusted code.

    Raises:
        AttributeError: If no table allows it; the message says what to write instead.
    """
    try:
        reader = _READERS[type(value)][name]
    except KeyError:
        return _read_rarer(value, name)
    return reader(value)


_IN_PYTHON = (types.FunctionType, types.MethodType)


def _off_type(owner: type) -> dict[str, Any]:
    found = {name: stand_in or getattr(owner, name) for name, stand_in in METHODS[owner].items()}
    if owner in {str, bytes}:  # whose stand-ins insist
        return found
    return {name: method for name, method in found.items() if not isinstance(method, _IN_PYTHON)}


_OFF_TYPES: dict[Any, dict[str, Any]] = {owner: _off_type(owner) for owner in METHODS}
"""The methods that may be read off a type: those that insist on a value of that type, as functions in Python do not."""


def _read_rarer(value: Any, name: str) -> Any:
    kind = type(value)
    if isinstance(value, Facade):
        raise AttributeError(refusals.missing_member(value.name, name, value.table))
    if kind is type or isinstance(value, Kind):
        owner = value.owner if isinstance(value, Kind) else value
        methods = _OFF_TYPES.get(owner, {})
        if name in methods:
            return methods[name]
        raise AttributeError(refusals.missing_attribute(owner, name, methods))
    if name == "args" and isinstance(value, BaseException):
        return _arguments(value)
    raise AttributeError(refusals.missing_attribute(kind, name, _READERS.get(kind, {})))
