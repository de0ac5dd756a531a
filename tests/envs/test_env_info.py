"""`info`: the same keys and types always, fresh plain JSON values, determined by script, seed, luck and actions."""

import json
from collections.abc import Callable
from typing import Any

import pytest

KEYS = {
    "success",
    "progress",
    "turn",
    "assessment",
    "action",
    "thought",
    "state_hash",
    "reward_terms",
    "error",
}
ASSESSMENT = {"parameter_error": bool, "place_error": bool, "logic_error": bool, "message": str}
ACTIONS = [
    "go east",
    "dance",
    "take tomato",
    "take tomato",
    "open fridge",
    "go west",
    "open fridge",
    "put tomato in fridge",
    "",
]


def infos(env: Any, actions: list[str] = ACTIONS, **reset: Any) -> list[dict[str, Any]]:
    found = [env.reset(**reset)[1]]
    return found + [env.step(action)[4] for action in actions]


@pytest.mark.parametrize("admissible", [False, True])
def test_reset_and_step_give_the_same_keys_of_the_same_types(
    admissible: bool, make: Callable[..., Any]
) -> None:
    env = make(admissible_actions=admissible, reward={"success": 1, "turn": -1})
    for info in infos(env, seed=0):
        assert set(info) == KEYS | ({"admissible_actions"} if admissible else set())
        assert type(info["success"]) is bool
        assert type(info["progress"]) is float
        assert type(info["turn"]) is int
        assert {key: type(value) for key, value in info["assessment"].items()} == ASSESSMENT
        assert set(info["action"]) == {"name", "parameters"}
        assert info["action"]["name"] is None or type(info["action"]["name"]) is str
        assert all(type(value) is str for value in info["action"]["parameters"].values())
        assert type(info["thought"]) is str
        assert info["thought"]
        assert type(info["state_hash"]) is str
        assert {key: type(value) for key, value in info["reward_terms"].items()} == {
            "success": float,
            "turn": float,
        }
        assert info["error"] == {"kind": None, "message": None}
        if admissible:
            assert type(info["admissible_actions"]) is list


def test_info_survives_json(make: Callable[..., Any]) -> None:
    for info in infos(make(admissible_actions=True), seed=0):
        assert json.loads(json.dumps(info, allow_nan=False)) == info


def test_the_assessment_is_of_the_action_just_taken(make: Callable[..., Any]) -> None:
    env = make()
    _, info = env.reset(seed=0, options={"variation": 1})
    assert info["assessment"] == {
        "parameter_error": False,
        "place_error": False,
        "logic_error": False,
        "message": "",
    }
    expected = [
        ("dance", "parameter_error", "There is no such action"),
        ("take tomato", None, ""),
        ("take tomato", "logic_error", "You hold the tomato already."),
        ("open fridge", "place_error", "There is no fridge here."),
        ("go west", None, ""),
    ]
    for turn, (action, error, message) in enumerate(expected, start=1):
        observation, *_, info = env.step(action)
        flags = {name for name, value in info["assessment"].items() if value is True}
        assert flags == ({error} if error else set())
        assert info["assessment"]["message"].startswith(message)
        assert bool(info["assessment"]["message"]) == bool(error)
        assert info["turn"] == turn
        if error:
            assert info["assessment"]["message"] in observation


@pytest.mark.parametrize(
    ("action", "name", "parameters"),
    [
        (
            "put  tomato in   Microwave",
            "put {thing} in {container}",
            {"thing": "tomato", "container": "microwave"},
        ),
        ("open the fridge", "open {thing}", {"thing": "fridge"}),
        ("go north", "go {direction}", {"direction": "north"}),
        ("sing", None, {}),
        ("", None, {}),
    ],
)
def test_the_action_is_given_as_it_was_understood(
    action: str, name: str | None, parameters: dict[str, str], make: Callable[..., Any]
) -> None:
    env = make()
    env.reset(seed=0)
    assert env.step(action)[4]["action"] == {"name": name, "parameters": parameters}


def test_numbers_are_text_in_the_action(make: Callable[..., Any]) -> None:
    env = make("ship")
    env.reset(seed=0)
    assert env.step("call pilot on channel 12")[4]["action"]["parameters"] == {"channel": "12"}


