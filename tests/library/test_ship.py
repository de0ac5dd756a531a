"""The library's ship: pump, oakum and pilot in time, what chance does, the wrong turns, and how she settles.

The numbers called luck are chosen for how chance falls with them; the names say how.
"""

import pytest

from trpg_env.testing import play

SCRIPT = "ship"
CHANNEL_12, CHANNEL_14_AND_MORE_WATER, CHANNEL_12_AND_MORE_WATER = 0, 5, 1
KIND = 0
"""Pump and oakum do their work at the first try in the plan, and the leak gains little."""
PUMP_SPINS_DRY = 0
"""In `TO_THE_PUMP` the pump does not draw at the first start and does at the second."""
OAKUM_SPAT_BACK = 48
"""The oakum does not hold at the first try and does at the second."""
UNDER_WATER = 5
"""The leak is at arm's length and more below the water; the second of three times of bailing is in vain."""
SINKING = 121
"""The water rises on all of the first six turns but one."""

TO_THE_PUMP = ["go down", "open the locker", "take the fuse", "go aft", "put fuse in pump"]
TO_THE_OAKUM = ["go up", "go forward", "take oakum", "go aft", "go down"]
PLAN = [
    "read the card",
    "take lamp",
    *TO_THE_PUMP,
    "start pump",
    *TO_THE_OAKUM,
    "plug the leak with the oakum",
    "go up",
    "sound bilge",
    "go aft",
]
WITHOUT_LAMP = ["go forward", "go forward", "take oakum", "go aft", "go down"]


@pytest.mark.parametrize(("variation", "channel"), [(CHANNEL_12, "12"), (CHANNEL_14_AND_MORE_WATER, "14")])
def test_a_tight_and_dry_ship_is_brought_in(variation: int, channel: str) -> None:
    call = f"call the pilot on channel {channel}"
    steps = play(SCRIPT, [*PLAN, call], luck=KIND, variation=variation)
    assert [step.error for step in steps] == [None] * len(steps)
    assert steps[0].observation.startswith(f"Pilot: channel {channel}.")
    assert [(step.action, round(7 * step.reward)) for step in steps if step.reward] == [
        ("take the fuse", 1),
        ("put fuse in pump", 1),
        ("start pump", 1),
        ("take oakum", 1),
        ("plug the leak with the oakum", 2),  # The pump has already drawn the bilge dry.
        (call, 1),
    ]
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[-1].terminated
    assert steps[-1].observation == "A yawn, then a voice. Pilot here, hold your course, I am coming out."
    assert steps[-1].state["bilge"]["water"] == 0


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["read card"],
            "go up",
            "place",
            "There is no way up from the wheelhouse. You can go forward and down.",
            ["go down", "go up"],
            id="no way",
        ),
        pytest.param(
            TO_THE_PUMP[:3],
            "fit fuse in pump",
            "place",
            "There is no pump in the galley.",
            ["go aft", "fit fuse in pump"],
            id="wrong place",
        ),
        pytest.param(
            ["go down"],
            "sound bilge",
            "place",
            "The sounding pipe cannot be reached from the galley; it runs from the deck to the hold.",
            ["go up", "go forward", "sound bilge"],
            id="nowhere to sound",
        ),
        pytest.param(
            TO_THE_PUMP[:4],
            "start pump",
            "logic",
            "You press the button and nothing happens. The fuse holder of the pump is empty.",
            ["fit fuse in pump", "start pump"],
            id="wrong order",
        ),
        pytest.param(
            TO_THE_PUMP,
            "take fuse",
            "logic",
            "The fuse sits in the pump, where it is needed.",
            ["start pump"],
            id="fuse in use",
        ),
        pytest.param(
            ["read card"],
            "call pilot on 12",
            "logic",
            "With an open leak no pilot would come aboard. Stop it before you call.",
            ["take lamp"],
            id="called too early",
        ),
        pytest.param(
            PLAN[1:],
            "call pilot on 12",
            "logic",
            "You would be guessing at the channel, with half the coast listening. Find out where he listens.",
            ["read card", "call pilot on 12"],
            id="a guess at the channel",
        ),
        pytest.param(
            PLAN,
            "call pilot on 17",
            "parameter",
            '"17" is not a valid channel for "call pilot on {channel}". Valid: a whole number from 1 to 16.',
            ["call pilot on 12"],
            id="wrong parameter",
        ),
        pytest.param(
            TO_THE_PUMP[:4],
            "fit fuse in radio",
            "parameter",
            '"radio" is not a valid machine for "fit {part} in {machine}". Valid: pump.',
            ["fit fuse in pump"],
            id="wrong machine",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], luck=KIND, variation=CHANNEL_12)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_an_old_pump_may_need_a_second_start_and_then_lowers_the_water() -> None:
    *_, dry, draws, again, on = play(
        SCRIPT, [*TO_THE_PUMP, *["start pump"] * 3, "go up"], luck=PUMP_SPINS_DRY, variation=CHANNEL_12
    )
    assert (dry.error, dry.observation.splitlines()[0]) == (
        None,
        "The pump spins dry and stops. It has not drawn.",
    )
    assert (dry.state["pump"]["running"], draws.state["pump"]["running"]) == (False, True)
    assert draws.observation.startswith("The pump coughs, sucks, and finds water.")
    assert (again.error, again.message) == ("logic", "The pump is running already.")
    assert on.state["bilge"]["water"] < dry.state["bilge"]["water"]


