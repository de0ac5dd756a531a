"""What a check found: faults, and notes on what it could not decide."""

from dataclasses import dataclass, field

from trpg_env.script.faults import Fault, Path
from trpg_env.script.source import Source


@dataclass(frozen=True)
class CheckReport:
    """What a check found, in the order of the file.

    Attributes:
        faults: What is wrong with the script; empty where it is sound.
        notes: What was not decided within the check's budget, which is no fault.
        solved: Whether a plan was found to reach the goal in every variation that was looked at; never of a narrative
            script, in which nothing can be planned.
    """

    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()
    solved: bool = field(default=False, compare=False)  # two reports are equal if they say the same


class Findings:
    """Collects what the checks find in one script.

    Args:
        source: The script's source, which knows the line of each place.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._faults: dict[Fault, None] = {}
        self._notes: dict[Fault, None] = {}

    def fault(self, path: Path, message: str) -> None:
        """Report what is wrong at a place, and what to write instead."""
        self._faults[self._source.fault(path, message)] = None

    def undecided(self, path: Path, question: str) -> None:
        """Report a question whose answer the budget did not reach."""
        self._notes[self._source.fault(path, f"not decided: {question}")] = None

    def report(self, *, solved: bool = False) -> CheckReport:
        """All that was found.

        Args:
            solved: Whether a plan reaches the goal.
        """
        return CheckReport(_in_order(self._faults), _in_order(self._notes), solved)


def _in_order(found: dict[Fault, None]) -> tuple[Fault, ...]:
    return tuple(sorted(found, key=lambda fault: fault.line or 0))


def some(texts: list[str], most: int = 5) -> str:
    """The first few texts, and how many more there are.

    Example:
        >>> some(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    rest = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {rest:,} more" if rest > 0 else "")
