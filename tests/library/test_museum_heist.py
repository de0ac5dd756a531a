"""The library's museum heist: in step with the guard, out of step with him, and with the alarm ringing."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.testing import play

SCRIPT = "museum-heist"
FROM_HALL_1931, FROM_HALL_1884, FROM_GALLERY_1931, FROM_GALLERY_1884, FROM_GUARD_ROOM_1931 = range(5)

BEHIND_THE_GUARD = ["go to back stairs", "go to guard room"]
TO_THE_PANEL = [*BEHIND_THE_GUARD, "read the calendar", "take case key", "go to hall"]
TO_THE_CASE = ["go to gallery", "slip to the porcelain room", "hide"]
SWAP = ["unlock case", "take the heron", "put replica in case", "close the case"]
AWAY = ["go to back stairs", "go to loading dock"]
WAITS = ["listen", "take replica", "wait"]
"""With a guard who starts in the hall, the back stairs are free two turns after these."""
INSIDE = [*WAITS, *TO_THE_PANEL, "enter 1931", *TO_THE_CASE]
"""Behind the stove beside the case with the alarm off, the guard just passing."""


@pytest.mark.parametrize(
    ("variation", "waits", "code"),
    [
        (FROM_HALL_1931, WAITS, "1931"),
        (FROM_HALL_1884, WAITS, "1884"),
        (FROM_GALLERY_1884, ["listen", "take replica"], "1884"),
        (FROM_GUARD_ROOM_1931, ["listen", "wait", "take replica", "wait"], "1931"),
    ],
)
def test_in_step_with_the_guard_the_heron_leaves_the_house(
    variation: int, waits: list[str], code: str
) -> None:
    enter = f"enter {code}"
    steps = play(SCRIPT, [*waits, *TO_THE_PANEL, enter, *TO_THE_CASE, *SWAP, *AWAY], variation=variation)
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.action for step in steps if step.reward] == [
        "take replica",
        "take case key",
        enter,
        "take the heron",
        "close the case",
        "go to loading dock",
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 6] * 6)
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    end = steps[-1].state
    assert steps[-1].terminated
    assert (end["heron"]["at"], end["replica"]["at"], end["case"]["open"]) == ("player", "case", False)


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            WAITS,
            "go to hall",
            "place",
            "The loading dock has no door to the hall. Doors: back stairs.",
            [*BEHIND_THE_GUARD, "wait", "wait", "go to hall"],
            id="no door",
        ),
        pytest.param(
            WAITS,
            "enter 1931",
            "place",
            "The alarm panel is in the hall, and you are at the loading dock.",
            [*TO_THE_PANEL, "enter 1931"],
            id="wrong place",
        ),
        pytest.param(
            ["take replica"],
            "go to back stairs",
            "logic",
            "You do not know where the guard is on his round, and nobody in this trade walks in on a guess.",
            ["listen", "wait", "go to back stairs"],
            id="without having listened",
        ),
        pytest.param(
            [*WAITS, *BEHIND_THE_GUARD, "take case key", "go to hall"],
            "enter 1931",
            "logic",
            "You would be guessing at four digits, and the panel forgives one mistake."
            " Guards who cannot remember numbers leave them lying about.",
            ["hide", "wait", "wait", "go to guard room", "read calendar", "go to hall", "enter 1931"],
            id="a guess at the code",
        ),
        pytest.param(
            WAITS,
            "hide",
            "place",
            "There is nothing to hide behind at the loading dock.",
            ["go to back stairs", "hide"],
            id="no cover",
        ),
        pytest.param(
            [*WAITS, "go to back stairs", "go to porcelain room"],
            "open case",
            "logic",
            "The case is locked, and you have no key that fits it.",
            ["go to back stairs"],
            id="no key",
        ),
        pytest.param(
            [*INSIDE, "open case"],
            "close cabinet",
            "parameter",
            '"cabinet" is not a valid container for "close {container}". Valid: case.',
            ["close case"],
            id="wrong parameter",
        ),
        pytest.param(
            INSIDE,
            "put replica in case",
            "logic",
            "The case is closed.",
            ["open case", "take heron", "put replica in case"],
            id="wrong order",
        ),
        pytest.param(
            [*WAITS, *TO_THE_PANEL],
            "enter nineteen",
            "parameter",
            "The panel takes four digits, nothing else.",
            ["enter 1931"],
            id="the check's refusal of words",
        ),
        pytest.param(
            [*WAITS, *TO_THE_PANEL],
            "enter 193",
            "parameter",
            "The panel takes four digits, nothing else.",
            ["enter 1931"],
            id="the check's refusal of three digits",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], variation=FROM_HALL_1931)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_only_one_bird_fits_the_stand() -> None:
    opened, refused = play(SCRIPT, [*INSIDE, "open case", "put replica in case"], variation=FROM_HALL_1931)[
        -2:
    ]
    assert opened.observation.startswith("The lock turns. Inside: heron.")
    assert (refused.error, refused.state["replica"]["at"]) == ("logic", "player")
    assert refused.message == "The case has one stand, and the heron is on it."


def test_the_guard_walks_his_round_and_stands_still_for_erroneous_actions() -> None:
    steps = play(SCRIPT, ["wait", "dance", "wait", "wait", "wait", "wait"], variation=FROM_HALL_1931)
    assert [step.state["guard"]["at"] for step in steps] == [
        "gallery",
        "gallery",
        "porcelain room",
        "back stairs",
        "guard room",
        "hall",
    ]
    assert [("steps on the back stairs" in step.observation) for step in steps] == [
        *[False] * 3,
        True,
        *[False] * 2,
    ]


def test_who_follows_the_guard_closely_sees_his_back() -> None:
    entered = play(SCRIPT, [*WAITS, "go to back stairs"], variation=FROM_HALL_1931)[-1]
    assert "The guard's back is just disappearing through the far door." in entered.observation
    assert (entered.state["guard"]["at"], entered.terminated) == ("guard room", False)


def test_listening_tells_where_the_guard_was_and_where_he_is_now() -> None:
    for variation, room, next_room in [
        (FROM_HALL_1931, "hall", "gallery"),
        (FROM_GALLERY_1931, "gallery", "porcelain room"),
    ]:
        (heard,) = play(SCRIPT, ["listen"], variation=variation)
        assert heard.observation.startswith(
            f"His keys jingle in the {room}, and while you listen he goes on to the {next_room}"
        )
        assert heard.state["guard"]["at"] == next_room


@pytest.mark.parametrize(("variation", "year"), [(FROM_HALL_1931, "1931"), (FROM_HALL_1884, "1884")])
def test_the_calendar_tells_the_code(variation: int, year: str) -> None:
    read = play(SCRIPT, [*WAITS, *BEHIND_THE_GUARD, "read calendar"], variation=variation)[-1]
    assert read.observation.startswith(
        f"Somebody has circled the founder's birthday and pencilled a year beside it, {year}."
    )


def test_one_wrong_code_is_forgiven() -> None:
    steps = play(
        SCRIPT, [*WAITS, *TO_THE_PANEL, "enter 1907", "hide", "enter 1931"], variation=FROM_HALL_1931
    )[-3::2]
    assert [step.state["panel"]["wrong"] for step in steps] == [1, 1]
    assert [step.state["panel"]["armed"] for step in steps] == [True, False]
    assert steps[0].observation.startswith("The panel gives a low growl and stays red.")
    assert not steps[1].terminated


def test_the_guard_passes_who_hides_and_finds_who_does_not() -> None:
    beside_the_case = [*WAITS, *TO_THE_PANEL, "enter 1931", *TO_THE_CASE[:2]]
    hidden = play(SCRIPT, [*beside_the_case, "hide"], variation=FROM_HALL_1931)[-1]
    assert hidden.state["guard"]["at"] == hidden.state["player"]["at"] == "porcelain room"
    assert "squeak past a stove of blue tiles" in hidden.observation
    assert not hidden.terminated
    found = play(SCRIPT, [*beside_the_case, "wait"], variation=FROM_HALL_1931)[-1]
    assert found.observation.endswith("\nA torch beam finds your face. Good evening, says the guard.")
    assert found.terminated


def test_taking_something_gives_up_the_cover() -> None:
    in_cover, taken = play(SCRIPT, [*INSIDE, *SWAP[:2]], variation=FROM_HALL_1931)[-3::2]
    assert (in_cover.state["player"]["covered"], taken.state["player"]["covered"]) == (True, False)


@pytest.mark.parametrize(
    ("actions", "lost_because", "told"),
    [
        pytest.param(
            ["listen", "take replica", "go to back stairs"],
            lambda state: state["player"]["caught"],
            "A torch beam finds your face. Good evening, says the guard.",
            id="seen by the guard",
        ),
        pytest.param(
            [*WAITS, *TO_THE_PANEL, "enter 1884", "enter 1907"],
            lambda state: state["panel"]["wrong"] == 2,
            "Every bell in the building goes off.",
            id="two wrong codes",
        ),
        pytest.param(
            [*WAITS, *TO_THE_PANEL, "wait", *TO_THE_CASE, "open case"],
            lambda state: state["panel"]["armed"] and state["case"]["open"],
            "Every bell in the building goes off.",
            id="opened with the alarm on",
        ),
        pytest.param(
            [*INSIDE, *SWAP[:3], "hide", "wait"],
            lambda state: state["guard"]["at"] == "porcelain room" and state["case"]["open"],
            "A shout from the porcelain room. He has looked at the case.",
            id="case left open",
        ),
        pytest.param(
            [*INSIDE, *SWAP[:2], "close case", *AWAY],
            lambda state: state["guard"]["at"] == "porcelain room" and not state["case"]["open"],
            "A shout from the porcelain room. He has looked at the case.",
            id="case left empty",
        ),
    ],
)
def test_a_careless_burglar_loses_and_is_told_why(
    actions: list[str], lost_because: Callable[[dict[str, dict[str, Any]]], bool], told: str
) -> None:
    steps = play(SCRIPT, actions, variation=FROM_HALL_1931)
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.terminated for step in steps] == [False] * (len(steps) - 1) + [True]
    assert not steps[-1].success
    assert steps[-1].progress < 1
    assert lost_because(steps[-1].state)
    assert steps[-1].observation.splitlines()[-1] == told


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "listen",
        "take heron",
        "read panel",
        "put replica in case",
        "close case",
        "take replica",
        "take the replica",
        "wait",
        "go to back stairs",
        "go to guard room",
        "read calendar",
        "take case key",
        "go to hall",
        "enter 1931",
        "enter 1884",
        "go to gallery",
        "hide",
        "hide",
        "wait",
        "go to porcelain room",
        "put heron in case",
        "close the case",
        "open case",
        "unlock case",
    ]
    steps = play(SCRIPT, actions, variation=FROM_HALL_1931)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "take heron": ("place", "There is no heron within reach at the loading dock."),
        "read panel": ("place", "You cannot read the panel from the loading dock."),
        "put replica in case": ("place", "There is no case at the loading dock."),
        "close case": ("place", "There is no case at the loading dock."),
        "take the replica": ("logic", "You have the replica already."),
        "enter 1884": ("logic", "The panel is disarmed already."),
        "hide": ("logic", "You are as well hidden behind a velvet curtain as you will ever be."),
        "put heron in case": ("logic", "You are not holding the heron."),
        "close the case": ("logic", "The case is closed already."),
        "unlock case": ("logic", "The case is open already."),
    }
