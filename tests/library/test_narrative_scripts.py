"""The narrative scripts: the paper's own format, with patterns that take what they should and nothing near it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import trpg_env  # noqa: F401 - registers the environment
from trpg_env.check import CheckReport, inspect_script
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library
from trpg_env.script.domains import iterate
from trpg_env.world.compile import Compiler
from trpg_env.world.grounding import GroundAction, Grounder
from trpg_env.world.layout import Layout
from trpg_env.world.resolution import Meaning, Refusal, Resolver
from trpg_env.world.statements import Statements

NAMES = ["night-train", "unix-admin", "village-healer"]
FOLDER = Path(__file__).parents[2] / "scripts_library"

Understand = Callable[[str, str], Meaning]


@pytest.fixture(scope="module")
def understand(load: Callable[[Any], Script], sandbox: Sandbox) -> Understand:
    """What a text means in a narrative script, where there is no state to ask."""
    resolvers: dict[str, Resolver] = {}

    def understand(name: str, text: str) -> Meaning:
        if name not in resolvers:
            program = load(name).program
            layout = Layout(program)
            compiler = Compiler(program, layout)
            grounder = Grounder(program, compiler, Statements(compiler, layout))
            resolvers[name] = Resolver(program, grounder, layout, sandbox)
        return resolvers[name].resolve(text, [0])

    return understand


def file_of(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return data


def test_these_are_all_the_narrative_scripts_of_the_library(load: Callable[[Any], Script]) -> None:
    assert [name for name in library() if not load(name).grounded] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_is_in_the_papers_keys_and_loads_unchanged(name: str, load: Callable[[Any], Script]) -> None:
    file, script = file_of(name), load(name)
    assert list(file) == [
        "Title",
        "Provenance",
        "Environment",
        "Goal",
        "Completion Conditions",
        "Available Actions",
    ]
    assert (script.environment, script.goal) == (file["Environment"], file["Goal"])
    assert list(script.available_actions) == list(file["Available Actions"])
    for key, action in file["Available Actions"].items():
        assert set(action) == {"description", "verification code", "parameters"}
        loaded = script.available_actions[key]
        assert loaded.verification_code == action["verification code"]
        assert loaded.parameters == action["parameters"]
    assert (script.name, script.program.grounded) == (name, False)


@pytest.mark.parametrize("name", NAMES)
def test_its_completion_conditions_are_sentences(name: str, load: Callable[[Any], Script]) -> None:
    conditions = load(name).completion_conditions
    assert [c.text for c in conditions] == file_of(name)["Completion Conditions"]
    assert len(conditions) >= 3
    for condition in conditions:
        assert condition.when is None
        assert condition.text.endswith(".")
        assert len(condition.text.split()) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_the_check_has_nothing_to_say(name: str, sandbox: Sandbox) -> None:
    assert inspect_script(name, sandbox=sandbox) == CheckReport(faults=(), notes=())


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_cannot_play_it_and_name_who_can(name: str) -> None:
    with pytest.raises(ValueError, match="llm"):
        gym.make("AgentRefine-v0", script=name)


@pytest.mark.parametrize("name", NAMES)
def test_every_action_takes_its_own_name_with_each_of_its_values(
    name: str, load: Callable[[Any], Script], understand: Understand
) -> None:
    refused = {
        # Valid one by one, not together.
        ("brew {first} with {second}", same, same)
        for same in ("elder berries", "nightshade berries")
    }
    for action in load(name).program.actions:
        for values in iterate(action.domains):
            spellings = [value.spelling for value in values]
            text = action.template.fill(spellings)
            meaning = understand(name, text)
            if (action.template.text, *spellings) in refused:
                assert isinstance(meaning, Refusal)
                assert meaning.message == "A drink takes two different ingredients."
                continue
            assert isinstance(meaning, GroundAction), text
            assert meaning.name == action.template.text
            assert meaning.parameters == dict(zip(action.template.placeholders, spellings, strict=True))


@pytest.mark.parametrize(
    ("name", "text", "action", "parameters"),
    [
        ("unix-admin", "  cd    ..  ", "cd {path}", {"path": ".."}),
        (
            "unix-admin",
            "chmod +w CONFIG.CFG",
            "chmod {permission} {file}",
            {"permission": "+w", "file": "config.cfg"},
        ),
        ("village-healer", "walk to the Mill", "walk to {place}", {"place": "mill"}),
        ("village-healer", "gather some water_mint", "gather {plant}", {"plant": "water mint"}),
        ("night-train", "walk to the dining car", "walk to {place}", {"place": "dining car"}),
        ("night-train", "unlock 12/21", "unlock berth {berth}", {"berth": "12/21"}),
        (
            "night-train",
            "wake madame roux gently with tea",
            "wake {passenger} {manner}",
            {"passenger": "Madame Roux", "manner": "gently with tea"},
        ),
        (
            "night-train",
            "lead Pavel to 12/21",
            "lead {passenger} to berth {berth}",
            {"passenger": "Pavel", "berth": "12/21"},
        ),
        (
            "night-train",
            "hand over the manifest to the border officer",
            "hand the manifest to {person}",
            {"person": "border officer"},
        ),
    ],
)
def test_other_ways_to_say_it_mean_the_same(
    name: str, text: str, action: str, parameters: dict[str, str], understand: Understand
) -> None:
    meaning = understand(name, text)
    assert isinstance(meaning, GroundAction)
    assert (meaning.name, meaning.parameters) == (action, parameters)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("unix-admin", "ls config.cfg", 'There is no such action: "ls config.cfg".'),
        ("unix-admin", "cd ../etc", '"../etc" is not a valid path for "cd {path}".'),
        ("unix-admin", "chmod +x config.cfg", "There is no such action"),
        ("unix-admin", "edit config.cfg mode on", "There is no such action"),
        ("unix-admin", "edit config.cfg mode=maybe", '"mode=maybe" is not a valid setting'),
        ("village-healer", "walk mill", "There is no such action"),
        ("village-healer", "walk to church", '"church" is not a valid place'),
        ("village-healer", "grind nightshade berries", '"nightshade berries" is not a valid ingredient'),
        ("village-healer", "give drink Anselm", "There is no such action"),
        ("village-healer", "brew willow bark", "There is no such action"),
        ("night-train", "walk towards coach 12", "There is no such action"),
        ("night-train", "walk to coach 13", '"coach 13" is not a valid place'),
        ("night-train", "take double bass", "There is no such action"),
        ("night-train", "unlock berth 21", "There is no such action"),
        ("night-train", "unlock berth 13/21", '"13/21" is not a valid berth'),
        ("night-train", "wake Pavel by singing", "There is no such action"),
        ("night-train", "wake Father Imre by calling", '"Father Imre" is not a valid passenger'),
        ("night-train", "lead Pavel to coach 12", "There is no such action"),
        (
            "night-train",
            "enter Pavel at 21 in the manifest",
            "A berth is written with its coach, as in 11/21.",
        ),
        ("night-train", "enter Pavel at 12-21 in the manifest", "two digits, a stroke and two digits."),
        (
            "night-train",
            "enter the officer at 12/21 in the manifest",
            '"the officer" is not a valid passenger',
        ),
        ("night-train", "hand the tea to Ms Adeyemi", "There is no such action"),
        ("night-train", "pull the brake", "There is no such action"),
    ],
)
def test_a_near_miss_is_refused_with_a_reason(
    name: str, text: str, message: str, understand: Understand
) -> None:
    meaning = understand(name, text)
    assert isinstance(meaning, Refusal)
    assert message in meaning.message


@pytest.mark.parametrize("name", NAMES)
def test_whoever_and_whatever_can_be_named_is_in_the_world(name: str) -> None:
    file = file_of(name)
    world = json.dumps(file["Environment"], ensure_ascii=False)
    named = [
        value
        for action in file["Available Actions"].values()
        for placeholder, values in action["parameters"].items()
        if placeholder in ("place", "path", "person", "passenger", "plant", "berth", "thing")
        for value in values
    ]
    assert named
    assert [value for value in named if value not in world] == []
