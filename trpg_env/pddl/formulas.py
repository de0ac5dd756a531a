"""Conditions, effects and atoms: forms → literals, and a refusal by name of all that is more than STRIPS."""

from collections.abc import Mapping

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


def read_condition(
    part: Word | Form, predicates: Mapping[str, int], terms: Mapping[str, object], what: str
) -> tuple[Literal, ...]:
    """Read a precondition or a goal: a literal, or `and` of such.

    Args:
        part: The form.
        predicates: Predicate → how many terms it takes.
        terms: The variables and objects that may stand in it.
        what: What is read, for faults: "the precondition of pick".

    Raises:
        PddlError: It is more than that, or a name is nothing.
    """
    return tuple(_literals(part, predicates, terms, what, equality=True))


def read_effect(
    part: Word | Form, predicates: Mapping[str, int], terms: Mapping[str, object], what: str
) -> tuple[Literal, ...]:
    """Read an effect: a literal, or `and` of such; nothing is made equal.

    Args:
        part: The form.
        predicates: Predicate → how many terms it takes.
        terms: The variables and objects that may stand in it.
        what: What is read, for faults: "the effect of pick".

    Raises:
        PddlError: It is more than that, or a name is nothing.
    """
    return tuple(_literals(part, predicates, terms, what, equality=False))


def _literals(
    part: Word | Form,
    predicates: Mapping[str, int],
    terms: Mapping[str, object],
    what: str,
    *,
    equality: bool,
) -> list[Literal]:
    found: list[Literal] = []
    waiting = [part]
    while waiting:
        form = waiting.pop()
        if isinstance(form, Word):
            form.refuse(f"{what} has the word {shown(form.text)} where (a condition) in brackets is expected")
        if form.head == "and":
            waiting += reversed(form.rest)
        elif form.head == "not":
            (inner,) = form.rest if len(form.rest) == 1 else (None,)
            if not isinstance(inner, Form):
                form.refuse(f"{what} has a `not` of nothing or of several things; write (not (on a b))")
            if inner.head in ("and", "not", ""):
                form.refuse(
                    f"{what} has a `not` of {f'`{inner.head}`' if inner.head else 'no atom'}, which is not supported;"
                    " negate single atoms"
                )
            found.append(_literal(inner, predicates, terms, what, equality=equality, positive=False))
        elif form.parts:
            found.append(_literal(form, predicates, terms, what, equality=equality, positive=True))
    return found


def _literal(
    form: Form,
    predicates: Mapping[str, int],
    terms: Mapping[str, object],
    what: str,
    *,
    equality: bool,
    positive: bool,
) -> Literal:
    literal = read_atom(form, predicates, terms, what, equality=equality)
    return literal if positive else Literal(literal.predicate, literal.terms, False)


def read_atom(
    form: Form,
    predicates: Mapping[str, int],
    terms: Mapping[str, object],
    what: str,
    *,
    equality: bool = False,
) -> Literal:
    """Read an atom.

    Args:
        form: The form.
        predicates: Predicate → how many terms it takes.
        terms: The variables and objects that may stand in it.
        what: What is read, for faults.
        equality: Whether it may be an equality.

    Raises:
        PddlError: It is no atom, its predicate or one of its terms is not declared, or it has too many or too few terms.
    """
    head = form.parts[0] if form.parts else None
    if not isinstance(head, Word):
        form.refuse(f"{what} has a form that begins with no word; write (predicate term …)")
    nested = next((part for part in form.rest if isinstance(part, Form)), None)
    if head.text == EQUAL:
        if nested is not None:
            head.refuse(f"{what} has a numeric fluent (= …), which is not supported; {SUPPORTED}")
        if not equality:
            head.refuse(f"{what} has an equality; objects are made equal by nothing")
    elif head.text == "at" and nested is not None and str(form.rest[0])[:1].isdigit():
        head.refuse(f"{what} has a timed literal (at …), which is not supported; {SUPPORTED}")
    elif head.text not in predicates:
        construct = _CONSTRUCTS.get(head.text)
        if construct:
            head.refuse(f"{what} has {construct}, which is not supported; {SUPPORTED}")
        head.refuse(f"{what} has the predicate {shown(head.text)}, which :predicates does not declare")
    if nested is not None:
        nested.refuse(f"{what} has a form among the terms of {head.text}; terms are variables and objects")
    arity = 2 if head.text == EQUAL else predicates[head.text]
    if len(form.rest) != arity:
        form.refuse(
            f"{what} gives {head.text} {len(form.rest)} terms; it takes {arity}"
            + (" (as :predicates declares it)" if head.text != EQUAL else "")
        )
    return Literal(head.text, tuple(_term(part, terms, what) for part in form.rest))


def _term(part: Word | Form, terms: Mapping[str, object], what: str) -> str:
    assert isinstance(part, Word)
    if part.text not in terms:
        if part.text.startswith("?"):
            part.refuse(f"{what} has the variable {shown(part.text)}, which is not among the parameters")
        name = name_of(part, "an object")
        part.refuse(f"{what} names {shown(name)}, which is no object; declare it in :objects or :constants")
    return part.text
