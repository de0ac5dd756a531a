"""Conditions, effects and atoms: forms → literals, and a refusal by name of all that is more than STRIPS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trpg_env.pddl.faults import shown
from trpg_env.pddl.forms import Form, Word
from trpg_env.pddl.lists import name_of
from trpg_env.pddl.model import EQUAL, Literal

_CONSTRUCTS = {
    "or": "a disjunction (or)",
    "imply": "an implication (imply)",
    "exists": "a quantifier (exists)",
    "forall": "a quantifier (forall)",
    "when": "a conditional effect (when)",
    "increase": "a numeric effect (increase)",
    "decrease": "a numeric effect (decrease)",
    "assign": "a numeric effect (assign)",
    "scale-up": "a numeric effect (scale-up)",
    "scale-down": "a numeric effect (scale-down)",
    "<": "a numeric comparison (<)",
    ">": "a numeric comparison (>)",
    "<=": "a numeric comparison (<=)",
    ">=": "a numeric comparison (>=)",
    "preference": "a preference (preference)",
    "probabilistic": "a probabilistic effect (probabilistic)",
    "oneof": "an effect with several outcomes (oneof)",
    "over": "a condition over time (over)",
    "always": "a condition over time (always)",
    "sometime": "a condition over time (sometime)",
    "within": "a condition over time (within)",
    "at-most-once": "a condition over time (at-most-once)",
}

SUPPORTED = "supported are :strips, :typing, :negative-preconditions and :equality"


@dataclass(frozen=True)
class Formulas:
    """Reads the formulas of one part of a file.

    Attributes:
        predicates: Predicate → how many terms it takes.
        terms: The variables and objects that may stand in them.
        what: What is read, for faults: "the precondition of pick".
    """

    predicates: Mapping[str, int]
    terms: Mapping[str, object]
    what: str

    def condition(self, part: Word | Form) -> tuple[Literal, ...]:
        """Read a precondition or a goal: a literal, or `and` of such.

        Raises:
            PddlError: It is more than that, or a name is nothing.
        """
        return tuple(self._literal(atom, positive) for atom, positive in self._atoms(part))

    def effect(self, part: Word | Form) -> tuple[Literal, ...]:
        """Read an effect: the same, but nothing is made equal.

        Raises:
            PddlError: It is more than that, or a name is nothing.
        """
        return tuple(self._literal(self._no_equality(atom), positive) for atom, positive in self._atoms(part))

    def fact(self, form: Form) -> Literal:
        """Read an atom that is said to hold: anything but an equality.

        Raises:
            PddlError: It is no atom, its predicate or one of its terms is not declared, or it has too many or too few
                terms.
        """
        return self._literal(self._no_equality(form), positive=True)

    def _no_equality(self, form: Form) -> Form:
        if form.head == EQUAL and not any(isinstance(part, Form) for part in form.rest):
            form.parts[0].refuse(f"{self.what} has an equality; objects are made equal by nothing")
        return form

    def _atoms(self, part: Word | Form) -> Iterator[tuple[Form, bool]]:
        """The atoms of a literal or of an `and`, and whether each is positive."""
        waiting = [part]
        while waiting:
            form = waiting.pop()
            if isinstance(form, Word):
                form.refuse(
                    f"{self.what} has the word {shown(form.text)} where (a condition) in brackets is expected"
                )
            if form.head == "and":
                waiting += reversed(form.rest)
            elif form.head == "not":
                yield self._negated(form), False
            elif form.parts:
                yield form, True

    def _negated(self, form: Form) -> Form:
        (inner,) = form.rest if len(form.rest) == 1 else (None,)
        if not isinstance(inner, Form):
            form.refuse(f"{self.what} has a `not` of nothing or of several things; write (not (on a b))")
        if inner.head in ("and", "not", ""):
            form.refuse(
                f"{self.what} has a `not` of {f'`{inner.head}`' if inner.head else 'no atom'}, which is not supported;"
                " negate single atoms"
            )
        return inner

    def _literal(self, form: Form, positive: bool) -> Literal:
        what = self.what
        head = form.parts[0] if form.parts else None
        if not isinstance(head, Word):
            form.refuse(f"{what} has a form that begins with no word; write (predicate term …)")
        nested = next((part for part in form.rest if isinstance(part, Form)), None)
        if head.text == EQUAL:
            if nested is not None:
                head.refuse(f"{what} has a numeric fluent (= …), which is not supported; {SUPPORTED}")
        elif head.text == "at" and nested is not None and str(form.rest[0])[:1].isdigit():
            head.refuse(f"{what} has a timed literal (at …), which is not supported; {SUPPORTED}")
        elif head.text not in self.predicates:
            construct = _CONSTRUCTS.get(head.text)
            if construct:
                head.refuse(f"{what} has {construct}, which is not supported; {SUPPORTED}")
            head.refuse(f"{what} has the predicate {shown(head.text)}, which :predicates does not declare")
        if nested is not None:
            nested.refuse(
                f"{what} has a form among the terms of {head.text}; terms are variables and objects"
            )
        arity = 2 if head.text == EQUAL else self.predicates[head.text]
        if len(form.rest) != arity:
            form.refuse(
                f"{what} gives {head.text} {len(form.rest)} terms; it takes {arity}"
                + (" (as :predicates declares it)" if head.text != EQUAL else "")
            )
        return Literal(head.text, tuple(map(self._term, form.rest)), positive)

    def _term(self, part: Word | Form) -> str:
        assert isinstance(part, Word)
        if part.text not in self.terms:
            if part.text.startswith("?"):
                part.refuse(
                    f"{self.what} has the variable {shown(part.text)}, which is not among the parameters"
                )
            name = name_of(part, "an object")
            part.refuse(
                f"{self.what} names {shown(name)}, which is no object; declare it in :objects or :constants"
            )
        return part.text
