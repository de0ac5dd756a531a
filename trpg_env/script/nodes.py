"""The nodes of the expression language: frozen, resolved, and without a word on how a state is stored."""

from collections.abc import Iterator
from dataclasses import dataclass

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A text, number, true, false or null. True and 1 are different literals, unlike in Python."""

    value: Scalar

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and (type(self.value), self.value) == (
            type(other.value),
            other.value,
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity, by its name in the script's spelling; `player` is one."""

    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    """The names of all entities of a kind."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter of the action or the definition, or a loop's variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The number of actions taken so far."""


@dataclass(frozen=True, slots=True)
class Look:
    """The text that `{look}` stands for; only in texts."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """`base.name`."""

    base: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """`base[key]`: the attribute, key or element that the key's value names."""

    base: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Not:
    """`not operand`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """`a and b …`: the first operand that is not true, else the last."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """`a or b …`: the first operand that is true, else the last."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right op right …`, each op one of `== != < <= > >= in not in`."""

    left: "Expression"
    rest: tuple[tuple[str, "Expression"], ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`, op one of `+ - * // %`."""

    op: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b, …]`."""

    elements: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """`for variable in source if condition …`, as part of a comprehension or an effect."""

    variable: str
    source: "Expression"
    conditions: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`function(element for …)`; the function is `list` for `[element for …]`."""

    function: str
    element: "Expression"
    loop: Loop


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the language's functions."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Defined:
    """A use of a definition."""

    name: str
    arguments: tuple["Expression", ...]


Expression = (
    Literal
    | Entity
    | Kind
    | Variable
    | Turn
    | Look
    | Attribute
    | Item
    | Not
    | And
    | Or
    | Compare
    | Binary
    | ListOf
    | Comprehension
    | Call
    | Defined
)


def children(node: Expression) -> Iterator[Expression]:
    """The expressions directly below a node."""
    match node:
        case Attribute(base, _) | Not(base):
            yield base
        case Item(base, key):
            yield from (base, key)
        case And(operands) | Or(operands) | ListOf(operands) | Call(_, operands) | Defined(_, operands):
            yield from operands
        case Compare(left, rest):
            yield left
            yield from (right for _, right in rest)
        case Binary(_, left, right):
            yield from (left, right)
        case Comprehension(_, element, loop):
            yield from (element, loop.source, *loop.conditions)
        case _:
            return


def walk(node: Expression) -> Iterator[Expression]:
    """A node and all below it."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))
