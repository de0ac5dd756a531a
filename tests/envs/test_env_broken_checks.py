"""Verification that does not answer ends the episode, and blames nobody's action."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

from trpg_env.sandbox import Sandbox

FOREVER = "def validate(action, params, state):\n    while params['word'] == 'loop':\n        pass\n    return True\n"
STATEFUL = FOREVER.replace("return True", "return state['player']['at'] == 'hall'")
CATASTROPHE = r"^say (?P<word>(a+)+|\w+)$"
HANGING = {
    "code": (FOREVER, "say loop"),
    "code that reads the state": (STATEFUL, "say loop"),
    "pattern": (CATASTROPHE, f"say {'a' * 60}!"),
}


@pytest.fixture
def talker(tiny: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    def talker(source: str) -> dict[str, Any]:
        actions = tiny["available_actions"]
        actions["say {word}"] = {
            "verification_code": source,
            "parameters": {"word": {"any": ["hello"]}},
            "effects": ["player.said += word"],
        }
        return tiny

    return talker


@pytest.mark.parametrize(("source", "text"), HANGING.values(), ids=HANGING)
@pytest.mark.parametrize("action_format", ["plain", "react"])
def test_a_check_that_hangs_truncates_the_episode_without_a_flag(
    source: str, text: str, action_format: str, talker: Callable[[str], dict[str, Any]]
) -> None:
    env = gym.make("AgentRefine-v0", script=talker(source), action_format=action_format)
    wrap = "Thought: x\nAction: {}".format if action_format == "react" else str
    env.reset(seed=0)
    *_, before = env.step(wrap("say hello"))
    assert before["error"] == {"kind": None, "message": None}
    _, reward, terminated, truncated, info = env.step(wrap(text))
    assert (reward, terminated, truncated, info["success"]) == (0.0, False, True, False)
    assert info["error"]["kind"] == "timeout"
    assert info["error"]["message"]
    assert info["assessment"] == {
        "parameter_error": False,
        "place_error": False,
        "logic_error": False,
        "message": "",
    }
    assert set(info) == set(before)
    assert info["state_hash"] == before["state_hash"]
    with pytest.raises(gym.error.ResetNeeded):
        env.step(wrap("win"))
    env.reset(seed=0)
    assert env.step(wrap("win"))[2]
    env.close()


def test_an_episode_that_broke_is_snapshot_as_ended(talker: Callable[[str], dict[str, Any]]) -> None:
    env = gym.make("AgentRefine-v0", script=talker(FOREVER)).unwrapped
    env.reset(seed=0)
    _, *_, info = env.step("say loop")
    snapshot = env.snapshot()  # type: ignore[attr-defined]
    env.reset(seed=1)
    assert env.reset(options={"snapshot": snapshot})[1] == info
    with pytest.raises(gym.error.ResetNeeded):
        env.step("win")
    env.close()


def test_an_exception_or_an_odd_result_is_only_a_parameter_error(
    make: Callable[..., Any], talker: Callable[[str], dict[str, Any]]
) -> None:
    for body in ("return 1 / 0", "return 7", "return None", "return params['nothing']"):
        env = make(talker(f"def validate(action, params, state):\n    {body}\n"))
        env.reset(seed=0)
        *_, truncated, info = env.step("say hello")
        assert info["assessment"]["parameter_error"]
        assert info["assessment"]["message"]
        assert not truncated
        assert info["error"] == {"kind": None, "message": None}


def test_where_listing_what_is_admissible_hangs_reset_says_so_and_the_first_step_ends_it(
    talker: Callable[[str], dict[str, Any]],
) -> None:
    script = talker(FOREVER)
    script["available_actions"]["say {word}"]["parameters"]["word"] = ["hello", "loop"]
    with Sandbox(deadline=0.1) as sandbox:
        env = gym.make("AgentRefine-v0", script=script, admissible_actions=True, sandbox=sandbox)
        _, info = env.reset(seed=0)
        assert (info["error"]["kind"], info["admissible_actions"]) == ("timeout", [])
        *_, truncated, info = env.step("win")
        assert truncated
        assert info["error"]["kind"] == "timeout"
        env.close()


def test_in_a_vector_environment_the_others_play_on(talker: Callable[[str], dict[str, Any]]) -> None:
    vector = gym.make_vec("AgentRefine-v0", num_envs=3, script=talker(FOREVER))
    vector.reset(seed=0)
    _, rewards, terminations, truncations, infos = vector.step(["win", "say loop", "say hello"])
    assert list(rewards) == [1.0, 0.0, 0.0]
    assert list(terminations) == [True, False, False]
    assert list(truncations) == [False, True, False]
    assert list(infos["error"]["kind"]) == [None, "timeout", None]
    assert infos["action"]["name"][2] == "say {word}"
    vector.close()
