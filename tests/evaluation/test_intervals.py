"""Bootstrap intervals: worked by hand, against SciPy's, and by what must hold of every one."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.evaluation import Interval, differences, ratios

FEW = 400


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def column(values: Any) -> Any:
    return np.asarray(values, dtype=float).reshape(-1, 1)


def mean(values: Any, items: list[str] | None = None, **keywords: Any) -> Interval:
    """The mean's interval; each value of an item of its own where none are named."""
    above = column(values)
    named = items or [str(i) for i in range(len(above))]
    (found,) = ratios(above, np.ones_like(above), named, rng(), **keywords)
    return found


def every_draw(above: list[float], below: list[float]) -> list[float]:
    """The ratio of every possible draw of as many units as there are, sorted: the bootstrap distribution itself."""
    places = range(len(above))
    draws = product(places, repeat=len(above))
    return sorted(sum(above[i] for i in d) / sum(below[i] for i in d) for d in draws)


def test_two_items_one_won_and_one_lost_leave_everything_open() -> None:
    # The draws are 0, ½, ½, 1, each with a quarter of the chance.
    assert mean([0, 1]) == Interval(0.5, 0.0, 1.0, "items")


def test_bounds_are_percentiles_of_all_draws() -> None:
    above, below = [1.0, 4.0, 2.0, 9.0], [3.0, 5.0, 9.0, 11.0]
    (found,) = ratios(column(above), column(below), list("abcd"), rng(), resamples=40_000, confidence=0.8)
    low, high = np.percentile(every_draw(above, below), [10, 90])
    assert found.value == 16 / 28
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_an_item_that_is_drawn_comes_with_all_its_episodes() -> None:
    # Both episodes of an item always end alike, so that five hundred of them say no more than two.
    many = mean([0] * 500 + [1] * 500, ["a"] * 500 + ["b"] * 500)
    assert many == Interval(0.5, 0.0, 1.0, "items")


