"""An agent of one's own on a benchmark, played and measured in Python."""

import json
from pathlib import Path

import pytest
from questions import QUESTION, data

from trpg_env.agents import RandomAgent
from trpg_env.cli import main
from trpg_env.evaluation import Results, read_results
from trpg_env.evaluation.benchmarks import benchmark_suite
from trpg_env.rollout.benchmarks import rollout_benchmark
from trpg_env.suites import DataError


def test_a_callable_plays_a_benchmark_and_is_measured(tmp_path: Path) -> None:
    folder = data(tmp_path)
    played = rollout_benchmark("hotpotqa", lambda observation, info: "finish[Sweden]", data=folder)
    found = Results.of(played, benchmark_suite("hotpotqa", data=folder))
    assert (found.suite.name, found.metrics["success"].value, found.metrics["turns"].value) == (
        "hotpotqa",
        1.0,
        1.0,
    )
    assert found.suite.rules["progress"]
    assert found.difficulties


def test_the_figures_are_those_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(data(tmp_path)))
    lines = [json.dumps(QUESTION | {"id": f"q{i}"}) for i in range(5)]
    (tmp_path / "hotpotqa.jsonl").write_text("\n".join(lines))
    out = str(tmp_path / "out")
    assert main(["evaluate", "--suite", "hotpotqa", "--player", "random", "-n", "3", "--out", out]) == 0
    capsys.readouterr()
    again = Results.of(rollout_benchmark("hotpotqa", RandomAgent(), n=3), benchmark_suite("hotpotqa", n=3))
    told = read_results(out)
    assert (again.suite, again.metrics) == (told.suite, told.metrics)
    assert [one.id for one in again.episodes] == [one.id for one in told.episodes]


def test_what_cannot_be_had_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'pddl' is no suite"):
        rollout_benchmark("pddl", RandomAgent())
    with pytest.raises(ValueError, match="'test' is no split of hotpotqa; it has none"):
        rollout_benchmark("hotpotqa", RandomAgent(), split="test")
    with pytest.raises(ValueError, match="n=0 is too few"):
        rollout_benchmark("hotpotqa", RandomAgent(), n=0)
    with pytest.raises(DataError, match="is not there; get it from"):
        rollout_benchmark("hotpotqa", RandomAgent(), data=tmp_path)
