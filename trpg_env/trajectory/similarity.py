"""How alike the thoughts of a file's players are, and the environments that they were in.

Diversity is what synthesis is for, so it is measured where the data is: two texts overlap by the share of
word trigrams that they have in common (Jaccard: in both, of those in either), from 0, nothing in common, to 1,
the same trigrams. *Self-similarity* is the mean overlap over pairs: of thoughts from different episodes, and of
instructions of different scripts. *Distinct* is the share of different trigrams among all trigrams of the sample.

What is looked at is a sample of fixed size, whatever the file's length.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from trpg_env.trajectory.model import PlayerTurn, Trajectory
from trpg_env.trajectory.sample import MAX_TEXT, Sample

MAX_THOUGHTS = 1_000
MAX_SCRIPTS = 300
MAX_PAIRS = 20_000
"""Where there are more pairs, so many of them are drawn."""
_N = 3
_WORD = re.compile(r"\w+")

Grams = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SelfSimilarity:
    """How alike the texts of a sample are.

    Attributes:
        texts: How many texts the sample has.
        pairs: How many pairs of them were compared.
        overlap: The mean share of common trigrams over the pairs; None where there is no pair.
        distinct: The share of different trigrams among all; None where there is none.
    """

    texts: int
    pairs: int
    overlap: float | None
    distinct: float | None


def trigrams(text: str) -> Grams:
    """The word trigrams of a text, case-folded; a text of fewer words is one gram of all its words.

    Example:
        >>> trigrams("I take the red key.")
        [('i', 'take', 'the'), ('take', 'the', 'red'), ('the', 'red', 'key')]
        >>> trigrams("Go on!")
        [('go', 'on')]
    """
    words = _WORD.findall(text[:MAX_TEXT].casefold())
    if len(words) <= _N:
        return [tuple(words)] if words else []
    return list(zip(*(words[i:] for i in range(_N)), strict=False))


def overlap(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    """The share of common grams: those in both, of those in either."""
    common = len(a & b)
    return common / (len(a) + len(b) - common) if common else 0.0


class Similarity:
    """Measures the self-similarity of trajectories' thoughts and environments.

    Args:
        generator: Chooses what is sampled; the same generator and trajectories give the same numbers.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> similarity = Similarity(np.random.default_rng(0))
        >>> for trajectory in rollout(["ship", "cool-tomato"], PlannerAgent(), n=4):
        ...     similarity.add(trajectory)
        >>> similarity.environments().pairs
        1
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._thoughts = Sample(MAX_THOUGHTS, generator.bytes(16))
        self._scripts = Sample(MAX_SCRIPTS, generator.bytes(16))
        self._pairs_seed = int(generator.integers(2**63))

    def add(self, trajectory: Trajectory) -> None:
        """Take a trajectory into account."""
        self._scripts.offer(trajectory.script_hash, trajectory.script_hash, trajectory.instruction)
        for i, turn in enumerate(trajectory.turns):
            if isinstance(turn, PlayerTurn) and turn.thought:
                self._thoughts.offer(f"{i} {trajectory.id}", trajectory.id, turn.thought)

    def thoughts(self) -> SelfSimilarity:
        """How alike the players' thoughts are, over pairs from different episodes."""
        return self._measured(self._thoughts.texts())

    def environments(self) -> SelfSimilarity:
        """How alike the instructions are, over pairs of different scripts."""
        return self._measured(self._scripts.texts())

    def as_dict(self) -> dict[str, Any]:
        """Both as plain JSON values."""
        return {"thoughts": asdict(self.thoughts()), "environments": asdict(self.environments())}

    def lines(self) -> list[str]:
        """Both as lines for people."""
        return [
            _line("thoughts alike", self.thoughts(), "thought"),
            _line("scripts alike", self.environments(), "script"),
        ]

    def _measured(self, texts: Sequence[tuple[str, str]]) -> SelfSimilarity:
        grams = [trigrams(text) for _, text in texts]
        sets = [set(g) for g in grams]
        overlaps = [
            overlap(sets[i], sets[j])
            for i, j in self._pairs(len(texts))
            if texts[i][0] != texts[j][0] and sets[i] and sets[j]
        ]
        total = sum(map(len, grams))
        return SelfSimilarity(
            texts=len(texts),
            pairs=len(overlaps),
            overlap=sum(overlaps) / len(overlaps) if overlaps else None,
            distinct=len(set().union(*sets)) / total if total else None,
        )

    def _pairs(self, count: int) -> Iterator[tuple[int, int]]:
        if count * (count - 1) // 2 <= MAX_PAIRS:
            yield from combinations(range(count), 2)
            return
        generator = np.random.default_rng(self._pairs_seed)
        drawn = generator.integers(count, size=(MAX_PAIRS, 2))
        yield from ((int(i), int(j)) for i, j in drawn if i != j)


def _line(name: str, measured: SelfSimilarity, what: str) -> str:
    texts = f"{measured.texts} {what if measured.texts == 1 else f'{what}s'}"
    if measured.overlap is None or measured.distinct is None:
        return f"{name:<20}not measured ({texts}, no pair)"
    pairs = f"{measured.pairs} {'pair' if measured.pairs == 1 else 'pairs'}"
    return f"{name:<20}{measured.overlap:.3f} overlap, {measured.distinct:.3f} distinct ({texts}, {pairs})"
