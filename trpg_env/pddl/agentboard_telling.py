"""A problem told as AgentBoard tells it: goal, opening, observations, and what the player may write.

A text is an action there if an action's name stands in it and enough objects after one another, whatever is said between.
Looking and being told the valid actions are actions too. What has no wording there is ours: what an action needs and does,
and what is wrong with a text that is no action at all.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from trpg_env.pddl.agentboard_words import CHECK, GOAL, INVALID, LOOK, SATISFIED, VALID, Game
from trpg_env.pddl.case import Case, parts
from trpg_env.pddl.model import EQUAL, Action, Atom, Literal
from trpg_env.pddl.telling import Told, described

_Says = tuple[str, Any]
"""A sentence, and the effect that says it."""


class AgentBoardTelling:
    """AgentBoard's wording of a problem.

    Args:
        case: The problem.
        game: How its game is worded.
    """

    def __init__(self, case: Case, game: Game) -> None:
        self._case, self._game = case, game
        self._objects = _one_of(case.naming.entities.values())
        self._actions = _one_of(case.domain.actions)

    def goal(self) -> str:
        """The goal's sentences, sorted and joined by commas."""
        return GOAL + ", ".join(sorted(map(self._literal, self._case.problem.goal)))

    def condition(self, literal: Literal) -> str:
        """The literal's sentence."""
        return self._literal(literal).strip()

    def opening(self) -> str:
        """All that is true at the start, sorted."""
        return " ".join(sorted(map(self._sentence, self._case.problem.start)))

    def action(self, action: Action) -> Told:
        """What is true after it, or newly so; the same refusal for whatever is wrong."""
        case, placeholders = self._case, self._case.placeholders(action)
        won = " and ".join(case.condition(literal, placeholders) for literal in case.problem.goal)
        after: list[Any] = [{"when": won, "then": [{"say": SATISFIED}]}] if won else []
        change = self._change(action, placeholders)
        return Told(
            description=described(case, action),
            refusals=[INVALID] * len(action.precondition),
            before=() if self._game.whole else self._news(action),
            after=[*self._whole(placeholders), *after] if self._game.whole else after,
            more=[{"when": change, "error": "logic", "message": INVALID}] if change else (),
            verification=self._pattern(action),
        )

    def more(self) -> dict[str, dict[str, Any]]:
        """Looking around, and being told the valid actions."""
        last = CHECK if self._game.whole else f"{CHECK}, {LOOK}"
        return {
            CHECK: {
                "description": "Be told which actions are valid now.",
                "verification_code": f"(?i).*{CHECK.split()[0]}.*",
                "effects": [*map(self._valid, self._case.actions), {"say": last}],
                "observation": VALID,
            },
            LOOK: {
                "description": "Be told all that is true now.",
                "verification_code": f"(?i).*{LOOK}.*",
                "effects": self._whole({}),
            },
        }

    def _literal(self, literal: Literal) -> str:
        if literal.predicate == EQUAL or not literal.positive:
            return f"{self._case.said(literal)}."
        return self._says(literal.predicate, [self._case.naming.entities[term] for term in literal.terms])

    def _says(self, predicate: str, names: Sequence[str]) -> str:
        return said(self._game.says, predicate, names)

    def _sentence(self, atom: Atom) -> str:
        """An atom as an observation tells it: a capital, and all else small."""
        return self._says(atom[0], self._case.names(atom)).capitalize()

    def _whole(self, names: Mapping[str, str]) -> list[Any]:
        """Effects that say all that is true, in the order of the sentences."""
        return _sorted(self._told(atom, names) for atoms in self._case.facts.atoms.values() for atom in atoms)

    def _told(self, atom: Atom, names: Mapping[str, str]) -> _Says:
        say = {"say": self._sentence(atom)}
        if atom[0] not in self._case.facts.fluent:
            return say["say"], say
        holds = self._case.atom(Literal(atom[0], atom[1:]), names)
        return say["say"], {"when": holds, "then": [say]}

    def _news(self, action: Action) -> list[Any]:
        """Effects that say what an action is about to make true, in the order of the sentences."""
        case, placeholders = self._case, self._case.placeholders(action)
        candidates = case.facts.candidates[action.name]
        found: list[_Says] = []
        for literal in parts(action)[0]:
            variables = list(dict.fromkeys(term for term in literal.terms if term in candidates))
            for objects in product(*(candidates[variable] for variable in variables)):
                values = dict(zip(variables, objects, strict=True))
                ground = Literal(literal.predicate, tuple(values.get(term, term) for term in literal.terms))
                conditions = [
                    f"{placeholders[variable]} == {case.naming.value(value, placeholders)}"
                    for variable, value in values.items()
                ]
                conditions.append(f"not {case.atom(ground, placeholders)}")
                say = {"say": self._sentence((ground.predicate, *ground.terms))}
                found.append((say["say"], {"when": " and ".join(conditions), "then": [say]}))
        return _sorted(found)

    def _change(self, action: Action, names: Mapping[str, str]) -> str:
        """The condition that an action changes anything; nothing where it always does."""
        endings = self._case.endings(action, names)
        if any(not conditions for _, conditions in endings):
            return ""
        changes = [f"({' and '.join(conditions)})" for _, conditions in endings]
        changes += [f"not {self._case.atom(literal, names)}" for literal in parts(action)[0]]
        return " or ".join(changes)

    def _valid(self, action: Action) -> Any:
        """An effect that says every way in which an action is valid now: a loop within a loop for each parameter."""
        case, parameters = self._case, list(action.parameters)
        names = {variable: f"x{i}" for i, variable in enumerate(parameters, start=1)}
        text = said(self._game.writes, action.name, [f"{{{name}}}" for name in names.values()])
        effect: Any = {"say": f"{text},"}
        change = self._change(action, names)
        if change:
            effect = {"when": change, "then": [effect]}
        # Each condition is asked in the outermost loop in which all its variables are known.
        asked: dict[int, list[str]] = {}
        for literal in action.precondition:
            known = max((parameters.index(term) + 1 for term in literal.terms if term in names), default=0)
            asked.setdefault(known, []).append(case.condition(literal, names))
        for i in range(len(parameters), 0, -1):
            values = case.values(action.parameters[parameters[i - 1]])
            if not isinstance(values, str):
                values = str(values).replace("'", '"')
            tests = f" if {' and '.join(asked[i])}" if i in asked else ""
            effect = {"for": f"x{i} in {values}{tests}", "then": [effect]}
        return {"when": " and ".join(asked[0]), "then": [effect]} if 0 in asked else effect

    def _pattern(self, action: Action) -> str:
        """A pattern for every text that AgentBoard takes for an action."""
        name = _one_of([action.name])
        between = f"(?:(?!{self._objects}).)*"
        values = "".join(
            f"{between}(?P<{placeholder}>{self._objects})"
            for placeholder in self._case.placeholders(action).values()
        )
        return f"(?i)(?!.*{CHECK.split()[0]})(?!.*{LOOK})(?=(?:(?!{self._actions}).)*{name}){values}.*"


def said(table: Mapping[str, str], name: str, terms: Sequence[str]) -> str:
    """A sentence or a text of AgentBoard's; for what it has no wording for, the name and the terms.

    Args:
        table: Name → wording.
        name: The predicate or the action.
        terms: Its terms, as they are said.
    """
    wording = table.get(name)
    if wording is None:
        return " ".join([name, *terms])
    return re.sub(r"\{(\d+)\}", lambda match: terms[int(match[1])], wording)


def _one_of(names: Iterable[str]) -> str:
    """A pattern for one of some names as a word of its own; hyphens join words."""
    alternatives = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return rf"(?<![\w-])(?:{alternatives})(?![\w-])"


def _sorted(says: Iterable[_Says]) -> list[Any]:
    return [effect for _, effect in sorted(says, key=lambda pair: pair[0])]
