"""Robustness: mean and the sample's standard deviation over perturbations, beside the unperturbed run."""

import json
from pathlib import Path
from statistics import stdev

import pytest
from played_by_hand import ended

from trpg_env.evaluation import Results, ResultsError
from trpg_env.evaluation.robustness import FILE, Robustness, Spread, is_robustness
from trpg_env.evaluation.robustness_table import lines
from trpg_env.trajectory import Participant


def won(of_four: int, perturbation: str | None = None, changed: int | None = 1, **changes: object) -> Results:
    """Results of four episodes of one item, so many of them won."""
    sampling = None if perturbation is None else {"perturbation": perturbation}
    told = {} if perturbation is None else {"perturbation": perturbation, "changed": changed}
    dm = Participant(kind="rules", sampling=sampling)
    played = [ended("ship", i, success=i < of_four, dm=dm, **changes) for i in range(4)]  # type: ignore[arg-type]
    return Results.of(played, arguments=told, resamples=10)


RUNS = {
    "unperturbed": won(4),
    "verb": won(3, "verb"),
    "order": won(1, "order"),
    "entities": won(2, "entities-3", None),
}


def test_mean_and_deviation_are_of_the_perturbed_runs_alone() -> None:
    found = Robustness.of(RUNS, "unperturbed", ["spacing"])
    assert found.spread["success"] == Spread(unperturbed=1.0, mean=0.5, std=stdev([0.75, 0.25, 0.5]), n=3)
    assert found.spread["recovery"] == Spread(unperturbed=None, mean=None, std=None, n=0)
    assert [(run.folder, run.perturbation, run.changed, run.items) for run in found.runs] == [
        ("unperturbed", None, 0, 1),
        ("verb", "verb", 1, 1),
        ("order", "order", 1, 1),
        ("entities", "entities-3", None, 1),
    ]
    assert found.left_out == ["spacing"]


def test_one_perturbation_has_no_deviation() -> None:
    found = Robustness.of({"verb": RUNS["verb"], "unperturbed": RUNS["unperturbed"]}, "unperturbed")
    assert found.spread["success"] == Spread(unperturbed=1.0, mean=0.75, std=None, n=1)
    assert found.runs[0].folder == "unperturbed"


def test_the_table_has_a_row_for_each_run_and_then_mean_and_deviation() -> None:
    rows = [line.split() for line in lines(Robustness.of(RUNS, "unperturbed", ["spacing"]))]
    assert [row[:2] for row in rows] == [
        ["success", "progress"],
        ["unperturbed", "100.0%"],
        ["verb", "75.0%"],
        ["order", "25.0%"],
        ["entities", "50.0%"],
        ["mean", "of"],
        ["std", "(sample)"],
        ["left", "out"],
    ]
    assert [row[-1] for row in rows[1:5]] == ["–", "1/1", "1/1", "?"]
    assert rows[6][2] == "25.0%"
    assert len(lines(Robustness.of({"unperturbed": won(4)}, "unperturbed"))) == 2


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        (won(2, player=Participant(kind="llm", model="m")), "verb was played by another player"),
        (Results.of([ended("cave", i, success=True) for i in range(4)], resamples=10), "on other items"),
        (Results.of([ended("ship", 9, success=True)], resamples=10), "other starts"),
    ],
    ids=["player", "items", "starts"],
)
def test_runs_that_do_not_belong_together_are_refused(other: Results, wrong: str) -> None:
    with pytest.raises(ResultsError, match=wrong):
        Robustness.of({"unperturbed": won(4), "verb": other}, "unperturbed")


def test_the_file_is_told_from_what_is_none(tmp_path: Path) -> None:
    assert not is_robustness(tmp_path)
    found = Robustness.of(RUNS, "unperturbed")
    (tmp_path / FILE).write_text(found.text())
    assert is_robustness(tmp_path)
    assert Robustness.model_validate_json(found.text()) == found
    (tmp_path / FILE).write_text(json.dumps(json.loads(found.text()) | {"schema_version": 2}))
    assert not is_robustness(tmp_path)
