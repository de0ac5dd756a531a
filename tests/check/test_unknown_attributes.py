"""Attributes that are read although they are always null."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.check import CheckReport

Faulty = Callable[[Callable[[dict[str, Any]], object]], CheckReport]


def found(report: CheckReport) -> list[tuple[str, str]]:
    return [(f.place, f.message) for f in report.faults if "no entity has the attribute" in f.message]


def test_the_nearest_attribute_is_named(inspect: Faulty) -> None:
    report = inspect(lambda script: script["milestones"].append({"when": "not lamp.litt"}))
    assert found(report) == [
        (
            "milestones[2].when",
            "no entity has the attribute 'litt', and no effect sets it; did you mean 'lit'?",
        )
    ]


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ('define["near(x)"]', lambda s: s.update(define={"near(x)": "x.wher == player.at"})),
        (
            'available_actions["ring the bell"].preconditions[0].message',
            lambda s: s["available_actions"]["ring the bell"]["preconditions"][0].update(
                message="{door.hue}"
            ),
        ),
        (
            'available_actions["ring the bell"].observation',
            lambda s: s["available_actions"]["ring the bell"].update(observation="{i.hue for i in items}"),
        ),
        ("events[0].effects[1].say", lambda s: s["events"][0]["effects"].append({"say": "{door.hue}"})),
        ("events[0].effects[1]", lambda s: s["events"][0]["effects"].append("door.hue.at = hall")),
        ("events[0].effects[1]", lambda s: s["events"][0]["effects"].append("door.at = door.hue")),
        (
            "events[0].effects[1].then[0].else[0].when",
            lambda s: s["events"][0]["effects"].append(
                {
                    "when": "true",
                    "then": [{"chance": 1, "then": [], "else": [{"when": "door.hue", "then": []}]}],
                }
            ),
        ),
        (
            "events[0].effects[1].for",
            lambda s: s["events"][0]["effects"].append({"for": "i in items if i.hue", "then": []}),
        ),
        (
            "failure_conditions[0].when",
            lambda s: s.update(failure_conditions=[{"when": 'player["hue"] == 1'}]),
        ),
    ],
)
def test_it_is_found_wherever_it_is_read(place: str, change: Callable[..., Any], inspect: Faulty) -> None:
    assert [where for where, _ in found(inspect(change))] == [place]


def test_what_an_effect_or_a_variation_sets_may_be_read(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["events"][0]["effects"].append("door.hue = 3")
        script["variations"] = {"match.damp": [False, True]}
        script["available_actions"]["look"] = {"observation": "{lamp.hue} {lamp.damp}"}

    assert inspect(change) == CheckReport((), ())


def test_a_mappings_keys_are_read_like_attributes(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["environment"]["items"]["lamp"]["make"] = {"town": "Ghent"}
        script["events"][0]["effects"].append("door.seen[player.at] = true")
        script["available_actions"]["look"] = {
            "observation": "{lamp.make.town} {door.seen.hall} {player.at.exits.up}"
        }

    assert inspect(change) == CheckReport((), ())


def test_a_mappings_key_is_no_attribute_of_an_entity(inspect: Faulty) -> None:
    def change(script: dict[str, Any]) -> None:
        script["environment"]["items"]["lamp"]["make"] = {"town": "Ghent"}
        script["available_actions"]["look"] = {"observation": "{lamp.town}"}

    assert [place for place, _ in found(inspect(change))] == ['available_actions["look"].observation']
