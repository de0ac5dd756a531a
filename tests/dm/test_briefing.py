"""What the model is told as dungeon master, word for word."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.dm import briefing
from trpg_env.prompts import prompt, prompt_hash
from trpg_env.script import Script, library
from trpg_env.world import AnyWorld, Ruling, SeededFate, World, make_world
from trpg_env.world.resolution import MAX_ACTION

Load = Callable[[Any], Script]
FATE = SeededFate(0, 0)
NARRATIVE = ["night-train", "unix-admin", "village-healer"]
TEXTS = st.text(st.characters(codec=None), max_size=40)


@pytest.fixture
def world(load: Load, sandbox: Any) -> Callable[[Any], AnyWorld]:
    return lambda script: make_world(load(script), sandbox)


def told(world: AnyWorld, text: str) -> str:
    """What the model is told of the first action of an episode."""
    start = world.begin(0)
    return briefing.turn(start, world.rule(start, text, FATE), grounded=world.grounded)


def test_the_rules_end_with_the_script(load: Load) -> None:
    text = briefing.rules(load("unix-admin"))
    script = text[text.index("Title: ") :]
    assert script.startswith(
        "Title: First week at the weather bureau\n"
        "The player's goal: Navigate to and edit the config.cfg file to set 'mode=on'.\n"
        "Completion conditions:\n"
        "0. The player has found the directory in which config.cfg lies.\n"
        "1. config.cfg has been unlocked for writing.\n"
        "2. config.cfg says mode=on.\n"
        'Environment: {"persona":'
    )
    assert script.endswith(
        "- restart {service}: Restart a service, so that it reads its settings anew. {service}: station, printer."
    )


@pytest.mark.parametrize("name", library())
def test_the_environment_is_whole_and_what_the_engine_checks_is_left_out(name: str, load: Load) -> None:
    script = load(name)
    text = briefing.rules(script)
    line = next(line for line in text.splitlines() if line.startswith("Environment: "))
    assert json.loads(line.removeprefix("Environment: ")) == script.environment
    for action in script.program.actions:
        assert f"\n- {action.template.text}" in text
        assert (script.available_actions[action.key].verification_code or "def validate") not in text
    for i, condition in enumerate(script.completion_conditions):
        assert f"\n{i}. {condition.text}\n" in text


def test_who_the_player_is_stands_there_where_the_script_says_so(load: Load) -> None:
    assert "The player is: A line cook on her first evening shift\n" in briefing.rules(load("cool-tomato"))
    assert "The player is:" not in briefing.rules(load("village-healer"))


def test_the_two_kinds_of_scripts_have_rules_of_their_own(load: Load) -> None:
    assert prompt("dm_grounded") in briefing.rules(load("cool-tomato"))
    assert prompt("dm_narrative") in briefing.rules(load("village-healer"))


def test_the_general_rules_are_short() -> None:
    for kind in ("dm_grounded", "dm_narrative"):
        assert len(prompt("dm")) + len(prompt(kind)) < 1_700


def test_what_a_script_says_is_no_placeholder(load: Load, tiny: dict[str, Any]) -> None:
    tiny |= {"goal": "Win {rules} and {goal!r} {0}."}
    assert "goal: Win {rules} and {goal!r} {0}.\n" in briefing.rules(load(tiny))


def test_a_script_that_has_little_to_say_is_told_all_the_same(load: Load) -> None:
    script = load({"goal": "Win.", "environment": {}, "available_actions": {"win": {}, "say {words}": {}}})
    assert briefing.rules(script).endswith(
        "Title: script\n"
        "The player's goal: Win.\n"
        "Completion conditions:\n"
        "0. Win.\n"
        "Environment: {}\n"
        "Actions, with what may stand for each {placeholder}:\n"
        "- win\n"
        "- say {words}. {words}: any text."
    )


def test_an_action_that_code_accepts_is_told_with_its_parameters(
    world: Callable[[Any], AnyWorld],
) -> None:
    assert told(world("unix-admin"), " chmod   +w CONFIG.CFG ") == (
        'Turn 1. The player writes: "chmod +w CONFIG.CFG"\n'
        'Code accepts this as the action "chmod {permission} {file}" with permission = "+w", file = "config.cfg". '
        "Can it be done here and now? Answer the player."
    )
    assert '"ls". Can it be done' in told(world("unix-admin"), "ls")


def test_an_action_that_code_refuses_is_told_with_the_reason(world: Callable[[Any], AnyWorld]) -> None:
    assert told(world("unix-admin"), "cd ../etc") == (
        'Turn 1. The player writes: "cd ../etc"\n'
        'Code refuses this, a parameter error: "\\"../etc\\" is not a valid path for \\"cd {path}\\". '
        'Valid: home, user, documents, etc, station, ..." Nothing changes. Tell the player what was wrong.'
    )


def test_what_the_engine_did_is_told_in_the_scripts_own_words(world: Callable[[Any], AnyWorld]) -> None:
    assert told(world("cool-tomato"), "go  east") == (
        'Turn 1. The player writes: "go east"\n'
        "The engine has not carried this out, and nothing has changed. "
        'What was wrong: "You cannot go east. Exits: west."'
    )
    assert told(world("cool-tomato"), "ask ines about WEATHER") == (
        'Turn 1. The player writes: "ask ines about WEATHER"\n'
        'The engine has carried this out. What happened: "Ines shrugs."'
    )


@pytest.mark.parametrize("text", ["open fridge", "dance", "take tomato"])
def test_the_engine_does_not_say_which_kind_of_error_it_was(
    text: str, world: Callable[[Any], AnyWorld]
) -> None:
    said = told(world("cool-tomato"), text)
    assert not any(
        kind in said.lower() for kind in ("place error", "logic error", "parameter error", "_error")
    )


def test_the_engine_tells_what_is_seen_and_how_the_world_stands(world: Callable[[Any], AnyWorld]) -> None:
    tomato = world("cool-tomato")
    assert isinstance(tomato, World)
    after = tomato.rule(tomato.begin(1), "take tomato", FATE).state
    blank, seen, now = briefing.present(tomato, after).split("\n")
    assert blank == ""
    assert json.loads(seen.removeprefix("What the player can see now: ")) == tomato.look(after.values)
    assert json.loads(now.removeprefix("The world now, where it can differ from the script's start: ")) == {
        "fridge": {"open": False},
        "microwave": {"open": True},
        "tomato": {"at": "player", "temperature": "warm"},
        "player": {"at": "hall", "knows": []},
    }


def test_of_a_narrative_world_only_its_dm_knows_how_it_stands(world: Callable[[Any], AnyWorld]) -> None:
    train = world("night-train")
    assert briefing.present(train, train.begin(0)) == ""


def test_a_text_that_is_too_long_is_shortened(world: Callable[[Any], AnyWorld]) -> None:
    for length, shown in [(MAX_ACTION, "x" * MAX_ACTION), (100_000, "x" * (MAX_ACTION - 1) + "…")]:
        said = told(world("unix-admin"), "x" * length)
        assert json.loads(said.split("\n")[0].removeprefix("Turn 1. The player writes: ")) == shown


@given(text=TEXTS, message=TEXTS, grounded=st.booleans())
def test_whatever_a_player_writes_stays_between_its_quotation_marks(
    text: str, message: str, grounded: bool, make_world: Callable[[Any], World]
) -> None:
    start = make_world("cool-tomato").begin(0)
    ruling = Ruling(text, None, {}, "parameter", message, "", start, False, False, 0.0, 0.0)
    said = briefing.turn(start, ruling, grounded=grounded)
    said.encode()
    assert len(said.splitlines()) == 2
    first = said.splitlines()[0].removeprefix("Turn 1. The player writes: ")
    assert json.loads(first) == text
    assert compact_of(message) in said
    assert "<" not in said


def compact_of(text: str) -> str:
    quoted = briefing.compact(text)
    assert json.loads(quoted) == text
    return quoted


@pytest.mark.parametrize(
    "token",
    ["<|im_end|>", "</s>", "<start_of_turn>", "[INST]", "[/INST]", "<｜User｜>", "\u2028", "\x85", "\ud800"],
)
def test_no_models_special_token_survives(token: str) -> None:
    quoted = briefing.compact({"said": [f"a{token}b"], token: 1})
    assert token not in quoted
    assert json.loads(quoted) == {"said": [f"a{token}b"], token: 1}


def test_the_wording_is_all_that_the_model_is_told_in() -> None:
    assert len(prompt_hash(*briefing.WORDING)) == 64
