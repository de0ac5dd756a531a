"""Two results on the same items: how much the second is above the first, with paired intervals."""

from collections.abc import Sequence

import numpy as np

from trpg_env.evaluation.intervals import RESAMPLES, Floats, differences
from trpg_env.evaluation.measures import Measures
from trpg_env.evaluation.metrics import METRICS, sums
from trpg_env.evaluation.results import SEED, Results, ResultsError
from trpg_env.trajectory import Participant
from trpg_env.trajectory.record import Record

_NAMED = 3
"""How many items an error names."""

Key = tuple[str, int, int]
"""An episode's item, seed and luck."""


class Difference(Record):
    """One figure of two runs.

    Attributes:
        first: The first run's, over the episodes that are compared.
        second: The second run's, likewise.
        difference: How much the second is above the first.
        low: The lower bound of the difference's interval; None where there are too few items and episodes for one.
        high: The upper bound, likewise.
    """

    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None


class Comparison(Record):
    """Two results on the same items.

    Attributes:
        pairs: How many episodes are compared, or how many starts, where one run has more samples of each than the other.
        left_out: Those of which an episode broke in one run or in both, and which are not compared.
        items: Of how many items the pairs are.
        samples: How many episodes each run has of each start.
        remarks: What differs beside the players, and may be why the figures do.
        metrics: Each figure of both runs.
        best_of: Success and progress of the best of each start's samples in both runs; None where each has one.
    """

    pairs: int
    left_out: int
    items: int
    samples: tuple[int, int]
    remarks: list[str]
    metrics: dict[str, Difference]
    best_of: dict[str, Difference] | None


def compare(first: Results, second: Results, *, resamples: int = RESAMPLES, seed: int = SEED) -> Comparison:
    """Set one evaluation against another, episode by episode.

    Two episodes are a pair where item, seed and luck are the same: what is hard or easy about a start goes out of the
    difference. Where one run has more samples of each start than the other, such as ten at temperature 1 beside a greedy
    one, all episodes of a start are paired with all of the other's.

    Args:
        first: What is compared with.
        second: What is compared.
        resamples: How many replicates an interval is read off, 1 or more.
        seed: The seed of the replicates, 0 or more.

    Raises:
        ResultsError: The two were not played on the same items from the same starts, or not measured in the same way.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent, RandomAgent
        >>> a, b = (Results.of(rollout("ship", who, n=4)) for who in (RandomAgent(), PlannerAgent()))
        >>> compare(a, b).metrics["success"].difference
        1.0
    """
    _refuse_others(first, second)
    samples = _samples(first), _samples(second)
    one, other = _by_start(first.episodes), _by_start(second.episodes)
    whole = [start for start in sorted(one) if not any(m.broken for m in one[start] + other[start])]
    if samples[0] == samples[1]:
        pairs = [
            ([a], [b])
            for start in sorted(one)
            for a, b in zip(one[start], other[start], strict=True)
            if not (a.broken or b.broken)
        ]
        left_out = len(first.episodes) - len(pairs)
    else:
        pairs = [(one[start], other[start]) for start in whole]
        left_out = len(one) - len(pairs)
    draws = (np.random.default_rng(seed), resamples, first.method.confidence)
    items = [episodes[0].item for episodes, _ in pairs]
    one_side, other_side = (_added_up([pair[i] for pair in pairs]) for i in (0, 1))
    found = _differences(list(METRICS), one_side, other_side, items, *draws)
    best = None
    if max(samples) > 1:
        one_side, other_side = (_best([starts[start] for start in whole]) for starts in (one, other))
        best = _differences(
            ["success", "progress"], one_side, other_side, [item for item, _ in whole], *draws
        )
    return Comparison(
        pairs=len(pairs),
        left_out=left_out,
        items=len(set(items)),
        samples=samples,
        remarks=_remarks(first, second),
        metrics=found,
        best_of=best,
    )


Side = tuple[Floats, Floats]
"""What stands above and below in each figure of one run: a row for each pair."""


def _differences(
    names: Sequence[str],
    one: Side,
    other: Side,
    items: Sequence[str],
    rng: np.random.Generator,
    resamples: int,
    confidence: float,
) -> dict[str, Difference]:
    each = {}
    found = differences(one, other, items, rng, resamples=resamples, confidence=confidence)
    for i, (name, interval) in enumerate(zip(names, found, strict=True)):
        each[name] = Difference(
            first=_ratio(one[0][:, i].sum(), one[1][:, i].sum()),
            second=_ratio(other[0][:, i].sum(), other[1][:, i].sum()),
            difference=interval.value,
            low=interval.low,
            high=interval.high,
        )
    return each


