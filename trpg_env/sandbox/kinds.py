"""Types as untrusted code sees them where the real one would give too much away, and what stands for annotations."""

import collections
import re
import types
from collections import abc
from typing import Any

from trpg_env.sandbox.texts import decode, encode, plain


def real(kind: Any) -> Any:
    """Return the type, or tuple of types, that untrusted code means. It must never come by the result itself."""
    if type(kind) is tuple:
        return tuple(map(real, kind))
    return real(kind.owner) if isinstance(kind, Kind) and kind.owner else kind


def _either(kinds: tuple[Any, ...]) -> Any:
    if not all(kind is None or isinstance(kind, _ALTERNATIVES) for kind in kinds):
        return NotImplemented
    if any(isinstance(kind, Kind) and not kind.owner for kind in kinds):
        return ANYTHING
    return Kind(tuple(type(None) if kind is None else kind for kind in kinds))


class Kind:
    """The name of a type, or of several: it stands for them in `isinstance` and in unions, and has the type's methods.

    Never a union of Python's: ``str | str`` would be the real type.

    Attributes:
        owner: The real type, or a tuple of kinds; None for an annotation that says nothing about types.
    """

    __slots__ = ("owner",)
    __iter__ = None  # else Python would count through `__getitem__`, for ever

    def __init__(self, owner: Any = None) -> None:
        self.owner = owner

    def __repr__(self) -> str:
        return f"<class {self.owner.__name__!r}>" if isinstance(self.owner, type) else "typing.Any"

    def __or__(self, other: Any) -> Any:
        return _either((self, other))

    def __ror__(self, other: Any) -> Any:
        return _either((other, self))


_ALTERNATIVES = (Kind, type, types.UnionType, types.GenericAlias)


class Hint(Kind):
    """A name out of `typing`: good for annotations, and for `isinstance` where it means a kind of container."""

    __slots__ = ()

    def __getitem__(self, _: Any) -> Any:
        return ANYTHING


ANYTHING = Hint()
"""What an annotation is that says nothing about types, such as ``Any``."""


class _Text(Kind):
    __slots__ = ()

    def __call__(self, object: Any = "", encoding: str | None = None, errors: str | None = None) -> str:
        if encoding is None and errors is None:
            return str(plain(object))
        return decode(object, encoding or "utf-8", errors or "strict")


class _Bytes(Kind):
    __slots__ = ()

    def __call__(self, source: Any = b"", encoding: str | None = None, errors: str | None = None) -> bytes:
        if isinstance(source, str) and encoding is not None:
            return encode(source, encoding, errors or "strict")
        if isinstance(source, int):  # would take any amount of memory in no time
            raise TypeError(r"bytes of a number are not available; write b'\x00' * n")
        return bytes(source)


class _DefaultDict(Kind):
    __slots__ = ()

    def __call__(
        self, factory: Any = None, /, *values: Any, **named: Any
    ) -> collections.defaultdict[Any, Any]:
        makes = factory.owner if factory is TEXT or factory is BYTES or factory is self else factory
        return collections.defaultdict(makes, *values, **named)

    def __getitem__(self, _: Any) -> Any:
        return self


TEXT = _Text(str)
BYTES = _Bytes(bytes)
DEFAULTDICT = _DefaultDict(collections.defaultdict)


class _Union(Hint):
    """``Union`` and ``Optional``."""

    __slots__ = ()

    def __getitem__(self, kinds: Any) -> Any:
        kinds = kinds if type(kinds) is tuple else (kinds,)
        either = _either((*kinds, self.owner) if self.owner else kinds)
        return ANYTHING if either is NotImplemented else either  # such as a name in quotes


def _names(*names: str) -> dict[str, Any]:
    return {name: Hint(getattr(abc, name, None)) for name in names}


COLLECTIONS_ABC: dict[str, Any] = _names(
    "Callable", "Collection", "Container", "Generator", "Hashable", "ItemsView", "Iterable", "Iterator", "KeysView",
    "Mapping", "MutableMapping", "MutableSequence", "MutableSet", "Reversible", "Sequence", "Set", "Sized", "ValuesView",
)  # fmt: skip

TYPING: dict[str, Any] = {
    **COLLECTIONS_ABC,
    **_names(
        "Annotated", "Any", "AnyStr", "ClassVar", "Concatenate", "Final", "Literal", "LiteralString", "Never", "NoReturn",
        "NotRequired", "ParamSpec", "Required", "Self", "SupportsFloat", "SupportsIndex", "SupportsInt", "Type",
        "TypeAlias", "TypeGuard", "Unpack",
    ),
    **{kind.__name__.title(): kind for kind in (dict, list, set, tuple)},
    "AbstractSet": COLLECTIONS_ABC["Set"],
    "Counter": collections.Counter,
    "DefaultDict": DEFAULTDICT,
    "FrozenSet": frozenset,
    "Match": re.Match,
    "Optional": _Union(type(None)),
    "Pattern": re.Pattern,
    "Text": TEXT,
    "Union": _Union(),
    "TYPE_CHECKING": False,
    "cast": lambda typ, val: val,
    "NewType": lambda name, tp: lambda value: value,
    "TypeVar": lambda *_, **__: ANYTHING,
}  # fmt: skip
