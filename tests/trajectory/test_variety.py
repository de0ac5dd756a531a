"""Variety: how many scripts, actions and personas are different, however they are spelt and called."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.script import Script
from trpg_env.trajectory import Variety

Load = Callable[[Any], Script]

PAPERS_SPELLING: dict[str, Any] = {
    "Environment": {"documents": {"info.txt": {}}},
    "Goal": "Set mode=on.",
    "Completion Conditions": ["config.cfg holds mode=on."],
    "Available Actions": {"cd {path}": {"verification code": r"^cd (.*)$", "parameters": {"path": ["home"]}}},
}
HOUSES_SPELLING: dict[str, Any] = {
    "schema_version": 1,
    "available_actions": {"cd {path}": {"parameters": {"path": ["home"]}, "verification_code": r"^cd (.*)$"}},
    "completion_conditions": [{"text": "config.cfg holds mode=on."}],
    "environment": {"Documents": {"info.txt": {}}},
    "goal": "Set mode=on.",
    "max_turns": 30,
    "x-note": "Written twice.",
}


def counted(*scripts: Script) -> dict[str, tuple[int, int]]:
    """Of each noun how many there are and how many are distinct."""
    variety = Variety()
    for script in scripts:
        variety.add(script)
    return {name: (count["total"], count["distinct"]) for name, count in variety.as_dict().items()}


def test_the_library_is_counted_by_script_action_and_persona(load: Load) -> None:
    scripts = [load("cool-tomato"), load("ship")]
    templates = [a.template.text for script in scripts for a in script.program.actions]
    assert set(templates) >= {"take {thing}", "go {direction}"}
    assert counted(*scripts) == {
        "scripts": (2, 2),
        "actions": (len(templates), len(set(templates))),
        "personas": (2, 2),
    }


def test_a_script_that_comes_again_counts_once(load: Load, tiny: dict[str, Any]) -> None:
    assert counted(*[load("ship")] * 3, load(tiny), load(json.loads(json.dumps(tiny)))) == counted(
        load("ship"), load(tiny)
    )


@pytest.mark.parametrize(
    "label",
    [
        {"name": "other"},
        {"title": "Another"},
        {"family": "kin"},
        {"provenance": {"author": "somebody", "model": "m"}},
        {"persona": "A cook"},
        {"Persona": "A cook", "NAME": "other", "Title": "Another", "Family": "kin"},
        {"schema_version": 1},
        {"x-seen": True},
    ],
    ids=str,
)
def test_labels_make_no_other_content(label: dict[str, Any], tiny: dict[str, Any], load: Load) -> None:
    assert counted(load(tiny), load(tiny | label))["scripts"] == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"goal": "Win!"},
        {"max_turns": 7},
        {"milestones": [{"text": "You have won.", "when": "player.won"}]},
        {"environment": {"items": {"box": {}, "ball": {}}}},
    ],
    ids=str,
)
def test_a_goal_a_world_and_a_limit_of_its_own_are_other_content(
    change: dict[str, Any], tiny: dict[str, Any], load: Load
) -> None:
    assert counted(load(tiny), load(tiny | change))["scripts"] == (2, 2)


def test_the_papers_spelling_and_the_houses_are_the_same_content(load: Load) -> None:
    assert counted(load(PAPERS_SPELLING), load(HOUSES_SPELLING))["scripts"] == (2, 1)


def test_actions_and_personas_are_the_same_but_for_case_and_blanks(tiny: dict[str, Any], load: Load) -> None:
    win = tiny["available_actions"].pop("win")
    names = [("A Cook", "Win  now"), (" a cook ", "win NOW"), ("A nurse", "win at last")]
    spelt = [
        tiny | {"persona": persona, "available_actions": tiny["available_actions"] | {action: win}}
        for persona, action in names
    ]
    found = counted(*map(load, spelt))
    assert found["actions"] == (6, 3)
    assert found["personas"] == (3, 2)


def test_a_script_without_a_persona_has_none(tiny: dict[str, Any], load: Load) -> None:
    scripts = [load(tiny), load(tiny | {"persona": None}), load(tiny | {"persona": " \n"})]
    assert counted(*scripts)["personas"] == (0, 0)


def test_the_lines_say_how_many_of_how_many_are_distinct(tiny: dict[str, Any], load: Load) -> None:
    variety = Variety()
    assert variety.lines()[0] == "distinct scripts    0 of 0"
    for script in (load(tiny), load(tiny | {"persona": "A cook"})):
        variety.add(script)
    assert variety.lines() == [
        "distinct scripts    1 of 2",
        "distinct actions    2 of 4",
        "distinct personas   1 of 1",
    ]
