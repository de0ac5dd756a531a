"""From a domain and a problem to a script that plays as PDDL means it.

A predicate without terms is an attribute of the player, one with a single term an attribute of its object, one with more
a mapping on its first object: `(on a b)` is `a.on["b"]`. All that an action may ever set is there from the start, true or
false, so that equal sets of atoms are equal states. An action first makes false, then makes true: what it does both to is
true afterwards.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trpg_env.pddl.facts import Facts, may_coincide
from trpg_env.pddl.faults import PddlError
from trpg_env.pddl.model import EQUAL, Action, Atom, Domain, Literal, Problem, ground, objects_of
from trpg_env.pddl.naming import Naming
from trpg_env.pddl.words import Words
from trpg_env.script.analysis import MAX_PLACEHOLDERS

LEAST_TURNS = 30
TURNS_AN_OBJECT = 6
"""PDDL knows no limit of turns. Rebuilding all towers takes four actions a block at most: six leave room for errors."""
MAX_GOAL = 1_000
"""How many literals a goal has at most."""
_MAX_DESCRIPTION = 9_000
_MAX_LIST = 3_000
"""The longest list of conditions in one expression, in characters."""


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
) -> Translation:
    """Translate a problem into a script.

    Args:
        domain: The domain.
        problem: The problem.
        name: The script's name; of the domain's and the problem's where left out.
        max_turns: After how many actions an episode is truncated; six for each object, but at least 30, where left out.
        phrases: Predicate → how an atom of it is said, each term by its number in braces: `{"have": "you have {0}"}`.

    Raises:
        PddlError: The problem is larger than a script can be.
        ValueError: A phrase does not go with its predicate.

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
    maker = _Maker(domain, problem, Words(domain, phrases))
    turns = max_turns or max(LEAST_TURNS, TURNS_AN_OBJECT * len(problem.objects))
    script = maker.script(name or f"{domain.name}-{problem.name}", turns)
    return Translation(script, domain, problem, maker.naming)


