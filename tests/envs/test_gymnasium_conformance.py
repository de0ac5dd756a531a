"""`AgentRefine-v0` keeps Gymnasium's rules."""

import copy
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env

import trpg_env
from trpg_env.envs import AgentRefineEnv, ReAct

KEYWORDS: list[dict[str, Any]] = [
    {},
    {"admissible_actions": True},
    {"render_mode": "ansi"},
    {"render_mode": "human"},
    {"reward": "sparse", "max_turns": 3},
]


@pytest.mark.parametrize("keywords", KEYWORDS, ids=str)
@pytest.mark.parametrize("script", ["cool-tomato", "ship"])
def test_the_environment_checker_has_nothing_to_say(script: str, keywords: dict[str, Any]) -> None:
    env = gym.make("AgentRefine-v0", script=script, **keywords)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize(
    "script", ["detective", "dungeon", "laboratory", "museum-heist", "office-mail", "unix-config"]
)
def test_the_environment_checker_has_nothing_to_say_about_the_library(script: str) -> None:
    env = gym.make("AgentRefine-v0", script=script)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_the_environment_checker_accepts_whole_replies_as_actions() -> None:
    env = ReAct(AgentRefineEnv("cool-tomato"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The checker wants to be given the environment without wrappers, which here is the plain one.
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version")
        check_env(env, skip_render_check=True)
    env.close()


def test_a_turn_limit_is_the_scripts_own_and_not_gymnasiums() -> None:
    spec = gym.spec("AgentRefine-v0")
    assert spec.max_episode_steps is None
    env = gym.make("AgentRefine-v0", script="cool-tomato", max_turns=2)
    env.reset(seed=0)
    assert env.step("x")[3] is False
    assert env.step("x")[3] is True
    env.close()


@pytest.mark.parametrize("action_format", ["plain", "react"])
@pytest.mark.parametrize("wrong", [None, 3, b"go east", ["go east"], {"action": "go east"}, 2.5], ids=repr)
def test_an_action_that_is_no_text_is_an_invalid_action(action_format: str, wrong: Any) -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato", action_format=action_format)
    env.reset(seed=0)
    before = env.unwrapped.snapshot()
    for candidate in (env, env.unwrapped):
        with pytest.raises(InvalidAction, match="is a text"):
            candidate.step(wrong)
    assert env.unwrapped.snapshot() == before
    env.close()


def test_step_before_reset_needs_a_reset() -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato")
    for candidate in (env, env.unwrapped):
        with pytest.raises(ResetNeeded):
            candidate.step("go east")
    env.close()


@pytest.mark.parametrize("action_format", ["plain", "react"])
def test_step_after_the_end_needs_a_reset(action_format: str) -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato", max_turns=1, action_format=action_format)
    env.reset(seed=0)
    assert env.step("go east")[3]
    for candidate in (env, env.unwrapped):
        with pytest.raises(ResetNeeded):
            candidate.step("go east")
    env.reset(seed=0)
    env.step("go east")
    env.close()


def test_the_same_seed_gives_the_same_start_and_an_unseeded_reset_goes_on_from_it() -> None:
    env = gym.make("AgentRefine-v0", script="ship")
    first = [env.reset(seed=5), env.reset(), env.reset()]
    again = [env.reset(seed=5), env.reset(), env.reset()]
    assert first == again
    env.close()


def test_a_spec_makes_the_environment_again(tmp_path: Path, tiny: dict[str, Any]) -> None:
    for script in ("cool-tomato", tiny, trpg_env.load_script("cool-tomato")):
        env = gym.make("AgentRefine-v0", script=script, reward={"success": 1, "turn": -0.1}, max_turns=9)
        assert env.spec is not None
        twin = gym.make(copy.deepcopy(env.spec))
        assert twin.reset(seed=3) == env.reset(seed=3)
        twin.close()
        env.close()


def test_the_random_agent_of_every_tutorial_runs() -> None:
    env = gym.make("AgentRefine-v0", script="cool-tomato")
    env.action_space.seed(1)
    observation, _ = env.reset(seed=1)
    for _ in range(60):
        assert observation in env.observation_space
        observation, _, terminated, truncated, info = env.step(env.action_space.sample())
        assert not info["assessment"]["parameter_error"]
        if terminated or truncated:
            observation, _ = env.reset()
    env.close()
