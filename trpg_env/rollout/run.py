"""What a run is: which episodes it has, and what tells it from another run.

Episode i has item i modulo their number and a seed that follows from the run's seed and i alone, so that neither
order nor concurrency makes a difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from trpg_env.trajectory import Participant, episode_id, episode_seed


class RunError(RuntimeError):
    """A run that cannot go on; what has been played stands. The text says why in one line."""


class Item(Protocol):
    """What episodes are played on: a script, or a benchmark's task."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def hash(self) -> str:
        """Tells it from every other, and one version of it from another."""
        ...

    @property
    def family(self) -> str:
        """A train/held-out split keeps a family on one side."""
        ...

    @property
    def max_turns(self) -> int:
        """After how many actions an episode is truncated."""
        ...

    @property
    def origin(self) -> str | None:
        """Where it is found again: for a script its library name or absolute path; None for one that was a mapping."""
        ...


class Planned(NamedTuple):
    """An episode to be played.

    Attributes:
        item: The place of its item in the run.
        seed: Its seed.
        id: What its trajectory will be called.
    """

    item: int
    seed: int
    id: str


@dataclass(frozen=True)
class Run:
    """A number of episodes of some items, with one player and one DM.

    Attributes:
        items: The items.
        player: Who plays.
        dm: Who answers.
        n: The number of episodes in all.
        seed: The run's seed.
        luck: The luck of every episode.
        max_turns: After how many actions an episode is truncated; None for each item's own number.
    """

    items: tuple[Item, ...]
    player: Participant
    dm: Participant
    n: int
    seed: int
    luck: int = 0
    max_turns: int | None = None

    def episodes(self, item: int | None = None) -> Iterator[Planned]:
        """The episodes in order; those of one item where its place is given."""
        first, step = (0, 1) if item is None else (item, len(self.items))
        return (self._episode(i) for i in range(first, self.n, step))

    def _episode(self, i: int) -> Planned:
        place = i % len(self.items)
        item, seed = self.items[place], episode_seed(self.seed, i)
        turns = self.max_turns or item.max_turns
        return Planned(place, seed, episode_id(item.hash, seed, self.luck, turns, self.player, self.dm))

    def ids(self) -> Iterator[str]:
        """What its trajectories are called, in order."""
        return (episode.id for episode in self.episodes())

    def as_dict(self) -> dict[str, Any]:
        """All that tells this run from another, as JSON-like data; where items are stored is no part of it."""
        return {
            "scripts": [{"name": item.name, "hash": item.hash} for item in self.items],
            "player": self.player.model_dump(),
            "dm": self.dm.model_dump(),
            "n": self.n,
            "seed": self.seed,
            "luck": self.luck,
            "max_turns": self.max_turns,
        }
