"""`trpg-env diversity`: figures on standard output, pictures and tables in a folder."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from running import Run

from trpg_env import rollout
from trpg_env.agents import ErringAgent, PlannerAgent, RandomAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory

FILES = ["diversity.json", "environments.csv", "environments.svg", "thoughts.csv", "thoughts.svg"]
QUICK = ["--iterations", "20", "--sample", "40"]


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Sandbox) -> dict[str, list[Trajectory]]:
    scripts = [load("cool-tomato"), load("ship")]
    players = {"erring": ErringAgent(), "planner": PlannerAgent(), "random": RandomAgent()}
    return {
        name: list(rollout(scripts, player, 4, sandbox=sandbox, max_turns=20))
        for name, player in players.items()
    }


@pytest.fixture
def command(run: Run, tmp_path: Path, played: dict[str, list[Trajectory]]) -> Run:
    """Run `trpg-env diversity` in a folder with a file of each player's episodes."""
    for name, episodes in played.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{t.model_dump_json()}\n" for t in episodes))
    return partial(run, "diversity")


def test_files_are_sources_in_the_order_in_which_they_are_named(command: Run) -> None:
    ran = command("planner.jsonl", "erring.jsonl", "--out", "d", *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.lines[1:3]] == ["planner", "erring"]
    assert ran.lines[-1] == "written to          d"
    assert sorted(file.name for file in Path("d").iterdir()) == FILES
    found = json.loads(Path("d/diversity.json").read_text())
    assert found["method"] == {"by": "file", "iterations": 20, "perplexity": 30.0, "sample": 40, "seed": 0}
    assert found["software"]["numpy"]


def test_called_again_it_writes_the_same(command: Run) -> None:
    written = []
    for _ in range(2):
        assert command("planner.jsonl", "erring.jsonl", "--out", "d", *QUICK).code == 0
        written.append([(Path("d") / name).read_bytes() for name in FILES])
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("player", ["erring", "planner"]),
        ("family", ["household", "ship"]),
        ("script", ["cool-tomato", "ship"]),
    ],
)
def test_sources_may_be_players_families_or_scripts(command: Run, by: str, names: list[str]) -> None:
    ran = command("erring.jsonl", "planner.jsonl", "--by", by, "--out", "d", *QUICK)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.lines[1:3]] == names


def test_files_of_the_same_name_are_told_apart_by_their_folders(command: Run) -> None:
    Path("other").mkdir()
    shutil.copy("erring.jsonl", "other")
    ran = command("erring.jsonl", "other/erring.jsonl", "erring.jsonl", "--out", "d", *QUICK)
    assert [source["name"] for source in json.loads(Path("d/diversity.json").read_text())["sources"]] == [
        "erring.jsonl",
        "other/erring.jsonl",
    ]
    assert ran.code == 0


def test_a_source_without_thoughts_falls_short(command: Run, played: dict[str, list[Trajectory]]) -> None:
    bare = [t.model_dump(mode="json") for t in played["random"]]
    for trajectory in bare:
        for turn in trajectory["turns"]:
            turn["thought"] = ""
    Path("bare.jsonl").write_text("".join(f"{json.dumps(t)}\n" for t in bare))
    Path("empty.jsonl").write_text("")
    ran = command("erring.jsonl", "bare.jsonl", "empty.jsonl", "--out", "d", *QUICK)
    assert ran.code == 1
    assert ran.err == "trpg-env: there are no thoughts in bare, empty, so nothing is told of them\n"
    assert len(list(Path("d").iterdir())) == len(FILES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl", "--out", "d"], "none.jsonl: there is no such file"),
        (["run", "--out", "d"], "run is a folder; name a regular file, such as run/episodes.jsonl"),
        (["mine", "--out", "d"], "mine is a folder; name a regular file, such as trpg-env rollout writes"),
        (["erring.jsonl"], "the following arguments are required: --out"),
        (["torn.jsonl", "--out", "d"], "torn.jsonl:1: not a trajectory"),
        (["empty.jsonl", "--out", "d"], "there are no trajectories"),
        (["erring.jsonl", "--out", "erring.jsonl"], "--out erring.jsonl is no folder; name one"),
        (["erring.jsonl", "--out", "mine"], "--out mine holds another thoughts.svg; name another folder"),
        (["erring.jsonl", "--out", "theirs"], "--out: theirs/diversity.json is not what trpg-env diversity"),
        (["erring.jsonl", "--out", "d", "--perplexity", "0.5"], "'0.5' is not a number from 1 to 5000"),
        (["erring.jsonl", "--out", "d", "--perplexity", "nan"], "'nan' is not a number from 1 to 5000"),
        (["erring.jsonl", "--out", "d", "--sample", "5001"], "5001 is too many; at most 5000"),
        (["erring.jsonl", "--out", "d", "--by", "mood"], "invalid choice: 'mood'"),
    ],
)
def test_wrong_use_is_said_in_one_line(command: Run, arguments: list[str], said: str) -> None:
    Path("torn.jsonl").write_text("{}\n")
    Path("empty.jsonl").write_text("")
    for folder, file in (
        ("mine", "thoughts.svg"),
        ("theirs", "diversity.json"),
        ("run", "episodes.jsonl"),
    ):
        Path(folder).mkdir()
        Path(folder, file).write_text("mine")
    ran = command(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert Path("mine/thoughts.svg").read_text() == "mine"


def test_too_many_sources_are_refused(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trpg_env.diversity.gathering.MAX_SOURCES", 1)
    ran = command("erring.jsonl", "--by", "script", "--out", "d")
    assert ran.code == 2
    assert "more than 1 sources" in ran.err
    assert "choose another --by, or fewer trajectories" in ran.err


def test_a_folder_that_cannot_be_written_is_said(command: Run) -> None:
    Path("d").mkdir()
    Path("d/.thoughts.csv").mkdir()
    ran = command("erring.jsonl", "--out", "d", *QUICK)
    assert (ran.code, ran.out) == (1, "")
    assert "d cannot be written: Is a directory; put that right" in ran.err


def test_others_data_are_compared_once_imported(command: Run, run: Run) -> None:
    chat = [
        {"role": "user", "content": "A den."},
        {"role": "assistant", "content": "Thought: West it is.\nAction: go west"},
    ]
    Path("chats.json").write_text(json.dumps(chat))
    assert run("import", "messages", "chats.json", "--out", "theirs.jsonl").code == 0
    ran = command("erring.jsonl", "theirs.jsonl", "--out", "d", *QUICK)
    assert ran.code == 0
    assert ran.lines[2].split()[:4] == ["theirs", "1", "1", "1"]


def test_help_shows_an_example(command: Run) -> None:
    assert "example: trpg-env diversity ours.jsonl agentgym.jsonl --out diversity" in command("--help").out
