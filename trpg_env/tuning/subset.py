"""Which records a smaller dataset keeps, and which families are held out.

Both follow from hashes, not from a generator: the choice is the same whatever else there is and in whatever order
it comes.
"""

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator
from typing import Protocol

from trpg_env.trajectory import Trajectory


class Store(Protocol):
    """Where texts of any size wait outside memory."""

    def append(self, data: bytes) -> int:
        """Keep data; gives its place."""

    def read(self, place: int, length: int) -> bytes:
        """What was kept at a place."""


def lot(drawing: str, name: str) -> float:
    """The lot that a name draws, evenly from 0 to 1 (exclusive); another drawing gives another one."""
    text = f"{drawing}\n{name}".encode("utf-8", "surrogatepass")
    return (int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 11) / 2**53


def draw(trajectories: Iterable[Trajectory], limit: int, seed: int, store: Store) -> Iterator[Trajectory]:
    """At most `limit` of the trajectories, drawn evenly by their ids.

    A smaller limit with the same seed gives the first ones of what a larger limit gives; the order in which
    the trajectories come changes nothing. Memory holds some hundred bytes for each that is kept.

    Args:
        trajectories: From what is drawn; no id occurs twice.
        limit: How many are kept, 1 or more.
        seed: Which of the subsets.
        store: Where the drawn ones wait until all are known.
    """
    # The largest lot of those that are kept stands first, to be the next to go.
    kept: list[tuple[float, str, int, int]] = []
    for trajectory in trajectories:
        drawn = -lot(f"subset {seed}", trajectory.id)
        if len(kept) == limit and (drawn, trajectory.id) < kept[0][:2]:
            continue
        data = json.dumps(trajectory.model_dump(mode="json")).encode()
        entry = (drawn, trajectory.id, store.append(data), len(data))
        (heapq.heappush if len(kept) < limit else heapq.heapreplace)(kept, entry)
    for _, _, place, length in sorted(kept, reverse=True):
        yield Trajectory.model_validate_json(store.read(place, length))


def family_lot(family: str) -> float:
    """The share of families above which a split holds this family out, from 0 to 1 (exclusive)."""
    return lot("held-out", family)


def is_held_out(family: str, share: float) -> bool:
    """Whether a split puts a family on the held-out side.

    The same for a family whatever other families there are, in every dataset; a family that is held out at
    one share is held out at every larger one.
    """
    return bool(family_lot(family) < share)
