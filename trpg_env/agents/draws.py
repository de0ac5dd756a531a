"""Random numbers for many small decisions."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 256


class Draws:
    """Draws from one seeded generator, a block at a time: one by one they would cost more than what is decided.

    Args:
        seed: Whole numbers, 0 or more.

    Attributes:
        generator: The generator, for whoever wants one.

    Example:
        >>> Draws(7, 1).pick(["a", "b", "c"]) == Draws(7, 1).pick(["a", "b", "c"])
        True
    """

    def __init__(self, *seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self._block: list[float] = []

    def chance(self) -> float:
        """A number from 0 up to 1, evenly spread."""
        if not self._block:
            self._block = self.generator.random(_BLOCK).tolist()
        return self._block.pop()

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[int(self.chance() * len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in random order."""
        return [items[i] for _, i in sorted((self.chance(), i) for i in range(len(items)))]
