"""The goal: not there at the start, within reach, and not by accident."""

from collections.abc import Callable
from typing import Any

from trpg_env.check import CheckReport

Faulty = Callable[[Callable[[dict[str, Any]], object]], CheckReport]


def messages(report: CheckReport) -> list[str]:
    assert report.notes == ()
    return [fault.message for fault in report.faults]


def test_a_goal_that_is_reached_at_the_start_is_found(inspect: Faulty) -> None:
    report = inspect(lambda script: script.update(completion_conditions=[{"when": "player.at == hall"}]))
    assert "reached at the start already; let at least one condition be false" in messages(report)[0]


def test_a_goal_that_is_reached_at_the_start_of_one_variation_names_it(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["variations"] = [{"lamp.lit": False}, {"lamp.lit": True, "lamp.at": "player"}]

    (message,) = messages(inspect(change))
    assert 'reached at the start already in variation 1 (lamp.lit = true, lamp.at = "player")' in message


def test_a_goal_that_no_plan_reaches_names_the_condition_that_nothing_meets(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["available_actions"]["strike {thing} on {surface}"]["effects"] = []
        del script["milestones"]

    (message,) = messages(inspect(change))
    assert "no plan reaches the goal within 8 turns" in message
    assert 'nothing within reach makes true: "The lamp is lit."' in message


def test_a_goal_whose_conditions_exclude_each_other_is_found(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["completion_conditions"] = [{"when": "lamp.at == player"}, {"when": "lamp.at == cellar"}]
        del script["milestones"]

    assert "its conditions are never true together" in messages(inspect(change))[0]


def test_a_goal_out_of_reach_in_one_variation_names_it(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["variations"] = {"match.at": ["hall", "cellar", "nowhere"]}

    (message,) = messages(inspect(change))
    assert "no plan reaches the goal within 8 turns in variation 2 (match.at = null)" in message


def test_too_few_turns_are_found_and_the_number_it_takes_is_named(inspect: Faulty) -> None:
    report = inspect(lambda script: script.update(max_turns=5))
    assert [(f.place, f.message) for f in report.faults if f.place == "max_turns"] == [
        (
            "max_turns",
            "the shortest plan takes 6 turns, but max_turns is 5; write at least 6, or bring the goal nearer",
        )
    ]


def test_a_failure_condition_that_holds_at_the_start_is_found(inspect: Faulty) -> None:
    report = inspect(lambda script: script.update(failure_conditions=[{"when": "not player.asleep"}]))
    assert "failure_conditions" in [fault.place for fault in report.faults]


def test_a_plan_that_wants_luck_is_good_enough(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        strike = script["available_actions"]["strike {thing} on {surface}"]
        strike["effects"] = [{"chance": 0.01, "then": strike["effects"], "else": ["match.at = nowhere"]}]

    assert inspect(change) == CheckReport((), ())


def test_a_plan_is_searched_for_each_variation_in_which_the_last_one_fails(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        strike = script["available_actions"]["strike {thing} on {surface}"]
        strike["effects"] = [{"when": "surface == lamp.rough", "then": ["lamp.lit = true"]}]
        script["variations"] = {"lamp.rough": ["lamp", "door"]}

    assert inspect(change) == CheckReport((), ())


def test_a_goal_that_random_play_reaches_is_found(inspect: Faulty) -> None:
    report = inspect(lambda script: script.update(completion_conditions=[{"when": "player.rung"}]))
    assert any(
        "episodes of random valid actions reach the goal (with seed 0 in" in m for m in messages(report)
    )


def test_a_goal_that_events_reach_by_themselves_is_found(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["available_actions"] = {
            "pull {rope}": {"parameters": {"rope": "1..40"}, "effects": ["player.pulled = rope"]},
            "wait": {},
        }
        script["environment"]["items"]["clock"] = {"hour": 0}
        script["events"] = [
            {"when": "player.pulled == null or player.pulled == 7", "effects": ["clock.hour += 1"]},
            {"when": "clock.hour == 3", "effects": ["player.rung = true"]},
        ]
        script["completion_conditions"] = [{"when": "player.rung and player.pulled != 40"}]
        script["milestones"] = []
        del script["environment"]["places"]["cellar"]
        script["environment"]["places"]["hall"] = {}
        del script["environment"]["items"]["lamp"]

    assert any('reached by doing nothing ("wait", seed 0, 3 turns)' in m for m in messages(inspect(change)))
