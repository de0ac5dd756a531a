"""The figures that are made of measures, each a ratio of two sums over episodes."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import numpy as np

from trpg_env.evaluation.intervals import Floats, Resampled, ratios
from trpg_env.evaluation.measures import Measures
from trpg_env.trajectory.record import Record

Count = Callable[[Measures], float]


def _one(_: Measures) -> float:
    return 1.0


def _played(measured: Measures) -> float:
    return float(measured.calls is not None)


def _tokens(m: Measures) -> float:
    return (m.prompt_tokens or 0) + (m.completion_tokens or 0)


METRICS: dict[str, tuple[Count, Count]] = {
    "success": (lambda m: m.success, _one),
    "progress": (lambda m: m.progress, _one),
    "turns": (lambda m: m.turns, _one),
    "invalid": (lambda m: m.errors, lambda m: m.turns),
    "parameter": (lambda m: m.parameter, lambda m: m.turns),
    "place": (lambda m: m.place, lambda m: m.turns),
    "logic": (lambda m: m.logic, lambda m: m.turns),
    "format": (lambda m: m.format, lambda m: m.turns),
    "recovery": (lambda m: m.recovered, lambda m: m.errors),
    "repeat": (lambda m: m.repeated, lambda m: m.errors),
    "calls": (lambda m: m.calls or 0, _played),
    "prompt_tokens": (lambda m: m.prompt_tokens or 0, _played),
    "completion_tokens": (lambda m: m.completion_tokens or 0, _played),
    "turns_per_success": (lambda m: m.turns, lambda m: m.success),
    "tokens_per_success": (_tokens, lambda m: m.success and _played(m)),
}
"""Each figure: what is summed above and below. Where 1 stands below, it is a mean over episodes.
What a success costs is made of what all episodes cost, lost ones too."""


class Estimate(Record):
    """A figure, how sure it is, and what it is made of.

    Attributes:
        value: `sum / n`; None where `n` is 0.
        low: The lower bound of its interval; None where there are too few items and episodes for one.
        high: The upper bound, likewise.
        sum: What is summed above.
        n: What it is a share of: episodes, turns or errors.
        items: Of how many items the episodes are.
        resampled: What was resampled for the interval, `items` or `episodes`; None where nothing was.
    """

    value: float | None
    low: float | None
    high: float | None
    sum: float
    n: int
    items: int
    resampled: Resampled | None


Estimates = dict[str, Estimate]
"""Figures by their names."""


def sums(measured: Sequence[Measures]) -> tuple[Floats, Floats]:
    """What stands above and below in each figure: a row for each episode, a column for each of `METRICS`."""
    shape = len(measured), len(METRICS)
    above = [[float(count(m)) for count, _ in METRICS.values()] for m in measured]
    below = [[float(count(m)) for _, count in METRICS.values()] for m in measured]
    return np.array(above).reshape(shape), np.array(below).reshape(shape)


def estimates(measured: Sequence[Measures], rng: np.random.Generator, resamples: int) -> Estimates:
    """All figures over episodes; those that broke are left to the caller to leave out.

    Args:
        measured: The episodes.
        rng: Draws the replicates.
        resamples: How many replicates.
    """
    return _estimates(list(METRICS), *sums(measured), [m.item for m in measured], rng, resamples)


def best_of(
    measured: Sequence[Measures], samples: int, rng: np.random.Generator, resamples: int
) -> Estimates:
    """Success and progress of the best of several episodes of the same start.

    A start one of whose episodes broke is left out as a whole: to judge it by the others would count those starts alone
    that happened to be won.

    Args:
        measured: The episodes that did not break.
        samples: How many there are of each start, 1 or more.
        rng: Draws the replicates.
        resamples: How many replicates.
    """
    rows, items = [], []
    ordered = sorted(measured, key=_start)
    for (item, _), episodes in groupby(ordered, _start):
        same = list(episodes)
        if len(same) == samples:
            rows.append([float(any(m.success for m in same)), max(m.progress for m in same)])
            items.append(item)
    above = np.array(rows).reshape(len(rows), 2)
    return _estimates(["success", "progress"], above, np.ones_like(above), items, rng, resamples)


def _start(measured: Measures) -> tuple[str, int]:
    return measured.item, measured.seed


def _estimates(
    names: Iterable[str],
    above: Floats,
    below: Floats,
    items: Sequence[str],
    rng: np.random.Generator,
    resamples: int,
) -> Estimates:
    found = ratios(above, below, items, rng, resamples=resamples)
    totals, shares = above.sum(axis=0), below.sum(axis=0)
    return {
        name: Estimate(
            value=one.value,
            low=one.low,
            high=one.high,
            sum=float(totals[i]),
            n=round(float(shares[i])),
            items=len(set(items)),
            resampled=one.resampled,
        )
        for i, (name, one) in enumerate(zip(names, found, strict=True))
    }
