"""What untrusted code may touch: which attributes of which types, and what may be turned into text.

Everything here is an allowlist. An attribute that no table names does not exist, so walks over classes, frames, tracebacks
and modules end at the first step. A value that is not plain data has no text, so no memory address is ever spelled
out (default ``repr`` prints one).
"""

import collections
import re
import string
import types
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_FORMATTER = string.Formatter()
_CODECS = frozenset({"ascii", "latin-1", "utf-8", "utf8"})

_LEAVES = frozenset(
    {str, int, float, bool, type(None), complex, bytes, range, slice, type(...), re.Match, re.Pattern}
)
_SEQUENCES = frozenset({list, tuple, set, frozenset, type({}.keys()), type({}.values()), type({}.items())})
_MAPPINGS = frozenset({dict, collections.Counter})


def scrub(text: str) -> str:
    """Take memory addresses out of an interpreter's own message."""
    return _ADDRESS.sub("", text)


def plain(value: Any) -> Any:
    """Return a value that may be turned into text: itself if it is plain data, its message if it is an exception.

    Raises:
        TypeError: If it is, or holds, anything else (a function, a generator, an iterator, a class).
    """
    if type(value) in _LEAVES:
        return value
    if isinstance(value, BaseException):
        return scrub(str(value))
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind in _LEAVES or id(item) in seen:
            continue
        seen.add(id(item))
        if kind in _SEQUENCES:
            waiting.extend(item)
        elif kind in _MAPPINGS:
            waiting.extend(item)
            waiting.extend(item.values())
        else:
            raise TypeError(
                f"a {kind.__name__} cannot be turned into text; use text, numbers, lists or dicts"
            )
    return value


def shown(value: Any, conversion: str = "") -> Any:
    """Return what an f-string may format: scalars as they are, all else as finished text.

    Finished, because the format specification runs after this check and could change a container.
    """
    if not conversion and type(value) in _LEAVES:
        return value
    if conversion == "a":
        return ascii(plain(value))
    return represent(value) if conversion == "r" else str(plain(value))


def represent(value: Any) -> str:
    """`repr` without memory addresses."""
    if isinstance(value, BaseException):
        return scrub(repr(value))
    return repr(plain(value))


def remainder(left: Any, right: Any) -> Any:
    """The ``%`` operator; as text formatting it takes plain data only."""
    if type(left) is bytes:
        raise TypeError("bytes cannot be formatted; use text")
    if type(left) is not str:
        return left % right
    if type(right) is tuple:
        return left % tuple(plain(item) for item in right)
    if isinstance(right, dict):
        return left % {key: plain(item) for key, item in right.items()}
    return left % (plain(right),) if isinstance(right, BaseException) else left % plain(right)


def _check_fields(template: str) -> None:
    for _, field, specification, _ in _FORMATTER.parse(template):
        if field is not None and ("." in field or "[" in field):
            raise ValueError(
                f"the field {{{field}}} looks inside a value; use plain fields such as {{}}, {{0}} or {{name}}"
            )
        if specification:
            _check_fields(specification)


def _format(template: str, /, *values: Any, **named: Any) -> str:
    if type(template) is not str:
        raise TypeError("format needs a text")
    _check_fields(template)
    return template.format(*map(plain, values), **{name: plain(value) for name, value in named.items()})


def _format_map(template: str, values: Mapping[str, Any], /) -> str:
    return _format(template, **values)


