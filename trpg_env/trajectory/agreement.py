"""How often a dungeon master that is not the engine contradicts it.

Where a model writes both sides of a trajectory in one call, its DM's flags are what it believes of a world that it
also made up. If the script is grounded the engine can be asked too: `compare` plays the same actions, and
`Agreement` sets against one another what was said and what was ruled, whoever said it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trpg_env.script.program import ErrorKind
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.rules import misplaced
from trpg_env.world import SeededFate, VerificationFailed, World

KINDS: tuple[ErrorKind | None, ...] = (None, "parameter", "place", "logic")
"""What a turn may be: no error, or one of a kind."""


class Opinions(NamedTuple):
    """What two make of one action: the kind of error, None for none.

    Attributes:
        said: What the DM says.
        ruled: What the engine rules.
    """

    said: ErrorKind | None
    ruled: ErrorKind | None

    @property
    def differ(self) -> bool:
        """Whether they contradict one another."""
        return self.said != self.ruled

    @property
    def part(self) -> bool:
        """Whether two worlds go on from here: the action was carried out in one of them alone."""
        return (self.said is None) != (self.ruled is None)


class Comparison(NamedTuple):
    """The opinions on one trajectory.

    Attributes:
        opinions: Those on the turns that could be compared.
        whole: Whether that is all there was to compare; otherwise nobody knows how it would have gone on.
    """

    opinions: Sequence[Opinions]
    whole: bool = True


def kappa(matrices: ArrayLike) -> NDArray[np.float64]:
    """Cohen's kappa (1960): how far two agree beyond what they would by chance, each with the labels they give.

    1 where they always agree, 0 where they agree as often as chance would have it, below 0 where less often.

    Args:
        matrices: How often each pair of labels was given: the first's along the last axis but one, the second's along
            the last. Axes before them are so many matrices.

    Returns:
        One figure for each matrix; not a number where there is nothing to agree on, or where both give one and the same
        label always, so that chance alone would have them agree.

    Example:
        >>> float(kappa([[20, 5], [10, 15]]))
        0.4
    """
    counts = np.asarray(matrices, dtype=np.float64)
    total = counts.sum(axis=(-2, -1))
    agreed = np.trace(counts, axis1=-2, axis2=-1) * total
    by_chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    # Multiplied by the square of the total: sums of whole numbers, of which none is rounded.
    found: NDArray[np.float64] = np.full(total.shape, np.nan)
    np.divide(agreed - by_chance, total**2 - by_chance, out=found, where=total**2 > by_chance)
    return found


@dataclass
class Agreement:
    """Counts what was said against what was ruled; two of them can be put together.

    Attributes:
        matrix: How many turns there were of each pair of opinions.
        trajectories: How many trajectories were compared.
        contradicted: Those of them with at least one turn in which the opinions differ.
        not_compared: Those beside them that could not be compared, or not to their end.

    Example:
        >>> agreement = Agreement()
        >>> agreement.add(Comparison([Opinions(None, None), Opinions("place", "logic"), Opinions("place", "place")]))
        >>> agreement.turns, agreement.differing, agreement.precision("place"), agreement.recall("place")
        (3, 1, 0.5, 1.0)
        >>> agreement.kappa
        0.5
    """

    matrix: Counter[Opinions] = field(default_factory=Counter)
    trajectories: int = 0
    contradicted: int = 0
    not_compared: int = 0

    @property
    def turns(self) -> int:
        """How many turns were compared."""
        return self.matrix.total()

    @property
    def differing(self) -> int:
        """In how many of them the opinions differ."""
        return sum(count for opinions, count in self.matrix.items() if opinions.differ)

    @property
    def offered(self) -> int:
        """How many trajectories there were to compare."""
        return self.trajectories + self.not_compared

    def precision(self, kind: ErrorKind | None) -> float | None:
        """The share ruled to be of a kind among the turns said to be; None where none is said to be.

        Args:
            kind: The kind of error, or None for turns without one.
        """
        return _share(self._count(kind, kind), sum(self._count(kind, ruled) for ruled in KINDS))

    def recall(self, kind: ErrorKind | None) -> float | None:
        """The share said to be of a kind among the turns ruled to be; None where none is ruled to be.

        Args:
            kind: The kind of error, or None for turns without one.
        """
        return _share(self._count(kind, kind), sum(self._count(said, kind) for said in KINDS))

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa over the kinds of error; None where it is not defined."""
        found = float(kappa(self.counts))
        return None if np.isnan(found) else found

    @property
    def counts(self) -> NDArray[np.int64]:
        """The matrix as an array: a row for what was said, a column for what was ruled, both in the order of `KINDS`."""
        return np.array([[self._count(said, ruled) for ruled in KINDS] for said in KINDS], dtype=np.int64)

    def add(self, comparison: Comparison) -> None:
        """Count one more trajectory.

        Of one that is not whole the turns are counted, but it is not among the trajectories compared: whether it
        would have been contradicted is not known.
        """
        self.matrix.update(comparison.opinions)
        if not comparison.whole:
            self.not_compared += 1
        elif comparison.opinions:
            self.trajectories += 1
            self.contradicted += any(opinions.differ for opinions in comparison.opinions)

    def update(self, other: "Agreement") -> None:
        """Count what another has counted, too."""
        self.matrix.update(other.matrix)
        self.trajectories += other.trajectories
        self.contradicted += other.contradicted
        self.not_compared += other.not_compared

    def lines(self) -> list[str]:
        """The counts as lines for people: a row for what was said, a column for what was ruled."""
        if not self.offered:
            return []
        if not self.turns:
            return [f"{'engine contradicted':<20}not measured ({self.not_compared} not compared)"]
        columns = "".join(f"{_name(kind):>10}" for kind in KINDS)
        return [
            f"{'engine contradicted':<20}{self.differing} of {self.turns} turns"
            f" ({self.differing / self.turns:.1%}), in {self.contradicted} of {self.trajectories} trajectories",
            *([f"{'not compared':<20}{self.not_compared}"] if self.not_compared else []),
            "",
            f"{'DM / engine':<20}{columns}{'precision':>11}",
            *(self._row(kind) for kind in KINDS),
            f"{'recall':<20}{''.join(f'{_percent(self.recall(kind)):>10}' for kind in KINDS)}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """The counts as plain JSON values; in the matrix what was said is outside, what was ruled inside."""
        return {
            "turns": {"compared": self.turns, "contradicted": self.differing},
            "trajectories": {
                "compared": self.trajectories,
                "contradicted": self.contradicted,
                "not_compared": self.not_compared,
            },
            "matrix": {
                _name(said): {_name(ruled): self._count(said, ruled) for ruled in KINDS} for said in KINDS
            },
            "precision": {_name(kind): self.precision(kind) for kind in KINDS},
            "recall": {_name(kind): self.recall(kind) for kind in KINDS},
            "kappa": self.kappa,
        }

    def _count(self, said: ErrorKind | None, ruled: ErrorKind | None) -> int:
        return self.matrix[Opinions(said, ruled)]

    def _row(self, said: ErrorKind | None) -> str:
        counts = "".join(f"{self._count(said, ruled):>10}" for ruled in KINDS)
        return f"{_name(said):<20}{counts}{_percent(self.precision(said)):>11}"


def compare(trajectory: Trajectory, world: World) -> Comparison:
    """Play a trajectory's actions on the engine, and set its rulings beside what the DM said.

    From the turn on in which one says error and the other none, the two tell of different worlds: that turn is the
    last one compared, since what follows is no evidence. So is the turn with which the engine ends the episode.

    Args:
        trajectory: The trajectory, as a model wrote it.
        world: Its script's world.

    Returns:
        The opinions on its turns; not whole where the turns do not alternate, where the episode broke, or where a
        check of the script's did not answer.

    Example:
        >>> from trpg_env import load_script, rollout
        >>> from trpg_env.agents import ErringAgent
        >>> from trpg_env.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     script = load_script("ship", sandbox=sandbox)
        ...     played = next(rollout(script, ErringAgent(), n=1, sandbox=sandbox))
        ...     comparison = compare(played, World(script, sandbox))
        >>> len(comparison.opinions) == len(played.exchanges()), any(o.differ for o in comparison.opinions)
        (True, False)
    """
    if misplaced(trajectory) is not None or trajectory.error is not None:
        return Comparison((), whole=False)
    opinions: list[Opinions] = []
    fate = SeededFate(trajectory.seed, trajectory.luck)
    state = world.begin(world.variation_of(trajectory.seed))
    for player, dm in trajectory.exchanges():
        try:
            ruling = world.rule(state, player.action, fate)
        except VerificationFailed:
            return Comparison(opinions, whole=False)
        both = Opinions(dm.error, ruling.error)
        opinions.append(both)
        if both.part or ruling.success or ruling.failure:
            break
        state = ruling.state
    return Comparison(opinions)


def _name(kind: ErrorKind | None) -> str:
    return kind or "none"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
