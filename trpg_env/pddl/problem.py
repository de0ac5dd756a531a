"""Reading a problem of a domain."""

from trpg_env.pddl.domain import check_requirements, one, sections
from trpg_env.pddl.faults import PddlError, shown
from trpg_env.pddl.forms import Form, Word, read_form
from trpg_env.pddl.formulas import Formulas
from trpg_env.pddl.lists import name_of, typed, types_of
from trpg_env.pddl.model import Atom, Domain, Problem

_SECTIONS = (":domain", ":requirements", ":objects", ":init", ":goal")


def read_problem(text: str, domain: Domain, file: str | None = None) -> Problem:
    """Read a problem's text.

    Args:
        text: The text.
        domain: The domain that it is of.
        file: The name that faults give the file.

    Raises:
        PddlError: It is no problem of that domain, or not of the supported kind.
    """
    name, found = sections(read_form(text, file), "problem", _SECTIONS, "(define (problem name) (:domain …)")
    check_requirements(one(found, ":requirements"))
    _check_domain(one(found, ":domain"), domain, file)
    objects = {**domain.constants, **_objects(one(found, ":objects"), domain)}
    goal = one(found, ":goal")
    if goal is None:
        raise PddlError("the problem has no :goal", file=file)
    if len(goal.rest) != 1:
        goal.refuse(":goal holds one condition; join several with (and …)")
    return Problem(
        name,
        domain.name,
        objects,
        _start(one(found, ":init"), domain, objects),
        tuple(dict.fromkeys(Formulas(domain.predicates, objects, "the goal").condition(goal.rest[0]))),
        file,
    )


def _check_domain(form: Form | None, domain: Domain, file: str | None) -> None:
    if form is None:
        raise PddlError("the problem does not say of which domain it is: (:domain …)", file=file)
    if len(form.rest) != 1:
        form.refuse(":domain names one domain")
    named = name_of(form.rest[0], "a domain")
    if named != domain.name:
        form.refuse(
            f"the problem is of the domain {shown(named)}, and the domain given is {shown(domain.name)}"
        )


def _objects(form: Form | None, domain: Domain) -> dict[str, str]:
    listed = typed(form.rest, "an object") if form is not None else []
    objects = types_of(listed, domain.types, "the object")
    for name, kind in listed:
        of = domain.constants.get(name.text, kind.text)
        if of != kind.text:
            name.refuse(
                f"{shown(name.text)} is a {kind.text} here, and a constant of the type {of} in the domain"
            )
    return objects


def _start(form: Form | None, domain: Domain, objects: dict[str, str]) -> frozenset[Atom]:
    start: set[Atom] = set()
    denied: dict[Atom, Form] = {}
    formulas = Formulas(domain.predicates, objects, ":init")
    for part in form.rest if form is not None else ():
        if isinstance(part, Word):
            part.refuse(f":init has the word {shown(part.text)} where an atom in brackets is expected")
        negated = part.head == "not" and len(part.rest) == 1 and isinstance(part.rest[0], Form)
        inner = part.rest[0] if negated else part
        assert isinstance(inner, Form)
        literal = formulas.fact(inner)
        atom = (literal.predicate, *literal.terms)
        if negated:
            denied[atom] = part
        else:
            start.add(atom)
    for atom, part in denied.items():
        if atom in start:
            part.refuse(f":init has ({' '.join(atom)}) and its contrary")
    return frozenset(start)