class _Maker:
    """Makes one script."""

    def __init__(self, domain: Domain, problem: Problem, words: Words) -> None:
        self._domain, self._problem, self._words = domain, problem, words
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
        self._facts = Facts(domain, problem)
        self.naming = Naming(domain, problem)
        self._met = sum(_holds(literal, problem.start) for literal in problem.goal)

    def script(self, name: str, max_turns: int) -> dict[str, Any]:
        """The whole script."""
        domain, problem = self._domain, self._problem
        define, milestones = self._progress()
        script: dict[str, Any] = {
            "schema_version": 1,
            "name": name,
            "family": domain.name,
            "provenance": {"source": f"PDDL: domain {domain.name}, problem {problem.name}"},
            "x-pddl": {
                "domain": domain.name,
                "problem": problem.name,
                "goal_literals": len(problem.goal),
                "met_at_start": self._met,
            },
            "goal": self._goal(),
            "environment": self._environment(),
            "define": define,
            "completion_conditions": [
                {"text": self._said(literal), "when": self._condition(literal, {})}
                for literal in problem.goal
            ]
            or [{"text": "Nothing is asked for.", "when": True}],
            "milestones": milestones,
            "available_actions": {
                self.naming.templates[action.name]: self._action(action)
                for action in domain.actions.values()
                if all(objects_of(domain, problem, kind) for kind in action.parameters.values())
            }
            | {self.naming.look: self._look()},
            "max_turns": max_turns,
        }
        return {key: value for key, value in script.items() if value not in ({}, [])}

    def _said(self, literal: Literal, placeholders: Mapping[str, str] | None = None) -> str:
        said = {term: f"{{{name}}}" for term, name in (placeholders or {}).items()}
        return self._words.literal(literal, ChainMap(said, self.naming.entities))

    def _goal(self) -> str:
        said = [self._said(literal) for literal in self._problem.goal]
        if not said:
            return "Nothing is asked for."
        return (
            f"{'Make this true' if len(said) == 1 else 'Make all of this true at once'}: {'; '.join(said)}."
        )

    def _progress(self) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Milestones that are reached as ever more of the goal holds at once; one literal is a milestone as it is."""
        goal = self._problem.goal
        if len(goal) < 2:
            return {}, []
        counter = self.naming.counter
        sums: list[str] = []
        conditions: list[str] = []
        for i, literal in enumerate(goal, start=1):
            conditions.append(self._condition(literal, {}))
            if i == len(goal) or len(", ".join(conditions)) > _MAX_LIST:
                sums.append(f"count(met for met in [{', '.join(conditions)}])")
                conditions = []
        if len(sums) == 1:
            define = {counter: sums[0]}
        else:
            parts = {f"{counter}_part_{i}": text for i, text in enumerate(sums, start=1)}
            define = {counter: " + ".join(parts), **parts}
        milestones = [
            {
                "text": f"At least {k} of the goal's {len(goal)} conditions hold at once."
                if k < len(goal)
                else f"All {len(goal)} conditions of the goal hold at once.",
                "when": f"{counter} >= {k}",
            }
            for k in range(self._met + 1, len(goal) + 1)
        ]
        return (define, milestones) if milestones else ({}, [])

    def _environment(self) -> dict[str, Any]:
        naming = self.naming
        entities: dict[str, dict[str, Any]] = {"player": {"at": naming.place}}
        entities |= {entity: {"at": naming.place} for entity in naming.entities.values()}
        for predicate, atoms in self._facts.atoms.items():
            attribute, arity = naming.attributes[predicate], self._domain.predicates[predicate]
            if not atoms:
                # Nothing of it ever holds, but it may be asked for.
                for entity in naming.entities.values() if arity else ["player"]:
                    entities[entity][attribute] = False if arity < 2 else {}
            for atom in atoms:
                names = [naming.entities[name] for name in atom[1:]]
                value = entities[names[0] if names else "player"]
                for key in [attribute, *names[1:]][:-1]:
                    value = value.setdefault(key, {})
                value[[attribute, *names[1:]][-1]] = atom in self._problem.start
        environment: dict[str, Any] = {"places": {naming.place: {"description": self._description()}}}
        for kind, members in self._members().items():
            environment[naming.kinds[kind]] = {
                naming.entities[name]: entities[naming.entities[name]] for name in members
            }
        return environment | {"player": entities["player"]}

    def _members(self) -> dict[str, list[str]]:
        """Type → the objects of it and of no type below it."""
        members: dict[str, list[str]] = {kind: [] for kind in self.naming.kinds}
        for name, kind in self._problem.objects.items():
            members[kind].append(name)
        return members

    def _description(self) -> str:
        entities = self.naming.entities
        said: list[str] = []
        left = _MAX_DESCRIPTION
        atoms = list(self._facts.start())
        for atom in atoms:
            words = self._words.atom(atom[0], [entities[name] for name in atom[1:]])
            left -= len(words) + 2
            if left < 0:
                said.append(f'and {len(atoms) - len(said):,} more, which "{self.naming.look}" tells')
                break
            said.append(words)
        if not said:
            return "At the start nothing is true."
        return f"At the start this is true, and nothing else: {'; '.join(said)}."

    def _condition(self, literal: Literal, placeholders: Mapping[str, str]) -> str:
        naming = self.naming
        if literal.predicate == EQUAL:
            left, right = (naming.value(term, placeholders) for term in literal.terms)
            return f"{left} {'==' if literal.positive else '!='} {right}"
        atom = self._atom(literal, placeholders)
        return atom if literal.positive else f"not {atom}"

    def _atom(self, literal: Literal, placeholders: Mapping[str, str]) -> str:
        naming, terms = self.naming, literal.terms
        base = naming.term(terms[0], placeholders) if terms else "player"
        keys = "".join(f"[{naming.value(term, placeholders)}]" for term in terms[1:])
        return f"{base}.{naming.attributes[literal.predicate]}{keys}"

    def _action(self, action: Action) -> dict[str, Any]:
        placeholders = self.naming.placeholders[action.name]
        added, gone = _parts(action)
        effects, certain = self._partings(action, added, gone)
        effects += [f"{self._atom(literal, placeholders)} = false" for literal in gone]
        effects += [f"{self._atom(literal, placeholders)} = true" for literal in added]
        now = [("Now", [self._said(literal, placeholders) for literal in added])]
        observation = _sentences([*now, ("No longer", certain)]) or ("Done." if gone else "Nothing changes.")
        made = {
            "description": self._describe(action, added, gone),
            "parameters": {
                placeholders[variable]: self._values(kind) for variable, kind in action.parameters.items()
            },
            "preconditions": [
                {
                    "when": self._condition(literal, placeholders),
                    "message": f"Not possible. It needs: {self._said(literal, placeholders)}.",
                }
                for literal in action.precondition
            ],
            "effects": effects,
            "observation": observation,
        }
        return {key: value for key, value in made.items() if value not in ({}, [])}

    def _partings(
        self, action: Action, added: Sequence[Literal], gone: Sequence[Literal]
    ) -> tuple[list[Any], list[str]]:
        """What is told of what the action ends: effects that tell it where something is not certain, else words."""
        placeholders = self.naming.placeholders[action.name]
        candidates = self._facts.candidates[action.name]
        told: list[tuple[str, str]] = []
        for literal in gone:
            conditions = [] if literal in action.precondition else [self._atom(literal, placeholders)]
            for other in added:
                if may_coincide(literal, other, action, candidates):
                    conditions.append(self._differ(literal, other, placeholders))
            told.append((" and ".join(conditions), self._said(literal, placeholders)))
        certain = [said for condition, said in told if not condition]
        uncertain = list(dict.fromkeys(condition for condition, _ in told if condition))
        if certain and len(uncertain) == 1:
            # All in one sentence, whichever it is.
            return [_when(uncertain[0], [said for _, said in told], certain)], []
        return [
            _when(one, [said for condition, said in told if condition == one]) for one in uncertain
        ], certain

    def _differ(self, one: Literal, other: Literal, placeholders: Mapping[str, str]) -> str:
        pairs = [
            f"{self.naming.value(a, placeholders)} != {self.naming.value(b, placeholders)}"
            for a, b in zip(one.terms, other.terms, strict=True)
            if a != b
        ]
        return pairs[0] if len(pairs) == 1 else f"({' or '.join(pairs)})"

    def _describe(self, action: Action, added: Iterable[Literal], gone: Iterable[Literal]) -> str:
        placeholders = self.naming.placeholders[action.name]

        def said(literals: Iterable[Literal]) -> list[str]:
            return [self._said(literal, placeholders) for literal in literals]

        positive = [Literal(literal.predicate, literal.terms) for literal in gone]
        return _sentences(
            [
                ("Needs", said(action.precondition)),
                ("Makes true", said(added)),
                ("Makes false", said(positive)),
            ]
        )

    def _values(self, kind: str) -> str | list[str]:
        """A parameter's values: a kind where it has all of them, else a list."""
        naming, members = self.naming, objects_of(self._domain, self._problem, kind)
        own = naming.kinds.get(kind)
        if own is not None and all(self._problem.objects[name] == kind for name in members):
            return own
        return [naming.entities[name] for name in members]

    def _look(self) -> dict[str, Any]:
        """The action that tells all that is true."""
        effects: list[Any] = []
        for predicate, atoms in self._facts.atoms.items():
            attribute, arity = self.naming.attributes[predicate], self._domain.predicates[predicate]
            if not atoms:
                continue
            if not arity:
                say = {"say": _sentence(self._words.atom(predicate, []))}
                effects.append({"when": f"player.{attribute}", "then": [say]})
                continue
            kinds = dict.fromkeys(self._problem.objects[atom[1]] for atom in atoms)
            variables = [f"x{i}" for i in range(1, arity + 1)]
            for kind in kinds:
                effects.append(self._tell(predicate, f"x1.{attribute}", variables, self.naming.kinds[kind]))
        return {
            "description": "Be told all that is true now; what is not told is not so.",
            "effects": effects,
            "observation": "True now:" if effects else "Nothing is true.",
        }

    def _tell(self, predicate: str, value: str, variables: Sequence[str], kind: str) -> dict[str, Any]:
        """A loop within a loop for each term, which says the atoms that hold."""
        sources = [kind]
        for variable in variables[1:]:
            sources.append(value)
            value = f"{value}[{variable}]"
        atom = self._words.atom(predicate, [f"{{{variable}}}" for variable in variables])
        told: dict[str, Any] = {
            "for": f"{variables[-1]} in {sources[-1]} if {value}",
            "then": [{"say": _sentence(atom)}],
        }
        for variable, source in zip(reversed(variables[:-1]), reversed(sources[:-1]), strict=True):
            told = {"for": f"{variable} in {source}", "then": [told]}
        return told


def _parts(action: Action) -> tuple[list[Literal], list[Literal]]:
    """What an action adds, and what it deletes and does not add again."""
    added = list(dict.fromkeys(literal for literal in action.effect if literal.positive))
    deleted = (Literal(e.predicate, e.terms) for e in action.effect if not e.positive)
    return added, [literal for literal in dict.fromkeys(deleted) if literal not in added]


def _holds(literal: Literal, atoms: frozenset[Atom]) -> bool:
    if literal.predicate == EQUAL:
        return (literal.terms[0] == literal.terms[1]) == literal.positive
    return (ground(literal, {}) in atoms) == literal.positive


def _sentence(text: str) -> str:
    return f"{text}."


def _when(condition: str, said: Sequence[str], otherwise: Sequence[str] = ()) -> dict[str, Any]:
    """An effect that says what is no longer so; what it asks is asked before anything is set."""
    effect: dict[str, Any] = {"when": condition, "then": [{"say": _sentences([("No longer", said)])}]}
    return effect | ({"else": [{"say": _sentences([("No longer", otherwise)])}]} if otherwise else {})


def _sentences(parts: Iterable[tuple[str, Sequence[str]]]) -> str:
    return " ".join(f"{name}: {'; '.join(said)}." for name, said in parts if said)
