"""What every script of the library keeps to, and what the library has to offer as a whole."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trpg_env.script import Script, library
from trpg_env.script.instruction import instruction
from trpg_env.script.program import Code
from trpg_env.world import World, find_plan

INTRODUCTION = "cool-tomato"
"""The smallest example, from the documentation; it is exempt from the standard."""
GROUNDED = [name for name, path in library().items() if re.search(r'\bwhen"?:', path.read_text("utf-8"))]
STANDARD = [name for name in GROUNDED if name != INTRODUCTION]

Load = Callable[[Any], Script]
MakeWorld = Callable[[Any], World]


def effects(data: Any) -> Iterator[str]:
    """The keys of all effects, at any depth."""
    if isinstance(data, dict):
        yield from data
    for part in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from effects(part)


def has_chance(script: Script) -> bool:
    """Whether anything in the script is decided by chance."""
    parts = [*script.available_actions.values(), *script.events]
    return any("chance" in effects(part.effects) for part in parts)


def places(script: Script) -> tuple[str, ...]:
    """The script's places; where it has none, the entities of its largest kind, which play their part."""
    kinds = script.program.kinds
    return kinds.get("places") or max(kinds.values(), key=len)


@pytest.mark.parametrize("name", library())
def test_a_script_says_who_wrote_it_under_which_licence(name: str, load: Load) -> None:
    provenance = load(name).provenance
    assert (provenance.author, provenance.licence) == ("trpg_env", "Apache-2.0")


@pytest.mark.parametrize("name", library())
def test_a_script_has_the_name_of_its_file(name: str, load: Load) -> None:
    assert load(name).name == name


@pytest.mark.parametrize("name", GROUNDED)
def test_a_grounded_script_has_a_title_a_family_and_somebody_with_a_reason(name: str, load: Load) -> None:
    script = load(name)
    assert {"title", "family", "persona"} <= script.model_fields_set
    assert script.title and script.persona


@pytest.mark.parametrize("name", STANDARD)
def test_a_grounded_script_has_room_and_enough_to_do(name: str, load: Load) -> None:
    script = load(name)
    assert len(places(script)) >= 5
    assert len(script.available_actions) >= 8


@pytest.mark.parametrize("name", STANDARD)
def test_a_player_can_be_in_the_wrong_place_act_too_early_and_fail(name: str, load: Load) -> None:
    script = load(name)
    errors = {p.error for action in script.program.actions for p in action.preconditions}
    assert {"place", "logic"} <= errors
    assert script.failure_conditions


@pytest.mark.parametrize("name", STANDARD)
def test_every_refusal_says_what_is_wrong(name: str, load: Load) -> None:
    for action in load(name).available_actions.values():
        assert all(precondition.message for precondition in action.preconditions)


@pytest.mark.parametrize("name", STANDARD)
def test_a_shortest_plan_is_neither_short_nor_long_and_leaves_turns_for_errors(
    name: str, make_world: MakeWorld
) -> None:
    world = make_world(name)
    lengths = set()
    for variation in range(world.program.variation_count):
        plan = find_plan(world, world.begin(variation).values, depth=world.script.max_turns)
        assert plan.actions is not None, f"no plan under variation {variation}"
        lengths.add(len(plan.actions))
    assert min(lengths) >= 8
    assert max(lengths) <= 25
    assert world.script.max_turns - max(lengths) >= 10


def test_no_sentence_of_an_instruction_names_a_thing_and_a_place_where_a_variation_may_put_it(
    load: Load,
) -> None:
    telling = []
    for script in map(load, STANDARD):
        program = script.program
        drawn = {
            (setting.entity, setting.value)
            for axis in program.variations
            for alternative in axis
            for setting in alternative
            if setting.attribute == "at" and setting.value in program.entities
        }
        told = [script.goal, *(action.description for action in program.actions)]
        assert all(text in instruction(script) for text in told)
        sentences = [sentence for text in told for sentence in re.split(r"[.;!?]", text)]
        telling += [
            (script.name, sentence)
            for sentence in sentences
            for pair in drawn
            if all(re.search(rf"\b{re.escape(name)}\b", sentence, re.IGNORECASE) for name in pair)
        ]
    assert telling == []


def test_scripts_with_conditions_are_grounded_and_the_others_narrative(load: Load) -> None:
    assert [name for name in library() if load(name).grounded] == GROUNDED


def test_chance_events_variations_and_checks_in_python_are_each_met_in_several_scripts(load: Load) -> None:
    scripts = [load(name) for name in STANDARD]
    features = {
        "chance": [s.name for s in scripts if has_chance(s)],
        "events": [s.name for s in scripts if s.events],
        "variations": [s.name for s in scripts if s.program.variation_count > 1],
        "Python": [
            s.name for s in scripts if any(isinstance(a.verification, Code) for a in s.program.actions)
        ],
    }
    assert {feature: names for feature, names in features.items() if len(names) < 3} == {}


def test_the_library_has_fourteen_grounded_scripts_beside_the_introduction_and_three_narrative_ones() -> None:
    assert len(STANDARD) >= 14
    assert len(library()) - len(GROUNDED) >= 3
