"""What a model has written becomes a script's data, and a script is told in the form in which one is asked for."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.check import check_script
from trpg_env.llm.schema import schema_of
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library
from trpg_env.synthesis.draft import Draft, NamedTwice, draft_of, script_data

Load = Callable[[Any], Script]

GO = {
    "name": "go to {place}",
    "description": "Walk.",
    "verification_code": "^go to (?P<place>.+)$",
    "parameters": [{"name": "place", "values": ["gate", "tower"]}],
}
RING = {"name": "ring the bell", "description": "", "verification_code": "", "parameters": []}
DRAFT: dict[str, Any] = {
    "title": "A bell at dusk",
    "environment": [
        {
            "name": "places",
            "text": "Two of them.",
            "entries": [
                {"name": "gate", "details": "It leads to the tower."},
                {"name": "tower", "details": "The bell hangs here."},
            ],
        },
        {"name": "rules", "text": "Nobody flies.", "entries": []},
        {"name": "people", "text": "", "entries": [{"name": "Ada", "details": "She is deaf."}]},
        {"name": "silence", "text": "", "entries": []},
    ],
    "goal": "Ring the bell.",
    "completion_conditions": ["The player is in the tower.", "The bell has rung."],
    "available_actions": [GO, RING],
    "max_turns": 9,
}
DATA: dict[str, Any] = {
    "title": "A bell at dusk",
    "environment": {
        "places": {
            "about": "Two of them.",
            "gate": "It leads to the tower.",
            "tower": "The bell hangs here.",
        },
        "rules": "Nobody flies.",
        "people": {"Ada": "She is deaf."},
        "silence": "",
    },
    "goal": "Ring the bell.",
    "completion_conditions": ["The player is in the tower.", "The bell has rung."],
    "available_actions": {
        "go to {place}": {
            "description": "Walk.",
            "verification_code": "^go to (?P<place>.+)$",
            "parameters": {"place": ["gate", "tower"]},
        },
        "ring the bell": {"description": "", "parameters": {}},
    },
    "max_turns": 9,
}
PAPERS: dict[str, Any] = {
    "Environment": {"documents": {"info.txt": {}}, "rats": [{"name": "rat"}, {"name": "rat"}]},
    "Goal": "Edit it.",
    "Completion Conditions": ["It is edited."],
    "Available Actions": {
        "cd {path}": {"verification code": r"^\s*cd\s+(.*?)\s*$", "parameters": {"path": ["home", "user"]}}
    },
}


def test_a_draft_becomes_a_scripts_data() -> None:
    assert script_data(Draft.model_validate(DRAFT).model_dump()) == DATA


def test_the_data_of_a_draft_are_a_sound_script(load: Load, sandbox: Sandbox) -> None:
    script = load(script_data(DRAFT))
    assert not script.grounded
    assert check_script(script, sandbox=sandbox) == []


def test_what_is_written_is_not_changed() -> None:
    written = copy.deepcopy(DRAFT)
    script_data(written)
    assert written == DRAFT


def test_a_script_in_the_papers_form_is_taken_as_it_is(load: Load, sandbox: Sandbox) -> None:
    data = script_data(PAPERS)
    assert data == {key.lower().replace(" ", "_"): value for key, value in PAPERS.items()}
    assert check_script(load(data), sandbox=sandbox) == []


def test_what_is_data_already_stays_as_it_is() -> None:
    assert script_data(DATA) == DATA


@pytest.mark.parametrize("spell", [str.title, str.upper, lambda key: key.replace("_", " ")])
def test_keys_are_taken_in_any_spelling(spell: Callable[[str], str], load: Load) -> None:
    def spelled(value: Any) -> Any:
        if isinstance(value, dict):
            return {spell(key): spelled(part) for key, part in value.items()}
        return [*map(spelled, value)] if isinstance(value, list) else value

    draft = DRAFT | {"environment": [{spell("name"): "rules", spell("text"): "None.", spell("entries"): []}]}
    draft["available_actions"] = [{**spelled(RING)}, spelled(GO | {"parameters": []})]
    script = load(script_data({spell(key): value for key, value in draft.items()}))
    assert script.environment == {"rules": "None."}
    assert [*script.available_actions] == ["ring the bell", "go to {place}"]
    assert script.available_actions["ring the bell"].verification_code is None


MIXED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a mapping of actions with lists of parameters": (
        {"available_actions": {"go to {place}": {"Parameters": GO["parameters"]}, "wait": "as you like"}},
        {
            "available_actions": {
                "go to {place}": {"Parameters": {"place": ["gate", "tower"]}},
                "wait": "as you like",
            }
        },
    ),
    "a list of actions with mappings of parameters": (
        {"Available Actions": [{"Name": "dig {n}", "parameters": {"n": ["1", "2"]}}]},
        {"available_actions": {"dig {n}": {"parameters": {"n": ["1", "2"]}}}},
    ),
    "actions named under action": (
        {"available_actions": [{"action": "dig", "description": "d"}]},
        {"available_actions": {"dig": {"description": "d"}}},
    ),
    "a parameter with something else than values": (
        {"available_actions": [{"name": "dig {n}", "parameters": [{"name": "n", "any": ["1"]}]}]},
        {"available_actions": {"dig {n}": {"parameters": {"n": {"any": ["1"]}}}}},
    ),
    "actions that are texts": (
        {"available_actions": ["dig", "wait"]},
        {"available_actions": ["dig", "wait"]},
    ),
    "actions without names": ({"available_actions": [{"n": 1}]}, {"available_actions": [{"n": 1}]}),
    "a name that is none": ({"available_actions": [{"name": 5}]}, {"available_actions": [{"name": 5}]}),
    "an environment that is a text": ({"environment": "A hall."}, {"environment": "A hall."}),
    "an environment of texts": ({"environment": ["A hall."]}, {"environment": ["A hall."]}),
    "sections of another form": (
        {
            "environment": [
                {"name": "hall", "exits": ["den"], "text": "t"},
                {"name": "den", "entries": "none"},
            ]
        },
        {"environment": {"hall": {"exits": ["den"], "text": "t"}, "den": {"entries": "none"}}},
    ),
    "entries of another form": (
        {
            "environment": [
                {"name": "a", "entries": [{"name": "b", "at": "c", "details": "d"}, {"name": "e"}]}
            ]
        },
        {"environment": {"a": {"b": {"at": "c", "details": "d"}, "e": {}}}},
    ),
    "a person who acts": (
        {"environment": [{"name": "a", "entries": [{"action": "sweeps", "name": "Bob"}]}]},
        {"environment": {"a": {"Bob": {"action": "sweeps"}}}},
    ),
    "an entry that is called about": (
        {"environment": [{"name": "a", "text": "t", "entries": [{"name": "about", "details": "d"}]}]},
        {"environment": {"a": {"text": "t", "about": "d"}}},
    ),
    "nothing": ({"environment": [], "available_actions": []}, {"environment": {}, "available_actions": {}}),
}


@pytest.mark.parametrize("what", MIXED)
def test_of_mixed_forms_lists_with_names_become_mappings_and_the_rest_stays(what: str) -> None:
    written, data = MIXED[what]
    assert script_data(written) == data


@pytest.mark.parametrize(
    "twice",
    [
        {"environment": [DRAFT["environment"][0], DRAFT["environment"][0]]},
        {"environment": [{"name": "a", "text": "", "entries": [{"name": "places"}, {"name": "places"}]}]},
        {"available_actions": [{"name": "places"}, RING, {"Name": "places"}]},
        {"available_actions": {"x": {"parameters": [{"name": "places"}, {"name": "places"}]}}},
    ],
)
def test_a_name_that_is_given_twice_is_refused(twice: dict[str, Any]) -> None:
    with pytest.raises(NamedTwice, match=r'^the name "places" is given twice$'):
        script_data(DRAFT | twice)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "Name", "action", "text", "entries", "details", "parameters", "values", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from([*DATA, "Environment", "Available Actions", "parameters"]), VALUES, max_size=4
    )
)
def test_anything_becomes_data_or_names_something_twice(written: dict[str, Any]) -> None:
    try:
        data = script_data(written)
    except NamedTwice:
        return
    assert json.dumps(data)
    assert {key.lower().replace(" ", "_") for key in written} == {*data}


@pytest.mark.parametrize("name", library())
def test_a_library_script_told_as_a_draft_is_a_sound_narrative_script(
    name: str, load: Load, sandbox: Sandbox
) -> None:
    script = load(name)
    draft = draft_of(script)
    assert draft is not None
    told = Draft.model_validate(draft.model_dump())  # the example keeps to the form that is asked for
    again = load(script_data(told.model_dump()))
    assert not again.grounded
    assert check_script(again, sandbox=sandbox) == []
    assert (again.title, again.goal, again.max_turns) == (script.title, script.goal, script.max_turns)
    assert [c.text for c in again.completion_conditions] == [c.text for c in script.completion_conditions]
    assert [a.template for a in again.program.actions] == [a.template for a in script.program.actions]
    assert draft_of(again) is not None


def with_code(tiny: dict[str, Any], code: str, **parameters: Any) -> dict[str, Any]:
    name = " ".join(["say", *(f"{{{key}}}" for key in parameters)])
    tiny["available_actions"][name] = {"verification_code": code, "parameters": parameters, "effects": []}
    return tiny


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def validate(action, params, state):\n    return True\n", True),
        ("def validate(action, params, state):\n    return state['player']['at'] == 'hall'\n", False),
        ("def validate(action, params, world):\n    return world['player']['at'] == 'hall'\n", False),
    ],
)
def test_a_script_whose_code_reads_the_state_cannot_be_told(
    code: str, told: bool, tiny: dict[str, Any], load: Load
) -> None:
    assert (draft_of(load(with_code(tiny, code))) is not None) is told


def test_a_script_with_a_condition_without_a_text_cannot_be_told(tiny: dict[str, Any], load: Load) -> None:
    tiny["completion_conditions"] = [{"when": "player.won"}]
    assert draft_of(load(tiny)) is None


def test_free_text_is_left_out_but_where_code_judges_it(tiny: dict[str, Any], load: Load) -> None:
    code = "def validate(action, params, state):\n    return params['word'].startswith('x')\n"
    free = {"any": ["xylophone", "x-ray"]}
    judged = draft_of(load(with_code(copy.deepcopy(tiny), code, word=free)))
    assert judged is not None
    assert judged.available_actions[-1].model_dump()["parameters"] == [
        {"name": "word", "values": ["xylophone", "x-ray"]}
    ]
    matched = draft_of(load(with_code(copy.deepcopy(tiny), "^say (?P<word>.+)$", word=free)))
    assert matched is not None
    assert matched.available_actions[-1].parameters == []


def test_an_action_that_is_matched_by_its_name_is_told_with_a_pattern(
    tiny: dict[str, Any], load: Load
) -> None:
    tiny["available_actions"]["rub (c.) {the thing}, {n} times"] = {
        "parameters": {"the thing": ["box"], "n": "1..3"},
        "effects": [],
    }
    draft = draft_of(load(tiny))
    assert draft is not None
    action = draft.available_actions[-1]
    assert action.verification_code == r"^rub \(c\.\) (.+), (?P<n>.+) times$"
    assert [parameter.values for parameter in action.parameters] == [["box"], ["1", "2", "3"]]
    assert [*load(script_data(draft.model_dump())).available_actions][-1] == action.name


def test_the_form_can_be_asked_of_a_model() -> None:
    schema = schema_of(Draft)
    assert schema["required"] == [*DRAFT] == [*schema["properties"]]
    actions = schema["properties"]["available_actions"]["items"]
    assert actions["required"] == [*GO]
    assert actions["properties"]["parameters"]["items"]["required"] == ["name", "values"]
    assert schema["properties"]["environment"]["items"]["required"] == ["name", "text", "entries"]
    assert not schema["additionalProperties"]
