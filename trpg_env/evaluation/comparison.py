"""Two results on the same items: how much the second is above the first, with paired intervals."""

from collections.abc import Sequence

import numpy as np

from trpg_env.evaluation.intervals import RESAMPLES, differences
from trpg_env.evaluation.measures import Measures
from trpg_env.evaluation.metrics import METRICS, sums
from trpg_env.evaluation.record import Record
from trpg_env.evaluation.results import SEED, Results, ResultsError
from trpg_env.trajectory import Participant

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
        pairs: How many episodes are compared.
        left_out: Episodes that broke in one run or in both, and are not compared.
        items: Of how many items the pairs are.
        remarks: What differs beside the players, and may be why the figures do.
        metrics: Each figure of both runs.
    """

    pairs: int
    left_out: int
    items: int
    remarks: list[str]
    metrics: dict[str, Difference]


def compare(first: Results, second: Results, *, resamples: int = RESAMPLES, seed: int = SEED) -> Comparison:
    """Set one evaluation against another, episode by episode.

    Two episodes are a pair where item, seed and luck are the same: what is hard or easy about a start goes out of the
    difference.

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
    one, other = _by_key(first.episodes), _by_key(second.episodes)
    keys = sorted(key for key in one if not (one[key].broken or other[key].broken))
    above, below = sums([one[key] for key in keys])
    above_second, below_second = sums([other[key] for key in keys])
    found = differences(
        (above, below),
        (above_second, below_second),
        [item for item, _, _ in keys],
        np.random.default_rng(seed),
        resamples=resamples,
        confidence=first.method.confidence,
    )
    each = {}
    for i, (name, interval) in enumerate(zip(METRICS, found, strict=True)):
        each[name] = Difference(
            first=_ratio(above[:, i].sum(), below[:, i].sum()),
            second=_ratio(above_second[:, i].sum(), below_second[:, i].sum()),
            difference=interval.value,
            low=interval.low,
            high=interval.high,
        )
    return Comparison(
        pairs=len(keys),
        left_out=len(one) - len(keys),
        items=len({item for item, _, _ in keys}),
        remarks=_remarks(first, second),
        metrics=each,
    )


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
    if _by_key(first.episodes).keys() != _by_key(second.episodes).keys():
        differing = [
            f"{name} ({a} and {b})"
            for name in ("n", "seed", "samples")
            if (a := first.arguments.get(name)) != (b := second.arguments.get(name))
        ]
        raise ResultsError(
            f"the episodes have other starts{': ' * bool(differing)}{', '.join(differing)}; "
            "play both with the same -n, --seed and --samples"
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
        remarks.append("one of the players was trained on families of this suite")
    return remarks
