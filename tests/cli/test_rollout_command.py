"""`trpg-env rollout`: a file, a summary, an exit code; it goes on, refuses what does not fit, and ends in one line."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import pytest
from running import LIMIT, Ran, Run, all_gone, command, interrupt, needs_proc, size, start, until, whole_lines

from trpg_env import rollout
from trpg_env.agents import PlannerAgent
from trpg_env.trajectory import Store, read_trajectories

TINY = ["rollout", "--scripts", "tiny.json", "--player", "random", "-n", "6", "--out", "x.jsonl"]


@pytest.fixture(autouse=True)
def tiny_file(tmp_path: Path, tiny: dict[str, Any]) -> Path:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    return file


def refused(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error."""
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("trpg-env: ")
    assert ran.err.count("\n") == 1
    return ran.err


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_rollout_writes_a_file_and_a_summary(run: Run, tmp_path: Path) -> None:
    what = ["--scripts", "cool-tomato", "ship", "--player", "erring", "-n", "6", "--seed", "3"]
    ran = run("rollout", *what, "--out", "a/b.jsonl")
    assert ran.code == 0
    assert ran.out.splitlines()[0].split() == ["episodes", "6"]
    for word in ("success", "turns", "error turns", "error-and-refines", "written to"):
        assert f"\n{word}" in ran.out
    played = list(read_trajectories(tmp_path / "a" / "b.jsonl"))
    assert [t.script for t in played] == ["cool-tomato", "ship"] * 3


def test_rollout_is_what_the_function_gives(run: Run, tmp_path: Path) -> None:
    what = ["--scripts", "office-mail", "--player", "planner", "-n", "2", "--seed", "7"]
    run("rollout", *what, "--out", "x.jsonl")
    assert list(read_trajectories(tmp_path / "x.jsonl")) == list(rollout("office-mail", PlannerAgent(), 2, 7))


def test_rollout_limits_turns(run: Run, tmp_path: Path) -> None:
    what = ["--scripts", "ship", "--player", "random", "-n", "2", "--max-turns", "3"]
    assert run("rollout", *what, "--out", "x.jsonl").code == 0
    assert [len(t.exchanges()) for t in read_trajectories(tmp_path / "x.jsonl")] == [3, 3]


def test_failing_to_reach_the_goal_is_a_result_and_no_fault(run: Run) -> None:
    what = ["--scripts", "ship", "--player", "random", "-n", "2", "--max-turns", "1"]
    ran = run("rollout", *what, "--out", "x.jsonl")
    assert ran.code == 0
    assert "truncated           2" in ran.out


def test_an_episode_that_broke_makes_exit_code_1_and_is_written(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"] = {"wait": {"verification_code": hang, "effects": ["player.won = true"]}}
    (tmp_path / "hang.json").write_text(json.dumps(tiny))
    hanging = ["rollout", "--scripts", "hang.json", "--player", "random", "-n", "2", "--out", "x.jsonl"]
    ran = run(*hanging)
    assert ran.code == 1
    assert "error               2" in ran.out
    assert [t.outcome for t in read_trajectories(tmp_path / "x.jsonl")] == ["error", "error"]
    again = run(*hanging)
    assert (again.code, again.out) == (1, ran.out)


def test_a_person_can_play_a_rollout(run: Run, tmp_path: Path) -> None:
    what = ["--scripts", "tiny.json", "--player", "human", "-n", "1", "--out", "x.jsonl"]
    assert run("rollout", *what, typed="dance\nwin\n").code == 0
    (trajectory,) = read_trajectories(tmp_path / "x.jsonl")
    assert [player.action for player, _ in trajectory.exchanges()] == ["dance", "win"]


def test_a_person_who_leaves_has_not_broken_the_episode_and_can_come_back(run: Run, tmp_path: Path) -> None:
    what = ["rollout", "--scripts", "tiny.json", "--player", "human", "-n", "3", "--out", "x.jsonl"]
    ran = run(*what, typed="win\ndance\n")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        130,
        "trpg-env: interrupted; 1 of 3 episodes are in x.jsonl: the same command goes on from there",
    )
    assert run(*what, typed="win\nwin\n").code == 0
    assert [t.outcome for t in read_trajectories(tmp_path / "x.jsonl")] == ["completed"] * 3


def test_a_person_has_no_processes(run: Run) -> None:
    what = ["rollout", "--scripts", "tiny.json", "--player", "human", "--out", "x.jsonl"]
    assert "one episode at a time" in refused(run(*what, "--processes", "2"))
    assert "one episode at a time" in refused(run(*what, "--concurrency", "2"))


