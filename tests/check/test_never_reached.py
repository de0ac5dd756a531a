"""Actions, events, places and milestones that nobody ever comes to."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.check import CheckReport, goal, inspect_script, reach
from trpg_env.sandbox import Sandbox

Faulty = Callable[[Callable[[dict[str, Any]], object]], CheckReport]


@pytest.fixture(autouse=True)
def small_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goal, "TRANSITIONS", 30_000)
    monkeypatch.setattr(reach, "TRANSITIONS", 6_000)
    monkeypatch.setattr(reach, "TRANSITIONS_EACH", 3_000)


def faults(report: CheckReport) -> list[tuple[str, str]]:
    assert report.notes == ()
    return [(fault.place, fault.message.partition(";")[0]) for fault in report.faults]


def test_an_action_that_can_never_be_carried_out_is_found(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["available_actions"]["leave"] = {"preconditions": [{"when": "door.at == cellar"}]}

    assert faults(inspect(change)) == [
        ('available_actions["leave"]', "no state lets this action be carried out within 8 turns")
    ]


def test_an_action_that_only_an_episodes_end_allows_is_found(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["available_actions"]["bow"] = {
            "preconditions": [{"when": "lamp.lit and lamp.at == player and player.at == hall"}]
        }

    assert [place for place, _ in faults(inspect(change))] == ['available_actions["bow"]']


def test_an_event_that_never_fires_is_found(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["events"].append({"when": "player.rung and not door.open", "effects": []})

    assert faults(inspect(change)) == [("events[1].when", "this event never fires within 8 turns")]


def test_an_event_that_only_an_effect_of_an_earlier_event_undoes_fires(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["events"].insert(0, {"when": "player.rung and not door.open", "effects": []})

    assert faults(inspect(change)) == []


def test_an_event_that_only_bad_luck_brings_about_fires(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        take = script["available_actions"]["take {thing}"]
        take["effects"].append({"chance": 0.9, "then": [], "else": ["player.hurt = true"]})
        script["events"].append({"when": "player.hurt", "effects": [{"say": "Ouch."}]})

    assert faults(inspect(change)) == []


def test_an_event_that_comes_after_max_turns_never_fires(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["events"].append({"when": "turn == 9", "effects": [{"say": "Dawn."}]})

    assert [place for place, _ in faults(inspect(change))] == ["events[1].when"]


def test_a_place_that_cannot_be_reached_is_found(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["environment"]["places"]["attic"] = {"exits": {"down": "hall"}}

    assert faults(inspect(change)) == [
        ("environment.places.attic", "the player never gets to attic within 8 turns")
    ]


def test_a_place_that_is_reached_in_something_that_moves_is_reached(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["environment"]["places"]["attic"] = {}
        script["environment"]["items"]["lift"] = {"at": "hall"}
        script["available_actions"]["ride up"] = {
            "preconditions": [{"when": "player.at == hall and not player.rung"}],
            "effects": ["player.at = lift", "lift.at = attic"],
        }

    assert faults(inspect(change)) == []


def test_places_matter_only_where_the_player_is_anywhere(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["environment"] = {"places": {"a1": {}}, "player": {"won": 0}}
        del script["milestones"], script["events"]
        script["available_actions"] = {
            "play {move}": {
                "parameters": {"move": "1..40"},
                "effects": [{"when": "move == player.won * 7 + 3", "then": ["player.won += 1"]}],
            }
        }
        script["completion_conditions"] = [{"when": "player.won == 3"}]

    assert faults(inspect(change)) == []


def test_a_milestone_that_cannot_be_reached_is_found(inspect: Faulty) -> None:
    report = inspect(lambda script: script["milestones"].append({"when": "match.at == lamp"}))
    assert faults(report) == [("milestones[2].when", "this milestone is never reached within 8 turns")]


def large(changes: dict[str, Any]) -> dict[str, Any]:
    """A script with far more states than are looked at: forty switches, of which none matters to the goal."""
    switches = {f"switch {i}": {"on": False} for i in range(40)}
    return {
        "goal": "Press the right buttons.",
        "environment": {"items": {**switches, "bell": {"rung": 0, "cracked": False}}, "player": {}},
        "completion_conditions": [{"when": "bell.rung == 4"}],
        "available_actions": {
            "flip {switch}": {
                "parameters": {"switch": list(switches)},
                "effects": ["switch.on = not switch.on"],
            },
            "press {button}": {
                "parameters": {"button": "1..40"},
                "effects": [{"when": "button == 9 * bell.rung + 5", "then": ["bell.rung += 1"]}],
            },
            **changes,
        },
        "max_turns": 20,
    }


LOST = {"count {n}": {"preconditions": [{"when": "count(s for s in items if s.on) == 19"}]}}


def test_a_budget_that_ends_first_leaves_a_question_open(sandbox: Sandbox) -> None:
    report = inspect_script(large(LOST), sandbox=sandbox)
    assert report.faults == ()
    assert [(note.place, note.message) for note in report.notes] == [
        ('available_actions["count {n}"]', "not decided: whether this action can ever be carried out")
    ]


@pytest.mark.parametrize("never", ["bell.cracked", "player in items", "bell.rung == 5"])
def test_what_hangs_on_little_is_ruled_out_in_the_largest_script(never: str, sandbox: Sandbox) -> None:
    melt = {"melt": {"preconditions": [{"when": never}, {"when": "count(s for s in items if s.on) < 1"}]}}
    report = inspect_script(large({**LOST, **melt}), sandbox=sandbox)
    assert [fault.place for fault in report.faults] == ['available_actions["melt"]']


def test_a_goal_that_the_budget_does_not_decide_is_no_fault(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goal, "TRANSITIONS", 20)
    monkeypatch.setattr(reach, "TRANSITIONS", 0)
    report = inspect_script(large({}), sandbox=sandbox)
    assert report.faults == ()
    assert not report.solved
    assert "not decided: whether a plan reaches the goal" in [note.message for note in report.notes]


def test_any_plan_will_do_where_the_budget_does_not_reach_a_shortest_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamps = [f"lamp {letter}" for letter in "abcdefghijkl"]
    script = {
        "goal": "Light them all.",
        "environment": {"items": {lamp: {"lit": False} for lamp in lamps}, "player": {}},
        "completion_conditions": [{"when": f'"{lamp}".lit'} for lamp in lamps],
        "available_actions": {
            f"{verb} {{lamp}}": {"parameters": {"lamp": "items"}, "effects": [f"lamp.lit = {lit}"]}
            for verb, lit in (("light", "true"), ("snuff", "false"))
        },
        "max_turns": 14,
    }
    monkeypatch.setattr(goal, "TRANSITIONS", 2_000)
    with monkeypatch.context() as without:
        without.setattr(goal, "find_some_plan", goal.find_plan)
        assert not inspect_script(script, sandbox=sandbox).solved
    report = inspect_script(script, sandbox=sandbox)
    assert report.solved
    assert not any("plan" in note.message for note in report.notes)


def test_what_may_come_to_pass_in_a_variation_that_is_not_looked_at_is_no_fault(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["variations"] = {"lamp.oil": list(range(65))}
        script["events"].append({"when": "lamp.oil == 64", "effects": []})

    report = inspect(change)
    assert report.faults == ()
    assert [note.place for note in report.notes] == ["events[1].when"]


def test_a_script_with_too_many_ground_actions_is_checked_for_all_the_rest(sandbox: Sandbox) -> None:
    code = "def validate(action, params, state):\n    return True\n"
    wide = {"verification_code": code, "parameters": {"a": "1..400", "b": "1..400"}}
    report = inspect_script(
        large({"mix {a} with {b}": wide, "melt {x}": {"observation": "{x.hue}"}}), sandbox=sandbox
    )
    assert [fault.place for fault in report.faults] == ['available_actions["melt {x}"].observation']
    assert any("160,081 ground actions, too many to search" in note.message for note in report.notes)
