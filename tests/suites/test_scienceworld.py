"""ScienceWorld in its simulator, on AgentBoard's tasks, where Java and both are at hand."""

import importlib.util
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
from trpg_env.suites import make
from trpg_env.suites.scienceworld import ScienceWorld
from trpg_env.suites.scienceworld.java import SimulatorEnded

DATA = Path(os.environ.get("TRPG_DATA", Path(__file__).resolve().parents[3] / "shared" / "heldout"))
pytestmark = [
    pytest.mark.skipif(
        not (DATA / "agentboard" / "scienceworld.jsonl").is_file(),
        reason="needs AgentBoard's scienceworld.jsonl in the folder agentboard of TRPG_DATA",
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("scienceworld") is None or shutil.which("java") is None,
        reason='needs Java and pip install "trpg-env[scienceworld]"',
    ),
]

SAMPLE = ("chemistry-mix-paint-secondary-color-5", "lifespan-shortest-lived-7")
EASY = "lifespan-shortest-lived-7"


@pytest.fixture(scope="module")
def env() -> Iterator[GameEnv]:
    """One environment, and one Java process, for all tests."""
    made = make("scienceworld", data=DATA, admissible_actions=False)
    yield made
    made.close()


def walk(env: GameEnv, task: str, *, seed: int = 0, steps: int = 8) -> list[object]:
    observation, info = env.reset(seed=seed, options={"task": task})
    told: list[object] = [observation, info["state_hash"]]
    rng = np.random.default_rng(1)
    for _ in range(steps):
        action = env.sample_action(rng)
        observation, _, terminated, _, info = env.step(action)
        told += [action, observation, info["state_hash"], info["progress"]]
        if terminated:
            break
    return told


def alive(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"


def gone(process: int, within: float = 10.0) -> bool:
    until = time.monotonic() + within
    while alive(process) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(process)


def test_the_first_observation_is_the_room_and_what_is_carried(env: GameEnv) -> None:
    observation, info = env.reset(seed=0, options={"task": EASY})
    assert observation.startswith("Your task is to find the animal with the shortest life span.")
    assert "This room is called the" in observation
    assert observation.rstrip().endswith("In your inventory, you see:\n\tan orange")
    assert (info["progress"], info["success"]) == (0.0, False)


@pytest.mark.parametrize("task", SAMPLE)
def test_the_expert_reaches_success_and_full_progress(env: GameEnv, task: str) -> None:
    env.reset(seed=0, options={"task": task})
    terminated = truncated = False
    while not (terminated or truncated):
        action = env.expert_action()
        assert action is not None
        _, _, terminated, truncated, info = env.step(action)
    assert (info["success"], info["progress"]) == (True, 1.0)


def test_the_expert_goes_on_where_the_episode_is(env: GameEnv) -> None:
    env.game._plans.clear()  # type: ignore[attr-defined]
    env.reset(seed=0, options={"task": EASY})
    env.step("wait1")
    _, _, _, _, before = env.step("nonsense")
    action = env.expert_action()
    assert action is not None
    again = env.game.state()
    assert before["state_hash"] == env.step("nonsense")[4]["state_hash"], again
    env.step(action)
    assert env.expert_action() not in (None, action)


def test_errors_and_questions_back_are_told_apart(env: GameEnv) -> None:
    env.reset(seed=0, options={"task": EASY})
    *_, info = env.step("fly to the moon")
    assert info["assessment"]["parameter_error"]
    assert info["action"]["name"] is None
    *_, info = env.step("open door to kitchen")
    assert info["assessment"]["logic_error"]
    assert info["assessment"]["message"] == "The door is already open."
    env.step("go to kitchen")
    observation, *_, info = env.step("open door")
    assert observation.startswith("Ambiguous request")
    assert not any(value is True for value in info["assessment"].values())
    assert list(env.game.admissible()) == ["0", "1", "2"]
    *_, info = env.step("1")
    assert info["action"] == {"name": "choose", "parameters": {"number": "1"}}
    observation, *_ = env.step("check valid actions")
    assert "focus on OBJ" in observation
    assert "reset" not in observation


def test_admissible_actions_are_valid_ones(env: GameEnv) -> None:
    env.reset(seed=0, options={"task": EASY})
    listed = env.game.admissible()
    assert "go to hallway" in listed or "go to kitchen" in listed
    assert len(listed) > 20


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=60))
@example("")
@example("\ud800 \x00 \x1b[2J")
@example("x" * 10_000)
@example("open " * 500)
@example("open door\nlook around")
@example("9" * 400)
def test_no_text_makes_it_raise(env: GameEnv, text: str) -> None:
    if not env._playing:
        env.reset(seed=0, options={"task": EASY})
    env.step(text)
    env.game.act(text)


def test_gymnasium_finds_nothing_wrong(env: GameEnv) -> None:
    check_env(env, skip_render_check=True, skip_close_check=True)


def test_a_variation_that_is_none_is_refused(env: GameEnv) -> None:
    env.reset(seed=0)
    with pytest.raises(ValueError, match="cannot play boil, variation 99999"):
        env.game._running.load("boil", 99999, "")  # type: ignore[attr-defined]


def test_the_same_actions_come_to_the_same_in_any_process_whatever_was_played_before(env: GameEnv) -> None:
    game = env.game
    assert isinstance(game, ScienceWorld)
    paint = "chemistry-mix-paint-tertiary-color-6"
    first = walk(env, "find-animal-22")
    cups = env.reset(seed=0, options={"task": paint})[0]
    assert walk(env, "find-animal-22", seed=5) == first
    old = game._running._process
    old.kill()
    old.wait()
    with pytest.raises(SimulatorEnded, match="Java process has ended"):
        env.step("look around")
    assert env.reset(seed=0, options={"task": paint})[0] == cups
    assert walk(env, "find-animal-22") == first
    new = game._running._process.pid
    assert alive(new)
    env.close()
    assert gone(new)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_java_process_is_left_behind(tmp_path: Path, how: signal.Signals) -> None:
    code = (
        "import sys, time\nfrom trpg_env.suites.scienceworld.java import Simulator\n"
        "simulator = Simulator()\nprint(simulator._process.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    ) as process:
        assert process.stdout is not None
        java = int(process.stdout.readline())
        assert alive(java)
        process.send_signal(how)
        process.wait(20)
    assert gone(java)


def test_the_suite_is_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(DATA))
    out = str(tmp_path / "out")
    asked = ["evaluate", "--suite", "scienceworld", "-n", "2", "--player", "random", "--max-turns", "5"]
    assert main([*asked, "--out", out]) == 0
    told = capfd.readouterr()
    assert "scienceworld" in told.out
    assert "Running action" not in told.out + told.err
