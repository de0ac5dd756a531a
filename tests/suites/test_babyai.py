"""BabyAI as AgentBoard has it: openings, actions, subgoals, success, and an expert that reaches all of them."""

import contextlib
import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("minigrid", reason='needs pip install "trpg-env[babyai]"')

import trpg_env  # noqa: F401  (registers the suites)
from trpg_env.cli import main
from trpg_env.envs.game import GameEnv
from trpg_env.evaluation import read_results
from trpg_env.suites import Data, benchmark, make
from trpg_env.suites.babyai import FILE

DATA = Path(os.environ.get("TRPG_DATA", Path(__file__).resolve().parents[3] / "shared" / "heldout"))
pytestmark = pytest.mark.skipif(
    not (DATA / FILE).is_file(),
    reason="needs AgentBoard's babyai.jsonl in the folder agentboard of TRPG_DATA",
)

HARD = [
    "GoToImpUnlock-1236",  # a locked door on the way
    "OpenDoorsOrderN4Debug-1236",  # the level is over where the wrong door is opened first
    "UnblockPickup-1236",  # something is in the way
    "BlockedUnlockPickup-1236",
    "KeyCorridorS6R3-1236",
]


@pytest.fixture(scope="module")
def env() -> GameEnv:
    return make("babyai", data=DATA)


def begun(env: GameEnv, task: str) -> Any:
    env.reset(seed=1, options={"task": task})
    return env.game


def played_by_expert(env: GameEnv) -> dict[str, Any]:
    terminated = truncated = False
    while not (terminated or truncated):
        action = env.expert_action()
        assert action is not None
        _, _, terminated, truncated, info = env.step(action)
    return info


def test_each_first_observation_is_the_one_that_agentboard_had(env: GameEnv) -> None:
    records = [json.loads(line) for line in (DATA / FILE).read_text(encoding="utf-8").splitlines()]
    records = [one for one in records if one["additional_info"]["subtask"] != "BabyAI-GoToObjS6-v0"]
    tasks = benchmark("babyai").tasks(Data(DATA), None)
    assert len(records) == len(tasks)
    for task, record in zip(tasks, records, strict=True):
        observation, info = env.reset(seed=1, options={"task": task.name})
        assert observation == f"{env.instruction}\n\n{record['additional_info']['init_obs']}"
        assert f"Goal: {record['goal']}\n" in env.instruction
        assert env.game._level.mission == record["goal"]  # type: ignore[attr-defined]
        assert (info["progress"], info["success"]) == (0.0, False)
        assert task.difficulty == record["difficulty"]


@pytest.mark.parametrize("task", HARD)
def test_the_expert_reaches_success_and_all_subgoals(env: GameEnv, task: str) -> None:
    begun(env, task)
    info = played_by_expert(env)
    assert (info["success"], info["progress"]) == (True, 1.0)
    assert info["turn"] <= 10


def test_the_expert_takes_over_from_another_player(env: GameEnv) -> None:
    game = begun(env, "UnlockPickupDist-1234")
    rng = np.random.default_rng(3)
    for _ in range(12):
        env.step(game.sample(rng))
    assert env.expert_action() == env.expert_action()
    info = played_by_expert(env)
    assert (info["success"], info["progress"]) == (True, 1.0)


def test_a_random_player_wins_few_levels(env: GameEnv) -> None:
    won = 0
    for task in HARD:
        begun(env, task)
        env.action_space.seed(0)
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, info = env.step(env.action_space.sample())
        won += info["success"]
    assert won <= 1


@pytest.mark.parametrize(
    ("action", "error", "said"),
    [
        ("go to grey ball 1", None, ""),
        ("  GO TO grey ball 1\n", None, ""),
        ("pick up grey ball 2", None, ""),
        ("pickup grey ball 2", None, ""),
        ("check available actions", None, ""),
        ("check valid actions", None, ""),
        ("move forward", None, ""),
        ("go to grey ball", "parameter", "There is no such action"),
        ("go to the grey ball 1", "parameter", "There is no such action"),
        ("go to grey ball 0", "parameter", "There is no such action"),
        ("dance", "parameter", "There is no such action"),
        ("", "parameter", "There is no such action"),
        ("go to grey ball 3", "place", "You see no grey ball 3."),
        ("pickup purple key 1", "place", "You see no purple key 1."),
        ("go through red open door 1", "place", "You see no red open door 1."),
        ("drop", "logic", "You cannot drop anything: you carry nothing."),
        ("toggle", "logic", "There is no door right in front of you that you could open."),
        ("pickup blue locked door 1", "logic", "You cannot pickup blue locked door 1: it is a door."),
        ("go through red box 1", "logic", "You cannot go through red box 1: it is no door."),
        ("go through blue locked door 1", "logic", "You cannot go through blue locked door 1: it is locked."),
        ("toggle and go through blue locked door 1", "logic", "it is locked, and you carry no blue key."),
    ],
)
def test_actions_are_carried_out_or_answered_with_what_is_wrong(
    env: GameEnv, action: str, error: str | None, said: str
) -> None:
    game = begun(env, "GoToObjDoor-1236")
    before = game.state()
    told = game.act(action)
    assert told.error == error
    assert said in told.message
    if error is not None:
        assert (told.observation, game.state()) == (told.message, before)
    elif "check" in action:
        assert told.observation.startswith(
            "You can take the following actions: turn left, turn right, move forward, "
        )
        assert told.observation.endswith(", check available actions")


