"""Two results on the same items: paired, and refused where they are no pair."""

from typing import Any

import pytest
from played_by_hand import LLM, broken, ended

from trpg_env.evaluation import Card, Contamination, Item, Results, ResultsError, Suite, compare
from trpg_env.evaluation.table import comparison_lines
from trpg_env.trajectory import Participant, Trajectory


def made(*won: bool, items: str = "abc", **changes: Any) -> list[Trajectory]:
    """An episode of each item, won or lost."""
    return [
        ended(item, i, success=success, **changes)
        for i, (item, success) in enumerate(zip(items, won, strict=True))
    ]


def results(trajectories: list[Trajectory], **keywords: Any) -> Results:
    return Results.of(trajectories, resamples=20, **keywords)


def refused(first: Results, second: Results) -> str:
    with pytest.raises(ResultsError) as error:
        compare(first, second)
    return str(error.value)


def test_a_difference_is_how_much_the_second_is_above_the_first() -> None:
    found = compare(results(made(True, False, False)), results(made(True, True, True)))
    success = found.metrics["success"]
    assert (found.pairs, found.items, found.left_out) == (3, 3, 0)
    assert success.first == pytest.approx(1 / 3)
    assert success.second == 1
    assert success.difference == pytest.approx(2 / 3)
    assert (success.low, success.high) == (0, 1)


def test_results_do_not_differ_from_themselves() -> None:
    same = results(made(True, False, False, errors="p.o"))
    for one in compare(same, same).metrics.values():
        assert one.first == one.second
        assert one.difference in (0, None)
        assert one.low == one.high == one.difference


def test_an_episode_that_broke_in_one_of_them_is_compared_in_neither() -> None:
    second = [*made(True, True, items="ab"), broken("c", 2)]
    found = compare(results(made(True, False, False)), results(second))
    assert (found.pairs, found.left_out) == (2, 1)
    assert (found.metrics["success"].first, found.metrics["success"].second) == (0.5, 1)
    assert any("left out            1" in line for line in comparison_lines(found))


def test_where_everything_broke_nothing_is_compared() -> None:
    found = compare(results([broken("a", 1)]), results([broken("a", 1)]))
    assert found.pairs == 0
    assert found.metrics["success"].difference is None


def test_other_items_are_refused_by_their_names() -> None:
    said = refused(results(made(True, True, True)), results(made(True, True, True, items="abd")))
    assert "not played on the same items: only the first has c, only the second has d" in said


def test_many_other_items_are_named_in_short() -> None:
    said = refused(results(made(*[True] * 6, items="abcdef")), results(made(True, items="a")))
    assert "only the first has b, c, d and 2 more; play both with the same --suite" in said


def test_other_starts_are_refused_with_what_they_follow_from() -> None:
    first = results(made(True, True, True), arguments={"seed": 0, "n": 3})
    second = results([ended(i, 9, success=True) for i in "abc"], arguments={"seed": 1, "n": 3})
    assert "the episodes have other starts: seed (0 and 1)" in refused(first, second)


def test_another_limit_of_turns_is_refused() -> None:
    instruction = "Win.\nYou have 5 turns."
    said = refused(results(made(True, True, True)), results(made(True, True, True, instruction=instruction)))
    assert "the limit of turns differs for a, b, c; give both the same --max-turns" in said


def test_recovery_within_other_turns_is_refused() -> None:
    said = refused(results(made(True, True, True)), results(made(True, True, True), within=5))
    assert "recovery is within 3 turns in the first and 5 in the second" in said


def test_other_suites_are_refused() -> None:
    items = [Item(name=name, hash=f"hash of {name}", family="f", max_turns=9) for name in "abc"]
    others = results(made(True, True, True), suite=Suite(name="caves", items=items))
    assert "the suites differ (scripts and caves)" in refused(results(made(True, True, True)), others)


def test_what_else_differs_is_told() -> None:
    first = results(made(True, True, True))
    card = Card(name="d", sha256="", families=["family of a"], complete=True, held_out=None)
    trained = Contamination.of([card], first.suite.items, lambda family, share: False)
    second = results(made(True, True, True, player=LLM, dm=Participant(kind="llm")), contamination=trained)
    second = second.model_copy(update={"software": second.software | {"numpy": "0", "xllamacpp": "1"}})
    assert compare(first, second).remarks == [
        "the DMs differ",
        "other versions of numpy",
        "one of the players was trained on families or scripts of this suite",
    ]


def test_other_words_are_no_other_dm() -> None:
    rules = Participant(kind="rules")
    first = results(made(True, True, True, dm=rules))
    words = rules.model_copy(update={"sampling": {"perturbation": "verb"}})
    second = results(made(True, True, True, dm=words), arguments={"perturbation": "verb"})
    assert compare(first, second).remarks == ["other words: unperturbed in the first, verb in the second"]


def test_episodes_that_cannot_be_told_apart_are_refused() -> None:
    twice = results([ended("a", 1, success=True), ended("a", 1, success=True, id="other")])
    assert "the same item, seed and luck" in refused(twice, twice)


def sampled(*wins: str, errors: str = "") -> Results:
    """Several episodes of each start of the items a, b, …, won (`w`) or lost (`l`)."""
    episodes = [
        ended(item, i, success=won == "w", luck=luck, errors=errors)
        for i, (item, row) in enumerate(zip("abcdef", wins, strict=False))
        for luck, won in enumerate(row)
    ]
    return results(episodes, samples=len(wins[0]), arguments={"n": len(wins), "seed": 0})


def test_the_best_of_several_samples_is_set_against_a_greedy_run_start_by_start() -> None:
    found = compare(sampled("w", "l", "l"), sampled("wl", "lw", "ll"))
    assert (found.pairs, found.samples) == (3, (1, 2))
    assert found.best_of is not None
    best, mean = found.best_of["success"], found.metrics["success"]
    assert (best.first, best.second) == pytest.approx((1 / 3, 2 / 3))
    assert (mean.first, mean.second) == pytest.approx((1 / 3, 1 / 3))
    told = comparison_lines(found)
    assert any("best of 1 and 2: success" in line and "+33.3%" in line for line in told)
    assert any("each a start with all of its samples" in line for line in told)


def test_with_as_many_samples_episodes_are_pairs_and_the_best_are_told_too() -> None:
    found = compare(sampled("wl", "lw"), sampled("ww", "ll"))
    assert (found.pairs, found.samples) == (4, (2, 2))
    assert found.best_of is not None
    assert (found.best_of["success"].first, found.best_of["success"].second) == (1, 0.5)
    assert found.metrics["success"].difference == 0


def test_one_sample_of_each_has_no_best() -> None:
    assert compare(sampled("w", "l"), sampled("l", "l")).best_of is None
