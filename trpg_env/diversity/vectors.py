"""How alike texts are: the cosines between their vectors of words and pairs of words.

A word that a text has c times weighs 1 + ln c. With *rarity* each weight is multiplied by ln((1 + n) / (1 + d)) + 1, where d of the n
texts have it (TF-IDF), so that what all have in common counts little. Cosines are exact: there is no hashing and
no cut of the vocabulary.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from trpg_env.diversity.words import Gram, grams

Floats = NDArray[np.float64]

_CELLS = 1 << 22
"""How many cells of a block of vectors are in memory at once."""


def cosines(texts: Sequence[Sequence[str]], *, rarity: bool) -> Floats:
    """The cosine of each text with each.

    Args:
        texts: The words of each text. One without words is like none, not even itself.
        rarity: Whether words count the less, the more of these texts have them.

    Returns:
        A symmetric matrix of numbers from 0 to 1.

    Example:
        >>> cosines([["go", "east"], ["go", "west"], ["wait"]], rarity=False).round(2).tolist()
        [[1.0, 0.33, 0.0], [0.33, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    counts = [Counter([*grams(text, 1), *(grams(text, 2) if len(text) > 1 else [])]) for text in texts]
    spread = Counter(gram for count in counts for gram in count)
    weights = [_weights(count, spread, len(texts) if rarity else None) for count in counts]
    found = _products(weights, spread, len(texts))
    np.clip(found, 0.0, 1.0, out=found)
    np.fill_diagonal(found, [float(bool(weight)) for weight in weights])
    return found


def numbered(names: Iterable[str]) -> NDArray[np.intp]:
    """A number for each name, the same for the same name.

    Example:
        >>> numbered(["a", "b", "a"]).tolist()
        [0, 1, 0]
    """
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.intp)


def _weights(count: Counter[Gram], spread: Counter[Gram], texts: int | None) -> dict[Gram, float]:
    """The weights of a text's grams, to the length 1."""
    weights = {gram: 1 + math.log(times) for gram, times in count.items()}
    if texts is not None:
        weights = {
            gram: weight * (math.log((1 + texts) / (1 + spread[gram])) + 1)
            for gram, weight in weights.items()
        }
    length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
    return {gram: weight / length for gram, weight in weights.items()}


def _products(weights: Sequence[dict[Gram, float]], spread: Counter[Gram], texts: int) -> Floats:
    # What one text alone has is part of its length, and of no product.
    columns = {gram: i for i, gram in enumerate(gram for gram, times in spread.items() if times > 1)}
    cells = sorted(
        (columns[gram], row, weight)
        for row, of in enumerate(weights)
        for gram, weight in of.items()
        if gram in columns
    )
    found = np.zeros((texts, texts))
    if not cells:
        return found
    column, row, value = (np.array(part) for part in zip(*cells, strict=True))
    width = max(1, _CELLS // texts)
    for first in range(0, len(columns), width):
        here = slice(*np.searchsorted(column, [first, first + width]))
        block = np.zeros((texts, min(width, len(columns) - first)))
        block[row[here], column[here] - first] = value[here]
        found += block @ block.T
    return found
