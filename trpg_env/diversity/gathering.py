"""Gathering what is compared, source by source: samples of bounded size, however many trajectories there are.

A *source* is whatever trajectories are told apart by: the file, the player, the family, the script. Samples hang on the
generator alone, neither on the order in which trajectories come nor on how often one comes.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from trpg_env.diversity.words import words
from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory
from trpg_env.trajectory.sample import MAX_TEXT, Sample

MAX_SOURCES: Final = 40
"""So many can be told apart in a figure."""
MAX_ENVIRONMENTS: Final = 150
"""How many environments of each source are compared."""


class DiversityError(ValueError):
    """Trajectories of which nothing can be told; the text says why."""


class Thought(NamedTuple):
    """What a player thought.

    Attributes:
        episode: The episode's id.
        turn: The turn.
        words: Its words.
    """

    episode: str
    turn: int
    words: list[str]


class Environment(NamedTuple):
    """What one of the episodes in an environment told its player.

    Attributes:
        script: The script's hash.
        words: The words.
    """

    script: str
    words: list[str]


class Gathered(NamedTuple):
    """What has been gathered of a source.

    Attributes:
        name: What it is called.
        episodes: How many episodes there were.
        thoughts: How many thoughts with a word in them there were.
        sampled: A sample of these.
        environments: A sample of the environments.
    """

    name: str
    episodes: int
    thoughts: int
    sampled: list[Thought]
    environments: list[Environment]


class Gatherer:
    """Gathers what is compared.

    Args:
        sample: How many thoughts of each source are kept, 1 or more.
        rng: Chooses which.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import ErringAgent
        >>> gatherer = Gatherer(5, np.random.default_rng(0))
        >>> for trajectory in rollout(["ship", "garden"], ErringAgent(), n=4):
        ...     gatherer.add(trajectory.family, trajectory)
        >>> [(of.name, of.episodes, len(of.sampled), len(of.environments)) for of in gatherer.gathered()]
        [('garden', 2, 5, 1), ('ship', 2, 5, 1)]
    """

    def __init__(self, sample: int, rng: np.random.Generator) -> None:
        self._sample, self._salt = sample, rng.bytes(16)
        self._sources: dict[str, _Source] = {}

    def add(self, source: str, trajectory: Trajectory) -> None:
        """Take a trajectory into account.

        Raises:
            DiversityError: There are too many sources.
        """
        found = self._sources.get(source)
        if found is None:
            if len(self._sources) >= MAX_SOURCES:
                raise DiversityError(
                    f"there are more than {MAX_SOURCES} sources, more than can be told apart in a figure; "
                    "choose another way to tell them apart, or fewer trajectories"
                )
            found = self._sources[source] = _Source(self._sample, self._salt)
        found.add(trajectory)

    def gathered(self) -> list[Gathered]:
        """What has been gathered of each source, in the order of their names."""
        return [self._sources[name].gathered(name) for name in sorted(self._sources)]


class _Source:
    def __init__(self, sample: int, salt: bytes) -> None:
        self._thoughts, self._salt = Sample(sample, salt), salt
        self._episodes = self._number = 0
        # Script → its lot and that of the episode that stands for it, and what that one told.
        self._environments: dict[str, tuple[bytes, bytes, str]] = {}

    def add(self, trajectory: Trajectory) -> None:
        self._episodes += 1
        for i, turn in enumerate(trajectory.turns):
            if isinstance(turn, PlayerTurn) and words(turn.thought, 1):
                self._number += 1
                key = f"{i} {trajectory.id}"
                self._thoughts.offer(key, key, turn.thought)
        self._add_environment(trajectory)

    def _add_environment(self, trajectory: Trajectory) -> None:
        script, kept = trajectory.script_hash, self._environments
        known, lot = kept.get(script), self._lot(trajectory.id)
        if known is not None:
            if lot < known[1]:
                kept[script] = (known[0], lot, told(trajectory))
            return
        # A script whose lot is small enough in the end is so all along, so that all of its episodes are seen.
        kept[script] = (self._lot(script), lot, told(trajectory))
        if len(kept) > MAX_ENVIRONMENTS:
            del kept[max(kept, key=lambda script: kept[script][0])]

    def _lot(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), digest_size=16, key=self._salt).digest()

    def gathered(self, name: str) -> Gathered:
        sampled = []
        for key, text in self._thoughts.texts():
            turn, _, episode = key.partition(" ")
            sampled.append(Thought(episode, int(turn), words(text)))
        kept = sorted(self._environments.items(), key=lambda item: item[1])
        environments = [Environment(script, words(text, None)) for script, (_, _, text) in kept]
        return Gathered(name, self._episodes, self._number, sampled, environments)


def told(trajectory: Trajectory) -> str:
    """What an episode told its player: the instruction and the observations, up to a fixed length."""
    parts, length = [trajectory.instruction], len(trajectory.instruction)
    for turn in trajectory.turns:
        if length >= MAX_TEXT:
            break
        if isinstance(turn, DMTurn):
            parts.append(turn.observation)
            length += len(turn.observation)
    return "\n".join(parts)[:MAX_TEXT]


def _player(trajectory: Trajectory) -> str:
    player = trajectory.player
    return player.kind if player.model is None else f"{player.kind} {player.model}"


def _script(trajectory: Trajectory) -> str:
    return trajectory.script_hash[:12] if trajectory.script is None else Path(trajectory.script).stem


BY: Final[Mapping[str, Callable[[Trajectory], str]]] = {
    "player": _player,
    "family": lambda trajectory: trajectory.family,
    "script": _script,
}
"""What trajectories can be told apart by, besides their files."""
