"""What came of a run: how much was kept, why the rest was not, and what it cost."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trpg_env.synthesis.outcome import Outcome
from trpg_env.synthesis.prices import Price
from trpg_env.trajectory import COUNTS


@dataclass
class Yield:
    """Counts over the items of a run.

    Attributes:
        kept: How many are kept.
        kept_by_calls: How many of them took so many calls.
        refused: How many were refused, by reason.
        failed: How many a model failed at, by what became of it; the same command asks again.
        usage: What all of them cost, by the names of a trajectory's `usage`.

    Example:
        >>> made = Yield.of([Outcome(item=0, kept="a.json", usage={"calls": 2}), Outcome(item=1, reason="json")])
        >>> made.kept, made.items, dict(made.refused), made.usage["calls"]
        (1, 2, {'json': 1}, 2)
    """

    kept: int = 0
    kept_by_calls: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    usage: Counter[str] = field(default_factory=Counter)

    @property
    def items(self) -> int:
        """How many items were looked at."""
        return self.decided + self.failed.total()

    @property
    def decided(self) -> int:
        """How many of them are kept or refused for good."""
        return self.kept + self.refused.total()

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.usage.update({name: outcome.usage.get(name, 0) for name in COUNTS})
        if outcome.kept is not None:
            self.kept += 1
            self.kept_by_calls[outcome.calls] += 1
        elif outcome.failed:
            self.failed[str(outcome.reason)] += 1
        else:
            self.refused[str(outcome.reason)] += 1

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Yield":
        """Count outcomes."""
        found = cls()
        for outcome in outcomes:
            found.add(outcome)
        return found

    def line(self, price: Price | None = None) -> str:
        """The counts in one line, while a run goes on.

        Args:
            price: What the model costs, where that is known.
        """
        parts = [f"kept {self.kept}"]
        if self.refused:
            parts.append(f"refused {self.refused.total()} ({_by_reason(self.refused)})")
        if self.failed:
            parts.append(f"failed {self.failed.total()} ({_by_reason(self.failed)})")
        sent, answered = self.usage["prompt_tokens"], self.usage["completion_tokens"]
        parts.append(f"{_calls(self.usage['calls'])}, {_short(sent)} + {_short(answered)} tokens")
        if price is not None:
            parts.append(price.told(self.usage))
        return ", ".join(parts)

    def lines(self, price: Price | None = None) -> list[str]:
        """The counts as lines for people.

        Args:
            price: What the model costs, where that is known.
        """
        usage, items = self.usage, self.items
        lines = [
            f"items               {items}",
            f"kept                {self.kept}{f' ({self.kept / items:.1%})' if items else ''}",
            f"refused             {self.refused.total()}{_after(self.refused)}",
        ]
        if self.failed:
            lines.append(f"failed              {self.failed.total()}{_after(self.failed)}")
        each = f" ({usage['calls'] / self.kept:.2f} for each that is kept)" if self.kept else ""
        lines.append(f"calls               {usage['calls']:,}{each}")
        if self.kept:
            after = ", ".join(f"{count} after {_calls(n)}" for n, count in sorted(self.kept_by_calls.items()))
            lines.append(f"of those kept       {after}")
        lines.append(
            f"tokens              {usage['prompt_tokens']:,} sent, {usage['cached_tokens']:,} of them cached, "
            f"{usage['completion_tokens']:,} answered"
        )
        if price is not None:
            lines.append(f"cost                {price.told(usage)}")
        return lines

    def as_dict(self, price: Price | None = None) -> dict[str, Any]:
        """The counts as plain JSON values.

        Args:
            price: What the model costs, where that is known.
        """
        return {
            "items": self.items,
            "kept": self.kept,
            "yield": self.kept / self.items if self.items else 0.0,
            "kept_by_calls": {str(calls): count for calls, count in sorted(self.kept_by_calls.items())},
            "refused": dict(self.refused.most_common()),
            "failed": dict(self.failed.most_common()),
            "usage": {name: self.usage[name] for name in COUNTS},
            "cost": None if price is None else {"amount": price.of(self.usage), "currency": price.currency},
        }


def _calls(number: int) -> str:
    return f"{number:,} {'call' if number == 1 else 'calls'}"


def _by_reason(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common())


def _after(counts: Counter[str]) -> str:
    return f" ({_by_reason(counts)})" if counts else ""


def _short(number: int) -> str:
    """A number in three digits or so.

    Example:
        >>> _short(950), _short(12_345), _short(3_456_789)
        ('950', '12.3k', '3.46M')
    """
    if number < 1_000:
        return str(number)
    return f"{number / 1_000:.3g}k" if number < 999_500 else f"{number / 1_000_000:.3g}M"
