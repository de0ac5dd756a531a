"""A problem with all that its script is made of, and its literals in the script language."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass

from trpg_env.pddl.facts import Facts, may_coincide
from trpg_env.pddl.model import EQUAL, Action, Atom, Domain, Literal, Problem, ground, objects_of
from trpg_env.pddl.naming import Naming
from trpg_env.pddl.words import Words


@dataclass(frozen=True)
class Case:
    """A problem on its way to a script.

    Attributes:
        domain: The domain.
        problem: The problem.
        facts: Which atoms may ever hold.
        naming: What PDDL's names are in the script.
        words: How literals are said.
    """

    domain: Domain
    problem: Problem
    facts: Facts
    naming: Naming
    words: Words

    @property
    def actions(self) -> list[Action]:
        """The actions that there are objects for."""
        return [
            action
            for action in self.domain.actions.values()
            if all(objects_of(self.domain, self.problem, kind) for kind in action.parameters.values())
        ]

    @property
    def met(self) -> int:
        """How many of the goal's literals hold at the start."""
        return sum(self._holds(literal) for literal in self.problem.goal)

    def _holds(self, literal: Literal) -> bool:
        if literal.predicate == EQUAL:
            return (literal.terms[0] == literal.terms[1]) == literal.positive
        return (ground(literal, {}) in self.problem.start) == literal.positive

    def placeholders(self, action: Action) -> Mapping[str, str]:
        """Variable → placeholder."""
        return self.naming.placeholders[action.name]

    def values(self, kind: str) -> str | list[str]:
        """What is of a type: a kind where that is all of it, else a list of entities."""
        members = objects_of(self.domain, self.problem, kind)
        own = self.naming.kinds.get(kind)
        if own is not None and all(self.problem.objects[name] == kind for name in members):
            return own
        return [self.naming.entities[name] for name in members]

    def condition(self, literal: Literal, placeholders: Mapping[str, str]) -> str:
        """A literal as a condition.

        Args:
            literal: The literal.
            placeholders: Variable → placeholder, for those that stand in it.
        """
        naming = self.naming
        if literal.predicate == EQUAL:
            left, right = (naming.value(term, placeholders) for term in literal.terms)
            return f"{left} {'==' if literal.positive else '!='} {right}"
        atom = self.atom(literal, placeholders)
        return atom if literal.positive else f"not {atom}"

    def atom(self, literal: Literal, placeholders: Mapping[str, str]) -> str:
        """A literal's atom as what can be asked for and set: `a.on["b"]`."""
        naming, terms = self.naming, literal.terms
        base = naming.term(terms[0], placeholders) if terms else "player"
        keys = "".join(f"[{naming.value(term, placeholders)}]" for term in terms[1:])
        return f"{base}.{naming.attributes[literal.predicate]}{keys}"

    def endings(self, action: Action, placeholders: Mapping[str, str]) -> list[tuple[Literal, list[str]]]:
        """What an action ends, and for each literal the conditions that it does; none where that is certain."""
        added, gone = parts(action)
        candidates = self.facts.candidates[action.name]
        found: list[tuple[Literal, list[str]]] = []
        for literal in gone:
            conditions = [] if literal in action.precondition else [self.atom(literal, placeholders)]
            conditions += [
                self._differ(literal, other, placeholders)
                for other in added
                if may_coincide(literal, other, action, candidates)
            ]
            found.append((literal, conditions))
        return found

    def _differ(self, one: Literal, other: Literal, placeholders: Mapping[str, str]) -> str:
        """The condition that two literals of a predicate are not the same atom."""
        pairs = [
            f"{self.naming.value(a, placeholders)} != {self.naming.value(b, placeholders)}"
            for a, b in zip(one.terms, other.terms, strict=True)
            if a != b
        ]
        return pairs[0] if len(pairs) == 1 else f"({' or '.join(pairs)})"

    def said(self, literal: Literal, placeholders: Mapping[str, str] | None = None) -> str:
        """A literal in words, as a text of the script."""
        said = {term: f"{{{name}}}" for term, name in (placeholders or {}).items()}
        return self.words.literal(literal, ChainMap(said, self.naming.entities))

    def names(self, atom: Atom) -> list[str]:
        """An atom's objects as the script names them."""
        return [self.naming.entities[name] for name in atom[1:]]


def parts(action: Action) -> tuple[list[Literal], list[Literal]]:
    """What an action adds, and what it deletes and does not add again; all as atoms."""
    added = list(dict.fromkeys(literal for literal in action.effect if literal.positive))
    deleted = (Literal(e.predicate, e.terms) for e in action.effect if not e.positive)
    return added, [literal for literal in dict.fromkeys(deleted) if literal not in added]
