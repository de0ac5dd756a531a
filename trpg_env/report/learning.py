"""What happens from turn to turn, over many episodes: errors, progress, and how soon a correct turn follows an error.

Only sums are kept, so that files of any size can be counted. Episodes that broke are left out, as they are of all figures.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from trpg_env.evaluation.measures import kinds_of
from trpg_env.report.kinds import corrections
from trpg_env.trajectory import Trajectory


class Stretch(NamedTuple):
    """One turn, or several in a row where there are many.

    Attributes:
        first: The first turn, from 1.
        last: The last one.
        playing: How many episodes had the first of these turns.
        turns: How many turns there were in all.
        errors: How many of them were erroneous.
        progress: The mean progress of all episodes after the last of these turns; what has ended keeps what it reached.
    """

    first: int
    last: int
    playing: int
    turns: int
    errors: int
    progress: float


@dataclass
class Learning:
    """Counts by turn, and by the turns that it takes to correct an error.

    Attributes:
        episodes: How many were counted.
        playing: How many had a turn of this number, from turn 1.
        erroneous: In how many it was erroneous.
        gained: How much progress all of them made in it.
        waits: How many turns it took until a correct one followed an error → how often.
        uncorrected: How many errors no correct turn followed.
    """

    episodes: int = 0
    playing: list[int] = field(default_factory=list)
    erroneous: list[int] = field(default_factory=list)
    gained: list[float] = field(default_factory=list)
    waits: Counter[int] = field(default_factory=Counter)
    uncorrected: int = 0

    def add(self, trajectory: Trajectory) -> None:
        """Count an episode; one that broke is not."""
        if trajectory.outcome == "error":
            return
        self.episodes += 1
        kinds = kinds_of(trajectory)
        longer = len(kinds) - len(self.playing)
        if longer > 0:
            self.playing += [0] * longer
            self.erroneous += [0] * longer
            self.gained += [0.0] * longer
        before = 0.0
        for i, ((_, dm), kind) in enumerate(zip(trajectory.exchanges(), kinds, strict=True)):
            self.playing[i] += 1
            self.erroneous[i] += kind is not None
            self.gained[i] += dm.progress - before
            before = dm.progress
        for i, (kind, corrected) in enumerate(zip(kinds, corrections(kinds), strict=True)):
            if corrected is not None:
                self.waits[corrected - i] += 1
            elif kind is not None:
                self.uncorrected += 1

    @property
    def errors(self) -> int:
        """The erroneous turns."""
        return sum(self.erroneous)

    def stretches(self, most: int = 40) -> list[Stretch]:
        """The turns in order, drawn together where there are more than can be shown.

        Args:
            most: How many stretches there are at most, 1 or more.
        """
        length = -(-len(self.playing) // most) or 1
        reached, found = 0.0, []
        for i in range(0, len(self.playing), length):
            part = slice(i, i + length)
            reached += sum(self.gained[part])
            found.append(
                Stretch(
                    first=i + 1,
                    last=min(i + length, len(self.playing)),
                    playing=self.playing[i],
                    turns=sum(self.playing[part]),
                    errors=sum(self.erroneous[part]),
                    progress=reached / self.episodes,
                )
            )
        return found

    def corrected_within(self, turns: int) -> int:
        """How many errors a correct turn followed within so many turns."""
        return sum(times for wait, times in self.waits.items() if wait <= turns)
