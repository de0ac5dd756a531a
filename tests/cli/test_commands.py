"""The command line: results on standard output, all else on standard error, exit codes, no traceback ever."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running import Ran, Run

from trpg_env.script import library


def process(*arguments: str, cwd: Path, **keywords: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "trpg_env", *arguments],
        cwd=cwd,
        timeout=60,
        check=False,
        **{"capture_output": True, **keywords},
    )


def told_in_one_line(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error."""
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("trpg-env: ")
    assert ran.err.endswith("\n")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    assert len(ran.err) < 1_000
    assert ran.err.isprintable() or ran.err[:-1].isprintable()
    return ran.err


@pytest.fixture
def tiny_file(tmp_path: Path, tiny: dict[str, Any]) -> Path:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    return file


def test_scripts_lists_the_library_a_line_each_name_first(run: Run) -> None:
    ran = run("scripts")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == list(library())
    assert {line.split()[1] for line in lines} == {"grounded", "narrative"}
    assert any("A cool tomato" in line for line in lines)


def test_check_of_a_sound_script_finds_nothing(run: Run) -> None:
    ran = run("check", "cool-tomato")
    assert (ran.code, ran.out) == (0, "")
    assert "cool-tomato: sound" in ran.err


def test_check_gives_every_fault_a_line_with_its_place_and_exits_with_1(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["win"]["effects"] = ["player.gold = true"]
    (tmp_path / "unsound.json").write_text(json.dumps(tiny, indent=1))
    ran = run("check", "unsound.json", "cool-tomato")
    assert ran.code == 1
    assert ran.out
    for line in ran.out.splitlines():
        assert line.startswith("unsound.json:")
    assert "unsound.json: " in ran.err
    assert "cool-tomato: sound" in ran.err


def test_check_gives_every_fault_that_loading_finds(run: Run, tmp_path: Path, tiny: dict[str, Any]) -> None:
    tiny["gaol"] = 1
    tiny["available_actions"]["win"]["effects"] = ["player.won ="]
    (tmp_path / "bad.json").write_text(json.dumps(tiny, indent=1))
    ran = run("check", "bad.json")
    assert ran.code == 1
    assert 'available_actions["win"].effects[0]' in ran.out or "gaol" in ran.out
    assert all(line.startswith("bad.json:") for line in ran.out.splitlines())


def test_a_folder_stands_for_the_scripts_in_it(run: Run, tmp_path: Path, tiny: dict[str, Any]) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("b.json", "a.yaml", ".half-written.json", "notes.txt"):
        (folder / name).write_text(json.dumps(tiny))
    assert [line.partition(":")[0] for line in run("check", "own", "cool-tomato").err.splitlines()] == [
        "own/a.yaml",
        "own/b.json",
        "cool-tomato",
    ]
    assert run("rollout", "--scripts", "own", "-n", "4", "--player", "random", "--out", "x.jsonl").code == 0
    assert run("verify", "x.jsonl", "--scripts", "own").code == 0


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.yaml", b""),
        ("binary.yaml", bytes(range(256))),
        ("text.yaml", b"just a text"),
        ("list.json", b"[]"),
        ("torn.json", b'{"goal": "x'),
        ("deep.json", b"[" * 50_000),
        ("bomb.yaml", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"),
        ("twice.yaml", b"goal: a\ngoal: b\n"),
        ("escape.yaml", b'goal: "\\e[31mred\\e[0m"\n"\\e]0;x\\a": 1\n'),
    ],
)
def test_check_of_a_file_that_is_no_script_is_faults_and_no_traceback(
    name: str, data: bytes, run: Run, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    ran = run("check", name)
    assert ran.code == 1
    assert ran.out.startswith(name)
    assert "Traceback" not in ran.err
    assert not set(ran.out + ran.err) & set("\x1b\x07\x9b")


def test_play_reads_an_action_a_line_and_says_how_it_ended(run: Run, tiny_file: Path) -> None:
    ran = run("play", str(tiny_file), typed="dance\ntake ball\nwin\n")
    assert ran.code == 0
    assert "Your goal: Win." in ran.out
    assert '[parameter error] There is no such action: "dance".' in ran.out
    assert ran.out.rstrip().endswith("The goal is reached.")


@pytest.mark.parametrize(("typed", "said"), [("", "left"), ("quit\n", "left"), ("dance\nexit\n", "left")])
def test_play_can_be_left(typed: str, said: str, run: Run) -> None:
    ran = run("play", "cool-tomato", typed=typed)
    assert ran.code == 0
    assert said in ran.err


def test_an_action_named_quit_is_played(run: Run, tmp_path: Path, tiny: dict[str, Any]) -> None:
    tiny["available_actions"]["quit"] = tiny["available_actions"].pop("win")
    (tmp_path / "quit.json").write_text(json.dumps(tiny))
    assert "The goal is reached." in run("play", "quit.json", typed="quit\n").out


def test_play_says_when_no_turns_are_left_and_when_all_is_lost(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(tiny | {"max_turns": 1}))
    assert "No turns are left; progress 0%." in run("play", "a.json", typed="dance\n").out
    lost = {"failure_conditions": [{"text": "No.", "when": "player.won"}]}
    (tmp_path / "b.json").write_text(json.dumps(tiny | lost))
    assert "The episode is lost" in run("play", "b.json", typed="win\n").out


def test_play_of_a_script_whose_check_hangs_exits_with_1(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"]["wait"] = {"verification_code": hang}
    (tmp_path / "hang.json").write_text(json.dumps(tiny))
    ran = run("play", "hang.json", typed="wait\n")
    assert ran.code == 1
    assert "the episode broke" in ran.err


def test_control_characters_of_a_script_or_a_player_never_reach_the_terminal(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
    tiny |= {"goal": f"Win{evil}.", "title": evil, "persona": evil}
    tiny["environment"]["places"]["hall"]["description"] = evil
    tiny["available_actions"]["win"]["observation"] = evil
    tiny["completion_conditions"][0]["text"] = evil
    (tmp_path / "evil.json").write_text(json.dumps(tiny))
    played = run("play", "evil.json", typed=f"{evil}\nwin\n")
    checked = run("check", "evil.json", evil)
    rolled = run("rollout", "--scripts", "evil.json", evil, "--out", f"{evil}.jsonl", "-n", "1")
    assert "The goal is reached." in played.out
    for ran in (played, checked, rolled):
        assert not set(ran.out + ran.err) & set(evil) - set("[2J]0;owned31m")


def test_play_is_the_same_for_the_same_seed(run: Run) -> None:
    games = [
        run("play", "ship", "--seed", "3", "--luck", luck, typed="go down\nquit\n").out for luck in "001"
    ]
    assert games[0] == games[1]


@pytest.fixture
def episodes(run: Run) -> str:
    assert run("rollout", "--scripts", "cool-tomato", "-n", "4", "--out", "episodes.jsonl").code == 0
    return "episodes.jsonl"


def test_export_writes_a_dataset_and_a_summary(run: Run, episodes: str, tmp_path: Path) -> None:
    ran = run("export", episodes, "--format", "messages", "--out", "dataset")
    assert (ran.code, ran.err) == (0, "")
    lines = (tmp_path / "dataset" / "data.jsonl").read_text().splitlines()
    assert ran.out.startswith(f"records             {len(lines)} of 4 trajectories\n")
    assert all(set(json.loads(line)) == {"messages", "id", "script", "family"} for line in lines)


@pytest.mark.parametrize(
    ("options", "least"), [(["--all"], 4), (["--min-refinements", "0"], 4), (["--min-refinements", "99"], 0)]
)
def test_export_takes_what_it_is_told_to(
    options: list[str], least: int, run: Run, episodes: str, tmp_path: Path
) -> None:
    ran = run("export", episodes, "--format", "messages", "--out", "dataset", *options)
    assert ran.code == (0 if least else 1)
    assert len((tmp_path / "dataset" / "data.jsonl").read_text().splitlines()) == least


def test_export_trains_on_errors_where_asked_to(run: Run, episodes: str, tmp_path: Path) -> None:
    assert run("export", episodes, "--format", "messages", "--out", "d", "--all", "--train-errors").code == 0
    assert '"loss": false' not in (tmp_path / "d" / "data.jsonl").read_text()


def test_a_bad_line_is_wrong_use_and_the_old_dataset_stays(run: Run, episodes: str, tmp_path: Path) -> None:
    run("export", episodes, "--format", "messages", "--out", "dataset")
    before = (tmp_path / "dataset" / "data.jsonl").read_bytes()
    with (tmp_path / episodes).open("ab") as file:
        file.write(b'{"torn')
    assert f"{episodes}:5: not a trajectory" in told_in_one_line(
        run("export", episodes, "--format", "messages", "--out", "dataset")
    )
    assert (tmp_path / "dataset" / "data.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "command", [[], ["scripts"], ["check"], ["play"], ["rollout"], ["verify"], ["export"]], ids=str
)
def test_help_has_an_example(command: list[str], run: Run) -> None:
    ran = run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "example: trpg-env" in ran.out


def test_version_is_the_packages(run: Run) -> None:
    import trpg_env

    assert run("--version").out == f"trpg-env {trpg_env.__version__}\n"


LONG = "9" * 5_000
ROLLOUT = ["rollout", "--scripts", "cool-tomato", "--out", "x.jsonl"]
EXPORT = ["export", "good.jsonl", "--format", "messages", "--out", "dataset"]
WRONG: list[tuple[list[str], str]] = [
    ([], "COMMAND"),
    (["fly"], "fly"),
    ([""], "invalid choice"),
    (["--speed"], "COMMAND"),
    (["scripts", "more"], "more"),
    (["scripts", "--all"], "--all"),
    (["check"], "SCRIPT"),
    (["check", "nowhere"], "no such library script"),
    (["check", "nowhere.yaml"], "no such file"),
    (["check", "cool-tomata"], "cool-tomato"),
    (["check", "empty"], "no scripts in it"),
    (["play", "empty"], "folder"),
    (["check", ""], "''"),
    (["check", "nul\0l"], "no such"),
    (["check", "x" * 5_000], "no such"),
    (["check", "/dev/zero"], "no such file"),
    (["check", "\x1b[31m"], "no such"),
    (["check", "\ud800"], "no such"),
    (["play"], "SCRIPT"),
    (["play", "nowhere"], "no such"),
    (["play", "unix-admin"], "llm"),
    (["play", "cool-tomato", "--dm", "llm"], "--dm-model"),
    (["play", "cool-tomato", "--dm", ""], "rules"),
    (["play", "cool-tomato", "--seed", "-1"], "0 or more"),
    (["play", "cool-tomato", "--seed", "x"], "--seed"),
    (["play", "cool-tomato", "--seed", "1.5"], "--seed"),
    (["play", "cool-tomato", "--luck", ""], "--luck"),
    (["play", "binary.yaml"], "binary.yaml"),
    (["play", "empty.json"], "empty.json"),
    (["play", "cool-tomato", "ship"], "ship"),
    (["rollout"], "--scripts"),
    (["rollout", "--scripts"], "--scripts"),
    (["rollout", "--scripts", "cool-tomato"], "--out"),
    (["rollout", "--scripts", "nowhere", "--out", "x.jsonl"], "nowhere"),
    (["rollout", "--scripts", "", "--out", "x.jsonl"], "''"),
    (["rollout", "--scripts", "cool-tomato", "unix-admin", "--out", "x.jsonl"], "llm"),
    (["rollout", "--scripts", "binary.yaml", "--out", "x.jsonl"], "binary.yaml"),
    (["rollout", "--scripts", "cool-tomato", "--out", "binary.yaml"], "binary.yaml:1: not a trajectory"),
    (["rollout", "--scripts", "cool-tomato", "--out", ""], "cannot be written"),
    (["rollout", "--scripts", "cool-tomato", "--out", "."], "cannot be written"),
    (["rollout", "--scripts", "cool-tomato", "--out", "good.jsonl/x.jsonl"], "cannot be written"),
    (["rollout", "--scripts", "cool-tomato", "--out", "nul\0l"], "cannot be written"),
    (["rollout", "--scripts", "cool-tomato", "--out", "x" * 5_000], "cannot be written"),
    ([*ROLLOUT, "-n", LONG], "-n"),
    ([*ROLLOUT, "-n", "-1"], "-n"),
    ([*ROLLOUT, "-n", "ten"], "-n"),
    ([*ROLLOUT, "-n", "1e3"], "-n"),
    ([*ROLLOUT, "-n", ""], "-n"),
    ([*ROLLOUT, "-n", "2.0"], "-n"),
    ([*ROLLOUT, "--seed", "-1"], "--seed"),
    ([*ROLLOUT, "--seed", "x"], "--seed"),
    ([*ROLLOUT, "--max-turns", "0"], "--max-turns"),
    ([*ROLLOUT, "--player", "wizard"], "planner"),
    ([*ROLLOUT, "--dm", "wizard"], "rules"),
    ([*ROLLOUT, "--fast"], "--fast"),
    (["export"], "FILE.jsonl"),
    (["export", "good.jsonl"], "--format"),
    (["export", "good.jsonl", "--format", "messages"], "--out"),
    (["export", "good.jsonl", "--format", "parquet", "--out", "d"], "messages"),
    (["export", "nowhere.jsonl", "--format", "messages", "--out", "d"], "no such file"),
    (["export", ".", "--format", "messages", "--out", "d"], "is a folder"),
    (["export", "", "--format", "messages", "--out", "d"], "no such file"),
    (["export", "nul\0l", "--format", "messages", "--out", "d"], "no such file"),
    (["export", "binary.yaml", "--format", "messages", "--out", "d"], "binary.yaml:1"),
    (["export", "good.jsonl", "--format", "messages", "--out", "good.jsonl"], "cannot be written"),
    (["export", "good.jsonl", "--format", "messages", "--out", "nul\0l"], "null character"),
    (["export", "good.jsonl", "--format", "messages", "--out", "x" * 5_000], "cannot be written"),
    ([*EXPORT, "--min-refinements", "x"], "--min-refinements"),
    ([*EXPORT, "--all", "--success-only"], "--success-only"),
]


@pytest.fixture
def files(tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_bytes(b"\n")
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "empty").mkdir()


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("arguments", "named"), WRONG, ids=[ascii(" ".join(a))[1:60] for a, _ in WRONG])
def test_wrong_use_is_one_line_that_says_what_to_write(
    arguments: list[str], named: str, run: Run, tmp_path: Path
) -> None:
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    assert named in told_in_one_line(run(*arguments))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


def test_wrong_use_leaves_no_empty_file_behind(run: Run, tmp_path: Path) -> None:
    for scripts in (["nowhere"], ["unix-admin"], ["cool-tomato", "nowhere.yaml"]):
        told_in_one_line(run("rollout", "--scripts", *scripts, "--out", "x.jsonl"))
        assert not (tmp_path / "x.jsonl").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_wrong_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    told_in_one_line(run("rollout", "--scripts", "cool-tomato", "--out", "locked/x.jsonl"))


def test_the_module_runs_and_output_can_be_piped(tmp_path: Path) -> None:
    ran = process("play", "cool-tomato", cwd=tmp_path, input="go west\nspiele 茶\n".encode())
    assert ran.returncode == 0
    assert b"fridge (closed)" in ran.stdout
    assert ran.stderr == b"left\n"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_input_that_is_no_text_and_an_output_that_cannot_show_all_are_survived(
    encoding: str, tmp_path: Path
) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    ran = process("play", "cool-tomato", cwd=tmp_path, input=b"\xff\xfe\n", env=env)
    assert ran.returncode == 2
    assert b"Traceback" not in ran.stderr
    assert b"not text" in ran.stderr


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ran = process("scripts", cwd=tmp_path, capture_output=False, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_closed_output_is_survived(tmp_path: Path) -> None:
    command = f'exec "{sys.executable}" -m trpg_env scripts >&-'
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_told_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = process("scripts", cwd=tmp_path, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert ran.returncode == 1
    assert ran.stderr.startswith(b"trpg-env: standard output cannot be written")
    assert ran.stderr.count(b"\n") == 1
