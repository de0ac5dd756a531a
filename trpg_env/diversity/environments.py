"""How alike the environments of sources are: the mean cosine between what their players were told.

An environment that two sources share would be its own likeness, so pairs are of different environments. What is compared is then the
same on the diagonal and off it: how alike two environments are that one has not seen and the other has.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trpg_env.diversity.gathering import Environment
from trpg_env.diversity.vectors import Floats, cosines, numbered
from trpg_env.trajectory.record import Record


class Environments(Record):
    """The heat map.

    Attributes:
        numbers: How many environments of each source are compared.
        similarity: A row and a column for each source: the mean cosine over pairs of different environments, one of each source,
            0 to 1; 1 where both have one and the same alone. None where a source has none.
    """

    numbers: list[int]
    similarity: list[list[float | None]]


def compare(sources: Sequence[Sequence[Environment]]) -> Environments:
    """Compare environments.

    Args:
        sources: For each source its environments.

    Example:
        >>> doors = [Environment("a", ["a", "red", "door"]), Environment("b", ["a", "blue", "door"])]
        >>> found = compare([doors, [Environment("c", ["the", "sea"])]])
        >>> found.numbers, [[round(value, 2) for value in row] for row in found.similarity]
        ([2, 1], [[0.28, 0.0], [0.0, 1.0]])
    """
    every = [environment for source in sources for environment in source]
    alike = cosines([environment.words for environment in every], rarity=True)
    scripts = numbered(environment.script for environment in every)
    ends = np.cumsum([len(source) for source in sources]).tolist()
    parts = [slice(end - len(source), end) for source, end in zip(sources, ends, strict=True)]
    return Environments(
        numbers=[len(source) for source in sources],
        similarity=[[_mean(alike[a, b], scripts[a, None] != scripts[b]) for b in parts] for a in parts],
    )


def _mean(alike: Floats, differ: NDArray[np.bool_]) -> float | None:
    if not alike.size:
        return None
    return float(alike[differ].mean()) if differ.any() else 1.0
