"""A trajectory in short: all that counts over many are made of."""

import re
from typing import NamedTuple

from trpg_env.trajectory.model import Outcome, Trajectory
from trpg_env.trajectory.usage import counted

KINDS = {"p": "parameter", "l": "place", "o": "logic"}
"""The kind of error that a letter stands for."""

_REFINED = re.compile(r"[^.]+\.")


def letter(parameter_error: bool, place_error: bool, logic_error: bool) -> str:
    """The letter of a turn; of several errors that a model reports, the first counts."""
    if parameter_error:
        return "p"
    if place_error:
        return "l"
    return "o" if logic_error else "."


def refines(errors: str) -> int:
    """How many error-and-refines there are: one or more erroneous turns in a row, followed by a correct one.

    Args:
        errors: A letter for each of the player's turns.

    Example:
        >>> refines("..po.l")
        1
    """
    return len(_REFINED.findall(errors))


class Tally(NamedTuple):
    """What happened in one episode, turn by turn in a letter each.

    Attributes:
        family: The script's family.
        script_hash: The script.
        outcome: How the episode ended.
        success: Whether the goal was reached.
        errors: A letter for each of the player's turns: `.` correct, `p` parameter, `l` place, `o` logic error.
        usage: What models cost, name by name.
    """

    family: str
    script_hash: str
    outcome: Outcome
    success: bool
    errors: str
    usage: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, trajectory: Trajectory) -> "Tally":
        """The tally of a trajectory."""
        t = trajectory
        answers = [dm for _, dm in t.exchanges()]
        errors = "".join([letter(a.parameter_error, a.place_error, a.logic_error) for a in answers])
        return cls(t.family, t.script_hash, t.outcome, t.success, errors, counted(t.usage))

    @property
    def refines(self) -> int:
        """The error-and-refines."""
        return refines(self.errors)
