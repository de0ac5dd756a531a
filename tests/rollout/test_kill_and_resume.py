"""A run that is killed goes on where it was: nothing finished is lost, nothing is there twice, nobody is left behind."""

import json
import os
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from running import LIMIT, all_gone, command, descendants, kill, needs_proc, size, start, until, whole_lines

from trpg_env.cli import main

RUN = ["rollout", "--scripts", "cool-tomato", "ship", "office-mail", "--player", "erring", "-n", "60"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("undisturbed") / "x.jsonl"
    assert main([*RUN, "--out", str(file)]) == 0
    return file.read_bytes()


@needs_proc
@pytest.mark.parametrize(
    ("options", "kills", "seed"),
    [([], 13, 1), (["--concurrency", "4"], 11, 2), (["--processes", "2"], 6, 3)],
    ids=["alone", "concurrency", "processes"],
)
def test_a_run_that_is_killed_again_and_again_comes_out_as_an_undisturbed_one(
    options: list[str], kills: int, seed: int, undisturbed: bytes, tmp_path: Path
) -> None:
    draws = random.Random(seed)
    file = tmp_path / "x.jsonl"
    arguments = command(*RUN, *options, "--out", file.name)
    kept = b""

    def played(process: subprocess.Popen[bytes], least: float) -> bool:
        return size(file) >= least or process.poll() is not None

    for left in range(kills, 0, -1):
        process = start(arguments, tmp_path)
        try:
            if left % 5 == 1:  # at any time, also before there is a file
                time.sleep(draws.uniform(0, 0.9))
            else:
                # While episodes are written; the file grows towards its end with the last kills.
                target = size(file) + draws.uniform(0, 2) * (len(undisturbed) - size(file)) / left
                until(partial(played, process, target))
        finally:
            started = kill(process)
        found = file.read_bytes() if file.exists() else b""
        assert found.startswith(kept)
        kept = whole_lines(found)
        assert set(kept.splitlines()) <= set(undisturbed.splitlines())
        assert until(partial(all_gone, started), limit=10)
    process = start(arguments, tmp_path)
    _, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, b"Traceback" in said) == (0, False)
    resumed = file.read_bytes()
    assert resumed.startswith(kept)
    assert sorted(resumed.splitlines()) == sorted(undisturbed.splitlines())


@needs_proc
def test_processes_end_with_the_one_that_started_them_whatever_their_player_does(tmp_path: Path) -> None:
    """The parent alone is killed, while every player hangs in plain code."""
    program = tmp_path / "program.py"
    program.write_text(
        "from rollout_players import Hanging\n"
        "from trpg_env import rollout\n"
        "if __name__ == '__main__':\n"
        "    list(rollout('cool-tomato', Hanging('hung'), 100, processes=2))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = start([sys.executable, str(program)], tmp_path, env=environment)
    try:
        assert until(lambda: len(list(tmp_path.glob("hung-*"))) == 2 or process.poll() is not None)
        assert process.poll() is None
    finally:
        started = descendants(process.pid)
        process.kill()
        process.communicate(timeout=LIMIT)
    assert len(started) >= 2
    assert until(partial(all_gone, started), limit=10)


def _tear(data: bytes, tail: bytes) -> bytes:
    """A file whose last line is only `tail`."""
    *whole, _ = data.splitlines(keepends=True)
    return b"".join(whole) + tail


@pytest.fixture
def tea(tmp_path: Path, tiny: dict[str, object]) -> list[str]:
    """A run whose lines hold characters of several bytes."""
    tiny["goal"] = "Win the tea 茶 🍵."
    (tmp_path / "tea.json").write_text(json.dumps(tiny))
    return ["rollout", "--scripts", str(tmp_path / "tea.json"), "--player", "planner", "-n", "5", "--out"]


@pytest.mark.parametrize(
    "tear",
    [
        lambda last: last[:1],
        lambda last: last[:5],
        lambda last: last[:18],
        lambda last: last[: len(last) // 2],
        lambda last: last[: last.index("茶".encode()) + 1],
        lambda last: last[: last.index("🍵".encode()) + 3],
        lambda last: last[:-2],
        lambda last: b"\0" * len(last),
        lambda last: last[:200] + b"\0" * 200,
        lambda last: b"\0" * 200 + last[200:],
    ],
    ids=[
        "a byte",
        "a key",
        "a value",
        "half",
        "in 茶",
        "in 🍵",
        "no end",
        "all NUL",
        "NUL at the end",
        "NUL at the start",
    ],
)
def test_a_torn_line_is_set_aside_and_its_episode_played_again(
    tear: object, tea: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.jsonl"
    assert main([*tea, str(file)]) == 0
    undisturbed = file.read_bytes()
    tail = tear(undisturbed.splitlines(keepends=True)[-1])  # type: ignore[operator]
    file.write_bytes(_tear(undisturbed, tail))
    capsys.readouterr()
    assert main([*tea, str(file)]) == 0
    assert file.read_bytes() == undisturbed
    torn = tmp_path / "x.jsonl.torn"
    assert torn.read_bytes().startswith(tail.rstrip(b"\n"))
    assert f"the last line of {file} was torn; it is set aside in {torn}" in capsys.readouterr().err


def test_a_whole_last_line_that_lacks_its_newline_is_kept(tea: list[str], tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    assert main([*tea, str(file)]) == 0
    undisturbed = file.read_bytes()
    file.write_bytes(b"".join(undisturbed.splitlines(keepends=True)[:3]).rstrip(b"\n"))
    assert main([*tea, str(file)]) == 0
    assert file.read_bytes() == undisturbed
    assert not (tmp_path / "x.jsonl.torn").exists()