def test_no_episodes_are_an_empty_file(run: Run, tmp_path: Path) -> None:
    assert run("rollout", "--scripts", "ship", "-n", "0", "--out", "x.jsonl").code == 0
    assert (tmp_path / "x.jsonl").read_bytes() == b""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_run_that_is_finished_is_told_again_and_nothing_is_played(
    processes: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(*TINY)
    before = content(tmp_path)
    monkeypatch.setattr(import_module("trpg_env.rollout.table").Table, "play", None)
    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", None)
    again = run(*TINY, "--processes", processes)
    assert (again.code, again.out) == (0, first.out)
    assert again.err == "x.jsonl has 6 of 6 episodes already\n"
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        (["--seed", "1"], "seed (0 there, 1 here) differs"),
        (["--player", "planner"], "player differs"),
        (["-n", "5"], "n (6 there, 5 here) differs"),
        (["-n", "7"], "n (6 there, 7 here) differs"),
        (["--max-turns", "3"], "max_turns (null there, 3 here) differs"),
        (["--scripts", "tiny.json", "tiny.json"], "scripts differs"),
        (["--scripts", "cool-tomato"], "scripts differs"),
        (["--seed", "1", "-n", "5"], "n (6 there, 5 here), seed (0 there, 1 here) differ"),
    ],
    ids=lambda x: "_".join(x) if isinstance(x, list) else "",
)
@pytest.mark.parametrize("described", [True, False], ids=["described", "by the ids alone"])
def test_another_run_is_refused_and_the_file_stays(
    described: bool, change: list[str], differing: str, run: Run, tmp_path: Path
) -> None:
    assert run(*TINY).code == 0
    if not described:
        (tmp_path / "x.jsonl.run").unlink()
    before = content(tmp_path)
    if not described and differing == "scripts differs" and "cool-tomato" not in change:
        # The same script twice: the episodes are the same ones.
        assert run(*TINY, *change).code == 0
        return
    if not described and change == ["-n", "7"]:  # nothing tells that seven were not wanted at first
        assert run(*TINY, *change).code == 0
        assert len(list(read_trajectories(tmp_path / "x.jsonl"))) == 7
        return
    told = refused(run(*TINY, *change))
    assert (
        f"x.jsonl holds another run: {differing}" if described else "holds episodes of another run"
    ) in told
    assert "name another file, or give the arguments it was begun with" in told
    assert content(tmp_path) == before


@pytest.mark.parametrize("described", [True, False], ids=["described", "by the ids alone"])
def test_a_script_that_has_changed_is_another_run(
    described: bool, run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    assert run(*TINY).code == 0
    if not described:
        (tmp_path / "x.jsonl.run").unlink()
    (tmp_path / "tiny.json").write_text(json.dumps(tiny | {"goal": "Win, please."}))
    before = content(tmp_path)
    assert ("scripts differs" if described else "episodes of another run") in refused(run(*TINY))
    assert content(tmp_path) == before


def test_a_script_that_has_moved_is_the_same_run(run: Run, tmp_path: Path) -> None:
    assert run(*TINY).code == 0
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tiny.json").rename(tmp_path / "elsewhere" / "tiny.json")
    moved = [a if a != "tiny.json" else "elsewhere/tiny.json" for a in TINY]
    assert run(*moved).err == "x.jsonl has 6 of 6 episodes already\n"


def test_a_file_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "x.jsonl", {}, []):
        process = start(command(*TINY), tmp_path)
        out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (2, b"")
    assert err.decode() == (
        "trpg-env: x.jsonl is being written by another process; wait for it, or name another file\n"
    )
    assert (tmp_path / "x.jsonl").read_bytes() == b""


LIMITED = ["rollout", "--scripts", "tiny.json", "--player", "random", "-n", "60", "--out"]
"""Some 130 kB."""