def test_a_pump_that_has_drawn_the_bilge_dry_is_heard() -> None:
    steps = play(SCRIPT, PLAN, luck=KIND, variation=CHANNEL_12)
    heard = next(step for step in steps if "It is sucking air." in step.observation)
    before = steps[steps.index(heard) - 1]
    assert (before.state["bilge"]["water"], heard.state["bilge"]["water"]) == (1, 0)


def test_oakum_needs_a_light_and_may_be_spat_back_and_an_undrained_ship_is_no_ship_for_a_pilot() -> None:
    steps = play(
        SCRIPT,
        [
            *WITHOUT_LAMP,
            "plug leak with oakum",
            *["go up", "go aft", "take lamp", "go forward", "go down"],
            *["plug leak with oakum"] * 2,
            *["go up", "go aft", "call pilot on 12"],
        ],
        luck=OAKUM_SPAT_BACK,
        variation=CHANNEL_12,
    )
    arrived, unlit, (spat, held) = steps[4], steps[5], steps[11:13]
    assert arrived.observation.splitlines()[0] == "It is too dark to see anything. Exits: up."
    assert "leak" in steps[10].observation.splitlines()[2]
    assert (unlit.error, unlit.message) == (
        "logic",
        "You can hear the leak but not see it. You need a light in here.",
    )
    assert spat.observation.startswith("The pressure spits the oakum back at you. You catch it.")
    assert (spat.state["oakum"]["at"], spat.state["leak"]["plugged"]) == ("player", False)
    assert held.observation == "The oakum swells in the seam and the trickle stops."
    assert (held.state["oakum"]["at"], held.state["leak"]["plugged"]) == ("leak", True)
    refused = steps[-1]
    assert (refused.error, refused.state["bilge"]["water"]) == ("logic", 5)
    assert refused.message == "The rod still shows 5 of nine hands. The pilot wants her dry."


def test_bailing_brings_a_drowned_leak_within_reach() -> None:
    steps = play(
        SCRIPT,
        [
            *["take lamp", *WITHOUT_LAMP, "sound bilge", "sound bilge", "plug leak with oakum"],
            *["bail"] * 3,
            "plug leak with oakum",
        ],
        luck=UNDER_WATER,
        variation=CHANNEL_12_AND_MORE_WATER,
    )
    refused, *bailed, plugged = steps[8:]
    assert (refused.error, refused.message) == (
        "logic",
        "The leak is under water by more than an arm's length. The level has to come down first.",
    )
    assert [step.observation for step in bailed] == [
        "Forty buckets later the level is down by a hand.",
        "Forty buckets, and the swell throws half of it back.",
        "Forty buckets later the level is down by a hand.",
    ]
    assert [step.state["bilge"]["water"] for step in steps[7:]] == [6, 6, 5, 5, 4, 4]
    assert plugged.state["leak"]["plugged"]


def test_nobody_answers_on_a_wrong_channel() -> None:
    hiss, answer = play(
        SCRIPT, [*PLAN, "call pilot on 9", "call pilot on 12"], luck=KIND, variation=CHANNEL_12
    )[-2:]
    assert (hiss.error, hiss.observation) == (None, "Channel 9 hisses. Nobody there.")
    assert (hiss.terminated, answer.success) == (False, True)


def test_a_leak_left_alone_sinks_the_ship() -> None:
    steps = play(
        SCRIPT,
        ["go forward", *["sound bilge"] * 5],
        luck=SINKING,
        variation=CHANNEL_12_AND_MORE_WATER,
    )
    assert [step.error for step in steps] == [None] * 6
    assert [step.state["bilge"]["water"] for step in steps] == [5, 5, 6, 7, 8, 9]
    rising = "The ship leans a little slower out of each roll."
    assert [rising in step.observation for step in steps] == [True, False, True, True, True, True]
    assert ["the deck is awash" in step.observation for step in steps] == [*[False] * 3, True, True, False]
    assert steps[3].observation.startswith("The rod shows 6 of nine hands; at nine she would settle.")
    assert steps[-1].observation.endswith("\nShe does not come up out of the next roll.")
    assert [step.terminated for step in steps] == [False] * 5 + [True]
    assert (steps[-1].success, steps[-1].progress) == (False, 0)


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "take fuse",
        "open locker",
        "start pump",
        "bail",
        "plug leak with oakum",
        "take lamp",
        "take the lamp",
        "go down",
        "read card",
        "open locker",
        "open the locker",
        "take fuse",
        "go up",
        "go forward",
        "call pilot on 12",
        "go below",
        "fit fuse in pump",
        "fit the fuse in pump",
        "go up",
        "go down",
        "plug the leak with oakum",
    ]
    steps = play(SCRIPT, actions, luck=KIND, variation=CHANNEL_12)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "take fuse": ("place", "You see no fuse in the wheelhouse."),
        "open locker": ("place", "There is no locker in the wheelhouse."),
        "start pump": ("place", "There is no pump in the wheelhouse."),
        "bail": ("place", "There is nothing to bail in the wheelhouse; the water is in the hold."),
        "plug leak with oakum": ("place", "There is no leak in the wheelhouse."),
        "take the lamp": ("logic", "You have the lamp already."),
        "read card": ("place", "There is no card in the galley."),
        "open the locker": ("logic", "The locker is open already."),
        "call pilot on 12": ("place", "The radio is in the wheelhouse, and you are on deck."),
        "fit the fuse in pump": ("logic", "You have no fuse in hand."),
        "plug the leak with oakum": ("logic", "You have no oakum to plug it with."),
    }
