"""An environment in other words is a Gymnasium environment like any other, and says everything in those words."""

import asyncio
import copy
import pickle
import warnings
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import InvalidAction
from gymnasium.utils.env_checker import check_env

from trpg_env.envs import ReAct
from trpg_env.envs.perturbations import PerturbationError, PerturbedEnv, Perturber, perturbation, perturbed
from trpg_env.envs.text import TextEnv

WORDY: dict[str, Any] = {
    "name": "wordy",
    "goal": "Wait, then take the ball out of the hall, and go to the yard.",
    "environment": {
        "places": {"hall": {"exits": ["yard"]}, "yard": {"exits": ["hall"]}},
        "items": {"ball": {"at": "hall"}, "music box": {"at": "hall"}},
        "player": {"at": "hall", "heard": ""},
    },
    "completion_conditions": [{"text": "You have it.", "when": "ball.at == yard"}],
    "available_actions": {
        "wait": {"observation": 'Try "take ball", then “go to yard”, or "wait" again. Wait no more.'},
        "take {thing}": {
            "description": 'Take the ball or the music box, as in "take music box".',
            "parameters": {"thing": "items"},
            "preconditions": [{"when": "thing.at == player.at", "message": 'No {thing} here; "wait" first.'}],
            "effects": ["thing.at = player"],
        },
        "go to {place}": {
            "verification_code": "^go to (the )?(?P<place>.+)$",
            "parameters": {"place": "places"},
            "effects": ["player.at = place"],
            "observation": "You are in the {place}.",
        },
        "say {words}": {
            "parameters": {"words": {"any": ["ball", "good day"]}},
            "effects": ["player.heard = words"],
            "observation": "You hear: {player.heard}.",
        },
    },
}


def make(by: str = "paraphrase", script: Any = WORDY, **keywords: Any) -> PerturbedEnv:
    made = {name: keywords.pop(name) for name in ("table", "seed") if name in keywords}
    return perturbed(gym.make("AgentRefine-v0", script=script, **keywords), by, **made)


@pytest.fixture
def env() -> Iterator[PerturbedEnv]:
    with closing(make("entities", table={"ball": "orb", "music box": "Spieluhr", "yard": "court"})) as env:
        env.reset(seed=0)
        yield env


@pytest.mark.parametrize("by", ["verb", "entities"])
def test_the_environment_checker_has_nothing_to_say(by: str) -> None:
    env = make(by, "cool-tomato", admissible_actions=True, render_mode="ansi")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # The checker wants to be given the environment without wrappers, which here is the one in other words.
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version")
        check_env(env, skip_render_check=True)
    assert isinstance(env, TextEnv)
    assert env.render_mode == "ansi"
    env.close()


def test_instruction_observations_messages_and_lists_are_in_the_new_words() -> None:
    with closing(make(admissible_actions=True)) as env:
        observation, info = env.reset(seed=0)
        assert observation.startswith(env.instruction)
        assert '- pick up {thing}: Take the ball or the music box, as in "pick up music box".' in observation
        assert "- head for {place}" in observation
        assert "Your goal: Wait, then take the ball" in observation
        assert info["admissible_actions"][:2] == ["let time pass", "pick up ball"]
        observation, *_, info = env.step("let time pass")
        assert (
            observation == 'Try "pick up ball", then “head for yard”, or "let time pass" again. Wait no more.'
        )
        assert info["action"] == {"name": "let time pass", "parameters": {}}
        env.step("head for the yard")
        observation, *_, info = env.step("pick up ball")
        assert observation == 'No ball here; "let time pass" first.' == info["assessment"]["message"]
        assert '"pick up {thing}"' in info["thought"]


def test_names_are_new_in_all_that_is_said_and_in_what_is_understood(env: PerturbedEnv) -> None:
    observation, info = env.reset(seed=0)
    assert "Spieluhr" in observation
    assert "music box" not in observation
    assert "take the orb out of the hall, and go to the court" in observation
    observation, *_, info = env.step("TAKE spieluhr")
    assert info["action"] == {"name": "take {thing}", "parameters": {"thing": "Spieluhr"}}
    assert env.step("go to the court")[0] == "You are in the court."


@pytest.mark.parametrize(
    "action", ["take music box", "take the ball", "go to yard", "go to the yard", "say ball"]
)
def test_the_old_words_are_a_parameter_error_that_says_what_is_valid(env: PerturbedEnv, action: str) -> None:
    before = env.reset(seed=0)[1]
    observation, reward, terminated, truncated, info = env.step(action)
    assert info["assessment"]["parameter_error"]
    assert observation == info["assessment"]["message"]
    assert any(word in observation for word in ("orb", "court", "The actions are"))
    assert (reward, terminated, truncated) == (0, False, False)
    assert (info["turn"], info["state_hash"]) == (1, before["state_hash"])


def test_a_refusal_quotes_the_player_as_they_wrote() -> None:
    with closing(make()) as env:
        env.reset(seed=0)
        assert env.step("take ball")[0] == (
            'There is no such action: "take ball". The actions are: let time pass; pick up {thing}; head for {place}; say {words}.'
        )
        assert (
            env.step("pick up sun")[0]
            == '"sun" is not a valid thing for "pick up {thing}". Valid: ball, music box.'
        )
        assert env.step("")[0].startswith("The action is empty. The actions are: let time pass;")
        assert len(env.step("pick up " + "x" * 3_000)[0]) < 300
        assert env.step("x" * 5_000)[4]["assessment"]["parameter_error"]


