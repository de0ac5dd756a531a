"""How sure any figure of sums is: what `ratios` does for a ratio of two, for figures that are made of several sums.

Cohen's kappa is one, in which sums are multiplied with one another.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from trpg_env.evaluation.intervals import (
    CONFIDENCE,
    RESAMPLES,
    Floats,
    Interval,
    interval_of,
    known,
    replicates_of,
    units_of,
)


def figures(
    counts: ArrayLike,
    items: Sequence[str],
    of: Callable[[Floats], Floats],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> list[Interval]:
    """Figures of sums over episodes, each with its interval.

    Args:
        counts: What is summed: a row for each episode, a column for each sum.
        items: What each episode is one of.
        of: Makes the figures, a column for each, of rows of sums; not a number where there is none.
        rng: Draws the replicates; all figures share them.
        resamples: How many replicates, 1 or more.
        confidence: The share of intervals that would hold the true figure, above 0 and below 1.

    Returns:
        One interval for each figure.

    Raises:
        ValueError: The shapes differ, or a number is out of its range.

    Example:
        >>> share = lambda sums: sums[:, :1] / sums.sum(axis=1, keepdims=True)
        >>> figures([[1, 1], [3, 1]], ["a", "b"], share, np.random.default_rng(0))
        [Interval(value=0.6666666666666666, low=0.5, high=0.75, resampled='items')]
    """
    (sums,), resampled = units_of([counts], items, resamples, confidence)
    totals = of(sums.sum(axis=0, keepdims=True))[0]
    if resampled is None:
        return [Interval(known(total), None, None, None) for total in totals]
    (replicates,) = replicates_of([sums], rng, resamples)
    return [
        interval_of(total, column, confidence, resampled)
        for total, column in zip(totals, of(replicates).T, strict=True)
    ]
