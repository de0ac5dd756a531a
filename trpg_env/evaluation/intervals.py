"""How sure a figure is: percentile bootstrap intervals of means and of ratios of sums, and of differences of them.

Every figure is a ratio of two sums over episodes: successes to episodes, errors to turns. A mean is the ratio whose
denominators are 1. Episodes of one item are alike, so that they are no independent draws: what is resampled is
*items*, with replacement, as many as there are, and an item that is drawn comes with all of its episodes (the cluster
bootstrap). Where all episodes are of one item, there is nothing to resample but the *episodes*, and the interval then
speaks of that item alone.

The bounds are percentiles of the replicates (Efron, 1979), interpolated linearly as NumPy does. Replicates in which a
ratio has nothing to be a share of are left out. With few items such intervals come out too narrow.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
"""The share of intervals that would hold the true figure."""
RESAMPLES = 10_000
"""How many replicates an interval is read off."""

_CELLS = 1 << 21
"""How many draws are in memory at once."""

Floats = NDArray[np.float64]
Resampled = Literal["items", "episodes"]


class Interval(NamedTuple):
    """A figure with its interval.

    Attributes:
        value: The figure itself; None where its denominator is 0.
        low: Its lower bound; None where fewer than two items or episodes can be resampled.
        high: Its upper bound, likewise.
        resampled: What was resampled; None where nothing was.
    """

    value: float | None
    low: float | None
    high: float | None
    resampled: Resampled | None


def ratios(
    numerators: ArrayLike,
    denominators: ArrayLike,
    items: Sequence[str],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> list[Interval]:
    """The ratios of sums over episodes, each with its interval.

    Args:
        numerators: What is summed above: a row for each episode, a column for each figure.
        denominators: What is summed below, 0 or more, in the same shape.
        items: What each episode is one of.
        rng: Draws the replicates; all figures share them.
        resamples: How many replicates, 1 or more.
        confidence: The share of intervals that would hold the true figure, above 0 and below 1.

    Returns:
        One interval for each column.

    Raises:
        ValueError: The shapes differ, or a number is out of its range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> (success,) = ratios([[1], [1], [0], [1]], np.ones((4, 1)), ["a", "b", "c", "d"], rng)
        >>> success
        Interval(value=0.75, low=0.25, high=1.0, resampled='items')
    """
    sums, resampled = units_of([numerators, denominators], items, resamples, confidence)
    above, below = sums
    totals = _ratio(above.sum(axis=0), below.sum(axis=0))
    if resampled is None:
        return [Interval(known(total), None, None, None) for total in totals]
    replicates = _ratio(*replicates_of(sums, rng, resamples))
    return [
        interval_of(total, column, confidence, resampled)
        for total, column in zip(totals, replicates.T, strict=True)
    ]


def differences(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    items: Sequence[str],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> list[Interval]:
    """How much the second run's ratios are above the first's, on the same episodes, each with its interval.

    A replicate draws the same items for both runs (the paired bootstrap), so that what is hard or easy about an item
    goes out of the difference.

    Args:
        first: The first run's numerators and denominators, as `ratios` takes them.
        second: The second run's; row i is the same episode as the first run's row i.
        items: What each episode is one of.
        rng: Draws the replicates.
        resamples: How many replicates, 1 or more.
        confidence: The share of intervals that would hold the true difference, above 0 and below 1.

    Returns:
        One interval for each column; its value is None where one of the two ratios has none.

    Raises:
        ValueError: The shapes differ, or a number is out of its range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> ones = np.ones((3, 1))
        >>> differences(([[0], [0], [1]], ones), ([[1], [1], [1]], ones), ["a", "b", "c"], rng)[0].high
        1.0
    """
    sums, resampled = units_of([*first, *second], items, resamples, confidence)
    totals = _difference([each.sum(axis=0) for each in sums])
    if resampled is None:
        return [Interval(known(total), None, None, None) for total in totals]
    replicates = _difference(replicates_of(sums, rng, resamples))
    return [
        interval_of(total, column, confidence, resampled)
        for total, column in zip(totals, replicates.T, strict=True)
    ]


def units_of(
    columns: Sequence[ArrayLike], items: Sequence[str], resamples: int, confidence: float
) -> tuple[list[Floats], Resampled | None]:
    """The sums of what is resampled: a row for each item, or for each episode where there is but one item."""
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or arrays[0].ndim != 2 or len(arrays[0]) != len(items):
        raise ValueError(
            f"the shapes {sorted(shapes)} do not fit {len(items)} episodes: a row for each episode, a column for each "
            "figure, all alike"
        )
    if resamples < 1:
        raise ValueError(f"resamples={resamples} is too few: it is 1 or more")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} is no share: it is above 0 and below 1, such as 0.95")
    names, places = np.unique(np.asarray(items, dtype=object).astype(str), return_inverse=True)
    if len(names) < 2:
        return arrays, "episodes" if len(items) > 1 else None
    clusters = []
    for array in arrays:
        cluster = np.zeros((len(names), array.shape[1]))
        np.add.at(cluster, places, array)
        clusters.append(cluster)
    return clusters, "items"


def replicates_of(sums: Sequence[Floats], rng: np.random.Generator, resamples: int) -> list[Floats]:
    """Each replicate's sums; all of them are of the same draws."""
    units = len(sums[0])
    side_by_side = np.concatenate(sums, axis=1)
    parts = []
    step = max(1, _CELLS // units)
    for begin in range(0, resamples, step):
        rows = min(step, resamples - begin)
        draws = rng.integers(0, units, size=(rows, units)) + np.arange(rows)[:, None] * units
        # How often each unit was drawn: one product with them is quicker than to gather what was drawn.
        times = np.bincount(draws.ravel(), minlength=rows * units).reshape(rows, units)
        parts.append(times @ side_by_side)
    return np.split(np.concatenate(parts), len(sums), axis=1)


def _ratio(above: Floats, below: Floats) -> Floats:
    """What is above divided by what is below; not a number where that is 0."""
    shares: Floats = np.full(above.shape, np.nan)
    np.divide(above, below, out=shares, where=below != 0)
    return shares


def _difference(sums: Sequence[Floats]) -> Floats:
    above, below, above_second, below_second = sums
    return _ratio(above_second, below_second) - _ratio(above, below)


def interval_of(total: Any, replicates: Floats, confidence: float, resampled: Resampled) -> Interval:
    """A figure with the percentiles of its replicates; without, where it or all of them are not a number."""
    value = known(total)
    there = replicates[~np.isnan(replicates)]
    if value is None or not there.size:
        return Interval(value, None, None, None)
    low, high = np.percentile(there, [50 * (1 - confidence), 50 * (1 + confidence)])
    return Interval(value, float(low), float(high), resampled)


def known(value: Any) -> float | None:
    """A figure; None for what is not a number."""
    return None if np.isnan(value) else float(value)
