"""Results: figures over episodes, what broke apart, and a text that follows from the episodes alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played_by_hand import LLM, broken, ended, erring

from trpg_env.evaluation import METRICS, Item, Results, ResultsError, Suite, read_results
from trpg_env.trajectory import Participant, Trajectory

HASTE = {"resamples": 50}

SOME = [
    ended("ship", 1, success=True, errors="p.o."),
    ended("ship", 2, success=False, progress=0.5, errors="ooo"),
    ended("cave", 1, success=True, errors=".."),
    broken("cave", 2),
]


def found(trajectories: list[Trajectory], suite: Suite | None = None, **keywords: Any) -> Results:
    return Results.of(trajectories, suite, **(HASTE | keywords))


def values(results: Results) -> dict[str, tuple[float | None, float, int]]:
    return {name: (one.value, one.sum, one.n) for name, one in results.metrics.items()}


def test_shares_of_errors_are_pooled_over_episodes_and_not_averaged() -> None:
    assert values(found(SOME)) == {
        "success": (2 / 3, 2, 3),
        "progress": (2.5 / 3, 2.5, 3),
        "turns": (3, 9, 3),
        "invalid": (5 / 9, 5, 9),
        "parameter": (1 / 9, 1, 9),
        "place": (0, 0, 9),
        "logic": (4 / 9, 4, 9),
        "format": (0, 0, 9),
        "recovery": (2 / 5, 2, 5),
        "repeat": (0, 0, 5),
        "calls": (None, 0, 0),
        "prompt_tokens": (None, 0, 0),
        "completion_tokens": (None, 0, 0),
        "turns_per_success": (4.5, 9.0, 2),
        "tokens_per_success": (None, 0.0, 0),
    }


def test_an_episode_that_broke_is_counted_apart_and_in_no_figure() -> None:
    with_it, without = found(SOME), found(SOME[:-1])
    assert with_it.counts.broken == {"player:timeout": 1}
    assert (with_it.counts.episodes, with_it.counts.counted) == (4, 3)
    assert (with_it.metrics, with_it.families) == (without.metrics, without.families)
    assert with_it.episodes[1].error == "player:timeout"


def test_where_all_broke_there_are_no_figures() -> None:
    results = found([broken("cave", 1), broken("ship", 1, "timeout")])
    assert results.counts.broken == {"player:timeout": 1, "timeout": 1}
    assert all(one.value is None and one.low is None for one in results.metrics.values())


def test_no_episodes_are_results_too() -> None:
    results = found([])
    assert (results.player, results.counts.episodes) == (None, 0)
    assert results.metrics["success"].value is None


def test_each_family_has_its_figures() -> None:
    results = found(SOME)
    assert list(results.families) == ["family of cave", "family of ship"]
    ship = results.families["family of ship"]
    assert (ship["success"].value, ship["success"].n, ship["recovery"].value) == (0.5, 2, 2 / 5)
    assert ship["success"].resampled == "episodes"
    assert results.metrics["success"].resampled == "items"


def test_difficulties_have_figures_where_the_suite_knows_them() -> None:
    items = [
        Item(name=name, hash=f"hash of {name}", family="f", difficulty=hard)
        for name, hard in (("ship", "hard"), ("cave", None))
    ]
    results = found(SOME, Suite(name="caves", items=items))
    assert list(results.difficulties) == ["hard"]
    assert results.difficulties["hard"]["success"].n == 2
    assert found(SOME).difficulties == {}


def test_the_best_of_several_samples_stands_beside_the_mean() -> None:
    samples = [
        ended("ship", 1, success=False, progress=0.2),
        ended("ship", 1, success=True, luck=1),
        ended("ship", 2, success=False, progress=0.2),
        ended("ship", 2, success=False, progress=0.6, luck=1),
    ]
    results = found(samples, samples=2)
    best = results.best_of
    assert best is not None
    assert results.metrics["success"].value == 0.25
    assert (best["success"].value, best["success"].n) == (0.5, 2)
    assert (best["progress"].value, best["progress"].sum) == (0.8, 1.6)


def test_a_start_that_broke_once_is_no_best_of_several() -> None:
    samples = [
        ended("ship", 1, success=False),
        ended("ship", 1, success=False, luck=1),
        ended("ship", 2, success=True),
        broken("ship", 2, luck=1),
    ]
    best = found(samples, samples=2).best_of
    assert best is not None
    assert (best["success"].value, best["success"].n) == (0, 1)


def test_one_of_each_start_has_no_best() -> None:
    assert found(SOME).best_of is None


@given(st.permutations(SOME))
@settings(max_examples=20)
def test_the_order_in_which_episodes_ended_changes_nothing(order: list[Trajectory]) -> None:
    assert found(order).text() == found(SOME).text()


def test_the_text_is_what_is_read_back(tmp_path: Path) -> None:
    results = found(SOME, arguments={"seed": 3})
    (tmp_path / "results.json").write_text(results.text(), encoding="utf-8")
    assert read_results(tmp_path) == read_results(tmp_path / "results.json") == results


def test_the_texts_keys_are_in_order_and_an_episode_is_a_line() -> None:
    text = found(SOME).text()
    data = json.loads(text)
    assert list(data) == sorted(data)
    assert list(data["counts"]) == sorted(data["counts"])
    assert sum(line.startswith(' {"calls"') for line in text.splitlines()) == len(SOME)


def test_everything_that_figures_hang_on_is_told() -> None:
    results = found(SOME, arguments={"seed": 3}, within=2)
    assert {"trpg_env", "python", "platform", "gymnasium", "numpy"} <= set(results.software)
    assert results.arguments == {"samples": 1, "seed": 3}
    assert (results.method.within, results.method.confidence, results.method.resamples) == (2, 0.95, 50)
    assert [(item.name, item.hash) for item in results.suite.items] == [
        ("cave", "hash of cave"),
        ("ship", "hash of ship"),
    ]
    assert {item.max_turns for item in results.suite.items} == {9}


def test_tokens_are_a_mean_over_the_episodes_that_a_model_played() -> None:
    usage = {"player_calls": 4, "player_prompt_tokens": 300, "player_completion_tokens": 20}
    results = found([erring(".", id="a", player=LLM, usage=usage), erring(".", id="b", seed=1, player=LLM)])
    assert (results.metrics["prompt_tokens"].value, results.metrics["prompt_tokens"].n) == (300, 1)


def test_what_a_success_costs_is_what_all_episodes_cost_shared_by_the_won_ones() -> None:
    usage = {"player_calls": 4, "player_prompt_tokens": 300, "player_completion_tokens": 20}
    won = erring("..", id="a", success=True, player=LLM, usage=usage)
    lost = erring("x.x.", id="b", seed=1, success=False, player=LLM, usage=usage)
    metrics = found([won, lost]).metrics
    assert (metrics["turns_per_success"].value, metrics["tokens_per_success"].value) == (6, 640)
    assert found([lost]).metrics["turns_per_success"].value is None


@pytest.mark.parametrize(
    ("trajectories", "said"),
    [
        ([erring("."), erring(".", id="y", player=LLM)], "several players"),
        ([erring("."), erring(".", id="y", dm=Participant(kind="llm"))], "several DMs"),
        ([erring("."), erring(".")], "episode x is here a second time"),
    ],
)
def test_episodes_that_make_no_results_together_are_refused(
    trajectories: list[Trajectory], said: str
) -> None:
    with pytest.raises(ResultsError, match=said):
        found(trajectories)


def test_an_episode_of_another_suite_is_refused() -> None:
    with pytest.raises(ResultsError, match="none of the suite's items"):
        found(SOME, Suite(name="scripts", items=[]))


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="samples=0 is too few"):
        found(SOME, samples=0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "holds no results of this version"),
        ('{"schema_version": 2}', "schema_version is not 1"),
        ("[]", "holds no results"),
        (None, "results.json is not there; name the folder that trpg-env evaluate wrote"),
    ],
)
def test_what_is_no_results_is_refused(content: str | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(ResultsError, match=said):
        read_results(tmp_path)


@given(st.lists(st.tuples(st.booleans(), st.text(alphabet=".plo", max_size=6)), min_size=1, max_size=8))
def test_every_figure_is_its_sum_divided_by_what_it_is_of(episodes: list[tuple[bool, str]]) -> None:
    results = found(
        [ended("ab"[i % 2], i, success=won, errors=errors) for i, (won, errors) in enumerate(episodes)],
        resamples=20,
    )
    assert list(results.metrics) == list(METRICS)
    for one in results.metrics.values():
        assert one.value == (one.sum / one.n if one.n else None)
    kinds = sum(results.metrics[kind].sum for kind in ("parameter", "place", "logic", "format"))
    assert results.metrics["invalid"].sum == kinds
