"""Every keyword takes what the documentation says, and says what it takes where it is given something else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from trpg_env import ScriptError, load_script
from trpg_env.dm import Narration, RulesDM
from trpg_env.envs import AgentRefineEnv
from trpg_env.world import AnyWorld, Ruling, SeededFate, State


class TerseDM:
    """Answers in a word and counts what it has answered."""

    kind = "terse"

    def __init__(self) -> None:
        self.answers = 0

    def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration:
        self.answers = 0
        return Narration("begin", "Go.")

    def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:
        self.answers += 1
        return Narration("answer", "" if ruling.error is None else f"No, for the {self.answers}. time.")

    def snapshot(self) -> Any:
        return {"answers": self.answers}

    def restore(self, snapshot: Any) -> None:
        self.answers = snapshot["answers"]


def test_a_script_is_a_name_a_path_a_mapping_or_a_script(tmp_path: Path, tiny: dict[str, Any]) -> None:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    starts = []
    for script in (tiny, file, str(file), load_script(tiny)):
        env = gym.make("AgentRefine-v0", script=script)
        starts.append(env.reset(seed=0))
        env.close()
    assert starts == [starts[0]] * 4


def test_no_script_at_all_is_told_how_to_name_one() -> None:
    with pytest.raises(ValueError, match='script="cool-tomato"'):
        gym.make("AgentRefine-v0")


def test_an_unknown_script_names_the_library() -> None:
    with pytest.raises(ScriptError, match="cool-tomato"):
        gym.make("AgentRefine-v0", script="no such script")


@pytest.mark.parametrize("script", [3, b"cool-tomato", ["cool-tomato"]])
def test_a_script_of_another_type_is_refused(script: Any) -> None:
    with pytest.raises(TypeError, match="a script is"):
        AgentRefineEnv(script)


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"dm": "oracle"}, "rules"),
        ({"dm": 3}, "DM object"),
        ({"dm": RulesDM}, "DM object"),
        ({"dm": None}, "DM object"),
        ({"dm": "llm"}, "llm"),
        ({"max_turns": 0}, "from 1 to 1,000,000"),
        ({"max_turns": -3}, "from 1 to 1,000,000"),
        ({"max_turns": 2.5}, "from 1 to 1,000,000"),
        ({"max_turns": "3"}, "from 1 to 1,000,000"),
        ({"max_turns": True}, "from 1 to 1,000,000"),
        ({"max_turns": 1_000_001}, "from 1 to 1,000,000"),
        ({"reward": "dense"}, "sparse"),
        ({"reward": None}, "sparse"),
        ({"reward": {}}, "sparse"),
        ({"reward": 1.0}, "sparse"),
        ({"reward": {"speed": 1}}, "parameter_error"),
        ({"reward": {"success": "1"}}, "finite number"),
        ({"reward": {"success": float("nan")}}, "finite number"),
        ({"reward": {"success": float("inf")}}, "finite number"),
        ({"reward": {"success": True}}, "finite number"),
        ({"action_format": "xml"}, "react"),
        ({"action_format": None}, "plain"),
        ({"admissible_actions": "yes"}, "True or False"),
        ({"admissible_actions": 1}, "True or False"),
        ({"render_mode": "rgb_array"}, "ansi"),
        ({"render_mode": 3}, "human"),
    ],
    ids=str,
)
# Gymnasium itself warns of a render mode that the metadata does not name.
@pytest.mark.filterwarnings("ignore:.*render_mode")
def test_a_bad_value_is_a_value_error_that_says_what_to_write(keywords: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        gym.make("AgentRefine-v0", script="cool-tomato", **keywords)


def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(TypeError, match="colour"):
        gym.make("AgentRefine-v0", script="cool-tomato", colour="red")


@pytest.mark.parametrize("script", ["night-train", "unix-admin", "village-healer"])
def test_a_narrative_script_is_refused_by_the_rules_and_told_of_the_llm(script: str) -> None:
    with pytest.raises(ValueError, match='"rules" cannot play; it takes dm="llm"'):
        gym.make("AgentRefine-v0", script=script)


def test_a_dungeon_master_of_ones_own_answers_and_is_kept_in_snapshots(make: Callable[..., Any]) -> None:
    env = make(dm=TerseDM())
    observation, info = env.reset(seed=0)
    assert observation.endswith("\n\nGo.")
    assert info["thought"] == "begin"
    env.step("dance")
    snapshot = json.loads(json.dumps(env.snapshot()))
    assert env.step("dance")[0] == "No, for the 2. time."
    env.step("dance")
    env.restore(snapshot)
    assert env.step("dance")[0] == "No, for the 2. time."


def test_a_dungeon_master_cannot_make_an_observation_longer_than_the_space(make: Callable[..., Any]) -> None:
    class Talkative(TerseDM):
        def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:
            return Narration("", "茶" * 200_000)

    env = make(dm=Talkative())
    env.reset(seed=0)
    observation = env.step("go east")[0]
    assert observation in env.observation_space
    assert observation.endswith("…")


def test_the_turn_limit_is_what_the_instruction_says(make: Callable[..., Any]) -> None:
    assert "You have 4 turns." in make(max_turns=4).reset(seed=0)[0]
    assert "You have 30 turns." in make().reset(seed=0)[0]


def test_too_many_actions_to_list_are_refused_before_play_and_can_still_be_played(
    tiny: dict[str, Any],
) -> None:
    tiny["available_actions"]["dial {a} {b} {c}"] = {"parameters": dict.fromkeys("abc", "1..100")}
    with pytest.raises(ValueError, match="1,000,003 ground actions"):
        gym.make("AgentRefine-v0", script=tiny, admissible_actions=True)
    env = gym.make("AgentRefine-v0", script=tiny)
    env.reset(seed=0)
    assert env.step("dial 1 22 100")[4]["action"] == {
        "name": "dial {a} {b} {c}",
        "parameters": {"a": "1", "b": "22", "c": "100"},
    }
    env.close()
