"""Snapshots, luck and variations; copies of an environment in play."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.envs import AgentRefineEnv
from trpg_env.sandbox import Sandbox

ACTIONS = ["roll", "go out", "go in", "roll", "shout hey", "count 0", "count 1", "dance", ""]

actions = st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=14)


def step_while_playing(env: Any, texts: list[str]) -> list[Any]:
    results = []
    for text in texts:
        if not env.unwrapped.episode.playing:
            break
        results.append(env.step(text))
    return results


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**40), luck=st.integers(-3, 3), before=actions, after=actions)
def test_playing_on_from_a_snapshot_is_the_same_bit_for_bit(
    seed: int,
    luck: int,
    before: list[str],
    after: list[str],
    make: Callable[..., Any],
    gamble: dict[str, Any],
) -> None:
    env, fresh = make(gamble, admissible_actions=True), make(gamble, admissible_actions=True)
    env.reset(seed=seed, options={"luck": luck})
    step_while_playing(env, before)
    snapshot = through_json(env.snapshot())
    expected = step_while_playing(env, after)

    env.restore(snapshot)
    assert env.snapshot() == snapshot
    assert step_while_playing(env, after) == expected

    observation, info = fresh.reset(options={"snapshot": snapshot})
    assert (observation, info) == (snapshot["observation"], snapshot["info"])
    assert fresh.snapshot() == snapshot
    assert step_while_playing(fresh, after) == expected
    assert fresh.snapshot() == env.snapshot()


@pytest.mark.parametrize("script", ["cool-tomato", "dungeon", "ship", "museum-heist"])
def test_library_scripts_play_on_from_snapshots(script: str, make: Callable[..., Any]) -> None:
    env, fresh = make(script), make(script)
    env.reset(seed=3)
    env.action_space.seed(3)
    plan = [env.action_space.sample() for _ in range(20)]
    step_while_playing(env, plan[:8])
    snapshot = through_json(env.snapshot())
    expected = step_while_playing(env, plan[8:])
    fresh.reset(options={"snapshot": snapshot})
    assert step_while_playing(fresh, plan[8:]) == expected


def test_a_snapshot_right_after_reset_and_one_after_the_end(
    make: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    env, fresh = make(tiny), make(tiny)
    env.reset(seed=0)
    start = through_json(env.snapshot())
    won = env.step("win")
    end = through_json(env.snapshot())

    fresh.reset(options={"snapshot": end})
    with pytest.raises(gym.error.ResetNeeded):
        fresh.step("win")
    fresh.restore(start)
    assert fresh.step("win") == won


def test_a_snapshot_before_the_first_reset_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="reset first"):
        make().snapshot()


def test_a_snapshot_stays_as_it_is_while_play_goes_on(make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0)
    snapshot = env.snapshot()
    kept = through_json(snapshot)
    env.step("go west")
    env.restore(snapshot)
    env.step("go west")
    assert snapshot == kept


def test_a_snapshot_fits_an_environment_that_lists_what_is_admissible(make: Callable[..., Any]) -> None:
    plain, listing = make(), make(admissible_actions=True)
    plain.reset(seed=0)
    _, listed = listing.reset(seed=0)
    snapshot = listing.snapshot()
    assert listing.reset(options={"snapshot": plain.snapshot()})[1] == listed
    assert "admissible_actions" not in plain.reset(options={"snapshot": snapshot})[1]


GARBAGE: list[Any] = [None, 3, "snapshot", b"", [], {}, {"script_hash": "x"}, [("state", 1)]]
NO_VALUES: dict[str, list[Any]] = {
    "state": [None, {}, [], "x", {"turn": 0}],
    "seed": ["7", 7.5, None, float("inf")],
    "luck": ["0", None, []],
    "variation": [99, -1, "0", None],
    "info": [None, [], {}, {"turn": 0}, "info"],
    "reward": ["much", None, {}],
}
NO_STATES: dict[str, list[Any]] = {
    "turn": [-1, "x", None, 5, float("nan")],
    "world": [{}, [], None, {"fridge": {"at": 7}}, {"fridge": 3}, {"unicorn": {"at": "hall"}}],
    "pending": [[99], [-1], None, "no", [0, 0, 0, 0]],
    "counted": [-3, 99, None, "x"],
    "completed": [[0], [99], None, "01"],
}


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_garbage_is_no_snapshot(garbage: Any, make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0)
    before = env.snapshot()
    for restore in (env.restore, lambda s: env.reset(options={"snapshot": s})):
        with pytest.raises(ValueError, match="snapshot"):
            restore(garbage)
    assert env.snapshot() == before


@pytest.mark.parametrize(
    "change",
    [{key: value} for key, values in NO_VALUES.items() for value in values]
    + [{"state": {key: value}} for key, values in NO_STATES.items() for value in values],
    ids=repr,
)
def test_a_snapshot_that_was_tampered_with_is_refused_and_changes_nothing(
    change: dict[str, Any], make: Callable[..., Any]
) -> None:
    env = make()
    env.reset(seed=0)
    env.step("go west")
    before = env.snapshot()
    forged = copy.deepcopy(before)
    for key, value in change.items():
        if (
            key == "state"
            and isinstance(value, dict)
            and value.keys() & NO_STATES.keys()
            and value != {"turn": 0}
        ):
            forged[key].update(value)
        else:
            forged[key] = value
    with pytest.raises(ValueError, match="snapshot"):
        env.restore(forged)
    assert env.snapshot() == before


@pytest.mark.parametrize(
    "missing", ["script_hash", "seed", "luck", "variation", "state", "dm", "observation", "info"]
)
def test_a_snapshot_without_one_of_its_parts_is_refused(missing: str, make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0)
    snapshot = env.snapshot()
    del snapshot[missing]
    with pytest.raises(ValueError, match="snapshot"):
        env.restore(snapshot)


def test_a_snapshot_of_another_script_is_refused(make: Callable[..., Any], tiny: dict[str, Any]) -> None:
    one, other = make(), make({**tiny, "goal": "Something else."})
    one.reset(seed=0)
    other.reset(seed=0)
    with pytest.raises(ValueError, match="another script"):
        one.restore(other.snapshot())


def test_a_snapshot_goes_alone(make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="alone"):
        env.reset(options={"snapshot": env.snapshot(), "luck": 1})


def test_luck_is_another_fate_from_the_same_start(make: Callable[..., Any], gamble: dict[str, Any]) -> None:
    env = make(gamble)
    starts, fates = set(), set()
    for luck in range(12):
        observation, info = env.reset(seed=5, options={"luck": luck, "variation": 0})
        starts.add((observation, json.dumps(info)))
        fates.add(tuple(env.step("roll")[0] for _ in range(2)))
    assert len(starts) == 1
    assert len(fates) > 1


def test_luck_is_zero_where_it_is_left_out(make: Callable[..., Any], gamble: dict[str, Any]) -> None:
    env = make(gamble)
    results = []
    for options in (None, {}, {"luck": 0}):
        env.reset(seed=8, options=options)
        results.append(step_while_playing(env, ["roll", "go out", "roll", "roll"]))
    assert results[0] == results[1] == results[2]


def test_two_branches_of_one_episode_meet_the_same_fate(
    make: Callable[..., Any], gamble: dict[str, Any]
) -> None:
    env = make(gamble)
    for seed in range(8):
        env.reset(seed=seed, options={"variation": 0})
        env.step("shout hey")
        one = env.step("roll")[0]
        env.reset(seed=seed, options={"variation": 0})
        env.step("dance")
        assert env.step("roll")[0] == one


def test_variations_are_counted_with_the_last_path_fastest(
    make: Callable[..., Any], gamble: dict[str, Any]
) -> None:
    env = make(gamble)
    dice = []
    for variation in range(6):
        env.reset(seed=0, options={"variation": variation})
        attributes = env.snapshot()["state"]["world"]["dice"]
        dice.append((attributes["at"], attributes["colour"]))
    places, colours = ["bar", "yard"], ["red", "white", "black"]
    assert dice == [(place, colour) for place in places for colour in colours]


def test_the_variation_follows_from_the_seed_and_every_one_is_drawn(
    make: Callable[..., Any], gamble: dict[str, Any]
) -> None:
    env = make(gamble)
    drawn = {}
    for seed in range(60):
        env.reset(seed=seed)
        drawn[seed] = env.snapshot()["variation"]
        env.reset(seed=seed, options={"luck": 3})
        assert env.snapshot()["variation"] == drawn[seed]
    assert set(drawn.values()) == set(range(6))


@pytest.mark.parametrize(
    "options",
    [
        {"luck": "7"},
        {"luck": 1.0},
        {"luck": None},
        {"luck": True},
        {"variation": 6},
        {"variation": -1},
        {"variation": "0"},
        {"variation": 0.5},
        {"variation": False},
        {"lucky": 1},
        {3: 4},
    ],
    ids=str,
)
def test_bad_options_are_value_errors_and_leave_the_episode_alone(
    options: dict[Any, Any], make: Callable[..., Any], gamble: dict[str, Any]
) -> None:
    env = make(gamble)
    env.reset(seed=0)
    env.step("roll")
    before = env.snapshot()
    with pytest.raises(ValueError, match=str(next(iter(options)))):
        env.reset(seed=1, options=options)
    assert env.snapshot() == before
    env.step("roll")


COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda env: pickle.loads(pickle.dumps(env)),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("action_format", ["plain", "react"])
def test_a_copy_of_an_environment_in_play_goes_on_the_same(
    copied: Callable[[Any], Any], action_format: str, gamble: dict[str, Any]
) -> None:
    def wrap(action: str) -> str:
        return action if action_format == "plain" else f"Thought: so.\nAction: {action}"

    env = gym.make("AgentRefine-v0", script=gamble, action_format=action_format, admissible_actions=True)
    env.reset(seed=4)
    env.action_space.seed(2)
    # The last action is one that the reply's parser itself refuses.
    step_while_playing(env, [wrap("shout hey"), wrap("roll"), "no reply"])
    twin = copied(env)
    played = [wrap("roll"), wrap("count 1"), wrap("go out"), wrap("roll")]
    assert step_while_playing(twin, played) == step_while_playing(env, played)
    assert twin.action_space.sample() == env.action_space.sample()
    assert twin.reset() == env.reset()
    env.close()
    twin.close()


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_environment_can_be_copied_before_play_and_after_the_end(
    copied: Callable[[Any], Any], tiny: dict[str, Any]
) -> None:
    env = AgentRefineEnv(tiny)
    twin = copied(env)
    assert twin.reset(seed=1) == env.reset(seed=1)
    twin.close()
    env.step("win")
    twin = copied(env)
    with pytest.raises(gym.error.ResetNeeded):
        twin.step("win")
    twin.close()
    env.close()


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_episode_whose_last_observation_is_empty_is_copied_too(
    copied: Callable[[Any], Any], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["wait"] = {"observation": "", "effects": ["player.waited += 1"]}
    env = AgentRefineEnv(tiny)
    env.reset(seed=1)
    assert env.step("wait")[0] == ""
    twin = copied(env)
    assert twin.snapshot() == env.snapshot()
    twin.close()
    env.close()


@pytest.mark.parametrize("copied", [*COPIES.values(), copy.copy], ids=[*COPIES, "copy"])
def test_a_copy_has_a_sandbox_of_its_own_with_the_same_settings(
    copied: Callable[[Any], Any], tiny: dict[str, Any]
) -> None:
    with Sandbox(deadline=0.35, require=["deadline"]) as sandbox:
        env: Any = gym.make("AgentRefine-v0", script=tiny, sandbox=sandbox).unwrapped
        assert env.world.sandbox is sandbox
        twin = copied(env)
        assert twin.world.sandbox is not sandbox
        assert twin.world.sandbox.__reduce__() == sandbox.__reduce__()
        twin.close()
        assert twin.world.sandbox._worker is None
        env.close()
        assert sandbox._worker is not None


def test_a_copy_of_a_copy_keeps_the_wrappers_and_keywords() -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato", max_turns=2, reward="sparse", render_mode="ansi")
    twin = copy.deepcopy(copy.deepcopy(env))
    twin.reset(seed=0)
    assert twin.render_mode == "ansi"
    assert twin.step("dance")[3] is False
    assert twin.step("dance")[3] is True
    assert str(twin) == str(env) == "<AgentRefineEnv<AgentRefine-v0>>"
    twin.close()
    env.close()
