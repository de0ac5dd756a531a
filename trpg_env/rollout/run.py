"""What a run is: which episodes it has, and what tells it from another run.

Episode i has script i modulo their number and a seed that follows from the run's seed and i alone, so that neither
order nor concurrency makes a difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from trpg_env.script import Script
from trpg_env.trajectory import Participant, episode_id, episode_seed


class RunError(RuntimeError):
    """A run that cannot go on; what has been played stands. The text says why in one line."""


class Planned(NamedTuple):
    """An episode to be played.

    Attributes:
        script: The place of its script in the run.
        seed: Its seed.
        id: What its trajectory will be called.
    """

    script: int
    seed: int
    id: str


@dataclass(frozen=True)
class Run:
    """A number of episodes of some scripts, with one player and one DM.

    Attributes:
        scripts: The scripts.
        player: Who plays.
        dm: Who answers.
        n: The number of episodes in all.
        seed: The run's seed.
        luck: The luck of every episode.
        max_turns: After how many actions an episode is truncated; None for each script's own number.
    """

    scripts: tuple[Script, ...]
    player: Participant
    dm: Participant
    n: int
    seed: int
    luck: int = 0
    max_turns: int | None = None

    def episodes(self, script: int | None = None) -> Iterator[Planned]:
        """The episodes in order; those of one script where its place is given."""
        first, step = (0, 1) if script is None else (script, len(self.scripts))
        return (self._episode(i) for i in range(first, self.n, step))

    def _episode(self, i: int) -> Planned:
        place = i % len(self.scripts)
        script, seed = self.scripts[place], episode_seed(self.seed, i)
        turns = self.max_turns or script.max_turns
        return Planned(place, seed, episode_id(script.hash, seed, self.luck, turns, self.player, self.dm))

    def ids(self) -> Iterator[str]:
        """What its trajectories are called, in order."""
        return (episode.id for episode in self.episodes())

    def as_dict(self) -> dict[str, Any]:
        """All that tells this run from another, as JSON-like data; where scripts are stored is no part of it."""
        return {
            "scripts": [{"name": s.name, "hash": s.hash} for s in self.scripts],
            "player": self.player.model_dump(),
            "dm": self.dm.model_dump(),
            "n": self.n,
            "seed": self.seed,
            "luck": self.luck,
            "max_turns": self.max_turns,
        }
