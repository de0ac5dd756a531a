"""Both spaces contain any text up to their length; samples are actions that the script understands."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from grounded import GROUNDED
from gymnasium.vector.utils import batch_space
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.envs import parse_reply
from trpg_env.envs.spaces import AnyText

SPACE = AnyText(50)


@given(st.text(max_size=50))
def test_any_text_up_to_the_length_is_contained(text: str) -> None:
    assert text in SPACE


@pytest.mark.parametrize("thing", ["x" * 51, b"x", 3, None, ["x"], ("x",)], ids=repr)
def test_longer_texts_and_other_things_are_not_contained(thing: Any) -> None:
    assert thing not in SPACE


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "茶\u2028\x1b[31m", "𓀀" * 50])
def test_odd_texts_are_contained(text: str) -> None:
    assert text in SPACE


def test_both_spaces_of_the_environment_are_gymnasiums_text(make: Callable[..., Any]) -> None:
    for env in (make(), make(react=True)):
        assert isinstance(env.action_space, gym.spaces.Text)
        assert isinstance(env.observation_space, gym.spaces.Text)
        assert env.reset(seed=0)[0] in env.observation_space


@pytest.mark.parametrize("script", GROUNDED)
def test_samples_are_understood_by_the_script(script: str, make: Callable[..., Any]) -> None:
    env = make(script, max_turns=200)
    env.reset(seed=0)
    env.action_space.seed(0)
    names = set()
    for _ in range(100):
        action = env.action_space.sample()
        assert action in env.action_space
        _, _, terminated, truncated, info = env.step(action)
        # Of values that are valid each by itself, code may still refuse the combination.
        assert script in ("clinic", "unix-config") or not info["assessment"]["parameter_error"], action
        assert info["action"]["name"] is not None
        names.add(info["action"]["name"])
        if terminated or truncated:
            env.reset()
    assert len(names) > len(env.script.program.actions) / 2


def test_samples_are_in_the_environments_action_format(make: Callable[..., Any]) -> None:
    env = make(react=True)
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(20):
        reply = env.action_space.sample()
        assert reply.startswith("Thought: ")
        parse_reply(reply)
        assert not env.step(reply)[4]["assessment"]["parameter_error"]


def test_samples_follow_from_the_seed(make: Callable[..., Any]) -> None:
    one, two = make().action_space, make().action_space
    one.seed(4), two.seed(4)
    assert [one.sample() for _ in range(30)] == [two.sample() for _ in range(30)]
    two.seed(5)
    one.seed(4)
    assert [one.sample() for _ in range(30)] != [two.sample() for _ in range(30)]


@pytest.mark.parametrize("react", [False, True])
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_a_copy_goes_on_sampling_as_the_original(
    react: bool, copied: Callable[[Any], Any], make: Callable[..., Any]
) -> None:
    space = make(react=react).action_space
    space.seed(7)
    space.sample()
    twin = copied(space)
    assert twin == space
    assert [twin.sample() for _ in range(20)] == [space.sample() for _ in range(20)]


def test_spaces_can_be_batched(make: Callable[..., Any]) -> None:
    env = make()
    env.action_space.seed(0)
    for space in (batch_space(env.action_space, 3), batch_space(env.observation_space, 3)):
        sample = space.sample()
        assert len(sample) == 3
        assert sample in space


def test_a_mask_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="mask"):
        make().action_space.sample(mask=(1, None))


def test_samples_of_a_space_survive_json(make: Callable[..., Any]) -> None:
    space = make().action_space
    samples = [space.sample() for _ in range(3)]
    assert space.from_jsonable(space.to_jsonable(samples)) == samples
