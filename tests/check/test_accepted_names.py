"""Every action is applied to its own name with valid values."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.check import CheckReport, acceptance, check_script, inspect_script
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault

Faulty = Callable[[Callable[[dict[str, Any]], object]], CheckReport]

NARRATIVE: dict[str, Any] = {
    "Environment": "A quay in the rain.",
    "Goal": "Catch the ferry.",
    "Completion Conditions": ["The player is on the ferry."],
    "Available Actions": {
        "board {ferry}": {
            "verification code": r"^\s*board (.+?)\s*$",
            "parameters": {"ferry": ["the Ida", "the Ottoline"]},
        },
        "wait": {"verification code": r"^\s*wait\s*$"},
    },
}


def only(report: CheckReport) -> Fault:
    (fault,) = report.faults
    assert report.notes == ()
    return fault


def narrative(actions: dict[str, Any], sandbox: Sandbox) -> CheckReport:
    return inspect_script({**NARRATIVE, "Available Actions": actions}, sandbox=sandbox)


def test_the_base_script_is_sound(inspect: Faulty) -> None:
    assert inspect(lambda script: None) == CheckReport((), ())


def test_a_narrative_script_whose_actions_are_accepted_is_sound(sandbox: Sandbox) -> None:
    assert check_script(NARRATIVE, sandbox=sandbox) == []


def test_a_pattern_that_does_not_match_its_own_name_is_found(sandbox: Sandbox) -> None:
    fault = only(narrative({"wait": {"verification code": "^waiting$"}}, sandbox))
    assert fault.place == 'available_actions["wait"].verification_code'
    assert 'own name is not accepted: "wait": no action matches it' in fault.message


def test_a_value_that_the_pattern_never_matches_is_found(sandbox: Sandbox) -> None:
    action = {"verification code": r"board (\w+)", "parameters": {"ferry": ["Ida", "the Ottoline"]}}
    fault = only(narrative({"board {ferry}": action}, sandbox))
    assert fault.place == 'available_actions["board {ferry}"].parameters.ferry'
    assert "'the Ottoline' is valid for ferry, but never accepted" in fault.message


def test_a_text_that_is_understood_with_other_values_is_found(sandbox: Sandbox) -> None:
    action = {
        "verification code": "move (?P<thing>.+?) to (?P<place>.+)",
        "parameters": {"thing": ["crate", "crate to go"], "place": {"any": ["quay"]}},
    }
    fault = only(narrative({"move {thing} to {place}": action}, sandbox))
    assert "'crate to go' is valid for thing, but never accepted" in fault.message
    assert "understood with thing = 'crate', place = 'go to quay'" in fault.message


def test_an_action_that_an_earlier_one_always_takes_names_the_earlier_one(sandbox: Sandbox) -> None:
    actions = {"say {words}": {"verification code": "say (.+)"}, "say hello": {}}
    fault = only(narrative(actions, sandbox))
    assert fault.place == 'available_actions["say hello"]'
    assert 'always taken for "say {words}", which comes first' in fault.message


def test_an_action_after_a_wider_one_is_sound_where_that_one_leaves_it_something(sandbox: Sandbox) -> None:
    actions = {
        "say {words}": {"verification code": r"say (\w+)"},
        "say {words} loudly": {"verification code": "say (.+) loudly"},
    }
    assert narrative(actions, sandbox) == CheckReport((), ())


@pytest.mark.parametrize(
    ("condition", "sound"),
    [
        ('params["a"] != params["b"]', True),
        ('int(params["a"]) + int(params["b"]) == 21', True),
        ('int(params["a"]) + int(params["b"]) == 20', False),
    ],
)
def test_a_value_is_accepted_where_any_combination_with_it_is(
    condition: str, sound: bool, sandbox: Sandbox
) -> None:
    code = f"def validate(action, params, state):\n    return {condition} or 'Not these two.'\n"
    action = {"verification code": code, "parameters": {"a": "1..20", "b": "1..20"}}
    report = narrative({"join {a} with {b}": action}, sandbox)
    assert report.notes == ()
    assert [fault.place.rpartition(".")[2] for fault in report.faults] == ([] if sound else ["a", "b"])
    assert all("'20' is valid" in f.message and "Not these two" in f.message for f in report.faults)


def test_code_that_raises_on_its_own_name_is_found_with_what_it_raised(sandbox: Sandbox) -> None:
    code = "def validate(action, params, state):\n    return params['no'] == 1\n"
    fault = only(narrative({"wait": {"verification code": code}}, sandbox))
    assert "own name is not accepted" in fault.message
    assert "KeyError" in fault.message


@pytest.mark.parametrize("verdict", ["params['no'] == 1", "False", "'Not now.'", "7"])
def test_code_that_refuses_its_own_name_is_told_what_code_can_do(verdict: str, sandbox: Sandbox) -> None:
    code = f"def validate(action, params, state):\n    return {verdict}\n"
    fault = only(narrative({"wait": {"verification code": code}}, sandbox))
    assert fault.message.endswith("; let validate return True for it, or leave the verification_code out")
    fault = only(narrative({"wait": {"verification code": "^waiting$"}}, sandbox))
    assert fault.message.endswith(
        "; let the verification_code match all of it and capture each value, or leave it out"
    )


def test_code_of_a_narrative_script_reads_an_empty_state(sandbox: Sandbox) -> None:
    code = "def validate(action, params, state):\n    return state == {}\n"
    assert narrative({"wait": {"verification code": code}}, sandbox) == CheckReport((), ())


def test_code_that_refuses_a_value_at_the_start_is_found(inspect: Faulty) -> None:
    code = "def validate(action, params, state):\n    return state['door']['open'] or 'Not yet.'\n"

    def change(script: dict[str, Any]) -> None:
        script["available_actions"]["ring the bell"]["verification_code"] = code

    places = [fault.place for fault in inspect(change).faults]
    assert 'available_actions["ring the bell"].verification_code' in places


def test_code_that_accepts_a_value_under_one_variation_is_enough(inspect: Faulty) -> None:
    code = "def validate(action, params, state):\n    return state['lamp']['oil'] == 'full'\n"

    def change(script: dict[str, Any]) -> None:
        script["available_actions"]["weigh the lamp"] = {"verification_code": code}
        script["variations"] = {"lamp.oil": ["empty", "full"]}

    assert inspect(change) == CheckReport((), ())


@pytest.mark.parametrize(
    "source", ["(a+)+b", "def validate(action, params, state):\n    while True:\n        pass\n"]
)
def test_verification_that_does_not_answer_is_a_fault_at_its_action(source: str) -> None:
    template = "call a{'a' * 40}" if source.startswith("def") else "a" * 40
    with Sandbox(deadline=0.1) as sandbox:
        report = narrative({"wait": {}, template: {"verification code": source}}, sandbox)
    (fault,) = report.faults
    assert fault.place == f'available_actions["{template}"].verification_code'
    assert "0.1 s" in fault.message


def test_a_parameter_with_very_many_values_is_tried_here_and_there(sandbox: Sandbox) -> None:
    action = {"verification code": r"dial (\d+)", "parameters": {"number": "1..100000"}}
    report = narrative({"dial {number}": action}, sandbox)
    assert report.faults == ()
    assert [note.message for note in report.notes] == [
        "not decided: only 20,000 of the 100,000 values of number were tried"
    ]


def test_a_combination_that_is_too_rare_to_be_found_is_left_undecided(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "TEXTS", 2_000)
    code = (
        "def validate(action, params, state):\n"
        "    a, b, c = (int(params[p]) for p in 'abc')\n"
        "    return a != 77 or (b, c) == (13, 57)\n"
    )
    action = {"verification code": code, "parameters": dict.fromkeys("abc", "1..300")}
    report = narrative({"set {a} {b} {c}": action}, sandbox)
    assert report.faults == ()
    assert [note.message for note in report.notes] == ["not decided: whether '77' can be accepted for a"]
