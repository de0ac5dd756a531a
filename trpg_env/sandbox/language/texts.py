"""What untrusted code may turn into text, and how: plain data only, so that no memory address is ever spelled out.

Default ``repr`` prints an address. A value that is, or holds, anything but plain data therefore has no text here, and an
interpreter's own message loses the addresses it may carry.
"""

import collections
import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
_FORMATTER = string.Formatter()

# Codecs that need no file to be opened and take no more than linear time.
_CODECS = frozenset(
    {"ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "utf-8", "utf8", "utf-16", "utf-32"}
)
_ON_ERROR = frozenset(
    {"strict", "ignore", "replace", "backslashreplace", "xmlcharrefreplace", "surrogateescape"}
)

_LEAVES = frozenset(
    {
        str, int, float, bool, type(None), complex, bytes, range, type(...), type(NotImplemented), re.Match,
        re.Pattern,
    }
)  # fmt: skip
_SEQUENCES = frozenset({list, tuple, set, frozenset, type({}.keys()), type({}.values()), type({}.items())})
_MAPPINGS = frozenset({dict, collections.Counter, collections.defaultdict})
_FACTORIES = frozenset({None, bool, bytes, dict, float, frozenset, int, list, set, str, tuple})


def scrub(text: str) -> str:
    """Take memory addresses and advice that cannot be followed here out of an interpreter's own message."""
    return _ADDRESS.sub("", text).partition("; use sys.")[0]


def plain(value: Any) -> Any:
    """Return a value that may be turned into text: itself, or an exception's message where that holds an address.

    Raises:
        TypeError: If it is, or holds, anything but plain data and exceptions (a function, a generator, a class).
    """
    if type(value) in _LEAVES:
        return value
    if isinstance(value, BaseException):
        return value if _tells_no_address(value) else scrub(str(value))
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
        elif kind in _MAPPINGS and getattr(item, "default_factory", None) in _FACTORIES:
            waiting.extend(item)
            waiting.extend(item.values())
        elif not (isinstance(item, BaseException) and _tells_no_address(item)):
            raise TypeError(_without_text(item))
    return value


def _tells_no_address(error: BaseException) -> bool:
    return _ADDRESS.search(f"{error}{error!r}") is None


def _without_text(value: Any) -> str:
    kind = type(value)
    if isinstance(value, collections.defaultdict):
        return "a defaultdict with a function cannot be turned into text; write dict(...) around it"
    if hasattr(kind, "__next__"):
        return f"a {kind.__name__} cannot be turned into text; write list(...) around it"
    if callable(value):
        return "a function or type cannot be turned into text; call it, or write its name as text"
    return f"a {kind.__name__} cannot be turned into text; use texts, numbers, lists and dicts instead"


def told(value: Any, /) -> str:
    """`str` without memory addresses."""
    return str(plain(value))


def represent(value: Any, /) -> str:
    """`repr` without memory addresses."""
    return scrub(repr(value)) if isinstance(value, BaseException) else repr(plain(value))


def in_ascii(value: Any, /) -> str:
    """`ascii` without memory addresses."""
    return represent(value).encode("ascii", "backslashreplace").decode("ascii")


def formatted(value: Any, specification: str = "", /) -> str:
    """`format` without memory addresses."""
    return format(plain(value), specification)


_CONVERSIONS = {"r": represent, "s": told, "a": in_ascii}


def shown(value: Any, conversion: str = "", specification: str = "") -> Any:
    """Return what an f-string puts in the place of a field.

    Called when the field's own specification has been worked out, which could change a container.
    """
    if conversion:
        value = _CONVERSIONS[conversion](value)
    elif type(value) not in _LEAVES:
        return formatted(value, specification)
    return format(value, specification) if specification else value


def operand(value: Any) -> Any:
    """Return what may stand to the right of ``%``, which turns it into text if a text stands to the left.

    Raises:
        TypeError: If it is no plain data.
    """
    kind = type(value)
    if kind in _LEAVES:
        return value
    if kind is tuple:
        return tuple(map(plain, value))
    return _Entries(value) if kind is collections.defaultdict else plain(value)


class _Entries:
    """A mapping's entries for a text to be filled in with, each looked at when it is read: it may make them up."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return plain(self._values[name])

    def __repr__(self) -> str:
        return repr(plain(self._values))


def _names(template: str) -> Iterator[str]:
    """Read the names (or numbers) of a template's fields, and of those inside their specifications.

    Raises:
        ValueError: Where one looks inside a value.
    """
    for _, field, specification, _ in _FORMATTER.parse(template):
        if field is not None:
            if "." in field or "[" in field:
                raise ValueError(
                    f"the field {{{field}}} looks inside a value; use plain fields such as {{}}, {{0}} or {{name}}"
                )
            yield field
        if specification:
            yield from _names(specification)


def fill(template: str, /, *values: Any, **named: Any) -> str:
    """`str.format` whose fields reach plain data only.

    Raises:
        TypeError, ValueError: Where a value is no plain data, or a field looks inside one.
    """
    if type(template) is not str:
        raise TypeError("format needs a text")
    for _ in _names(template):
        pass
    return template.format(*map(plain, values), **{name: plain(value) for name, value in named.items()})


def fill_from(template: str, values: Mapping[str, Any], /) -> str:
    """`str.format_map`, likewise."""
    if type(template) is not str:
        raise TypeError("format_map needs a text")
    # All are read before any is looked at: a defaultdict's function could change what was looked at before.
    read = {name: values[name] for name in _names(template) if name and not name.isdigit()}
    return template.format_map({name: plain(value) for name, value in read.items()})


def encode(text: str, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    """`str.encode` with the common codecs.

    Raises:
        ValueError: Where the codec or the way to deal with errors is another one.
    """
    _check_codec(encoding, errors)
    return str.encode(text, encoding, errors)


def decode(data: bytes, encoding: str = "utf-8", errors: str = "strict") -> str:
    """`bytes.decode` with the common codecs.

    Raises:
        ValueError: Where the codec or the way to deal with errors is another one.
    """
    _check_codec(encoding, errors)
    return bytes.decode(data, encoding, errors)


def _check_codec(encoding: object, errors: object) -> None:
    if str(encoding).lower().replace("_", "-") not in _CODECS:
        raise ValueError("this encoding is not available; use 'utf-8', 'ascii' or 'latin-1'")
    if errors not in _ON_ERROR:
        raise ValueError("this way to treat errors is not available; use 'strict', 'ignore' or 'replace'")
