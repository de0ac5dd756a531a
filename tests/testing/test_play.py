"""`trpg_env.testing.play`: a script's own tests."""

import json
from pathlib import Path
from typing import Any

import pytest

from trpg_env import ScriptError, load_script
from trpg_env.testing import Played, play


def test_it_tells_what_happened_at_each_action() -> None:
    steps = play("cool-tomato", ["dance", "open fridge", "take tomato", "take tomato"], variation=1)
    assert [step.action for step in steps] == ["dance", "open fridge", "take tomato", "take tomato"]
    assert [step.error for step in steps] == ["parameter", "place", None, "logic"]
    assert steps[1].message == steps[1].observation == "There is no fridge here."
    assert (steps[2].observation, steps[2].message) == ("You take the tomato; it is warm.", "")
    assert [step.reward for step in steps] == pytest.approx([0, 0, 1 / 3, 0])
    assert [step.progress for step in steps] == pytest.approx([0, 0, 1 / 3, 1 / 3])
    assert not any(step.success or step.terminated or step.truncated for step in steps)
    assert [step.info["turn"] for step in steps] == [1, 2, 3, 4]


def test_it_shows_the_world_after_each_action(tiny: dict[str, Any]) -> None:
    start, moved = play(tiny, ["dance", "take ball"])
    assert start.state["ball"] == {"at": "box", "weight": 2}
    assert moved.state["ball"]["at"] == "player"
    assert moved.state["den"]["exits"] == ["hall"]
    assert start.state["ball"]["at"] == "box"
    json.dumps([step.state for step in (start, moved)])


def test_success_and_running_out_of_turns_are_told_apart(tiny: dict[str, Any]) -> None:
    won = play(tiny, ["win"])[-1]
    assert (won.success, won.terminated, won.truncated, won.progress) == (True, True, False, 1.0)
    late = play(tiny, ["take ball", "take box"], max_turns=2)[-1]
    assert (late.success, late.terminated, late.truncated) == (False, False, True)


def test_actions_beyond_the_end_are_a_value_error(tiny: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the episode ended with action 1 of 2, 'win'"):
        play(tiny, ["win", "win"])


def test_no_actions_are_nothing(tiny: dict[str, Any]) -> None:
    assert play(tiny, []) == []


def test_seed_luck_and_variation_are_those_of_the_environment(tiny: dict[str, Any]) -> None:
    tiny["available_actions"]["toss"] = {
        "effects": [{"chance": 0.5, "then": [{"say": "Heads."}], "else": [{"say": "Tails."}]}]
    }
    tiny["variations"] = {"ball.weight": [2, 3]}
    assert play(tiny, ["toss"] * 5, seed=3) == play(tiny, ["toss"] * 5, seed=3)
    said = {
        tuple(s.observation for s in play(tiny, ["toss"] * 5, luck=luck, variation=0)) for luck in range(5)
    }
    assert len(said) > 1
    for variation, weight in enumerate((2, 3)):
        assert play(tiny, ["toss"], variation=variation)[0].state["ball"]["weight"] == weight
    with pytest.raises(ValueError, match="variation 2"):
        play(tiny, ["toss"], variation=2)


def test_a_script_is_taken_in_every_form(tmp_path: Path, tiny: dict[str, Any]) -> None:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    for script in (tiny, file, str(file), load_script(tiny)):
        assert play(script, ["win"])[0].success


def test_a_script_that_cannot_be_played_is_refused(tiny: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="llm"):
        play("unix-admin", ["ls"])
    with pytest.raises(ScriptError):
        play(tiny | {"goals": 3}, ["win"])


def test_what_is_told_cannot_be_changed(tiny: dict[str, Any]) -> None:
    (step,) = play(tiny, ["win"])
    assert isinstance(step, Played)
    with pytest.raises(AttributeError):
        step.error = "place"  # type: ignore[misc]