def test_items_with_more_episodes_weigh_more() -> None:
    above, items = [1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"]
    # a a: 1, a b and b a: ¾, b b: 0.
    assert mean(above, items) == Interval(0.75, 0.0, 1.0, "items")
    assert mean(above, items, confidence=0.4)[1:3] == (0.75, 0.75)


def test_where_all_episodes_are_of_one_item_they_are_resampled_themselves() -> None:
    found = mean([0, 1] * 20, ["a"] * 40)
    assert found.resampled == "episodes"
    assert found == mean([0, 1] * 20)._replace(resampled="episodes")


def test_one_episode_alone_has_no_interval() -> None:
    assert mean([1]) == Interval(1.0, None, None, None)


def test_nothing_has_neither_value_nor_interval() -> None:
    assert ratios(np.empty((0, 1)), np.empty((0, 1)), [], rng()) == [Interval(None, None, None, None)]


def test_a_share_of_nothing_has_no_value() -> None:
    (found,) = ratios(column([0, 0]), column([0, 0]), ["a", "b"], rng())
    assert found == Interval(None, None, None, None)


def test_draws_with_nothing_to_be_a_share_of_are_left_out() -> None:
    # The draw of b twice has no errors; in all others every error was recovered from.
    (found,) = ratios(column([2, 0]), column([2, 0]), ["a", "b"], rng())
    assert found == Interval(1.0, 1.0, 1.0, "items")


def test_all_figures_share_their_draws() -> None:
    above = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    first, second = ratios(above, np.ones_like(above), list("abc"), rng())
    assert first == second


def test_the_generator_alone_decides() -> None:
    values = [0.1, 0.5, 0.2, 0.9]
    assert mean(values) == mean(values)
    above = column(values)
    others = {
        ratios(above, np.ones_like(above), list("abcd"), rng(seed), resamples=50)[0].low for seed in range(9)
    }
    assert len(others) > 1


def test_draws_in_several_portions_are_as_good_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mean(np.linspace(0, 1, 30), resamples=4000)
    monkeypatch.setattr("trpg_env.evaluation.intervals._CELLS", 1000)
    parted = mean(np.linspace(0, 1, 30), resamples=4000)
    assert parted == whole


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"resamples": 0}, "resamples=0 is too few"),
        ({"confidence": 1.0}, "confidence=1.0 is no share"),
        ({"items": ["a"]}, "do not fit 1 episodes"),
    ],
)
def test_what_cannot_be_resampled_is_refused(keywords: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mean([0, 1], **keywords)


def test_means_and_ratios_have_scipys_intervals() -> None:
    stats = pytest.importorskip("scipy.stats")
    draws = rng(5)
    below = draws.integers(1, 20, 40).astype(float)
    above = draws.binomial(below.astype(int), 0.3).astype(float)
    values = draws.random(40)
    named = [str(i) for i in range(40)]
    found = ratios(
        np.stack([values, above], axis=1),
        np.stack([np.ones(40), below], axis=1),
        named,
        rng(),
        resamples=20_000,
    )
    for data, statistic, mine in (
        ((values,), lambda x, axis: x.mean(axis=axis), found[0]),
        ((above, below), lambda x, y, axis: x.sum(axis=axis) / y.sum(axis=axis), found[1]),
    ):
        theirs = stats.bootstrap(
            data, statistic, paired=True, method="percentile", n_resamples=20_000, rng=rng(7)
        ).confidence_interval
        assert mine.low == pytest.approx(theirs.low, abs=0.005)
        assert mine.high == pytest.approx(theirs.high, abs=0.005)


def test_differences_have_scipys_intervals() -> None:
    stats = pytest.importorskip("scipy.stats")
    draws = rng(6)
    a, b = draws.random(50), draws.random(50) + 0.1
    ones = np.ones((50, 1))
    (found,) = differences(
        (column(a), ones), (column(b), ones), [str(i) for i in range(50)], rng(), resamples=20_000
    )
    theirs = stats.bootstrap(
        (a, b),
        lambda x, y, axis: y.mean(axis=axis) - x.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=rng(7),
    ).confidence_interval
    assert found.value == pytest.approx((b - a).mean())
    assert found.low == pytest.approx(theirs.low, abs=0.01)
    assert found.high == pytest.approx(theirs.high, abs=0.01)


def test_about_95_of_100_intervals_hold_the_true_mean() -> None:
    draws = rng(1)
    held = 0
    for _ in range(400):
        found = mean(draws.random(40) < 0.4, resamples=500)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.4 <= found.high
    assert 0.90 <= held / 400 <= 0.98


def test_episodes_of_items_that_differ_are_held_by_resampling_items_and_not_by_resampling_episodes() -> None:
    draws = rng(3)
    held = {"items": 0, "episodes": 0}
    for _ in range(300):
        chance = np.repeat(draws.beta(1.2, 1.8, 40), 4)  # 0.4 on average
        won = draws.random(160) < chance
        for kind, items in (
            ("items", [str(i // 4) for i in range(160)]),
            ("episodes", [str(i) for i in range(160)]),
        ):
            found = mean(won, items, resamples=300)
            held[kind] += found.low <= 0.4 <= found.high  # type: ignore[operator]
    assert held["items"] / 300 > 0.92
    assert held["episodes"] / 300 < 0.91


def test_what_all_items_share_goes_out_of_a_difference() -> None:
    hard = np.linspace(0, 0.9, 20)
    ones = np.ones((20, 1))
    (found,) = differences(
        (column(hard), ones), (column(hard + 0.1), ones), [str(i) for i in range(20)], rng()
    )
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)
    assert found.value == pytest.approx(0.1)


def test_a_difference_from_nothing_has_no_value() -> None:
    nothing = column([0, 0])
    (found,) = differences((nothing, nothing), (column([1, 1]), column([1, 1])), ["a", "b"], rng())
    assert found == Interval(None, None, None, None)


shares = st.lists(st.floats(0, 1), min_size=2, max_size=12)


@given(shares, st.data())
def test_an_interval_lies_between_the_least_and_the_most(values: list[float], data: st.DataObject) -> None:
    items = data.draw(st.lists(st.sampled_from("abc"), min_size=len(values), max_size=len(values)))
    found = mean(values, items, resamples=FEW)
    assert found.low is not None
    assert found.high is not None
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


@given(shares)
def test_a_wider_confidence_has_a_wider_interval(values: list[float]) -> None:
    narrow, wide = (mean(values, resamples=FEW, confidence=c) for c in (0.5, 0.95))
    assert wide.low <= narrow.low <= narrow.high <= wide.high  # type: ignore[operator]


@given(shares, st.integers(0, 99))
def test_what_items_are_called_changes_nothing_as_long_as_their_order_is_the_same(
    values: list[float], shift: int
) -> None:
    items = [f"{i:04}" for i in range(len(values))]
    others = [f"{i + shift:04}" for i in range(len(values))]
    assert mean(values, items, resamples=FEW) == mean(values, others, resamples=FEW)


@given(shares)
def test_a_run_does_not_differ_from_itself(values: list[float]) -> None:
    run = column(values), np.ones((len(values), 1))
    (found,) = differences(run, run, [str(i) for i in range(len(values))], rng(), resamples=FEW)
    assert (found.value, found.low, found.high) == (0, 0, 0)


@given(shares, shares)
def test_differences_the_other_way_round_are_the_negative(first: list[float], second: list[float]) -> None:
    n = min(len(first), len(second))
    items, ones = [str(i) for i in range(n)], np.ones((n, 1))
    a, b = (column(first[:n]), ones), (column(second[:n]), ones)
    (there,), (back,) = (differences(x, y, items, rng(), resamples=FEW) for x, y in ((a, b), (b, a)))
    assert there.low == pytest.approx(-back.high)  # type: ignore[operator]
    assert there.high == pytest.approx(-back.low)  # type: ignore[operator]