def test_free_texts_stay_what_they_are_but_for_names_that_were_told(env: PerturbedEnv) -> None:
    assert env.step("say good morning, yardstick")[0] == "You hear: good morning, yardstick."
    assert env._inner.episode.ruling.parameters == {"words": "good morning, yardstick"}  # type: ignore[union-attr]
    assert env.step("say an orb")[0] == "You hear: an orb."
    assert env._inner.episode.ruling.parameters == {"words": "an ball"}  # type: ignore[union-attr]


def test_what_a_script_understands_beside_its_templates_is_understood_here() -> None:
    for by, action in (
        ("verb", "move to the yard"),
        ("spacing", "go to the yard"),
        ("paraphrase", "Head  for the yard"),
    ):
        with closing(make(by)) as env:
            env.reset(seed=0)
            assert env.step(action)[0] == "You are in the yard."


def test_samples_are_actions_in_the_new_words() -> None:
    with closing(make()) as env:
        env.reset(seed=0)
        env.action_space.seed(1)
        for action in [
            *(env.action_space.sample() for _ in range(20)),
            env.sample_action(np.random.default_rng(1)),
        ]:
            assert action.startswith(("let time pass", "pick up", "head for", "say"))
            assert action in env.action_space


def test_whole_replies_are_read_around_it() -> None:
    with closing(ReAct(make())) as env:
        env.reset(seed=0)
        assert env.step("Thought: So.\nAction: head for yard")[0] == "You are in the yard."
        message = env.step("yard")[4]["assessment"]["message"]
        assert message.startswith("The reply has no action.")
    inner = gym.make("AgentRefine-v0", script=WORDY, action_format="react")
    with closing(inner), pytest.raises(PerturbationError, match="ReAct\\(perturbed"):
        perturbed(inner, "verb")


def test_copies_play_on_from_where_it_is() -> None:
    with closing(make("entities", "cool-tomato")) as env:
        env.reset(seed=1)
        env.step(env.worded("go east"))
        for again in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
            assert again.step(again.worded("take tomato")) == copy.deepcopy(env).step(
                env.worded("take tomato")
            )
            again.close()


def test_what_is_rendered_is_what_was_said() -> None:
    with closing(make(render_mode="ansi")) as env:
        env.reset(seed=0)
        env.step("head for yard")
        assert env.render() == "> head for yard\nYou are in the yard."
    inner = gym.make("AgentRefine-v0", script=WORDY, render_mode="human")
    with closing(inner), pytest.raises(PerturbationError, match="ansi"):
        perturbed(inner, "verb")


def test_it_can_be_awaited() -> None:
    async def play(env: PerturbedEnv) -> Any:
        await env.reset_async(seed=0)
        return await env.step_async("let time pass")

    with closing(make()) as env, closing(make()) as other:
        other.reset(seed=0)
        assert asyncio.run(play(env)) == other.step("let time pass")


def test_an_action_that_is_no_text_is_an_invalid_action(env: PerturbedEnv) -> None:
    with pytest.raises(InvalidAction):
        env.step(3)  # type: ignore[arg-type]


def test_what_has_no_wording_of_ours_is_refused() -> None:
    with (
        closing(gym.make("CartPole-v1")) as env,
        pytest.raises(PerturbationError, match="CartPoleEnv is not known"),
    ):
        perturbed(env, "verb")
    with closing(make()) as env, pytest.raises(PerturbationError, match="perturbed already"):
        perturbed(env, "verb")


@pytest.mark.parametrize(
    ("by", "table", "wrong"),
    [
        ("paraphrase", {"take {thing}": "go to {thing}", "wait": "say wait"}, '"wait" would be "say wait"'),
        ("paraphrase", {"wait": "say ball"}, "another action already"),
        ("paraphrase", {"take {thing}": "say {thing}"}, "would both be|another action already"),
        ("entities", {"ball": "music box"}, "which something is called already"),
        ("entities", {"ball": "orb", "music box": "Orb"}, "the same new name"),
    ],
)
def test_a_table_that_mixes_up_meanings_is_refused(by: str, table: dict[str, str], wrong: str) -> None:
    with (
        closing(gym.make("AgentRefine-v0", script=WORDY)) as env,
        pytest.raises(PerturbationError, match=wrong),
    ):
        perturbed(env, by, table=table)


def test_where_nothing_is_changed_the_environment_stays_as_it_is() -> None:
    with closing(gym.make("AgentRefine-v0", script="cool-tomato")) as plain:
        env = Perturber(perturbation("spacing"))(plain)  # type: ignore[arg-type]
        assert isinstance(env, PerturbedEnv)
        assert not env.changes
        assert env.reset(seed=0) == plain.reset(seed=0)
        assert env.worded("go east") == "go east"
        assert pickle.loads(pickle.dumps(Perturber(perturbation("spacing")))) == Perturber(
            perturbation("spacing")
        )
