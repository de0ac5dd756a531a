"""Chance: every draw is a function of seed, luck, turn and its place in the script, and of nothing else.

So two branches of one episode meet the same fate, and a replay needs no state of a generator.
"""

import hashlib
import json
from typing import Protocol

from trpg_env.world.values import Value


class Fate(Protocol):
    """Decides whether something happens."""

    def __call__(self, turn: int, place: str, elements: tuple[Value, ...], probability: float) -> bool:
        """Whether the effect at `place` happens.

        Args:
            turn: The number of actions taken, this one included.
            place: The effect's place in the script.
            elements: In `for` effects, the elements of the rounds it stands in.
            probability: How likely it is, in [0, 1].
        """
        ...


class SeededFate:
    """The fate of one episode.

    Args:
        seed: The episode's seed.
        luck: Another luck is another fate from the same start.

    Example:
        >>> fate = SeededFate(7, 0)
        >>> fate(1, "effects[0]", (), 0.5) == fate(1, "effects[0]", (), 0.5)
        True
    """

    def __init__(self, seed: int, luck: int) -> None:
        self.seed = seed
        self.luck = luck

    def __call__(self, turn: int, place: str, elements: tuple[Value, ...], probability: float) -> bool:
        """Whether the effect at `place` happens; see `Fate`."""
        return draw(self.seed, self.luck, turn, place, *elements) < probability


def draw(*what: Value) -> float:
    """A number in [0, 1) that is a function of its arguments alone."""
    text = json.dumps(what, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    digest = hashlib.blake2b(text.encode("ascii"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
