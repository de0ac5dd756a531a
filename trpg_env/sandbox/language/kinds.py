"""Types as untrusted code sees them where the real one would give too much away."""

import collections
import types
from typing import Any

from trpg_env.sandbox.language.texts import decode, encode, plain


def real(kind: Any) -> Any:
    """Return the type, or tuple of types, that untrusted code means. It must never come by the result itself."""
    if type(kind) is tuple:
        return tuple(map(real, kind))
    return real(kind.owner) if isinstance(kind, Kind) else kind


def _either(*kinds: Any) -> Any:
    if not all(kind is None or isinstance(kind, _ALTERNATIVES) for kind in kinds):
        return NotImplemented
    return Kind(tuple(type(None) if kind is None else kind for kind in kinds))


class Kind:
    """The name of a type, or of several: it stands for them in `isinstance` and in unions, and has the type's methods.

    Never a union of Python's: ``str | str`` would be the real type.

    Attributes:
        owner: The real type, or a tuple of kinds.
    """

    __slots__ = ("owner",)

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __repr__(self) -> str:
        return f"<class {self.owner.__name__!r}>" if isinstance(self.owner, type) else "<union>"

    def __or__(self, other: Any) -> Any:
        return _either(self, other)

    def __ror__(self, other: Any) -> Any:
        return _either(other, self)


_ALTERNATIVES = (Kind, type, types.UnionType, types.GenericAlias)


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


TEXT = _Text(str)
BYTES = _Bytes(bytes)
DEFAULTDICT = _DefaultDict(collections.defaultdict)
