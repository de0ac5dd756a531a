"""From a domain and a problem to a script that plays as PDDL means it, and back from its states to atoms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.pddl.case import Case
from trpg_env.pddl.facts import Facts
from trpg_env.pddl.faults import PddlError
from trpg_env.pddl.making import script_of
from trpg_env.pddl.model import Atom, Domain, Problem
from trpg_env.pddl.naming import Naming
from trpg_env.pddl.telling import PlainTelling, Telling
from trpg_env.pddl.words import Words
from trpg_env.script.analysis import MAX_PLACEHOLDERS

LEAST_TURNS = 30
TURNS_AN_OBJECT = 6
"""PDDL knows no limit of turns. Rebuilding all towers takes four actions a block at most: six leave room for errors."""
MAX_GOAL = 1_000
"""How many literals a goal has at most."""


@dataclass(frozen=True)
class Translation:
    """A problem as a script, and the way back from its states.

    Attributes:
        script: What `load_script` takes.
        domain: The domain.
        problem: The problem.
        naming: What PDDL's names are in the script.
    """

    script: dict[str, Any]
    domain: Domain
    problem: Problem
    naming: Naming

    def text(self, action: str, objects: Sequence[str]) -> str:
        """The player's text for a ground action, such as a planner's plan has it.

        Args:
            action: The action's name.
            objects: What stands for its parameters, in order.

        Raises:
            ValueError: There is no such action or object, or there are too many or too few.
        """
        schema = self.domain.actions.get(action.lower())
        if schema is None or len(objects) != len(schema.parameters):
            wanted = "is no action" if schema is None else f"takes {len(schema.parameters)} objects"
            raise ValueError(
                f"({' '.join([action, *objects])}): {action} {wanted} of the domain {self.domain.name}"
            )
        text = self.naming.templates[schema.name]
        placeholders = self.naming.placeholders[schema.name]
        for variable, name in zip(schema.parameters, objects, strict=True):
            if name.lower() not in self.naming.entities:
                raise ValueError(f"{name} is no object of the problem {self.problem.name}")
            text = text.replace(f"{{{placeholders[variable]}}}", self.naming.entities[name.lower()])
        return text

    def atoms(self, state: Mapping[str, Mapping[str, Any]]) -> frozenset[Atom]:
        """The atoms that hold in a state of the script.

        Args:
            state: Entity → attribute → value, as `trpg_env.testing.play` gives it.
        """
        objects = {entity: name for name, entity in self.naming.entities.items()}
        found: set[Atom] = set()
        for predicate, attribute in self.naming.attributes.items():
            arity = self.domain.predicates[predicate]
            owners = objects if arity else {"player": ""}
            waiting = [
                ((predicate, *([objects[entity]] if arity else [])), state[entity].get(attribute))
                for entity in owners
                if entity in state
            ]
            while waiting:
                atom, value = waiting.pop()
                if isinstance(value, Mapping):
                    waiting += [((*atom, objects[key]), inner) for key, inner in value.items()]
                elif value:
                    found.add(atom)
        return frozenset(found)


def translate(
    domain: Domain,
    problem: Problem,
    *,
    name: str | None = None,
    max_turns: int | None = None,
    phrases: Mapping[str, str] | None = None,
    action_phrases: Mapping[str, str] | None = None,
    telling: Callable[[Case], Telling] = PlainTelling,
) -> Translation:
    """Translate a problem into a script.

    Args:
        domain: The domain.
        problem: The problem.
        name: The script's name; of the domain's and the problem's where left out.
        max_turns: After how many actions an episode is truncated; six for each object, but at least 30, where left out.
        phrases: Predicate → how an atom of it is said, each term by its number in braces: `{"have": "you have {0}"}`.
        action_phrases: Action → what the player writes, each parameter by its number in braces:
            `{"stack": "put {0} on {1}"}`.
        telling: Makes all the rest that the player is told; our own wording where left out.

    Raises:
        PddlError: The problem is larger than a script can be.
        ValueError: A phrase does not go with its predicate or action, or one text would mean two actions.

    Example:
        >>> from trpg_env.pddl import read_domain, read_problem
        >>> domain = read_domain('''
        ... (define (domain lamps) (:predicates (lit ?x))
        ...   (:action light :parameters (?lamp) :precondition (not (lit ?lamp)) :effect (lit ?lamp)))''')
        >>> problem = read_problem("(define (problem one) (:domain lamps) (:objects a b) (:goal (lit b)))", domain)
        >>> translation = translate(domain, problem)
        >>> translation.script["goal"], translation.text("light", ["b"])
        ('Make this true: b is lit.', 'light b')
        >>> from trpg_env.testing import play
        >>> translation.atoms(play(translation.script, ["light b"])[0].state)
        frozenset({('lit', 'b')})
    """
    _check_size(domain, problem)
    case = Case(
        domain,
        problem,
        Facts(domain, problem),
        Naming(domain, problem, action_phrases),
        Words(domain, phrases),
    )
    turns = max_turns or max(LEAST_TURNS, TURNS_AN_OBJECT * len(problem.objects))
    script = script_of(case, telling(case), name or f"{domain.name}-{problem.name}", turns)
    return Translation(script, domain, problem, case.naming)


def _check_size(domain: Domain, problem: Problem) -> None:
    """See to it that a problem is not larger than a script can be.

    Raises:
        PddlError: It is.
    """
    for action in domain.actions.values():
        if len(action.parameters) > MAX_PLACEHOLDERS:
            raise PddlError(
                f"the action {action.name} has {len(action.parameters)} parameters; an action of a script has at"
                f" most {MAX_PLACEHOLDERS}",
                file=domain.file,
                line=action.line,
            )
    for predicate, arity in domain.predicates.items():
        if arity > MAX_PLACEHOLDERS:
            raise PddlError(
                f"the predicate {predicate} takes {arity} terms; at most {MAX_PLACEHOLDERS} are supported",
                file=domain.file,
            )
    if len(problem.goal) > MAX_GOAL:
        raise PddlError(
            f"the goal has {len(problem.goal):,} literals; a script has room for {MAX_GOAL:,}",
            file=problem.file,
        )
