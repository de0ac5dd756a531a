"""Which atoms can ever change, which hold for good: what a script's state has to have room for."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from trpg_env.pddl.faults import PddlError
from trpg_env.pddl.model import EQUAL, Action, Atom, Domain, Literal, Problem, objects_of

MAX_ATOMS = 200_000
"""How many atoms a script's state has at most."""


class Facts:
    """The atoms of a problem.

    Args:
        domain: The domain.
        problem: The problem.

    Attributes:
        fluent: The predicates that some action sets.
        candidates: Action → variable → the objects that it may stand for where the action can be carried out: those of its
            type of which hold whatever conditions no action changes.
        atoms: Predicate → its atoms that hold at the start or may be set, in the order of the objects.

    Raises:
        PddlError: There are more than a script's state has room for.
    """

    def __init__(self, domain: Domain, problem: Problem) -> None:
        self._problem = problem
        self.fluent = frozenset(literal.predicate for a in domain.actions.values() for literal in a.effect)
        self.candidates = {
            name: {variable: self._candidates(domain, action, variable) for variable in action.parameters}
            for name, action in domain.actions.items()
        }
        count = len(problem.start)
        for name, action in domain.actions.items():
            for literal in action.effect:
                count += prod(map(len, self._ranges(literal, self.candidates[name])))
                if count > MAX_ATOMS:
                    raise PddlError(
                        f"with the objects of the problem, the effects up to those of {name} may set more than"
                        f" {MAX_ATOMS:,} atoms; a script has room for so many",
                        file=domain.file,
                        line=action.line,
                    )
        self.atoms = self._atoms(domain)

    def _candidates(self, domain: Domain, action: Action, variable: str) -> tuple[str, ...]:
        told = [
            literal.predicate
            for literal in action.precondition
            if literal.terms == (variable,) and literal.positive and literal.predicate not in self.fluent
        ]
        start = self._problem.start
        kind = action.parameters[variable]
        return tuple(
            name
            for name in objects_of(domain, self._problem, kind)
            if all((predicate, name) in start for predicate in told)
        )

    @staticmethod
    def _ranges(literal: Literal, candidates: Mapping[str, Sequence[str]]) -> list[Sequence[str]]:
        return [candidates.get(term, (term,)) for term in literal.terms]

    def _atoms(self, domain: Domain) -> dict[str, tuple[Atom, ...]]:
        found: dict[str, set[Atom]] = {predicate: set() for predicate in domain.predicates}
        for atom in self._problem.start:
            found[atom[0]].add(atom)
        for name, action in domain.actions.items():
            for literal in action.effect:
                ranges = self._ranges(literal, self.candidates[name])
                found[literal.predicate].update((literal.predicate, *terms) for terms in product(*ranges))
        order = {name: i for i, name in enumerate(self._problem.objects)}
        return {
            predicate: tuple(sorted(atoms, key=lambda atom: [order[name] for name in atom[1:]]))
            for predicate, atoms in found.items()
        }

    def start(self) -> Iterator[Atom]:
        """The atoms that hold at the start, predicate by predicate."""
        for atoms in self.atoms.values():
            yield from (atom for atom in atoms if atom in self._problem.start)


def may_coincide(
    one: Literal, other: Literal, action: Action, candidates: Mapping[str, Sequence[str]]
) -> bool:
    """Whether two literals of an action may come to be the same atom.

    Args:
        one: A literal.
        other: A literal.
        action: The action.
        candidates: Variable → the objects that it may stand for.
    """
    if one.predicate != other.predicate:
        return False
    apart = {frozenset(c.terms) for c in action.precondition if c.predicate == EQUAL and not c.positive}
    return all(
        a == b
        or (
            frozenset((a, b)) not in apart
            and not set(candidates.get(a, (a,))).isdisjoint(candidates.get(b, (b,)))
        )
        for a, b in zip(one.terms, other.terms, strict=True)
    )
