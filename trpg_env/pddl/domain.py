"""Reading a domain."""

from collections.abc import Mapping

from trpg_env.pddl.faults import PddlError, shown
from trpg_env.pddl.forms import Form, Word, read_form
from trpg_env.pddl.formulas import SUPPORTED, Formulas
from trpg_env.pddl.lists import name_of, typed, types_of
from trpg_env.pddl.model import EQUAL, OBJECT, Action, Domain

_REFUSED = {
    ":functions": "functions (:functions)",
    ":durative-action": "a durative action (:durative-action)",
    ":derived": "a derived predicate (:derived)",
    ":axiom": "an axiom (:axiom)",
    ":constraints": "constraints (:constraints)",
    ":process": "a process (:process)",
    ":event": "an event (:event)",
    ":metric": "a metric (:metric)",
    ":method": "a method (:method)",
    ":task": "a task (:task)",
    ":timeless": "timeless atoms (:timeless)",
    ":length": "a length (:length)",
    ":situation": "a situation (:situation)",
}
_SECTIONS = (":requirements", ":types", ":constants", ":predicates", ":action")
_PARTS = (":parameters", ":precondition", ":effect")
_REQUIREMENTS = frozenset({
    ":strips", ":typing", ":negative-preconditions", ":disjunctive-preconditions", ":equality",
    ":existential-preconditions", ":universal-preconditions", ":quantified-preconditions", ":conditional-effects",
    ":fluents", ":numeric-fluents", ":object-fluents", ":adl", ":durative-actions", ":duration-inequalities",
    ":continuous-effects", ":derived-predicates", ":domain-axioms", ":timed-initial-literals", ":preferences",
    ":constraints", ":action-costs",
})  # fmt: skip
"""Known ones: what a domain declares and never uses does no harm, and what it uses is refused where it stands."""


def sections(form: Form, what: str, known: tuple[str, ...], header: str) -> tuple[str, list[Form]]:
    """The name and the sections of a `(define (domain …) …)` or `(define (problem …) …)`.

    Args:
        form: The whole form.
        what: `domain` or `problem`.
        known: The sections that it may have.
        header: How such a file begins, for faults.

    Raises:
        PddlError: It is no such form, or has a section that is not supported.
    """
    if form.head != "define" or not form.rest or not isinstance(form.rest[0], Form):
        form.refuse(f"{what}s begin with {header}")
    first = form.rest[0]
    if first.head != what or len(first.rest) != 1:
        other = (
            " The domain's file is named first, the problem's second."
            if first.head in ("domain", "problem")
            else ""
        )
        first.refuse(
            f"{shown(first.head)} stands where a {what} begins; it begins with {header}.{other}".rstrip(".")
        )
    name = name_of(first.rest[0], f"a {what}")
    found: list[Form] = []
    for part in form.rest[1:]:
        if isinstance(part, Word):
            part.refuse(f"{shown(part.text)} stands between the {what}'s sections; sections are in brackets")
        if part.head in _REFUSED:
            part.refuse(f"the {what} has {_REFUSED[part.head]}, which is not supported; {SUPPORTED}")
        if part.head not in known:
            part.refuse(f"{shown(part.head)} is no section of a {what}; there are {', '.join(known)}")
        found.append(part)
    return name, found


def one(found: list[Form], head: str) -> Form | None:
    """The one section of a kind; None where there is none.

    Raises:
        PddlError: There are several.
    """
    several = [form for form in found if form.head == head]
    if len(several) > 1:
        several[1].refuse(f"{head} is given twice; write one {head} with all that is in both")
    return several[0] if several else None


def check_requirements(form: Form | None) -> None:
    """See to it that what is required is something known.

    Raises:
        PddlError: It is not.
    """
    for part in form.rest if form is not None else ():
        if not isinstance(part, Word) or part.text not in _REQUIREMENTS:
            part.refuse(f"the requirement {shown(str(part))} is not known; {SUPPORTED}")