def told_of_a_full_disk(process: subprocess.Popen[bytes], file: Path) -> None:
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    *progress, said = err.decode().splitlines()
    kept = file.read_bytes()
    assert kept == whole_lines(kept)
    assert 0 < len(kept.splitlines()) < 60
    assert said.startswith(f"trpg-env: {file} cannot be written: ")
    assert (
        f"; {len(kept.splitlines())} of 60 episodes are in {file}: put that right, then the same command"
        in said
    )
    assert all(" of 60 episodes, " in line for line in progress)


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_disk_that_is_full_is_told_in_a_line_and_the_run_goes_on_when_it_is_not(
    processes: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "x.jsonl"
    arguments = [*LIMITED, str(file), "--processes", processes]
    limited = ["sh", "-c", 'ulimit -f 60; exec "$@"', "sh", *command(*arguments)]
    told_of_a_full_disk(start(limited, tmp_path), file)
    kept = file.read_bytes()
    assert run(*arguments).code == 0
    assert run(*LIMITED, "undisturbed.jsonl").code == 0
    assert file.read_bytes().startswith(kept)
    assert sorted(file.read_bytes().splitlines()) == sorted(
        (tmp_path / "undisturbed.jsonl").read_bytes().splitlines()
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_real_disk_that_is_full_is_told_in_a_line(small_disk: Path, run: Run) -> None:
    file = small_disk / "x.jsonl"
    told_of_a_full_disk(start(command(*LIMITED, str(file)), small_disk.parent), file)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert run(*LIMITED, str(file)).code == 0
    assert len(list(read_trajectories(file))) == 60


@pytest.mark.parametrize("when", ["while it is written", "when it is closed"])
def test_a_disk_that_does_not_keep_what_it_took_is_told_in_a_line(
    when: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trpg_env.trajectory.commit.INTERVAL", 0.001 if when.startswith("while") else 60)
    monkeypatch.setattr("trpg_env.trajectory.journal.put", lambda *_: None)

    def fail(file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    ran = run(*TINY)
    assert (ran.code, ran.out) == (1, "")
    complaints = [line for line in ran.err.splitlines() if line.startswith("trpg-env: ")]
    there = len(list(read_trajectories(tmp_path / "x.jsonl")))
    assert len(complaints) == 1
    assert "x.jsonl cannot be written: Input/output error" in complaints[0]
    assert f"; {there} of 6 episodes are in x.jsonl" in complaints[0]


@needs_proc
@pytest.mark.parametrize(
    "options", [[], ["--concurrency", "4"], ["--processes", "2"]], ids=["alone", "concurrency", "processes"]
)
def test_an_interrupt_is_told_in_a_line_and_the_run_goes_on_from_there(
    options: list[str], run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "x.jsonl"
    arguments = [*TINY, "-n", "800", *options]
    process = start(command(*arguments), tmp_path)
    assert until(lambda: size(file) > 20_000 or process.poll() is not None)
    code, said, started = interrupt(process)
    there = len(list(read_trajectories(file)))
    *progress, last = said.splitlines()
    assert (code, last) == (
        130,
        f"trpg-env: interrupted; {there} of 800 episodes are in x.jsonl: the same command goes on from there",
    )
    assert all(" of 800 episodes, " in line for line in progress)
    assert until(partial(all_gone, started), limit=10)
    kept = file.read_bytes()
    assert run(*TINY, "-n", "800").code == 0
    assert file.read_bytes().startswith(kept)
    assert len({t.id for t in read_trajectories(file)}) == 800


@needs_proc
@pytest.mark.parametrize("keywords", ["concurrency=1", "concurrency=3", "processes=2, concurrency=2"])
def test_an_interrupt_does_not_wait_for_models_that_do_not_answer(keywords: str, tmp_path: Path) -> None:
    """Some episodes are played; then every player waits for ever."""
    (tmp_path / "program.py").write_text(
        "import sys\n"
        "from rollout_players import Waiting\n"
        "from trpg_env import rollout\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        f"        list(rollout('tiny.json', Waiting('waits'), 100, out='x.jsonl', {keywords}))\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n"
    )
    players = str(Path(__file__).parents[1] / "rollout")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([players, os.environ.get("PYTHONPATH", "")])}
    process = start([sys.executable, "program.py"], tmp_path, env=environment)
    processes = 2 if keywords.startswith("processes") else 1
    assert until(lambda: len(list(tmp_path.glob("waits-*"))) == processes or process.poll() is not None)
    code, said, started = interrupt(process)
    assert (code, said) == (130, "")
    assert until(partial(all_gone, started), limit=10)


def test_an_interrupt_before_anything_is_played_is_told_in_a_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trpg_env.cli.rollout.Rollout", interrupted)
    ran = run(*TINY)
    assert (ran.code, ran.out, ran.err) == (130, "", "trpg-env: interrupted\n")


def test_progress_is_a_line_now_and_then_with_the_rate(run: Run) -> None:
    lines = run(*TINY, "-n", "10").err.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"{k} of 10 episodes" for k in (2, 4, 6, 8, 10)]
    assert all(line.endswith("/s") and float(line.split(", ")[1][:-2]) > 0 for line in lines)


def test_progress_tells_what_broke(run: Run, tmp_path: Path, tiny: dict[str, Any]) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"] = {"wait": {"verification_code": hang}}
    (tmp_path / "hang.json").write_text(json.dumps(tiny))
    ran = run("rollout", "--scripts", "tiny.json", "hang.json", *TINY[3:-4], "-n", "2", "--out", "x.jsonl")
    progress = [line for line in ran.err.splitlines() if "/s" in line]
    assert [line.split(", ")[2:] for line in progress] == [[], ["1 broken"]]


HANG = "def validate(action, params, state):\n    while True:\n        pass\n"


@pytest.mark.parametrize("way", [[], ["--processes", "2"], ["--concurrency", "2"]], ids=" ".join)
def test_why_the_first_episode_broke_is_told_in_a_line_and_again_where_it_is_found(
    way: list[str], run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    tiny |= {"name": "hanging", "available_actions": {"wait": {"verification_code": HANG}}}
    (tmp_path / "hang.json").write_text(json.dumps(tiny))
    what = ["--scripts", "hang.json", "--player", "random", "-n", "3", *way]
    arguments = ["rollout", *what, "--out", "x.jsonl"]
    why = (
        'trpg-env: the first episode that broke: script "hanging", action "wait": timeout: "wait": The verification '
        "code did not answer within 0.2 s; look for a loop without end or a slow pattern"
    )
    ran = run(*arguments)
    assert ran.code == 1
    told = ran.err.splitlines()
    assert told[0] == why, "at once, and not when all the others have broken in the same way"
    assert ran.err.count("that broke") == 1
    assert told[-1].startswith(
        "3 of 3 episodes broke, and count as played; to play them again delete their lines"
    )
    again = run(*arguments)
    assert again.err.splitlines() == ["x.jsonl has 3 of 3 episodes already", why, told[-1]]
    file = tmp_path / "x.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[1:]))
    assert '"outcome":"error"' in lines[0]
    assert "x.jsonl has 2 of 3 episodes already" in run(*arguments).err


def test_why_an_episode_broke_is_one_short_line_whatever_a_script_is_called(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    hostile = "wait\x1b[2J\u202e" + "x" * 3_000
    tiny |= {"name": "a\nb\x1b]0;c\x07" + "y" * 190}
    tiny["available_actions"] = {hostile: {"verification_code": HANG}}
    (tmp_path / "hang.json").write_text(json.dumps(tiny))
    ran = run("rollout", "--scripts", "hang.json", "--player", "random", "-n", "1", "--out", "x.jsonl")
    assert ran.code == 1
    why = ran.err.splitlines()[0]
    assert why.startswith('trpg-env: the first episode that broke: script "a')
    assert len(why) < 800
    assert "timeout" in why
    assert why.isprintable()


def test_why_an_episode_broke_is_told_before_why_a_run_cannot_go_on(
    run: Run, tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny["available_actions"] = {"wait": {"verification_code": HANG}}
    (tmp_path / "hang.json").write_text(json.dumps(tiny))
    append = Store.append

    def interrupted(store: Store, line: bytes) -> None:
        if store.episodes:
            raise KeyboardInterrupt
        append(store, line)

    monkeypatch.setattr(Store, "append", interrupted)
    ran = run("rollout", "--scripts", "hang.json", "--player", "random", "-n", "3", "--out", "x.jsonl")
    assert ran.code == 130
    why, *_, last = ran.err.splitlines()
    assert "the first episode that broke: " in why
    assert last.startswith("trpg-env: interrupted; 1 of 3 episodes")


def test_progress_goes_on_from_what_there_is_of_a_run(run: Run, tmp_path: Path) -> None:
    run(*TINY)
    file = tmp_path / "x.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:4]))
    first, *rest = run(*TINY).err.splitlines()
    assert first == "x.jsonl has 4 of 6 episodes already"
    assert [line.partition(",")[0] for line in rest] == ["5 of 6 episodes", "6 of 6 episodes"]


def test_progress_is_a_bar_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        process = start(command(*TINY), tmp_path, stderr=theirs)
        os.close(theirs)
        shown = b""
        with open(ours, "rb", buffering=0, closefd=False) as terminal:
            while True:
                try:
                    piece = terminal.read(1_000)
                except OSError:  # nobody writes there any more
                    break
                if not piece:
                    break
                shown += piece
        process.communicate(timeout=LIMIT)
    finally:
        os.close(ours)
    assert process.returncode == 0
    assert b"100%|" in shown
    assert b"6/6" in shown
    assert b" of 6 episodes" not in shown


def test_processes_that_do_not_start_are_a_line_and_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource_tracker.ensure_running()
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")
    ran = run(*TINY, "--processes", "2")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "a process to play in ended with exit code 1 before it began" in ran.err
    assert "0 of 6 episodes are in x.jsonl" in ran.err