def _added_up(rows: Sequence[Sequence[Measures]]) -> Side:
    """The sums of each row's episodes."""
    above, below = sums([m for row in rows for m in row])
    ends = np.cumsum([0, *map(len, rows)])[:-1]
    if not len(ends):
        return above, below
    return np.add.reduceat(above, ends, axis=0), np.add.reduceat(below, ends, axis=0)


def _best(rows: Sequence[Sequence[Measures]]) -> Side:
    best = [[float(any(m.success for m in row)), max(m.progress for m in row)] for row in rows]
    above = np.array(best).reshape(len(rows), 2)
    return above, np.ones_like(above)


def _samples(results: Results) -> int:
    return int(results.arguments.get("samples", 1))


def _by_start(episodes: Sequence[Measures]) -> dict[tuple[str, int], list[Measures]]:
    """The episodes of each item and seed, in the order of their lucks."""
    starts: dict[tuple[str, int], list[Measures]] = {}
    for m in sorted(episodes, key=lambda m: m.luck):
        starts.setdefault((m.item, m.seed), []).append(m)
    return starts


def _ratio(above: float, below: float) -> float | None:
    return float(above / below) if below else None


def _by_key(episodes: Sequence[Measures]) -> dict[Key, Measures]:
    keyed = {(m.item, m.seed, m.luck): m for m in episodes}
    if len(keyed) < len(episodes):
        raise ResultsError(
            "several episodes have the same item, seed and luck; which are a pair is not to be told"
        )
    return keyed


def _refuse_others(first: Results, second: Results) -> None:
    if first.suite.name != second.suite.name:
        raise ResultsError(
            f"the suites differ ({first.suite.name} and {second.suite.name}); compare two results of one suite"
        )
    here, there = first.suite.by_hash(), second.suite.by_hash()
    only = [
        _names(one[key].name for key in one if key not in other)
        for one, other in ((here, there), (there, here))
    ]
    if any(only):
        told = [
            f"only the {which} has {names}"
            for which, names in zip(("first", "second"), only, strict=True)
            if names
        ]
        raise ResultsError(
            f"the two were not played on the same items: {', '.join(told)}; play both with the same "
            "--suite, --split, --scripts and -n"
        )
    longer = _names(here[key].name for key in here if here[key].max_turns != there[key].max_turns)
    if longer:
        raise ResultsError(f"the limit of turns differs for {longer}; give both the same --max-turns")
    if first.method.within != second.method.within:
        raise ResultsError(
            f"recovery is within {first.method.within} turns in the first and {second.method.within} in the second; "
            "measure both with the same --within"
        )
    here_starts, there_starts = (
        {key if _samples(first) == _samples(second) else key[:2] for key in _by_key(one.episodes)}
        for one in (first, second)
    )
    if here_starts != there_starts:
        differing = [
            f"{name} ({a} and {b})"
            for name in ("n", "seed")
            if (a := first.arguments.get(name)) != (b := second.arguments.get(name))
        ]
        raise ResultsError(
            f"the episodes have other starts{': ' * bool(differing)}{', '.join(differing)}; "
            "play both with the same -n and --seed"
        )


def _names(names: object) -> str:
    found = sorted(names)  # type: ignore[call-overload]
    more = [f"{len(found) - _NAMED} more"] if len(found) > _NAMED else []
    return " and ".join([", ".join(found[:_NAMED]), *more])


def _answering(results: Results) -> Participant | None:
    """Who answers, whatever words it is heard in."""
    dm = results.dm
    if dm is None or not dm.sampling:
        return dm
    sampling = {name: value for name, value in dm.sampling.items() if name != "perturbation"}
    return dm.model_copy(update={"sampling": sampling or None})


def _remarks(first: Results, second: Results) -> list[str]:
    remarks = []
    words = [one.arguments.get("perturbation") for one in (first, second)]
    if words[0] != words[1]:
        named = [name or "unperturbed" for name in words]
        remarks.append(f"other words: {named[0]} in the first, {named[1]} in the second")
    if _answering(first) != _answering(second):
        remarks.append("the DMs differ")
    both = first.software.keys() & second.software.keys()
    differing = sorted(name for name in both if first.software[name] != second.software[name])
    if differing:
        remarks.append(f"other versions of {', '.join(differing)}")
    if any(one.contamination is not None and one.contamination.contaminated for one in (first, second)):
        remarks.append("one of the players was trained on families or scripts of this suite")
    return remarks
