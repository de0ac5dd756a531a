"""The texts of one action: which are tried next, and what became of those that were."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import gcd, prod

from trpg_env.script.domains import Value
from trpg_env.script.program import Action

_TEXTS_AT_ONCE = 200


@dataclass
class Trial:
    """What became of one action's texts so far.

    Values are tried in rounds: in each, every value that was not accepted yet is tried with other values for the
    other placeholders. So a thousand values take a thousand texts, not a million, and a value that goes only
    with certain others still finds them.

    Attributes:
        action: The action.
        samples: For each placeholder the values that are tried.
        waiting: For each placeholder the values, by index, that were not accepted yet.
        accepted: A text that means the action, once there is one.
        takers: The actions that texts meant instead; None where they meant nothing, or other values.
        refused: The first text that was not accepted and why; for a value, by placeholder and index, and at
            None for all.
        rounds: How many rounds there were.
    """

    action: Action
    samples: tuple[Sequence[Value], ...]
    waiting: list[dict[int, None]] = field(init=False)
    accepted: str | None = None
    takers: set[Action | None] = field(default_factory=set)
    refused: dict[tuple[int, int] | None, tuple[str, str]] = field(default_factory=dict)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.waiting = [dict.fromkeys(range(len(values))) for values in self.samples]

    @property
    def unfinished(self) -> bool:
        """Whether there are values that were not accepted, and combinations that were not tried."""
        sizes = [len(values) for values in self.samples]
        most = max((prod(sizes) // size for size in sizes), default=1)
        return self.rounds < most and (any(self.waiting) if sizes else self.accepted is None)

    def following(self) -> list[tuple[int, ...]]:
        """The combinations to try next, as indices into the samples."""
        if not self.samples:
            self.rounds += 1
            return [()]
        count = sum(map(len, self.waiting))
        rounds = max(1, _TEXTS_AT_ONCE // count) if self.rounds else 1
        found = dict.fromkeys(
            self._combination(position, i, self.rounds + further)
            for further in range(rounds)
            for position, waiting in enumerate(self.waiting)
            for i in waiting
        )
        self.rounds += rounds
        return list(found)

    def _combination(self, position: int, index: int, turn: int) -> tuple[int, ...]:
        sizes = [1 if i == position else len(values) for i, values in enumerate(self.samples)]
        count = prod(sizes)
        rest = (index + turn * _stride(count)) % count
        chosen = []
        for size in sizes:
            rest, i = divmod(rest, size)
            chosen.append(i)
        chosen[position] = index
        return tuple(chosen)

    def spellings(self, chosen: tuple[int, ...]) -> tuple[str, ...]:
        """The values of a combination, as texts have them."""
        return tuple(values[i].spelling for values, i in zip(self.samples, chosen, strict=True))

    def accept(self, chosen: tuple[int, ...], text: str) -> None:
        """Take down that a combination's text means it."""
        self.accepted = self.accepted or text
        for position, i in enumerate(chosen):
            self.waiting[position].pop(i, None)

    def refuse(self, chosen: tuple[int, ...], text: str, taker: Action | None, reason: str) -> None:
        """Take down that a combination's text does not mean it."""
        self.takers.add(taker)
        for place in (None, *enumerate(chosen)):
            self.refused.setdefault(place, (text, reason))


def _stride(count: int) -> int:
    """A step that in `count` rounds leads to every number below `count`, the early ones far apart."""
    stride = max(1, int(count * 0.618))
    while gcd(stride, count) > 1:
        stride += 1
    return stride


def spread(samples: Sequence[Value], most: int) -> Sequence[Value]:
    """At most so many values, the first and the last among them, at even distances."""
    if len(samples) <= most:
        return samples
    return [samples[i * (len(samples) - 1) // (most - 1)] for i in range(most)]
