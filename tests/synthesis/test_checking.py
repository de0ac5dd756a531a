"""The verifier of scripts: each way in which one is refused, with the faults as `check` gives them; and what is kept."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.check import CheckReport, inspect_script
from trpg_env.prompts import prompt
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptError, load_script
from trpg_env.synthesis import checking
from trpg_env.synthesis.checking import RULES, Refused, read_and_check

Load = Callable[[Any], Script]

NARRATIVE: dict[str, Any] = json.loads(prompt("trajectory_example_script"))
OWN = {"provenance": {"source": "tests"}, "persona": "A tester"}

Check = Callable[..., tuple[dict[str, Any], Script] | Refused]


@pytest.fixture(scope="module")
def check(sandbox: Sandbox) -> Check:
    def check(written: Any, *, grounded: bool = False, own: Any = OWN) -> Any:
        reply = written if isinstance(written, str) else json.dumps(written)
        return read_and_check(reply, own, grounded=grounded, sandbox=sandbox)

    return check


def refused(found: Any, rule: str) -> tuple[str, ...]:
    assert isinstance(found, Refused)
    assert found.rule == rule
    assert found.faults
    assert all(found.faults)
    return found.faults


@pytest.fixture
def tomato(load: Load) -> dict[str, Any]:
    return copy.deepcopy(dict(load("cool-tomato").source.data))


def test_the_rules_are_looked_at_in_order() -> None:
    assert [*RULES] == ["json", "form", "kind", "check", "plan"]


def test_a_sound_script_is_kept_with_what_is_ours_to_say(check: Check) -> None:
    data, script = check(NARRATIVE)
    assert data == {**NARRATIVE, **OWN}
    assert script.persona == "A tester"
    assert not script.grounded
    assert load_script(data).hash == script.hash


def test_what_a_model_says_of_the_file_is_not_taken(check: Check) -> None:
    said = {
        **{"Schema Version": 7, "NAME": "../x", "Family": "kin", "Persona": "A cheat"},
        **{"provenance": {"licence": "none"}},
    }
    data, script = check({**said, **NARRATIVE})
    assert data == {**NARRATIVE, **OWN}
    assert (script.name, script.persona) == ("script", "A tester")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("I cannot do that.", "There is no script in the reply"),
        ("", "The reply is empty."),
        ("<think>Hm", "only reasoning"),
        (json.dumps(NARRATIVE)[:-1], "The JSON breaks off before its end."),
        ('{"goal": "g", "environment": ' + "[" * 100_000, "nested too deeply"),
        ('{"goal": "g", "environment": NaN}', "NaN is no JSON number"),
    ],
)
def test_a_reply_without_a_script_is_refused(reply: str, words: str, check: Check) -> None:
    (fault,) = refused(check(reply), "json")
    assert words in fault


FORM = [
    {"goal": ""},
    {"goals": "g"},
    {"available_actions": {}},
    {"available_actions": {"go {": {}}},
    {"available_actions": {"go {x}": {"parameters": {"y": ["a"]}}}},
    {"available_actions": {"go": {"verification_code": "("}}},
    {"completion_conditions": {}},
    {"max_turns": 0},
    {"max_turns": 2**60},
    {"environment": json.loads("[" * 80 + "]" * 80)},
]


@pytest.mark.parametrize("change", FORM, ids=str)
def test_what_cannot_be_loaded_is_refused_word_for_word(
    change: dict[str, Any], check: Check, sandbox: Sandbox
) -> None:
    with pytest.raises(ScriptError) as caught:
        load_script({**OWN, **NARRATIVE, **change}, sandbox=sandbox)
    assert {*refused(check({**NARRATIVE, **change}), "form")} == {*map(str, caught.value.faults)}


def test_a_name_that_is_given_twice_is_refused(check: Check) -> None:
    twice = [{"name": "win"}, {"name": "win"}]
    assert refused(check({**NARRATIVE, "available_actions": twice}), "form") == (
        'the name "win" is given twice',
    )


def test_a_script_of_the_other_kind_is_refused(tomato: dict[str, Any], check: Check) -> None:
    assert "{text, when}" in refused(check(NARRATIVE, grounded=True), "kind")[0]
    assert "without `when`" in refused(check(tomato, grounded=False), "kind")[0]


def test_a_grounded_script_is_kept_where_one_is_asked_for(tomato: dict[str, Any], check: Check) -> None:
    data, script = check(tomato, grounded=True)
    assert script.grounded
    ours = {"schema_version", "name", "family", "persona", "provenance"}
    assert {key: value for key, value in data.items() if key not in OWN} == {
        key: value for key, value in tomato.items() if key not in ours
    }


def test_an_action_that_does_not_accept_its_own_name_is_refused_word_for_word(
    check: Check, sandbox: Sandbox
) -> None:
    broken = copy.deepcopy(NARRATIVE)
    broken["available_actions"]["go to {place}"]["verification_code"] = "^walk to (?P<place>.+)$"
    broken["available_actions"]["take {thing}"]["parameters"]["thing"].append("no\u00a0thing?")
    broken["available_actions"]["take {thing}"]["verification_code"] = "^take (?P<thing>[a-z]+)$"
    faults = refused(check(broken), "check")
    assert faults == tuple(map(str, inspect_script({**broken, **OWN}, sandbox=sandbox).faults))
    assert faults[0].startswith(
        'available_actions["go to {place}"].verification_code: its own name is not accepted: "go to landing"'
    )
    assert len(faults) == 2


def test_a_grounded_script_without_a_plan_is_refused_word_for_word(
    tomato: dict[str, Any], check: Check, sandbox: Sandbox
) -> None:
    tomato["max_turns"] = 3
    faults = refused(check(tomato, grounded=True), "check")
    assert faults == tuple(map(str, inspect_script(tomato, sandbox=sandbox).faults))
    assert any("the shortest plan takes" in fault for fault in faults)


def test_where_no_plan_could_be_looked_for_the_script_is_refused_with_the_reason(
    tomato: dict[str, Any], check: Check, sandbox: Sandbox
) -> None:
    tomato["available_actions"]["count to {n}"] = {"parameters": {"n": "1..60000"}}
    faults = refused(check(tomato, grounded=True), "plan")
    assert faults[:-1] == tuple(map(str, inspect_script(tomato, sandbox=sandbox).notes))
    assert "make the world smaller" in faults[-1]
    assert any("too many to search" in fault for fault in faults)


def test_where_no_plan_was_found_and_nothing_is_noted_there_is_a_reason_all_the_same(
    tomato: dict[str, Any], check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "inspect_script", lambda script, sandbox: CheckReport((), (), solved=False))
    (fault,) = refused(check(tomato, grounded=True), "plan")
    assert "make the world smaller" in fault


def test_a_model_is_told_the_first_faults_and_how_many_more_there_are(check: Check) -> None:
    actions = {f"do {i}": {"verification_code": "^never$"} for i in range(40)}
    faults = refused(check({**NARRATIVE, "available_actions": actions}), "check")
    assert len(faults) == 31
    assert faults[-1] == "… and 10 more"


def test_a_script_with_actions_without_end_is_refused_before_they_are_checked(check: Check) -> None:
    actions = {f"do {i}": {} for i in range(41)}
    assert refused(check({**NARRATIVE, "available_actions": actions}), "form") == (
        "there are 41 actions; write 40 at most",
    )


def test_keys_that_are_free_are_the_writers_and_not_the_models(check: Check) -> None:
    data, _ = check({**NARRATIVE, "x-notes": "z" * 100, "X-Calls": 0})
    assert not [key for key in data if key.casefold().startswith("x-")]


def test_a_fault_is_short_however_long_what_it_quotes(check: Check) -> None:
    faults = refused(check({**NARRATIVE, "x" * 50_000: 1}), "form")
    assert sum(map(len, faults)) < 5_000
    assert faults[0].endswith("…")


def test_half_a_surrogate_pair_is_kept_nowhere(check: Check) -> None:
    for half in ("\ud800", "\\udfff"):
        reply = json.dumps(NARRATIVE, ensure_ascii=False).replace("Fog on", f"Fog{half} on")
        reply = reply.replace('"rules":', f'"{half}": "", "rules":')
        data, script = check(reply)
        json.dumps(data, ensure_ascii=False).encode()
        assert data["title"] == "Fog\ufffd on the point"
        assert "\ufffd" in data["environment"]
        assert load_script(data).hash == script.hash


def test_what_nests_as_deeply_as_can_be_read_is_refused(check: Check) -> None:
    for depth in (50, 70, *range(940, 1_000)):
        deep = json.dumps({"goal": "g", "environment": "@"}).replace('"@"', "[" * depth + "]" * depth)
        assert isinstance(check(deep), Refused)


def test_code_that_does_not_answer_is_a_fault_of_the_scripts(check: Check) -> None:
    hanging = copy.deepcopy(NARRATIVE)
    code = "def validate(action, params, state):\n    while True:\n        pass\n"
    hanging["available_actions"]["light lamp"]["verification_code"] = code
    began = time.monotonic()
    (fault,) = refused(check(hanging), "check")
    assert "does not answer" in fault
    assert time.monotonic() - began < 20


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.just("name"), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100)
@given(st.sampled_from([*NARRATIVE, "Title", "x-note", "milestones"]), VALUES, st.booleans())
def test_any_value_anywhere_is_kept_or_refused_with_faults(
    check: Check, key: str, value: Any, grounded: bool
) -> None:
    found = check({**NARRATIVE, key: value}, grounded=grounded)
    if isinstance(found, Refused):
        assert found.rule in RULES
        assert found.faults
        assert all(0 < len(fault) <= 1_000 for fault in found.faults)
    else:
        assert found[1].hash == load_script(json.loads(json.dumps(found[0]))).hash
