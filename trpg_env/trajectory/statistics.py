"""What happened in trajectories, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any

from trpg_env.trajectory.model import Trajectory

ERRORS = ("parameter", "place", "logic")
OUTCOMES = ("completed", "failed", "truncated", "error")
ENOUGH_REFINES = 2
"""The error-and-refines that the paper asks of a trajectory."""


def error_and_refines(trajectory: Trajectory) -> int:
    """How often one or more erroneous turns in a row were followed by a correct one (paper, data construction)."""
    errors = [dm.error is not None for _, dm in trajectory.exchanges()]
    return sum(wrong and not following for wrong, following in pairwise(errors))


@dataclass
class Tally:
    """The counts of one script."""

    episodes: int = 0
    completed: int = 0
    turns: int = 0
    errors: int = 0
    refines: int = 0

    def update(self, other: "Tally") -> None:
        """Count what another has counted, too."""
        self.episodes += other.episodes
        self.completed += other.completed
        self.turns += other.turns
        self.errors += other.errors
        self.refines += other.refines


ScriptKey = tuple[str, str | None, str]
"""A script's family, name or path, and hash."""


@dataclass
class Statistics:
    """Counts over trajectories; two of them can be put together.

    Attributes:
        episodes: How many there were.
        outcomes: How they ended.
        errors: The players' erroneous turns, by kind.
        turns_each: How many episodes had so many turns of the player's.
        refines_each: How many episodes had so many error-and-refines.
        chains: How often so many erroneous turns stood in a row.
        scripts: The counts of each script.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> first, second = (Statistics.of(rollout("ship", PlannerAgent(), n=2, seed=s)) for s in (1, 2))
        >>> first.update(second)
        >>> first.episodes, first.success
        (4, 1.0)
    """

    episodes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    turns_each: Counter[int] = field(default_factory=Counter)
    refines_each: Counter[int] = field(default_factory=Counter)
    chains: Counter[int] = field(default_factory=Counter)
    scripts: dict[ScriptKey, Tally] = field(default_factory=dict)

    @property
    def turns(self) -> int:
        """The players' turns in all."""
        return _weighed(self.turns_each)

    @property
    def refines(self) -> int:
        """The error-and-refines in all."""
        return _weighed(self.refines_each)

    @property
    def success(self) -> float:
        """The share of episodes that reached the goal."""
        return self.outcomes["completed"] / self.episodes if self.episodes else 0.0

    @property
    def refined(self) -> float:
        """The share of episodes with at least two error-and-refines (the paper's measure)."""
        enough = sum(count for refines, count in self.refines_each.items() if refines >= ENOUGH_REFINES)
        return enough / self.episodes if self.episodes else 0.0

    def add(self, trajectory: Trajectory) -> None:
        """Count one more."""
        errors = [dm.error for _, dm in trajectory.exchanges()]
        wrong = [error for error in errors if error is not None]
        chains = [len(list(run)) for is_error, run in groupby(errors, lambda e: e is not None) if is_error]
        refines = len(chains) - (bool(errors) and errors[-1] is not None)
        self.episodes += 1
        self.outcomes[trajectory.outcome] += 1
        self.errors.update(wrong)
        self.turns_each[len(errors)] += 1
        self.refines_each[refines] += 1
        self.chains.update(chains)
        key = trajectory.family, trajectory.script, trajectory.script_hash
        completed = int(trajectory.outcome == "completed")
        self.scripts.setdefault(key, Tally()).update(Tally(1, completed, len(errors), len(wrong), refines))

    def update(self, other: "Statistics") -> None:
        """Count what another has counted, too."""
        self.episodes += other.episodes
        self.outcomes.update(other.outcomes)
        self.errors.update(other.errors)
        self.turns_each.update(other.turns_each)
        self.refines_each.update(other.refines_each)
        self.chains.update(other.chains)
        for key, tally in other.scripts.items():
            self.scripts.setdefault(key, Tally()).update(tally)

    @classmethod
    def of(cls, trajectories: Iterable[Trajectory]) -> "Statistics":
        """Count trajectories."""
        statistics = cls()
        for trajectory in trajectories:
            statistics.add(trajectory)
        return statistics

    def lines(self) -> list[str]:
        """The counts as lines for people."""
        kinds = ", ".join(f"{kind} {self.errors[kind]}" for kind in ERRORS)
        lines = [
            f"episodes            {self.episodes}",
            f"success             {self.outcomes['completed']} ({self.success:.1%})",
            f"turns               {self.turns}",
            f"error turns         {self.errors.total()} ({kinds})",
            f"error-and-refines   {self.refines} ({_mean(self.refines, self.episodes):.2f} per episode)",
        ]
        for outcome in ("failed", "truncated", "error"):
            if self.outcomes[outcome]:
                lines.insert(2, f"{outcome:<20}{self.outcomes[outcome]}")
        return lines

    def table(self) -> list[str]:
        """All counts as lines for people: those of `lines`, their distributions, and a line for each script."""
        lines = self.lines()
        if not self.episodes:
            return lines
        lines += [
            f"turns per episode   {_mean(self.turns, self.episodes):.1f} ({min(self.turns_each)} to {max(self.turns_each)})",
            f"with 2 refines      {self.refined:.1%} of the episodes",
            f"refines: episodes   {_histogram(self.refines_each)}",
            f"errors in a row     {_histogram(self.chains) or 'none'}",
            "",
            f"{'family':<20}{'script':<24}{'episodes':>9}{'success':>9}{'turns':>8}{'errors':>8}{'refines':>9}",
        ]
        for (family, name, of), tally in self._sorted():
            script = (name or of[:12]).rpartition("/")[2]
            lines.append(
                f"{_cell(family, 18):<20}{_cell(script, 22):<24}{tally.episodes:>9}"
                f"{_mean(tally.completed, tally.episodes):>9.1%}{_mean(tally.turns, tally.episodes):>8.1f}"
                f"{_mean(tally.errors, tally.episodes):>8.1f}{_mean(tally.refines, tally.episodes):>9.1f}"
            )
        return lines

    def as_dict(self) -> dict[str, Any]:
        """All counts as plain JSON values."""
        return {
            "episodes": self.episodes,
            "success": self.success,
            "outcomes": {outcome: self.outcomes[outcome] for outcome in OUTCOMES},
            "turns": {
                "total": self.turns,
                "mean": _mean(self.turns, self.episodes),
                "min": min(self.turns_each, default=0),
                "max": max(self.turns_each, default=0),
            },
            "error_turns": {"total": self.errors.total(), **{kind: self.errors[kind] for kind in ERRORS}},
            "error_and_refines": {
                "total": self.refines,
                "mean": _mean(self.refines, self.episodes),
                "share_with_2": self.refined,
                "episodes_by_count": _keyed(self.refines_each),
            },
            "errors_in_a_row": _keyed(self.chains),
            "scripts": [
                {
                    "family": family,
                    "script": name,
                    "script_hash": of,
                    "episodes": tally.episodes,
                    "completed": tally.completed,
                    "turns": tally.turns,
                    "error_turns": tally.errors,
                    "error_and_refines": tally.refines,
                }
                for (family, name, of), tally in self._sorted()
            ],
        }

    def _sorted(self) -> list[tuple[ScriptKey, Tally]]:
        return sorted(self.scripts.items(), key=lambda item: (item[0][0], item[0][1] or "", item[0][2]))


def _weighed(counter: Counter[int]) -> int:
    return sum(value * count for value, count in counter.items())


def _mean(total: int, count: int) -> float:
    return total / count if count else 0.0


def _keyed(counter: Counter[int]) -> dict[str, int]:
    return {str(value): count for value, count in sorted(counter.items())}


def _histogram(counter: Counter[int]) -> str:
    return ", ".join(f"{value}: {count}" for value, count in sorted(counter.items()))


def _cell(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"