def _encode(text: str, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    if encoding not in _CODECS or errors not in {"strict", "ignore", "replace"}:
        raise ValueError("text can be encoded as 'utf-8', 'ascii' or 'latin-1' only")
    return str.encode(text, encoding, errors)


def _group_index(pattern: re.Pattern[str]) -> dict[str, int]:
    return dict(pattern.groupindex)


def _arguments(error: BaseException) -> tuple[Any, ...]:
    return tuple(scrub(item) if type(item) is str else item for item in error.args)


_Table = dict[str, Callable[..., Any] | None]


def _table(names: str, **special: Callable[..., Any]) -> _Table:
    return {**dict.fromkeys(names.split()), **special}


_DICT = "clear copy fromkeys get items keys pop popitem setdefault update values"
_SET = "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"

# Per type: the name of an allowed attribute, and what stands in for it (None: the attribute itself).
METHODS: dict[type, _Table] = {
    str: _table(
        "capitalize casefold center count endswith expandtabs find index isalnum isalpha isascii isdecimal isdigit "
        "isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans partition "
        "removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip "
        "swapcase title translate upper zfill",
        format=_format,
        format_map=_format_map,
        encode=_encode,
    ),
    bytes: _table("count endswith find hex startswith"),
    int: _table("bit_count bit_length"),
    bool: {},
    float: _table("as_integer_ratio fromhex hex is_integer"),
    list: _table("append clear copy count extend index insert pop remove reverse sort"),
    tuple: _table("count index"),
    range: _table("count index"),
    dict: _table(_DICT),
    collections.defaultdict: _table(_DICT),
    collections.Counter: _table(f"{_DICT} elements most_common subtract total"),
    set: _table(
        f"{_SET} add clear difference_update discard intersection_update pop remove symmetric_difference_update update"
    ),
    frozenset: _table(_SET),
    type({}.keys()): _table("isdisjoint"),
    type({}.items()): _table("isdisjoint"),
    re.Match: _table("end endpos expand group groupdict groups lastgroup lastindex pos re span start string"),
}

# Per type: attributes that are values, not methods, and how they are read.
VALUES: dict[type, dict[str, Callable[[Any], Any]]] = {
    int: {"numerator": int, "denominator": lambda value: 1, "real": int, "imag": lambda value: 0},
    range: {"start": lambda r: r.start, "stop": lambda r: r.stop, "step": lambda r: r.step},
}
METHODS[re.Pattern] = _table("findall finditer flags fullmatch groups match pattern search split sub subn")
VALUES[re.Pattern] = {"groupindex": _group_index}

_KINDS = {str: "text", dict: "dict", list: "list", type(None): "None", types.FunctionType: "function"}
_ERROR_VALUES = {"msg", "pattern", "pos", "lineno", "colno"}


class Facade:
    """A module as untrusted code sees it: a fixed table of plain functions and constants, never the module itself."""

    __slots__ = ("name", "table")

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self.name = name
        self.table = types.MappingProxyType(dict(table))


class Text:
    """The name ``str``: called, it makes text of plain data only, and stands for the type in `isinstance`."""

    __slots__ = ()

    def __call__(self, value: Any = "", /) -> str:  # noqa: D102
        return str(plain(value))

    def __or__(self, other: Any) -> Any:
        others = other if isinstance(other, tuple) else (type(None) if other is None else other,)
        return (str, *others)

    __ror__ = __or__


def read_attribute(value: Any, name: str) -> Any:
    """Read an attribute for untrusted code.

    Raises:
        AttributeError: If no table allows it; the message names the nearest that is allowed.
    """
    kind = type(value)
    methods = METHODS.get(kind)
    if methods is not None:
        if name in methods:
            stand_in = methods[name]
            return getattr(value, name) if stand_in is None else types.MethodType(stand_in, value)
        values = VALUES.get(kind)
        if values is not None and name in values:
            return values[name](value)
    elif kind is Facade:
        methods = value.table
        if name in methods:
            return methods[name]
    elif kind is Text or kind is type:
        owner = str if kind is Text else value
        methods = METHODS.get(owner, {})
        if name in methods:
            return methods[name] or getattr(owner, name)
    elif isinstance(value, BaseException):
        if name == "args":
            return _arguments(value)
        if kind is re.error and name in _ERROR_VALUES:
            return getattr(value, name)
    raise AttributeError(_missing(value, name, methods or {}))


def _missing(value: Any, name: str, known: Mapping[str, Any]) -> str:
    kind = type(value)
    if kind is Facade:
        whose = value.name
    else:
        whose = _KINDS.get(kind, kind.__name__) if kind is not type else value.__name__
    near = get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    if isinstance(value, dict):
        hint = hint or f"; to read an entry write [{name!r}] or .get({name!r})"
    return f"{whose} has no attribute {name!r} here{hint}"
