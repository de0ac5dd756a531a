"""What people and models write a little differently, and what must not pass as something else."""

from typing import Any

import pytest

from trpg_env import ScriptError, load_script
from trpg_env.testing import play


def _world(**changes: Any) -> dict[str, Any]:
    script = {
        "goal": "Have it.",
        "environment": {
            "places": {"hall": {"exits": {"east": "den"}}, "den": {"exits": {"west": "hall"}}},
            "items": {
                "pine cone": {"at": "hall", "n": 1},
                "bag": {"at": "pine cone", "n": 2},
                "box": {"at": "den"},
            },
            "player": {"at": "hall"},
        },
        "completion_conditions": [{"when": "player.done"}],
        "available_actions": {
            "finish": {"effects": ["player.done = true"]},
            "see": {"observation": "{look}"},
        },
    }
    return script | changes


def _faults(script: dict[str, Any]) -> list[str]:
    with pytest.raises(ScriptError) as raised:
        load_script(script)
    return [str(fault) for fault in raised.value.faults]


def test_the_languages_own_keys_may_be_written_in_any_case():
    environment = {
        "Places": {"hall": {"Exits": {"east": "den"}, "Description": "Cold."}, "den": {}},
        "Items": {"ball": {"At": "hall"}},
        "Player": {"AT": "hall"},
    }
    (step,) = play(_world(environment=environment), ["see"])
    assert step.observation == "Place: hall. Cold.\nExits: east (den).\nYou see: ball.\nYou carry: nothing."


def test_the_keys_of_effects_may_be_written_in_any_case():
    effects = [{"When": "player.at == hall", "Then": [{"Say": "Here."}], "Else": [{"Say": "There."}]}]
    (step,) = play(_world(available_actions={"finish": {"effects": effects}}), ["finish"])
    assert step.observation == "Here."


@pytest.mark.parametrize("text", ["player.done # no\nand false", "player.done #", "#"])
def test_a_comment_in_an_expression_is_refused(text):
    (fault,) = _faults(_world(completion_conditions=[{"when": text}]))
    assert "comment" in fault or "empty" in fault


def test_a_hash_in_a_quoted_text_is_no_comment():
    assert load_script(_world(completion_conditions=[{"when": 'player.at == "#1"'}])).grounded


def test_a_name_with_a_blank_is_told_how_it_is_written():
    (fault,) = _faults(_world(completion_conditions=[{"when": "pine cone.at == player"}]))
    assert fault.endswith("write 'pine cone' with underscores or in quotes")
    (fault,) = _faults(_world(variations={"pine cone.at": ["hall"]}))
    assert fault.endswith("write 'pine cone' with underscores or in quotes")


def test_settings_that_belong_together_are_judged_together():
    script = load_script(
        _world(variations=[{"pine cone.at": "hall"}, {"pine_cone.at": "bag", "bag.at": "den"}][1:])
    )
    assert script.program.variation_count == 1


def test_a_combination_of_variations_in_which_something_is_inside_itself_is_refused():
    (fault,) = _faults(_world(variations={"box.at": ["den", "bag"], "pine_cone.at": ["hall", "box"]}))
    assert fault.startswith("variations") and "inside itself" in fault


def test_a_definition_does_not_take_the_name_of_a_kind():
    environment = _world()["environment"] | {"tools": {"saw": {"at": "hall"}}}
    (fault,) = _faults(_world(environment=environment, define={"tools": "5"}))
    assert "'tools' is taken" in fault


def test_decomposed_letters_are_the_same_letters():
    actions = {"öffne {x}": {"parameters": {"x": ["Tür"]}, "effects": ["player.done = true"]}}
    (step,) = play(_world(available_actions=actions), ["o\u0308ffne Tu\u0308r"])
    assert step.error is None


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("player.n => 3", "write >= and <="),
        ("player.n >= 3 && true", "write and, or, not"),
        ("player.n = 3", "compare with =="),
    ],
)
def test_other_languages_operators_are_pointed_out(condition, hint):
    (fault,) = _faults(_world(completion_conditions=[{"when": condition}]))
    assert fault.endswith(hint)


@pytest.mark.parametrize("spec", [[], "any text", None])
def test_a_narrative_script_may_describe_free_text_in_words(spec):
    script = load_script(
        {
            "Goal": "Say it.",
            "Environment": "A room.",
            "Completion Conditions": {"1": "It is said.", "2": "Somebody heard it."},
            "Available Actions": {
                "say {words}": {"verification code": "^say (.+)$", "parameters": {"words": spec}}
            },
        }
    )
    assert [c.text for c in script.program.completion] == ["It is said.", "Somebody heard it."]


def test_a_script_with_effects_but_no_when_is_told_only_that():
    faults = _faults(_world(completion_conditions=["It is done."]))
    assert all("give each of completion_conditions a `when`" in fault for fault in faults)


def test_a_markdown_fence_is_named(tmp_path):
    file = tmp_path / "a.json"
    file.write_text('```json\n{"goal": "x"}\n```\n')
    with pytest.raises(ScriptError, match="Markdown fence"):
        load_script(file)


@pytest.mark.parametrize("change", [{"schema_version": True}, {"goal": " \n"}, {"max_turns": 0}])
def test_values_that_only_look_right_are_refused(change):
    assert len(_faults(_world(**change))) == 1


def test_code_with_annotations_is_given_the_state():
    code = "def validate(action: str, params: dict[str, object], state: dict) -> bool:\n    return state['box']['at'] == 'den'\n"
    actions = {"finish": {"verification_code": code, "effects": ["player.done = true"]}}
    (step,) = play(_world(available_actions=actions), ["finish"])
    assert (step.error, step.success) == (None, True)