def test_what_a_player_does_to_info_changes_nothing(make: Callable[..., Any]) -> None:
    def spoil(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                spoil(inner)
            value.clear()
        elif isinstance(value, list):
            value.clear()

    spoilt, clean = make(admissible_actions=True), make(admissible_actions=True)
    clean.reset(seed=1)
    spoil(spoilt.reset(seed=1)[1])
    assert spoilt.snapshot() == clean.snapshot()
    for action in ACTIONS:
        expected = clean.step(action)
        played = spoilt.step(action)
        assert played == expected
        spoil(played[4])
        assert spoilt.snapshot() == clean.snapshot()
    snapshot = clean.snapshot()
    spoil(spoilt.reset(options={"snapshot": snapshot})[1])
    assert spoilt.snapshot() == snapshot == clean.snapshot()


def test_every_info_is_an_object_of_its_own(make: Callable[..., Any]) -> None:
    env = make(admissible_actions=True)
    seen: list[int] = []
    kept = infos(env, ["dance", "dance", "dance"], seed=0)
    for info in kept:
        seen += [id(info), *(id(value) for value in info.values() if isinstance(value, dict | list))]
    assert len(set(seen)) == len(seen)


def test_info_is_determined_by_script_seed_luck_and_actions(
    make: Callable[..., Any], gamble: dict[str, Any]
) -> None:
    actions = ["roll", "go out", "roll", "shout so", "count 1", "go in", "roll"]
    one, two = make(gamble, admissible_actions=True), make(gamble, admissible_actions=True)
    for seed in range(6):
        two.reset(seed=99)
        two.step("roll")
        assert infos(one, actions, seed=seed) == infos(two, actions, seed=seed)


def test_the_state_hash_is_of_the_world_alone(make: Callable[..., Any]) -> None:
    env = make()
    _, info = env.reset(seed=0, options={"variation": 0})
    start = info["state_hash"]
    assert env.step("dance")[4]["state_hash"] == start
    assert env.step("go west")[4]["state_hash"] != start
    assert env.step("go east")[4]["state_hash"] == start
    assert env.reset(seed=0, options={"variation": 1})[1]["state_hash"] != start


def test_progress_is_the_share_of_milestones_and_only_grows(make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0, options={"variation": 1})
    progress = [
        env.step(a)[4]["progress"] for a in ["take tomato", "go west", "open fridge", "put tomato in fridge"]
    ]
    assert progress == [1 / 3, 1 / 3, 1 / 3, 1 / 3]
    assert env.step("close fridge")[4]["progress"] == 2 / 3


@pytest.mark.parametrize("script", ["cool-tomato", "office-mail", "laboratory"])
def test_admissible_actions_are_just_those_that_are_carried_out(
    script: str, make: Callable[..., Any]
) -> None:
    env = make(script, admissible_actions=True)
    every = [action.text for action in env.world.admissible.actions]
    _, info = env.reset(seed=2)
    for turn in range(4):
        here = env.snapshot()
        carried_out = []
        for action in every:
            env.restore(here)
            if not any(value is True for value in env.step(action)[4]["assessment"].values()):
                carried_out.append(action)
        assert info["admissible_actions"] == carried_out
        env.restore(here)
        info = env.step(carried_out[turn % len(carried_out)])[4]


def test_admissible_actions_cost_nothing_where_they_are_not_asked_for(make: Callable[..., Any]) -> None:
    env = make()
    assert "admissible_actions" not in env.reset(seed=0)[1]
    assert "admissible_actions" not in env.step("go east")[4]
    assert "actions" not in vars(env.world.admissible)


def test_admissible_actions_follow_code_that_reads_the_state(
    make: Callable[..., Any], gamble: dict[str, Any]
) -> None:
    env = make(gamble, admissible_actions=True)
    _, info = env.reset(seed=0, options={"variation": 0})
    assert info["admissible_actions"] == ["go out", "roll", "shout hey", "shout well, well", "count 0"]
    *_, info = env.step("roll")
    coins = env.snapshot()["state"]["world"]["purse"]["coins"]
    assert f"count {coins}" in info["admissible_actions"]
    assert "count 0" not in info["admissible_actions"]
