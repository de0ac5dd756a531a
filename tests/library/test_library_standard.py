"""What every script of the library keeps to, and what the library has to offer as a whole."""

import re
from collections.abc import Callable, Iterator
from functools import cache
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

FINDING_OUT = [
    ("ship", "call pilot on .*", "read card"),
    ("museum-heist", "go to back stairs", "listen"),
    ("museum-heist", "enter .*", "read calendar"),
    ("unix-config", "rm beacon.pid", "cat beacon.log"),
    ("unix-config", "edit beacon.conf .*", "cat beacon.conf"),
    ("clinic", "take (Pulmovet|Doxal|Tickfen|Rubrinex)", "look at .* under microscope"),
    ("clinic", r"give .* ml of (?P<drug>\w+)", "read {drug}"),
    ("clinic", "give .*", "read card"),
    ("clinic", "give .*", "weigh Fern"),
    ("warehouse-robot", "forward", "print order"),
    ("warehouse-robot", "lift .*", "scan"),
    ("detective", "accuse .*", "ask (Bram|Odile) about gloves"),
    ("detective", "accuse .*", "show glove to Kofi"),
    ("office-mail", "address draft .*", "read request"),
    ("office-mail", "attach .*", "view invoice-214b"),
    ("flea-market", "offer .* for (?P<box>.* box)", "wind {box}"),
    ("flea-market", "(point out|offer) .* blue velvet", "examine blue velvet"),
    ("flea-market", "sell opera glasses .*", "ask .* about opera glasses"),
    ("garden", "take (lime|pine needles)", "look up soil"),
    ("garden", "take (lime|pine needles)", "test soil"),
    ("garden", "lay fleece|cut channel", "read notice board"),
    ("harbour-talks", "ask Holm for .*", "listen to Ruben"),
    ("harbour-talks", "propose .*", "ask Holm about wages"),
    ("harbour-talks", "propose .*", "tell Ruben of (second man|night bus)"),
    ("house-evening", "open .*", "ask Ottilie about glasses"),
    ("house-evening", "(heat|cool) .*", "read note"),
    ("kitchen", "take (goat|blue) cheese", "ask Tove about cheese"),
    ("kitchen", "set oven to .*", "read recipe card"),
    ("kitchen", "take dish from oven", "look through pane"),
    ("laboratory", "pipette .*", "read method sheet"),
    ("laboratory", "record .*", "run in 1 ml"),
]
"""Script, the action that hangs on what a player cannot know at the start, and the action that finds it out."""

Load = Callable[[Any], Script]
MakeWorld = Callable[[Any], World]
Plans = Callable[[str], list[tuple[str, ...]]]


@pytest.fixture(scope="module")
def plans(make_world: MakeWorld) -> Plans:
    """A shortest plan of a script for each of its variations, searched for once."""

    def search(name: str) -> list[tuple[str, ...]]:
        world = make_world(name)
        found = []
        for variation in range(world.program.variation_count):
            plan = find_plan(world, world.begin(variation).values, depth=world.script.max_turns)
            assert plan.actions is not None, f"no plan under variation {variation}"
            found.append(plan.actions)
        return found

    return cache(search)


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
    name: str, load: Load, plans: Plans
) -> None:
    lengths = {len(plan) for plan in plans(name)}
    assert min(lengths) >= 8
    assert max(lengths) <= 25
    assert load(name).max_turns - max(lengths) >= 14


@pytest.mark.parametrize(("name", "decisive", "finding_out"), FINDING_OUT)
def test_a_shortest_plan_finds_out_before_it_decides(
    name: str, decisive: str, finding_out: str, plans: Plans
) -> None:
    for variation, plan in enumerate(plans(name)):
        matches = ((turn, re.fullmatch(decisive, action)) for turn, action in enumerate(plan))
        turn, decision = next((turn, match) for turn, match in matches if match)
        wanted = finding_out.format(**decision.groupdict())
        assert any(re.fullmatch(wanted, action) for action in plan[:turn]), (variation, plan)


def test_every_script_has_something_to_be_found_out() -> None:
    # What the dungeon hides is told on the way, without an action of its own; its own tests have that.
    assert {name for name, *_ in FINDING_OUT} == {*STANDARD} - {"dungeon"}


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
