"""What the player is told: the goal, the start, what an action does and what it has done.

`Telling` is what the making of a script asks for; `PlainTelling` is our own wording of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from trpg_env.pddl.case import Case, parts
from trpg_env.pddl.looking import look
from trpg_env.pddl.model import Action, Literal

_MAX_DESCRIPTION = 9_000


@dataclass(frozen=True)
class Told:
    """What is told of an action.

    Attributes:
        description: What it is, in the instruction.
        refusals: What is told where a condition does not hold, for each of the action's preconditions in order.
        before: Effects that tell something and ask it before anything is set.
        after: Effects that tell something once all is set.
        observation: What is told in any case; None where the effects tell it all.
        more: Preconditions besides the action's own.
        verification: How a text is known to be it; None for the template alone.
    """

    description: str
    refusals: Sequence[str]
    before: Sequence[Any] = ()
    after: Sequence[Any] = ()
    observation: str | None = None
    more: Sequence[dict[str, Any]] = field(default=())
    verification: str | None = None


class Telling(Protocol):
    """How a problem is told."""

    def goal(self) -> str:
        """The goal."""
        ...

    def condition(self, literal: Literal) -> str:
        """A literal of the goal, as the text of a condition."""
        ...

    def opening(self) -> str:
        """What the player is told at the start."""
        ...

    def action(self, action: Action) -> Told:
        """What is told of an action."""
        ...

    def more(self) -> dict[str, dict[str, Any]]:
        """Actions that change nothing and tell something: template → action."""
        ...


class PlainTelling:
    """Our own wording: what is now so, what no longer, and what is missing where something is not possible.

    Args:
        case: The problem.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def goal(self) -> str:
        """The goal in one sentence."""
        said = [self._case.said(literal) for literal in self._case.problem.goal]
        if not said:
            return "Nothing is asked for."
        return (
            f"{'Make this true' if len(said) == 1 else 'Make all of this true at once'}: {'; '.join(said)}."
        )

    def condition(self, literal: Literal) -> str:
        """The literal in words."""
        return self._case.said(literal)

    def opening(self) -> str:
        """All that is true at the start; of very much the beginning, and how to hear the rest."""
        case = self._case
        said: list[str] = []
        left = _MAX_DESCRIPTION
        atoms = list(case.facts.start())
        for atom in atoms:
            words = case.words.atom(atom[0], case.names(atom))
            left -= len(words) + 2
            if left < 0:
                said.append(f'and {len(atoms) - len(said):,} more, which "{case.naming.look}" tells')
                break
            said.append(words)
        if not said:
            return "At the start nothing is true."
        return f"At the start this is true, and nothing else: {'; '.join(said)}."

    def action(self, action: Action) -> Told:
        """What it needs and does; then what is now so, and what no longer."""
        case, placeholders = self._case, self._case.placeholders(action)
        added, gone = parts(action)
        before, certain = self._partings(action)
        now = [("Now", [case.said(literal, placeholders) for literal in added])]
        return Told(
            description=described(case, action),
            refusals=[
                f"Not possible. It needs: {case.said(literal, placeholders)}."
                for literal in action.precondition
            ],
            before=before,
            observation=_sentences([*now, ("No longer", certain)])
            or ("Done." if gone else "Nothing changes."),
        )

    def more(self) -> dict[str, dict[str, Any]]:
        """The action that tells all that is true."""
        return {self._case.naming.look: look(self._case)}

    def _partings(self, action: Action) -> tuple[list[Any], list[str]]:
        """What is told of what the action ends: effects that tell it where something is not certain, else words."""
        case, placeholders = self._case, self._case.placeholders(action)
        told = [
            (" and ".join(conditions), case.said(literal, placeholders))
            for literal, conditions in case.endings(action, placeholders)
        ]
        certain = [said for condition, said in told if not condition]
        uncertain = list(dict.fromkeys(condition for condition, _ in told if condition))
        if certain and len(uncertain) == 1:
            # All in one sentence, whichever it is.
            return [_when(uncertain[0], [said for _, said in told], certain)], []
        return [
            _when(one, [said for condition, said in told if condition == one]) for one in uncertain
        ], certain


def described(case: Case, action: Action) -> str:
    """What an action needs and does, in our own words."""
    placeholders = case.placeholders(action)
    added, gone = parts(action)

    def said(literals: Iterable[Literal]) -> list[str]:
        return [case.said(literal, placeholders) for literal in literals]

    return _sentences(
        [("Needs", said(action.precondition)), ("Makes true", said(added)), ("Makes false", said(gone))]
    )


def _when(condition: str, said: Sequence[str], otherwise: Sequence[str] = ()) -> dict[str, Any]:
    """An effect that says what is no longer so; what it asks is asked before anything is set."""
    effect: dict[str, Any] = {"when": condition, "then": [{"say": _sentences([("No longer", said)])}]}
    return effect | ({"else": [{"say": _sentences([("No longer", otherwise)])}]} if otherwise else {})


def _sentences(told: Iterable[tuple[str, Sequence[str]]]) -> str:
    return " ".join(f"{name}: {'; '.join(said)}." for name, said in told if said)
