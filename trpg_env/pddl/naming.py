"""From PDDL's names to the script language's: the same wherever the language allows them.

PDDL has a space of names each for types, objects, predicates, actions and variables; the language has one for kinds and
entities, keeps some words for itself, and reads attributes and parameters in Python's syntax. What cannot stand as it is
gets a word more; two names never become one.
"""

import keyword
from collections.abc import Iterable, Mapping

from trpg_env.pddl.model import OBJECT, Action, Domain, Problem
from trpg_env.pddl.texts import Names, look, templates
from trpg_env.script.names import TAKEN, fold

_OWN_ATTRIBUTES = frozenset({"at", "exits", "description", "container", "open", "hidden"})
"""What the language reads by itself."""
_OWN_KINDS = TAKEN | {"people"}
_TELLING = 3
"""A variable's name of so many letters says more than its type does."""


class Naming:
    """What a problem's names are in its script.

    Args:
        domain: The domain.
        problem: The problem.
        phrases: Action → what the player writes, each parameter by its number in braces.

    Attributes:
        entities: Object → entity.
        kinds: Type that has objects of its own → kind.
        place: The one place, where the player and everything is.
        attributes: Predicate → attribute.
        counter: The definition that counts the goal's literals that hold.
        templates: Action → its template.
        placeholders: Action → variable → placeholder.
        look: The action that tells all that is true.

    Raises:
        ValueError: A phrase does not go with its action, or one text would mean two actions.

    Example:
        >>> from trpg_env.pddl import read_domain, read_problem
        >>> domain = read_domain("(define (domain ferry) (:predicates (at ?x)) (:action put-off :parameters (?from)))")
        >>> problem = read_problem("(define (problem p) (:domain ferry) (:objects turn) (:goal (at turn)))", domain)
        >>> naming = Naming(domain, problem)
        >>> naming.entities["turn"], naming.attributes["at"], naming.templates["put-off"]
        ('turn-object', 'is_at', 'put off {from_object}')
    """

    def __init__(self, domain: Domain, problem: Problem, phrases: Mapping[str, str] | None = None) -> None:
        used: set[str] = {"player"}
        self.entities = {name: _free(name, used, _entities(name)) for name in problem.objects}
        self.place = _free(domain.name, used, _entities(domain.name, "world"))
        owned = dict.fromkeys([OBJECT, *domain.types]).keys() & set(problem.objects.values())
        ordered = [kind for kind in [OBJECT, *domain.types] if kind in owned]
        self.kinds = {kind: _free(kind, used, _identifiers(kind, _OWN_KINDS, "objects")) for kind in ordered}
        self.counter = "goals_met"
        while any(name.startswith(fold(self.counter)) for name in used):
            # Its parts, in a long goal, have names that begin with its own.
            self.counter += "_now"
        taken: set[str] = set()
        self.attributes = {p: _free(p, taken, _attributes(p)) for p in domain.predicates}
        self.placeholders = {name: _placeholders(action) for name, action in domain.actions.items()}
        names = Names(self.entities.values())
        self.templates = templates(domain, self.placeholders, phrases or {}, names)
        self.look = look(domain, self.templates.values() if phrases else (), names)

    def term(self, term: str, placeholders: Mapping[str, str]) -> str:
        """A term as the beginning of `x.attribute`: a placeholder, an entity's name, or that in quotes."""
        if term in placeholders:
            return placeholders[term]
        name = self.entities[term]
        bare = name.isidentifier() and not keyword.iskeyword(name) and name not in placeholders.values()
        return name if bare else f'"{name}"'

    def value(self, term: str, placeholders: Mapping[str, str]) -> str:
        """A term as a value or a key: a placeholder, or an entity's name in quotes."""
        return placeholders[term] if term in placeholders else f'"{self.entities[term]}"'


def _free(name: str, used: set[str], candidates: Iterable[str]) -> str:
    """The first candidate that is none of the used ones, blanks and underscores alike; it counts as used from then on."""
    last = name
    for candidate in candidates:
        last = candidate
        if fold(candidate) not in used:
            break
    else:
        number = len(used)  # and not 2: of very many that are alike, none is to be tried again
        while fold(f"{last}_{number}") in used:
            number += 1
        last = f"{last}_{number}"
    used.add(fold(last))
    return last


def _entities(name: str, word: str = "object") -> Iterable[str]:
    if fold(name) and fold(name) not in TAKEN:
        yield name
    yield f"{name}-{word}"


def _identifiers(name: str, taken: frozenset[str], word: str) -> Iterable[str]:
    """Names that can stand in an expression."""
    plain = name.replace("-", "_").strip("_")
    if plain.isidentifier() and not keyword.iskeyword(plain) and fold(plain) not in taken:
        yield plain
    spelled = f"{plain}_{word}" if plain else word
    yield spelled if spelled.isidentifier() else f"{word}_{plain}"


def _attributes(name: str) -> Iterable[str]:
    plain = name.replace("-", "_")
    if plain.isidentifier() and not keyword.iskeyword(plain) and plain not in _OWN_ATTRIBUTES:
        yield plain
    yield f"is_{plain}"


def _placeholders(action: Action) -> dict[str, str]:
    """Variable → placeholder: the variable's name where it tells something, else its type's."""
    used: set[str] = set()
    words: dict[str, str] = {}
    for variable, kind in action.parameters.items():
        name = variable[1:]
        telling = kind == OBJECT or sum(c.isalpha() for c in name) >= _TELLING
        words[variable] = name if telling else kind
    found: dict[str, str] = {}
    for variable, word in words.items():
        alike = [v for v, w in words.items() if w == word]
        kind = action.parameters[variable].replace("-", "_")
        name = word if len(alike) == 1 else f"{word}{alike.index(variable) + 1}"
        found[variable] = _free(name, used, _identifiers(name, TAKEN, kind))
    return found