def test_what_changes_nothing_is_an_error(env: GameEnv) -> None:
    game = begun(env, "GoToObjDoor-1236")
    game.act("go to grey ball 1")
    assert game.act("go to grey ball 1").message == "You stand in front of grey ball 1 already."
    told = game.act("move forward")
    assert (told.error, told.message) == (
        "logic",
        "That changed nothing: there is a grey ball in front of you.",
    )
    assert "There is a grey ball 1 right in front of you 1 steps away." in told.observation


def test_with_full_hands_nothing_is_picked_up(env: GameEnv) -> None:
    game = begun(env, "GoToObjDoor-1236")
    assert "You are carrying a grey ball." in game.act("pickup grey ball 1").observation
    game.act("turn left")
    told = game.act("pickup yellow key 1")
    assert (told.error, told.message) == ("logic", "You cannot pickup yellow key 1: you carry a grey ball.")
    game.act("turn right")
    told = game.act("drop")
    assert (told.error, game.act("drop").error) == (None, "logic")
    assert "There is a grey ball 1 right in front of you 1 steps away." in told.observation


def test_subgoals_count_one_a_turn_and_all_of_them_are_success(env: GameEnv) -> None:
    begun(env, "OpenRedDoor-1234")
    steps = [env.step(action) for action in ("go to red closed door 1", "toggle")]
    assert [step[4]["progress"] for step in steps] == [0.5, 1.0]
    assert [step[2] for step in steps] == [False, True]
    assert steps[1][0].endswith("You are not carrying anything.\n The task is completed.")
    assert steps[1][4]["success"]


def test_a_level_that_is_over_with_half_of_the_subgoals_goes_on(env: GameEnv) -> None:
    """As at AgentBoard, whose players are told of the completion at once."""
    begun(env, "OpenDoorsOrderN4Debug-1236")
    game: Any = env.game
    door = "toggle and go through blue closed door 1"
    assert door in game.admissible()
    for action in ("go to blue closed door 1", "toggle"):
        _, _, terminated, _, info = env.step(action)
    assert not terminated
    assert info["progress"] <= 0.5


def test_states_tell_what_was_done(env: GameEnv) -> None:
    game = begun(env, "GoToObjDoor-1236")
    states = [game.state()]
    for action in ("turn left", "turn right", "pickup yellow key 1", "drop", "pickup yellow key 1"):
        game.act(action)
        states.append(game.state())
    assert states[0] == states[2]
    assert len(set(states)) == 4
    assert states[3] == states[5]


def test_what_is_left_of_the_last_level_is_nothing(env: GameEnv) -> None:
    alone = make("babyai", data=DATA)
    begun(env, "KeyCorridorS6R3-1234")
    played_by_expert(env)
    for name in ("UnlockToUnlock-1236", "GoToRedBall-1234"):
        assert env.reset(seed=1, options={"task": name}) == alone.reset(seed=2, options={"task": name})
        assert env.expert_action() == alone.expert_action()


def test_a_copied_game_goes_its_own_way(env: GameEnv) -> None:
    game = begun(env, "GoToObjDoor-1236")
    other = copy.deepcopy(game)
    before = game.state()
    assert other.act("pickup grey ball 1") == copy.deepcopy(game).act("pickup grey ball 1")
    assert game.state() == before != other.state()


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=80)
    | st.text(st.characters(categories=["Cs", "Cc", "Zs"]), max_size=20)
    | st.builds(
        "{} {} {}".format,
        st.sampled_from(
            ["go to", "pick up", "pickup", "go through", "toggle and go through", "toggle", "drop"]
        ),
        st.sampled_from(["red ball", "grey open door", "box", "wall", "blue locked door", "grey key"]),
        st.integers(-1, 200) | st.text(max_size=3),
    )
    | st.sampled_from(["x" * 10_000, "go to " * 2_000, "check" * 2_000])
)
def test_no_action_makes_it_raise(action: str) -> None:
    game = GAME[0]
    told = game.act(action)
    assert bool(told.message) == (told.error is not None)
    assert 0 <= told.progress <= 1
    assert game.state()


GAME: list[Any] = []
if (DATA / FILE).is_file():
    GAME.append(benchmark("babyai").game(Data(DATA)))
    GAME[0].begin(benchmark("babyai").tasks(Data(DATA), None)[30], 0)

WALK = """
import sys
import numpy as np
from trpg_env.suites import make
env = make("babyai", data=sys.argv[1])
env.reset(seed=1, options={"task": "UnlockToUnlock-1236"})
print(env.expert_action())
rng = np.random.default_rng(0)
for _ in range(20):
    observation, _, _, _, info = env.step(env.sample_action(rng))
    print(observation, info["state_hash"], info["progress"])
print(env.expert_action())
"""


def test_other_processes_come_to_the_same() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", WALK, str(DATA)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    assert told[0].stdout == told[1].stdout
    assert told[0].stderr == ""
    assert told[0].stdout.startswith("turn right\n")


def test_it_is_an_environment_of_gymnasiums() -> None:
    check_env(gym.make("TRPG/babyai-v0", data=DATA).unwrapped, skip_render_check=True)


def test_the_command_plays_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRPG_DATA", str(DATA))
    with contextlib.chdir(tmp_path):
        assert main(["evaluate", "--suite", "babyai", "--player", "random", "-n", "2", "--out", "out"]) == 0
    found = read_results(tmp_path / "out")
    assert (found.counts.episodes, found.suite.name) == (2, "babyai")
    assert "GoToObjS6" in found.suite.rules["tasks"]
