"""What a domain and a problem say: types, objects, predicates, actions, the start and the goal. Data only, frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

EQUAL = "="
"""The predicate of equality, which PDDL has of its own."""
OBJECT = "object"
"""The type that all others descend from."""

Atom = tuple[str, ...]
"""A ground atom: a predicate and its objects, `("on", "a", "b")`."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An atom or its negation; terms that begin with `?` are variables.

    Attributes:
        predicate: The predicate; `=` is one.
        terms: Variables and objects.
        positive: Whether it is the atom itself.

    Example:
        >>> print(Literal("on", ("?x", "b"), False))
        (not (on ?x b))
    """

    predicate: str
    terms: tuple[str, ...]
    positive: bool = True

    def __str__(self) -> str:
        atom = f"({' '.join([self.predicate, *self.terms])})"
        return atom if self.positive else f"(not {atom})"


@dataclass(frozen=True, slots=True)
class Action:
    """An action's schema.

    Attributes:
        name: Its name.
        parameters: Variable → type, in order.
        precondition: What must hold, all of it.
        effect: What it makes true and, where a literal is negative, false.
        line: Where it stands, counted from 1.
    """

    name: str
    parameters: Mapping[str, str]
    precondition: tuple[Literal, ...]
    effect: tuple[Literal, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Domain:
    """A domain.

    Attributes:
        name: Its name.
        types: Type → the type above it; `object` has none and is not in it.
        constants: Object → its type.
        predicates: Predicate → how many terms it takes.
        actions: Its actions, by name.
        file: The file that it was read from, for faults.
    """

    name: str
    types: Mapping[str, str]
    constants: Mapping[str, str]
    predicates: Mapping[str, int]
    actions: Mapping[str, Action]
    file: str | None = field(default=None, compare=False)

    def is_a(self, kind: str, other: str) -> bool:
        """Whether a type is another one or descends from it."""
        while kind != other:
            if kind == OBJECT:
                return False
            kind = self.types[kind]
        return True


@dataclass(frozen=True)
class Problem:
    """A problem of a domain.

    Attributes:
        name: Its name.
        domain: The domain's name.
        objects: Object → its type, the domain's constants first.
        start: The atoms that hold at the start; all others do not.
        goal: What is to hold, all of it.
        file: The file that it was read from, for faults.
    """

    name: str
    domain: str
    objects: Mapping[str, str]
    start: frozenset[Atom]
    goal: tuple[Literal, ...]
    file: str | None = field(default=None, compare=False)


def ground(literal: Literal, values: Mapping[str, str]) -> Atom:
    """A literal's atom, each variable replaced by its object."""
    return (literal.predicate, *(values.get(term, term) for term in literal.terms))


def objects_of(domain: Domain, problem: Problem, kind: str) -> Sequence[str]:
    """The objects of a type and of those that descend from it, in the order of the files."""
    return [name for name, of in problem.objects.items() if domain.is_a(of, kind)]
