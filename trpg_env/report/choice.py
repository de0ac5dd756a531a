"""Which episodes a page holds, where a file has more than a page can: some of every outcome and every kind of error.

A pass over a file offers each episode; only lines' numbers are kept. Which are chosen follows from ids and not from the
order in which episodes ended.
"""

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trpg_env.trajectory import Trajectory


class Offered(NamedTuple):
    """Where an episode stands.

    Attributes:
        run: Which run, by index.
        line: The line in its file, from 1.
    """

    run: int
    line: int


_Stratum = tuple[int, str, str]
"""The run, and what an episode of it is taken for: its outcome, or a kind of error."""


class Choice:
    """Chooses episodes.

    Args:
        most: How many at most, 0 or more.

    Attributes:
        offered: How many there were.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Each stratum's lowest draws: a heap with the highest on top, so that what is drawn higher falls out.
        self._strata: dict[_Stratum, list[tuple[int, int]]] = {}
        self.offered = 0

    def offer(self, run: int, line: int, trajectory: Trajectory, kinds: Sequence[str | None]) -> None:
        """Take an episode into account.

        Args:
            run: Which run, by index.
            line: The line in its file.
            trajectory: The episode.
            kinds: The kind of error of each of its turns.
        """
        self.offered += 1
        if not self._most:
            return
        drawn = -int.from_bytes(hashlib.sha256(trajectory.id.encode()).digest()[:8], "big")
        for what in (trajectory.outcome, *sorted({kind or "" for kind in kinds}), "any"):
            stratum = self._strata.setdefault((run, "error" if what in kinds else "outcome", what), [])
            if len(stratum) < self._most:
                heapq.heappush(stratum, (drawn, -line))
            else:
                heapq.heappushpop(stratum, (drawn, -line))

    def chosen(self) -> set[Offered]:
        """The episodes chosen: each stratum gives one in turn until there are enough."""
        waiting = [self._in_order(run, stratum) for (run, *_), stratum in sorted(self._strata.items())]
        found: set[Offered] = set()
        while waiting and len(found) < self._most:
            going_on = []
            for episodes in waiting:
                # One that another stratum has given already is passed over.
                new = next((one for one in episodes if one not in found), None)
                if new is None:
                    continue
                going_on.append(episodes)
                found.add(new)
                if len(found) == self._most:
                    break
            waiting = going_on
        return found

    @staticmethod
    def _in_order(run: int, stratum: list[tuple[int, int]]) -> Iterator[Offered]:
        return (Offered(run, -line) for _, line in sorted(stratum, reverse=True))
