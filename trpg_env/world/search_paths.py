"""What a path leads to: a variable of a simple world, or a value that is known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trpg_env.script.nodes import (
    Attribute,
    Call,
    Comprehension,
    Defined,
    Entity,
    Expression,
    Item,
    Kind,
    Literal,
    Look,
    Turn,
    Variable,
    children,
)
from trpg_env.script.program import Program
from trpg_env.world.layout import Layout
from trpg_env.world.values import Value, key_text

Place = tuple[int, tuple[str, ...]]
"""A variable: a slot, and the keys within the slot's value."""
_WHEREABOUTS = frozenset({"place_of", "inside", "visible"})


class NotSimple(Exception):
    """A world that cannot be put into bits."""


@dataclass(frozen=True, slots=True)
class At:
    """A variable."""

    place: Place


@dataclass(frozen=True, slots=True)
class Is:
    """A value that is known."""

    value: Value


class Paths:
    """Follows the paths of one program.

    Args:
        program: The program.
        layout: Where its values stand.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self._program = program
        self._layout = layout

    def of(self, node: Expression, known: Mapping[str, Value]) -> "At | Is":
        """What an entity, a value or a path stands for: a variable, or a value that is known.

        Raises:
            NotSimple: It is none of these, or leads through what may change.
        """
        match node:
            case Literal(value):
                return Is(value)
            case Entity(name):
                return Is(name)
            case Kind(name):
                return Is(self._program.kinds.get(name, ()))
            case Variable(name) if name in known:
                return Is(known[name])
            case Attribute(base, name):
                return self._step(self.of(base, known), name)
            case Item(base, key):
                named = self.of(key, known)
                if isinstance(named, At) or key_text(named.value) is None:
                    raise NotSimple
                return self._step(self.of(base, known), key_text(named.value) or "")
            case _:
                raise NotSimple

    def _step(self, base: "At | Is", name: str) -> "At | Is":
        layout = self._layout
        if isinstance(base, At):
            return At((base.place[0], (*base.place[1], name)))
        if base.value.__class__ is dict:
            return Is(base.value.get(name))
        entity = layout.entity(base.value)
        if entity is None:
            raise NotSimple
        slot = layout.slots.get(name, {}).get(entity)
        if slot is None:
            return Is(None)
        return Is(layout.start[slot]) if slot in layout.constant else At((slot, ()))

    def read_by(self, node: Expression, known: Mapping[str, Value]) -> Iterator[Place]:
        """The variables that an expression reads.

        Raises:
            NotSimple: It reads more than can be told beforehand.
        """
        match node:
            case Attribute() | Item() | Variable():
                found = self.of(node, known)
                if isinstance(found, At):
                    yield found.place
            case Turn() | Look() | Comprehension():
                raise NotSimple
            case Call(function, _) if function in _WHEREABOUTS:
                raise NotSimple
            case Defined(name, arguments):
                definition = self._program.definitions[name]
                values = [self.of(argument, known) for argument in arguments]
                if any(isinstance(value, At) for value in values):
                    raise NotSimple
                inner = {
                    p: v.value
                    for p, v in zip(definition.parameters, values, strict=True)
                    if isinstance(v, Is)
                }
                yield from self.read_by(definition.body, inner)
            case _:
                for part in children(node):
                    yield from self.read_by(part, known)


def dig(value: Value, keys: Iterable[str]) -> Value:
    """What stands at some keys of a value; null where nothing does."""
    for key in keys:
        value = value.get(key) if value.__class__ is dict else None
    return value
