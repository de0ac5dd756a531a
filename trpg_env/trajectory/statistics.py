"""What happened in trajectories, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from trpg_env.trajectory.model import Trajectory


def error_and_refines(trajectory: Trajectory) -> int:
    """How often one or more erroneous turns in a row were followed by a correct one (paper, data construction)."""
    errors = [dm.error is not None for _, dm in trajectory.exchanges()]
    return sum(wrong and not following for wrong, following in pairwise(errors))


@dataclass
class Statistics:
    """Counts over trajectories.

    Attributes:
        episodes: How many there were.
        outcomes: How they ended.
        turns: The players' turns in all.
        errors: The players' erroneous turns, by kind.
        refines: The error-and-refines in all.
    """

    episodes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    turns: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    refines: int = 0

    def add(self, trajectory: Trajectory) -> None:
        """Count one more."""
        self.episodes += 1
        self.outcomes[trajectory.outcome] += 1
        self.refines += error_and_refines(trajectory)
        for _, dm in trajectory.exchanges():
            self.turns += 1
            if dm.error is not None:
                self.errors[dm.error] += 1

    @classmethod
    def of(cls, trajectories: Iterable[Trajectory]) -> "Statistics":
        """Count trajectories."""
        statistics = cls()
        for trajectory in trajectories:
            statistics.add(trajectory)
        return statistics

    def lines(self) -> list[str]:
        """The counts as lines for people."""
        succeeded = self.outcomes["completed"]
        share = succeeded / self.episodes if self.episodes else 0.0
        each = self.refines / self.episodes if self.episodes else 0.0
        kinds = ", ".join(f"{kind} {self.errors[kind]}" for kind in ("parameter", "place", "logic"))
        lines = [
            f"episodes            {self.episodes}",
            f"success             {succeeded} ({share:.1%})",
            f"turns               {self.turns}",
            f"error turns         {self.errors.total()} ({kinds})",
            f"error-and-refines   {self.refines} ({each:.2f} per episode)",
        ]
        for outcome in ("failed", "truncated", "error"):
            if self.outcomes[outcome]:
                lines.insert(2, f"{outcome:<20}{self.outcomes[outcome]}")
        return lines
