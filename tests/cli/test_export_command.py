"""`trpg-env export`: trajectories on the command line become a dataset."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from running import Run

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent, PlannerAgent, RandomAgent
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory

SCRIPTS = ("cool-tomato", "dungeon", "ship")


@pytest.fixture(scope="session")
def episodes(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    """Episodes with many error-and-refines and with none, some of which reach the goal."""
    scripts = [load(name) for name in SCRIPTS]
    players = (ErringAgent(), 12), (PlannerAgent(), 3), (RandomAgent(), 3)
    return [t for player, n in players for t in rollout(scripts, player, n, sandbox=sandbox, max_turns=30)]


@pytest.fixture
def run(run: Run, tmp_path: Path, episodes: list[Trajectory]) -> Run:
    """Run `trpg-env export` in a folder with two files of episodes."""
    for name, part in (("one.jsonl", episodes[:7]), ("two.jsonl", episodes[7:])):
        (tmp_path / name).write_text("".join(f"{t.model_dump_json()}\n" for t in part))
    return partial(run, "export")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_it_writes_what_the_function_writes_and_shows_its_summary(
    run: Run, tmp_path: Path, episodes: list[Trajectory]
) -> None:
    code, out, err = run("one.jsonl", "two.jsonl", "--format", "messages", "--out", "a")
    summary = export(episodes, "messages", "a")
    assert (code, err) == (0, "")
    assert out.splitlines() == summary.lines()
    assert summary.records > 5
    before = (tmp_path / "a" / "data.jsonl").read_bytes()
    assert run("one.jsonl", "two.jsonl", "--format", "messages", "--out", "a")[0] == 0
    assert (tmp_path / "a" / "data.jsonl").read_bytes() == before


OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    (["--all"], {"min_refinements": 0, "success_only": False}),
    (["--all", "--min-refinements", "5"], {"min_refinements": 5, "success_only": False}),
    (["--success-only"], {}),
    (["--min-refinements", "0"], {"min_refinements": 0}),
    (["--train-errors"], {"train_errors": True}),
    (["--mask-refinements"], {"mask_refinements": True}),
    (["--drop-refinements"], {"drop_refinements": True}),
    (["--exclude", "ship", "dungeon"], {"exclude": ["ship", "dungeon"]}),
    (["--exclude", "ship", "--exclude", "dungeon"], {"exclude": ["ship", "dungeon"]}),
    (["--limit", "3"], {"limit": 3}),
    (["--limit", "3", "--seed", "5"], {"limit": 3, "seed": 5}),
    (["--split", "0.3"], {"split": 0.3}),
]


@pytest.mark.parametrize(("arguments", "keywords"), OPTIONS, ids=[" ".join(a) for a, _ in OPTIONS])
def test_every_option_is_the_functions_keyword(
    arguments: list[str],
    keywords: dict[str, Any],
    run: Run,
    tmp_path: Path,
    episodes: list[Trajectory],
) -> None:
    assert run("one.jsonl", "two.jsonl", "--format", "messages", "--out", "a", *arguments)[0] == 0
    export(episodes, "messages", "b", **keywords)
    written, wanted = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab")
    assert written == wanted


def test_options_change_what_is_written(run: Run, tmp_path: Path) -> None:
    written = set()
    for arguments, _ in [([], {}), *OPTIONS]:
        run("one.jsonl", "two.jsonl", "--format", "messages", "--out", "a", *arguments)
        files = {p.name: p.read_bytes() for p in sorted((tmp_path / "a").glob("*.jsonl"))}
        written.add(str(files))
    # `--success-only` is the default, `--exclude` is there twice.
    assert len(written) == len(OPTIONS) - 1


@pytest.mark.parametrize("format", ["paper", "messages", "openai"])
def test_every_format_is_there(format: str, run: Run, tmp_path: Path) -> None:
    code, out, err = run("one.jsonl", "--format", format, "--out", "a")
    assert (code, err) == (0, "")
    assert out.endswith("written to          a\n")
    assert read(tmp_path / "a" / "data.jsonl")


def test_a_file_named_twice_is_written_once(run: Run, tmp_path: Path) -> None:
    run("one.jsonl", "--format", "messages", "--out", "once")
    _, out, _ = run("one.jsonl", "one.jsonl", "--format", "messages", "--out", "twice")
    assert read(tmp_path / "twice" / "data.jsonl") == read(tmp_path / "once" / "data.jsonl")
    assert "the same episode again" in out


def test_a_split_is_told_and_so_is_one_that_holds_out_nothing(run: Run) -> None:
    command = ("one.jsonl", "--format", "messages", "--out", "a", "--all", "--split")
    code, out, _ = run(*command, "0.000001")
    assert code == 0
    assert "warning             no family is held out at 1e-06; " in out
    code, out, err = run(*command, "0.999999")
    assert (code, "every family" in out, err.count("\n")) == (1, False, 1)
    assert "held out            3 of 3 families (100.0%), 7 of 7 records (100.0%): " in out
    assert err.startswith("trpg-env: every family is held out, and none is left to train on; ")


def test_a_dataset_without_records_is_written_and_said_to_be_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    for arguments in (["one.jsonl", "--min-refinements", "99"], ["empty.jsonl"]):
        code, out, err = run(*arguments, "--format", "messages", "--out", "a")
        assert (code, err.count("\n")) == (1, 1)
        assert err.startswith("trpg-env: no record was written")
        assert out.startswith("records             0 of ")
        assert read(tmp_path / "a" / "data.jsonl") == []


def test_an_excluded_family_that_is_not_there_is_told_and_the_rest_is_written(
    run: Run, tmp_path: Path
) -> None:
    command = ("one.jsonl", "--format", "messages", "--out", "a", "--exclude")
    code, out, err = run(*command, "cool-tomato", "shpi", "dungeon")
    assert code == 1
    assert err.splitlines() == [
        "trpg-env: no trajectory is of the excluded family cool-tomato; cool-tomato is a script; its family is household",
        "trpg-env: no trajectory is of the excluded family shpi; did you mean 'ship'?",
    ]
    assert out.endswith("written to          a\n")
    assert {record["family"] for record in read(tmp_path / "a" / "data.jsonl")} == {"household", "ship"}


def test_a_torn_last_line_says_that_the_rollout_mends_it(run: Run, tmp_path: Path) -> None:
    whole = (tmp_path / "one.jsonl").read_bytes()
    (tmp_path / "one.jsonl").write_bytes(whole[:-40])
    code, _, err = run("one.jsonl", "--format", "messages", "--out", "a")
    assert (code, err) == (
        2,
        "trpg-env: one.jsonl:7: not a trajectory: the last line is torn; the command that wrote it, called again, "
        "sets it aside and goes on\n",
    )
    assert not (tmp_path / "a").exists()


def test_a_file_is_not_taken_for_a_family(run: Run) -> None:
    code, _, err = run("--format", "messages", "--out", "a", "--exclude", "ship", "one.jsonl")
    assert (code, err.count("\n")) == (2, 1)
    assert "FILE.jsonl" in err


def test_a_bad_line_in_any_file_leaves_the_old_dataset(run: Run, tmp_path: Path) -> None:
    run("one.jsonl", "--format", "messages", "--out", "a")
    before = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n')
    code, out, err = run("two.jsonl", "bad.jsonl", "--format", "paper", "--out", "a", "--limit", "2")
    assert (code, out) == (2, "")
    assert err.startswith("trpg-env: bad.jsonl:1: not a trajectory")
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == before


COMMAND = ["one.jsonl", "--format", "messages", "--out", "a"]
WRONG: list[tuple[list[str], str]] = [
    ([], "FILE.jsonl"),
    (["one.jsonl", "nowhere.jsonl", "--format", "messages", "--out", "a"], "nowhere.jsonl: there is no such"),
    (["one.jsonl", "--format", "parquet", "--out", "a"], "messages"),
    (["one.jsonl", "--format", "messages", "--out", ""], "--out is empty"),
    (["one.jsonl", "--format", "messages", "--out", "."], "new or empty folder"),
    (["one.jsonl", "--format", "messages", "--out", "one.jsonl"], "it is a file, and a dataset is a folder"),
    ([".", "--format", "messages", "--out", "a"], ". is a folder; name a regular file"),
    (["/dev/null", "--format", "messages", "--out", "a"], "/dev/null is a device; name a regular file"),
    (["one.jsonl/x", "--format", "messages", "--out", "a"], "there is no such file"),
    (["x" * 5_000, "--format", "messages", "--out", "a"], "cannot be read: File name too long"),
    ([*COMMAND, "--fast"], "(see trpg-env export --help)"),
    (["one.jsonl", "--format", "messages", "--out", "\ud800"], "cannot be written"),
    ([*COMMAND, "--train-errors", "--drop-refinements"], "not allowed with argument --train-errors"),
    ([*COMMAND, "--train-errors", "--mask-refinements"], "not allowed with argument --train-errors"),
    ([*COMMAND, "--mask-refinements", "--drop-refinements"], "not allowed with argument --mask-refinements"),
    (["one.jsonl", "--format", "paper", "--out", "a", "--mask-refinements"], "messages, openai"),
    ([*COMMAND, "--all", "--success-only"], "--success-only"),
    ([*COMMAND, "--limit", "0"], "--limit"),
    ([*COMMAND, "--limit", "-1"], "--limit"),
    ([*COMMAND, "--limit", "many"], "--limit"),
    ([*COMMAND, "--seed", "x"], "--seed"),
    ([*COMMAND, "--split", "0"], "such as 0.05"),
    ([*COMMAND, "--split", "1"], "such as 0.05"),
    ([*COMMAND, "--split", "5%"], "such as 0.05"),
    ([*COMMAND, "--split", "nan"], "such as 0.05"),
    ([*COMMAND, "--split", "9" * 5_000], "such as 0.05"),
    ([*COMMAND, "--split"], "--split"),
    ([*COMMAND, "--exclude"], "--exclude"),
]


@pytest.mark.parametrize(("arguments", "named"), WRONG, ids=[ascii(" ".join(a))[1:70] for a, _ in WRONG])
def test_wrong_use_is_one_line_that_says_what_to_write(
    arguments: list[str], named: str, run: Run, tmp_path: Path
) -> None:
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    code, out, err = run(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("trpg-env: ")
    assert named in err
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


def test_help_names_every_option(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for option in (
        "--format",
        "--out",
        "--min-refinements",
        "--success-only",
        "--all",
        "--train-errors",
        "--mask-refinements",
        "--drop-refinements",
        "--exclude",
        "--limit",
        "--seed",
        "--split",
    ):
        assert option in out
    assert "example: trpg-env export" in out
    assert "the share is reached only with many families" in " ".join(out.split())
