"""`trpg-env evaluate` on benchmarks of others."""

import json
from pathlib import Path

import pytest
from questions import HELD_OUT, QUESTION, data
from running import Run

from trpg_env.evaluation import read_results


def test_the_expert_answers_all_and_a_random_player_none_to_speak_of(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (HELD_OUT / "hotpotqa.jsonl").is_file():
        pytest.skip(f"no HotpotQA questions in {HELD_OUT}")
    monkeypatch.setenv("TRPG_DATA", str(HELD_OUT))
    found = {}
    for player in ("expert", "random"):
        assert run("evaluate", "--suite", "hotpotqa", "--player", player, "--out", player).code == 0
        found[player] = read_results(player)
    assert found["expert"].metrics["success"].value == found["expert"].metrics["progress"].value == 1.0
    random = found["random"].metrics["success"].value
    assert random is not None
    assert random < 0.1
    assert found["random"].suite.rules["success"] == "HotpotQA: exact match"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--player", "planner"], "--player expert"),
        (["--player", "random", "--scripts", "ship"], "--scripts is for --suite scripts"),
        (["--player", "random", "--held-out", "0.2"], "--held-out is for --suite scripts"),
        (["--player", "random", "--split", "dev"], "no split of hotpotqa; it has none"),
        (["--player", "random", "--dm", "llm", "--dm-model", "local"], "--dm"),
    ],
)
def test_what_does_not_fit_a_benchmark_is_wrong_use(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: list[str], named: str
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(data(tmp_path)))
    ran = run("evaluate", "--suite", "hotpotqa", "--out", "x", *more)
    assert ran.code == 2
    assert named in ran.err
    assert ran.err.count("\n") == 1


def test_a_part_of_the_tasks_is_spread_evenly_over_them(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(data(tmp_path, *(QUESTION | {"id": f"q{i}"} for i in range(10)))))
    ran = run("evaluate", "--suite", "hotpotqa", "--player", "expert", "-n", "3", "--out", "x")
    assert ran.code == 0
    assert "3 of 10 tasks" in ran.err
    assert [item.name for item in read_results("x").suite.items] == ["q0", "q3", "q6"]


def test_what_is_left_out_of_the_tasks_is_told_once_whatever_the_number_of_runs(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(data(tmp_path, *(QUESTION | {"id": f"q{i}"} for i in range(3)))))
    arguments = ["evaluate", "--suite", "hotpotqa", "--player", "expert", "-n", "2", "--out", "x"]
    ran = run(*arguments, "--perturb", "all")
    assert (ran.code, ran.err.count("2 of 3 tasks")) == (0, 1), ran
    assert "hotpotqa has no templates of actions, so verb cannot be had there" not in ran.err
    assert ran.out.count("hotpotqa has no templates of actions, so verb cannot be had there") == 1


def test_another_part_of_a_benchmark_is_another_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(data(tmp_path, *(QUESTION | {"id": f"q{i}"} for i in range(3)))))
    arguments = ["evaluate", "--suite", "hotpotqa", "--player", "expert", "--out", "x", "-n"]
    assert run(*arguments, "2").code == 0
    ran = run(*arguments, "1")
    assert ran.code == 2
    assert "holds another run: tasks, n (2 there, 1 here) differ; name another" in ran.err


def test_an_evaluation_goes_on_where_it_was(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(data(tmp_path, *(QUESTION | {"id": f"q{i}"} for i in range(6)))))
    arguments = ["evaluate", "--suite", "hotpotqa", "--player", "random", "--samples", "2", "--out", "x"]
    assert run(*arguments).code == 0
    whole, lines = Path("x/results.json").read_bytes(), Path("x/episodes.jsonl").read_bytes().splitlines(True)
    assert len(lines) == 12
    Path("x/episodes.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])
    Path("x/results.json").unlink()
    ran = run(*arguments)
    assert ran.code == 0, ran.err
    assert "5 of 12 episodes already" in ran.err
    assert Path("x/results.json").read_bytes() == whole


def test_an_episode_of_another_item_is_refused_whatever_counts_its_progress(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (HELD_OUT / "pddl").is_dir():
        pytest.skip(f"no PDDL games in {HELD_OUT}")
    monkeypatch.setenv("TRPG_DATA", str(HELD_OUT))
    arguments = [
        "evaluate",
        "--suite",
        "pddl",
        "--player",
        "random",
        "-n",
        "2",
        "--max-turns",
        "1",
        "--out",
        "x",
    ]
    assert run(*arguments).code == 0
    episodes = Path("x/episodes.jsonl")
    first, second = map(json.loads, episodes.read_text().splitlines())
    episodes.write_text(f"{json.dumps(first | {'script_hash': '0' * 64})}\n{json.dumps(second)}\n")
    ran = run(*arguments)
    assert ran.code == 2
    assert "none of the suite's items" in ran.err


def test_pddl_games_are_played_by_our_own_engine_and_can_be_verified(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (HELD_OUT / "pddl").is_dir():
        pytest.skip(f"no PDDL games in {HELD_OUT}")
    monkeypatch.setenv("TRPG_DATA", str(HELD_OUT))
    ran = run(
        "evaluate", "--suite", "pddl", "--player", "expert", "-n", "4", "--max-turns", "60", "--out", "x"
    )
    assert ran.code == 0, ran.err
    found = read_results("x")
    assert found.metrics["success"].value == found.metrics["progress"].value == 1.0
    assert found.suite.rules["progress"].startswith("AgentBoard")
    assert run("verify", "x/episodes.jsonl").code == 0
    refused = run("evaluate", "--suite", "pddl", "--player", "expert", "--scripts", "ship", "--out", "y")
    assert (refused.code, "--scripts does not go with" in refused.err) == (2, True)
