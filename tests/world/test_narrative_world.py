"""A narrative script's world: code decides what is an action, judgements what becomes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.sandbox import Sandbox
from trpg_env.script import load_script
from trpg_env.world import (
    NarrativeWorld,
    NotGrounded,
    SeededFate,
    State,
    VerificationFailed,
    World,
    make_world,
)

FATE = SeededFate(0, 0)
Load = Callable[[Any], Any]


@pytest.fixture(scope="module")
def healer(sandbox: Sandbox) -> NarrativeWorld:
    return NarrativeWorld(load_script("village-healer", sandbox=sandbox), sandbox)


def test_each_kind_of_script_has_its_world(sandbox: Sandbox, load: Load) -> None:
    assert isinstance(make_world(load("village-healer"), sandbox), NarrativeWorld)
    assert isinstance(make_world(load("cool-tomato"), sandbox), World)
    with pytest.raises(ValueError, match="grounded"):
        NarrativeWorld(load("cool-tomato"), sandbox)
    with pytest.raises(NotGrounded, match="narrative"):
        World(load("village-healer"), sandbox)


def test_verification_code_decides_what_is_an_action(healer: NarrativeWorld) -> None:
    start = healer.begin(0)
    right = healer.rule(start, "  Walk   to the lane ".replace("W", "w"), FATE)
    assert (right.name, right.parameters, right.error) == ("walk to {place}", {"place": "lane"}, None)
    wrong = healer.rule(start, "walk to the moon", FATE)
    assert wrong.error == "parameter"
    assert "moon" in wrong.message
    code = healer.rule(start, "brew elder berries with elder berries", FATE)
    assert (code.error, code.message) == ("parameter", "A drink takes two different ingredients.")


def test_an_action_that_is_carried_out_becomes_part_of_the_state(healer: NarrativeWorld) -> None:
    start = healer.begin(0)
    walked = healer.conclude(start, healer.rule(start, "walk to lane", FATE), None, [], "A muddy lane.")
    assert walked.state.turn == 1
    assert walked.state.hash != start.hash
    assert (walked.observation, walked.progress, walked.success) == ("A muddy lane.", 0.0, False)
    otherwise = healer.conclude(start, healer.rule(start, "walk to lane", FATE), None, [], "Another lane.")
    assert otherwise.state.hash != walked.state.hash


@pytest.mark.parametrize("error", ["place", "logic"])
def test_an_error_changes_nothing_but_the_turn(healer: NarrativeWorld, error: Any) -> None:
    start = healer.begin(0)
    ruling = healer.conclude(start, healer.rule(start, "read recipe book", FATE), error, [0, 1, 2], "No.")
    assert (ruling.error, ruling.message, ruling.success) == (error, "No.", False)
    assert ruling.state == start._replace(values=[1])


def test_a_parameter_error_stays_one_whatever_is_judged(healer: NarrativeWorld) -> None:
    start = healer.begin(0)
    wrong = healer.rule(start, "fly", FATE)
    assert healer.conclude(start, wrong, None, [0, 1, 2], "You fly!") is wrong
    assert healer.conclude(start, wrong, "place", [], "Not here.") is wrong


def test_what_is_met_stays_met_and_all_of_it_is_success(healer: NarrativeWorld) -> None:
    state, progress = healer.begin(0), []
    for met in ([2], [], [0, 2], [1]):
        ruling = healer.conclude(state, healer.rule(state, "light the hearth", FATE), None, met, "So it is.")
        assert ruling.before == state.progress
        state = ruling.state
        progress.append(ruling.progress)
    assert progress == [1 / 3, 1 / 3, 2 / 3, 1.0]
    assert ruling.success
    assert state.completed == (0, 1, 2)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_condition_that_there_is_not_is_no_judgement(healer: NarrativeWorld, index: int) -> None:
    start = healer.begin(0)
    with pytest.raises(ValueError, match=f"no completion condition {index}; the script has 3"):
        healer.conclude(start, healer.rule(start, "light the hearth", FATE), None, [index], "")


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=3))
def test_the_hash_tells_histories_apart(histories: list[tuple[str, str]]) -> None:
    """Where an action ends and what was told begins is part of it."""
    from trpg_env.world.narrative import _chained

    assert len({_chained(0, *history) for history in histories}) == len(set(histories))


def test_a_state_is_taken_up_as_it_was_saved(healer: NarrativeWorld) -> None:
    start = healer.begin(0)
    later = healer.conclude(start, healer.rule(start, "light the hearth", FATE), None, [1], "It burns.").state
    for state in (start, later):
        assert healer.load(healer.save(state)) == state
        assert healer.is_sound(healer.load(healer.save(state)))


@pytest.mark.parametrize(
    "change",
    [
        {"completed": [3]},
        {"completed": [1, 0]},
        {"completed": "12"},
        {"hash": "00"},
        {"hash": "x" * 32},
        {"turn": None},
        {"turn": -1},
    ],
    ids=str,
)
def test_what_is_no_state_is_refused(healer: NarrativeWorld, change: dict[str, Any]) -> None:
    saved = healer.save(healer.begin(0)) | change
    with pytest.raises(ValueError, match="not a state of the script 'village-healer'"):
        healer.load(saved)


def test_a_check_that_does_not_answer_is_no_error_of_the_players(sandbox: Sandbox, load: Load) -> None:
    script = load(
        {
            "Goal": "Wait.",
            "Environment": {},
            "Available Actions": {
                "wait": {
                    "verification code": "def validate(a, p, s):\n    while True: pass",
                    "parameters": {},
                }
            },
        }
    )
    world = NarrativeWorld(script, sandbox)
    state: State = world.begin(0)
    with pytest.raises(VerificationFailed) as failed:
        world.rule(state, "wait", FATE)
    assert failed.value.kind == "timeout"