def read_domain(text: str, file: str | None = None) -> Domain:
    """Read a domain's text.

    Args:
        text: The text.
        file: The name that faults give the file.

    Raises:
        PddlError: It is no domain of the supported kind.

    Example:
        >>> domain = read_domain("(define (domain lamp) (:predicates (lit)) (:action light :effect (lit)))")
        >>> domain.actions["light"].effect
        (Literal(predicate='lit', terms=(), positive=True),)
    """
    name, found = sections(read_form(text, file), "domain", _SECTIONS, "(define (domain name)")
    check_requirements(one(found, ":requirements"))
    types = _types(one(found, ":types"))
    constants = one(found, ":constants")
    objects = types_of(typed(constants.rest, "a constant") if constants else [], types, "the constant")
    predicates = _predicates(one(found, ":predicates"), types)
    actions: dict[str, Action] = {}
    for form in found:
        if form.head == ":action":
            action = _action(form, types, objects, predicates)
            if action.name in actions:
                form.refuse(f"the action {shown(action.name)} is given twice")
            actions[action.name] = action
    if not actions:
        raise PddlError("the domain has no :action", file=file)
    return Domain(name, types, objects, predicates, actions, file)


def _types(form: Form | None) -> dict[str, str]:
    types: dict[str, str] = {}
    listed = typed(form.rest, "a type") if form is not None else []
    for name, above in listed:
        if name.text == OBJECT:
            if above.text != OBJECT:
                name.refuse("object is above all types, and below none")
            continue
        if name.text in types:
            name.refuse(f"the type {shown(name.text)} is given twice")
        types[name.text] = above.text
    for _, above in listed:
        # A type that others are below is there with that, as planners have it.
        if above.text != OBJECT:
            types.setdefault(above.text, OBJECT)
    sound = {OBJECT}
    for name, _ in listed:
        chain: list[str] = []
        kind = name.text
        while kind not in sound:
            if kind in chain:
                name.refuse(f"the type {shown(name.text)} descends from itself")
            chain.append(kind)
            kind = types[kind]
        sound.update(chain)
    return types


def _predicates(form: Form | None, types: Mapping[str, str]) -> dict[str, int]:
    predicates: dict[str, int] = {}
    for part in form.rest if form is not None else ():
        if not isinstance(part, Form) or not part.parts:
            part.refuse(f"{shown(str(part))} declares no predicate; write (on ?x ?y)")
        name = _predicate_name(part.parts[0])
        if name in predicates:
            part.refuse(f"the predicate {shown(name)} is given twice")
        # What types a predicate's terms have is not looked at further: planners do not either, and domains err in it.
        terms = typed(part.rest, "a term", variables=True)
        types_of(
            [(Word(str(i), term.line, term.file), kind) for i, (term, kind) in enumerate(terms)], types, ""
        )
        predicates[name] = len(terms)
    return predicates


def _predicate_name(part: Word | Form) -> str:
    if isinstance(part, Word) and part.text == EQUAL:
        part.refuse("equality is there without being declared; leave it out")
    name = name_of(part, "a predicate")
    if name in ("and", "not"):
        part.refuse(f"{name!r} cannot name a predicate: it joins conditions")
    return name


def _action(
    form: Form, types: Mapping[str, str], constants: Mapping[str, str], predicates: Mapping[str, int]
) -> Action:
    if not form.rest:
        form.refuse("an action has a name: (:action pick …")
    name = name_of(form.rest[0], "an action")
    parts: dict[str, Word | Form] = {}
    rest = form.rest[1:]
    for i in range(0, len(rest), 2):
        key = rest[i]
        if not isinstance(key, Word) or key.text not in _PARTS:
            key.refuse(f"the action {name} has {shown(str(key))}; an action has {', '.join(_PARTS)}")
        if key.text in parts:
            key.refuse(f"the action {name} has {key.text} twice")
        if i + 1 == len(rest):
            key.refuse(f"nothing follows {key.text} in the action {name}")
        parts[key.text] = rest[i + 1]
    listed = parts.get(":parameters", Form(()))
    if isinstance(listed, Word):
        listed.refuse(f"the parameters of {name} stand in brackets: :parameters (?x ?y)")
    parameters = types_of(typed(listed.parts, "a parameter", variables=True), types, "the parameter")
    terms = {**constants, **parameters}
    return Action(
        name,
        parameters,
        Formulas(predicates, terms, f"the precondition of {name}").condition(
            parts.get(":precondition", Form(()))
        ),
        Formulas(predicates, terms, f"the effect of {name}").effect(parts.get(":effect", Form(()))),
        form.line,
    )
