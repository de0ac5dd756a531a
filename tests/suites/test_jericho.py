"""Interactive fiction in its emulator, where Jericho and a story are at hand."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trpg_env.cli.main import main
from trpg_env.envs.game import GameEnv
from trpg_env.suites import Data, make
from trpg_env.suites.jericho import BENCHMARK, Jericho
from trpg_env.suites.jericho.emulator import Emulator, EmulatorEnded

DATA = Path(os.environ.get("TRPG_DATA", Path(__file__).resolve().parents[3] / "shared" / "heldout"))
ZORK = DATA / "jericho" / "zork1.z3"
pytestmark = [
    pytest.mark.skipif(not ZORK.is_file(), reason="needs zork1.z3 in the folder jericho of TRPG_DATA"),
    pytest.mark.skipif(
        importlib.util.find_spec("jericho") is None, reason='needs pip install "trpg-env[jericho]"'
    ),
]
CELLAR = ["north", "north", "up", "get egg", "down", "south", "east", "open window", "west"]


@pytest.fixture(scope="module")
def env() -> Iterator[GameEnv]:
    made = make("jericho", data=DATA, task="zork1.z3")
    yield made
    made.close()


def annotated(folder: Path, *subgoals: str) -> Data:
    (folder / "agentboard").mkdir()
    (folder / "jericho").mkdir()
    shutil.copy(ZORK, folder / "jericho")
    label = {"game_name": "zork1", "goal": "Get into the house.", "subgoals": subgoals, "difficulty": "easy"}
    (folder / "agentboard" / "jericho.jsonl").write_text(json.dumps(label), encoding="utf-8")
    return Data(folder)


def walk(env: GameEnv, steps: int = 40) -> list[object]:
    observation, info = env.reset(seed=0)
    told: list[object] = [observation, info]
    rng = np.random.default_rng(3)
    for _ in range(steps):
        told += env.step(env.sample_action(rng))
        if told[-2] or told[-3]:
            break
    return told


def test_it_begins_with_the_goal_and_the_first_scene(env: GameEnv) -> None:
    observation, info = env.reset(seed=0)
    assert observation.startswith("Play the story zork1, and score as many of its 350 points as you can.")
    assert observation.endswith("a boarded front door. There is a small mailbox here.")
    assert (info["progress"], info["success"]) == (0.0, False)


def test_the_score_is_the_progress(env: GameEnv) -> None:
    env.reset(seed=0)
    for action in CELLAR:
        *_, info = env.step(action)
    assert info["progress"] == pytest.approx(15 / 350)


def test_the_expert_reaches_the_highest_score_where_it_has_turns_enough() -> None:
    env = make("jericho", data=DATA, task="zork1.z3", max_turns=450)
    try:
        for _ in range(2):
            env.reset(seed=0)
            terminated = truncated = False
            while not (terminated or truncated):
                action = env.expert_action()
                assert action is not None
                _, _, terminated, truncated, info = env.step(action)
            assert (info["success"], info["progress"], info["turn"]) == (True, 1.0, 405)
    finally:
        env.close()


def test_annotated_subgoals_are_the_progress_where_they_are_at_hand(tmp_path: Path) -> None:
    data = annotated(tmp_path, "Forest Path", "In one corner of the house", "Kitchen")
    game = Jericho(data)
    (task,) = BENCHMARK.tasks(data, None)
    assert game.begin(task, 0).instruction.startswith("Get into the house.")
    told = [game.act(action) for action in ["north", "north", "south", "east", "open window", "west"]]
    assert [round(one.progress, 2) for one in told] == [0.0, 0.33, 0.33, 0.67, 0.67, 1.0]
    assert [one.success for one in told] == [False] * 5 + [True]
    game.close()


def test_the_same_actions_come_to_the_same_in_any_process(env: GameEnv) -> None:
    first = walk(env)
    assert walk(env) == first
    fresh = make("jericho", data=DATA, task="zork1.z3")
    try:
        assert walk(fresh) == first
    finally:
        fresh.close()


def test_asking_for_actions_leaves_the_game_where_it_is(env: GameEnv) -> None:
    plain, asking = [], []
    for listed, told in ((False, plain), (True, asking)):
        env.reset(seed=0)
        for action in CELLAR:
            if listed:
                assert "look" in env.game.admissible()
            told.append(env.step(action))
    assert plain == asking
    env.reset(seed=0)
    assert {"open mailbox", "north"} <= set(env.game.admissible())
    assert "east" in env.step("check valid actions")[0]


def test_errors_are_told_apart(env: GameEnv) -> None:
    env.reset(seed=0)
    *_, info = env.step("frobnicate the mailbox")
    assert info["assessment"]["parameter_error"]
    *_, info = env.step("enter mailbox")
    *_, info = env.step("go northwest")
    *_, info = env.step("east")
    assert not info["assessment"]["parameter_error"]
    *_, info = env.step("up")
    assert info["assessment"]["logic_error"]
    assert info["action"] == {"name": "up", "parameters": {}}


def test_a_repeated_error_is_made_in_the_same_state(env: GameEnv) -> None:
    env.reset(seed=0)
    hashes = {env.step(action)[4]["state_hash"] for action in ("up", "up", "look")}
    assert len(hashes) == 1
    assert env.step("open mailbox")[4]["state_hash"] not in hashes


def test_programs_commands_are_refused_and_nothing_is_written(
    env: GameEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fresh = make("jericho", data=DATA, task="zork1.z3")
    try:
        fresh.reset(seed=0)
        for action in ("save", "script", "quit", "restart"):
            assert fresh.step(action)[4]["assessment"]["parameter_error"]
        for action in ("look then save", "look then script", "north"):
            fresh.step(action)
    finally:
        fresh.close()
    assert not list(tmp_path.iterdir())


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=80))
@example("")
@example("\ud800 \x00 \x1b[2J")
@example("x" * 10_000)
@example("x " * 5_000)
@example("look\nsave\x00")
@example("#comm")
def test_no_text_makes_it_raise(env: GameEnv, text: str) -> None:
    if not env._playing:
        env.reset(seed=0)
    env.step(text)
    env.game.act(text)


def test_an_emulator_that_breaks_down_ends_the_episode_and_not_the_program() -> None:
    game = Jericho(Data(DATA))
    (task, *_) = (one for one in BENCHMARK.tasks(Data(DATA), None) if one.name == "zork1.z3")
    game.begin(task, 0)
    assert game._emulator is not None
    game._emulator._process.kill()
    told = game.act("north")
    assert (told.over, told.error) == (True, "parameter")
    assert "broken down" in told.message
    assert (game.admissible(), game.act("south").over) == ([], True)
    game.state()
    assert "West of House" in game.begin(task, 0).observation
    assert "North of House" in game.act("north").observation
    game.close()


@pytest.mark.parametrize("at", [0x06, 0x0A, 5000, 20000, 60000])
def test_a_story_that_is_damaged_harms_nobody(tmp_path: Path, at: int) -> None:
    content = bytearray(ZORK.read_bytes())
    content[at : at + 64] = bytes(reversed(content[at + 64 : at + 128]))
    content[0x1C:0x1E] = bytes(2)  # no checksum
    content[0x0E:0x10] = ZORK.read_bytes()[0x0E:0x10]
    story = tmp_path / "damaged.z3"
    story.write_bytes(content)
    try:
        emulator = Emulator(story, 1, "")
    except EmulatorEnded:
        return
    try:
        emulator.reset()
        for action in ("look", "north", "open mailbox"):
            emulator.step(action)
    except EmulatorEnded as ended:
        assert "damaged.z3" in str(ended)
    finally:
        emulator.close()


def test_gymnasium_finds_nothing_wrong(env: GameEnv) -> None:
    check_env(env, skip_render_check=True, skip_close_check=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_is_left_behind(tmp_path: Path, how: signal.Signals) -> None:
    code = (
        "import sys, time, pathlib\nfrom trpg_env.suites.jericho.emulator import Emulator\n"
        f"emulator = Emulator(pathlib.Path({str(ZORK)!r}), 1, '')\n"
        "print(emulator._process.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    ) as process:
        assert process.stdout is not None
        stat = Path(f"/proc/{int(process.stdout.readline())}/stat")
        assert stat.exists()
        process.send_signal(how)
        process.wait(20)
    until = time.monotonic() + 10
    while stat.exists() and ") Z" not in stat.read_text(encoding="utf-8") and time.monotonic() < until:
        time.sleep(0.05)
    assert not stat.exists() or ") Z" in stat.read_text(encoding="utf-8")


def test_the_suite_is_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(DATA))
    out = str(tmp_path / "out")
    assert main(["evaluate", "--suite", "jericho", "-n", "2", "--player", "random", "--out", out]) == 0
    assert "success                  0.0%" in capfd.readouterr().out
