"""What happened in trajectories, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.tally import KINDS, Tally
from trpg_env.trajectory.usage import KNOWN, usage_lines

ERRORS = tuple(KINDS.values())
OUTCOMES = ("completed", "failed", "truncated", "error")
CORRECT = "."
"""The letter of a correct turn in a tally."""
ENOUGH_REFINES = 2
"""The error-and-refines that the paper asks of a trajectory."""


def error_and_refines(trajectory: Trajectory) -> int:
    """How often one or more erroneous turns in a row were followed by a correct one (paper, data construction)."""
    return Tally.of(trajectory).refines


@dataclass
class ScriptCounts:
    """The counts of one script.

    Attributes:
        name: Its name or path, where it is known.
        episodes: How many there were.
        completed: Those that reached the goal.
        turns: The players' turns in all.
        errors: The erroneous ones.
        refines: The error-and-refines.
    """

    name: str | None = None
    episodes: int = 0
    completed: int = 0
    turns: int = 0
    errors: int = 0
    refines: int = 0

    def update(self, other: "ScriptCounts") -> None:
        """Count what another has counted, too."""
        self.name = self.name or other.name
        self.episodes += other.episodes
        self.completed += other.completed
        self.turns += other.turns
        self.errors += other.errors
        self.refines += other.refines


ScriptKey = tuple[str, str]
"""A script's family and hash."""


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
        usage: What models cost, by the names in a trajectory's `usage`.

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
    scripts: dict[ScriptKey, ScriptCounts] = field(default_factory=dict)
    usage: Counter[str] = field(default_factory=Counter)

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
        self.count(Tally.of(trajectory), trajectory.script)

    def count(self, tally: Tally, script: str | None = None) -> None:
        """Count one more, by its tally.

        Args:
            tally: What happened in it.
            script: The script's name or path, where it is known.
        """
        wrong = Counter(letter for letter in tally.errors if letter in KINDS)
        turns, errors, refines = len(tally.errors), wrong.total(), tally.refines
        self.episodes += 1
        self.outcomes[tally.outcome] += 1
        for letter, number in wrong.items():
            self.errors[KINDS[letter]] += number
        self.turns_each[turns] += 1
        self.refines_each[refines] += 1
        self.chains.update(len(chain) for chain in tally.errors.split(CORRECT) if chain)
        self.usage.update(dict(tally.usage))
        counts = ScriptCounts(script, 1, int(tally.outcome == "completed"), turns, errors, refines)
        self.scripts.setdefault((tally.family, tally.script_hash), ScriptCounts()).update(counts)

    def update(self, other: "Statistics") -> None:
        """Count what another has counted, too."""
        self.episodes += other.episodes
        self.outcomes.update(other.outcomes)
        self.errors.update(other.errors)
        self.turns_each.update(other.turns_each)
        self.refines_each.update(other.refines_each)
        self.chains.update(other.chains)
        self.usage.update(other.usage)
        for key, counts in other.scripts.items():
            self.scripts.setdefault(key, ScriptCounts()).update(counts)

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
        return lines + usage_lines(self.usage)

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
        for (family, script_hash), counts in self._sorted():
            script = (counts.name or script_hash[:12]).rpartition("/")[2]
            lines.append(
                f"{_cell(family, 18):<20}{_cell(script, 22):<24}{counts.episodes:>9}"
                f"{_mean(counts.completed, counts.episodes):>9.1%}{_mean(counts.turns, counts.episodes):>8.1f}"
                f"{_mean(counts.errors, counts.episodes):>8.1f}{_mean(counts.refines, counts.episodes):>9.1f}"
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
            "usage": {name: self.usage[name] for name in KNOWN if self.usage[name]},
            "scripts": [
                {
                    "family": family,
                    "script": counts.name,
                    "script_hash": script_hash,
                    "episodes": counts.episodes,
                    "completed": counts.completed,
                    "turns": counts.turns,
                    "error_turns": counts.errors,
                    "error_and_refines": counts.refines,
                }
                for (family, script_hash), counts in self._sorted()
            ],
        }

    def _sorted(self) -> list[tuple[ScriptKey, ScriptCounts]]:
        return sorted(self.scripts.items(), key=lambda item: (item[0][0], item[1].name or "", item[0][1]))


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
