"""The library's laboratory: a titration done well, done wrong, done again, and a figure that is false.

The numbers called luck are chosen for how the burette fills with them; the names say how.
"""

import pytest

from trpg_env.testing import play

SCRIPT = "laboratory"
FIVE_PER_CENT, SIX_PER_CENT, SEVEN_PER_CENT, EIGHT_PER_CENT = range(4)
FILLS_AT_ONCE = 1
"""The burette fills at the first try in every episode below that has this luck."""
BUBBLE = 2
"""In `TO_THE_BURETTE` the first filling leaves an air bubble, the second does not."""

TO_THE_BURETTE = [
    "put on goggles",
    "go to office",
    "go to bench room",
    "go to store",
    "take lye",
    "go to bench room",
]
PREPARE = [
    "put on the goggles",
    "go to office",
    "take vinegar",
    "go to bench room",
    "read method sheet",
    "go to wash room",
    "take flask",
    "rinse the flask",
    "go to store",
    "take lye",
    "take the indicator",
    "go to bench room",
    "pipette 6 ml of vinegar",
    "add indicator to the flask",
    "fill burette with lye",
]
NEAR = "Where the last drop fell, a pink thread curls and fades. It cannot be far now."
REACHED = "A breath of pink spreads through the flask and stays."
PASSED = "The flask flushes a deep pink. You have gone past the end point."


@pytest.mark.parametrize(
    ("variation", "titration", "record"),
    [
        (FIVE_PER_CENT, ["run in 8 ml", "run in 1 ml", "run in 1 ml"], "record 5 per cent"),
        (
            EIGHT_PER_CENT,
            ["run in 9 ml", "run in 3 ml", "run in 2 ml", "run in 1 ml", "run in 1 ml"],
            "record 8%",
        ),
    ],
)
def test_lye_run_in_until_a_pale_pink_stays_gives_the_right_entry(
    variation: int, titration: list[str], record: str
) -> None:
    steps = play(
        SCRIPT, [*PREPARE, *titration, "go to office", record], luck=FILLS_AT_ONCE, variation=variation
    )
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.action for step in steps if step.reward] == [
        "put on the goggles",
        "rinse the flask",
        "pipette 6 ml of vinegar",
        "fill burette with lye",
        titration[-1],
        record,
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 6] * 6)
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[-1].terminated


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["put on goggles"],
            "go to bench room",
            "place",
            "There is no door from the cloakroom to the bench room. Doors lead to office.",
            ["go to office", "go to bench room"],
            id="no door",
        ),
        pytest.param(
            PREPARE[:7],
            "pipette 6 ml of vinegar",
            "place",
            "The pipette hangs in the bench room, and you are in the wash room.",
            ["rinse flask", "go to bench room", "pipette 6 ml of vinegar"],
            id="wrong place",
        ),
        pytest.param(
            [*PREPARE[:7], "go to bench room"],
            "pipette 6 ml of vinegar",
            "logic",
            "The flask is dirty; a residue would spoil the reading. Rinse it first.",
            ["go to wash room", "rinse flask", "go to bench room", "pipette 6 ml of vinegar"],
            id="wrong order",
        ),
        pytest.param(
            PREPARE[:12],
            "pipette 5 ml of vinegar",
            "logic",
            "5 ml is not the sample this method asks for. The method sheet gives the volume.",
            ["read method sheet", "pipette 6 millilitres of vinegar"],
            id="wrong volume",
        ),
        pytest.param(
            TO_THE_BURETTE[1:],
            "fill burette",
            "logic",
            "Not with bare eyes. Put on goggles before you pour lye above your head.",
            [
                "go to office",
                "go to cloakroom",
                "put on goggles",
                "go to office",
                "go to bench room",
                "fill burette",
            ],
            id="bare eyes",
        ),
        pytest.param(
            [*PREPARE[:13], "fill burette"],
            "run in 5 ml",
            "logic",
            "Without indicator you would see nothing change.",
            ["add indicator", "run in 5 ml"],
            id="no indicator",
        ),
        pytest.param(
            ["go to office"],
            "record 6 per cent",
            "logic",
            "You have not titrated anything yet.",
            ["read log book"],
            id="no titration",
        ),
        pytest.param(
            PREPARE,
            "run in 2.5 ml",
            "parameter",
            "The burette is marked in whole millilitres.",
            ["run in 2 ml"],
            id="the check's refusal of fractions",
        ),
        pytest.param(
            PREPARE,
            "run in three ml",
            "parameter",
            "Give the volume as a whole number, for instance: run in 3 ml.",
            ["run in 3 ml"],
            id="the check's refusal of words",
        ),
        pytest.param(
            PREPARE,
            "run in 11 ml",
            "parameter",
            '"11" is not a valid volume for "run in {volume} ml". Valid: a whole number from 1 to 10.',
            ["run in 9 ml"],
            id="wrong parameter",
        ),
        pytest.param(
            [*PREPARE[:4], *PREPARE[5:12]],
            "pipette 6 ml of vinegar",
            "logic",
            "You do not know yet how much of it this method asks for, and the result hangs on it.",
            ["read method sheet", "pipette 6 ml of vinegar"],
            id="a guess at the sample",
        ),
        pytest.param(
            [*PREPARE, "run in 8 ml"],
            "run in 4 ml",
            "logic",
            "4 ml at once from here could run straight past the end point."
            " The method sheet says how near one may go in one go.",
            ["run in 3 ml"],
            id="a guess at the end point",
        ),
        pytest.param(
            [*PREPARE, "run in 9 ml"],
            "run in 3 ml",
            "logic",
            "The pink thread says that the end point is near, and 3 ml at once could pass it."
            " The method sheet says how to go on.",
            ["run in 1 ml"],
            id="too much near the end point",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], luck=FILLS_AT_ONCE, variation=SIX_PER_CENT)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_the_flask_shows_how_near_the_end_point_is() -> None:
    steps = play(
        SCRIPT,
        [*PREPARE, "run in 8 ml", "run in 1 ml", "run in 1 ml", "run in 1 ml", "run in 1 ml", "run in 1 ml"],
        luck=FILLS_AT_ONCE,
        variation=SIX_PER_CENT,
    )[len(PREPARE) :]
    assert [step.state["flask"]["colour"] for step in steps] == [
        "clear",
        "tinged",
        "tinged",
        "tinged",
        "pale pink",
        "deep pink",
    ]
    assert [step.observation.splitlines()[1:] for step in steps] == [[], [NEAR], [], [], [REACHED], [PASSED]]
    assert steps[4].observation.startswith("You run in 1 ml and swirl. The burette now reads 12 ml.")


def test_an_entry_before_the_end_point_is_refused() -> None:
    early = play(
        SCRIPT,
        [*PREPARE, "run in 9 ml", "go to office", "record 6 per cent"],
        luck=FILLS_AT_ONCE,
        variation=SIX_PER_CENT,
    )[-1]
    assert (early.error, early.message) == (
        "logic",
        "No pink stays in the flask yet; the end point is not reached.",
    )
    assert early.state["log book"]["entry"] == 0


def test_who_has_gone_too_far_can_titrate_again() -> None:
    again = [
        "empty flask",
        "rinse flask",
        "go to bench room",
        "pipette 6 ml of vinegar",
        "add indicator",
        "fill burette",
        "run in 9 ml",
        *["run in 1 ml"] * 3,
        "go to office",
        "record 6 percent",
    ]
    steps = play(
        SCRIPT,
        [
            *PREPARE,
            *["run in 9 ml", *["run in 1 ml"] * 3, "run in 2 ml"],
            *["go to office", "record 7 per cent", "go to bench room"],
            *["go to wash room", "rinse flask"],
            *again,
        ],
        luck=FILLS_AT_ONCE,
        variation=SIX_PER_CENT,
    )
    refused = {step.action: (step.error, step.message) for step in steps if step.error}
    assert refused == {
        "record 7 per cent": ("logic", "The flask has gone deep pink; that reading is worth nothing."),
        "rinse flask": (
            "logic",
            "Rinsing would wash the sample away. Empty the flask first if you mean to start again.",
        ),
    }
    emptied = steps[-len(again)]
    assert emptied.state["flask"] == {
        "at": "player",
        "clean": False,
        "sample": False,
        "drops": False,
        "colour": "clear",
    }
    assert (emptied.state["burette"]["filled"], emptied.state["burette"]["run"]) == (False, 0)
    assert steps[-1].success


def test_a_bubble_in_the_burette_costs_a_turn_and_no_more() -> None:
    *_, bubble, filled = play(SCRIPT, [*TO_THE_BURETTE, *["fill burette"] * 2], luck=BUBBLE)
    assert (bubble.error, bubble.state["burette"]["filled"]) == (None, False)
    assert bubble.observation.startswith("An air bubble sits in the tip.")
    assert filled.observation == "The lye stands at the zero mark."
    assert filled.state["burette"]["filled"] is True


def test_the_burette_tells_how_much_has_been_run_in() -> None:
    readings = play(
        SCRIPT,
        [*PREPARE[:-1], "read burette", PREPARE[-1], "run in 7 ml", "read burette"],
        luck=FILLS_AT_ONCE,
        variation=SEVEN_PER_CENT,
    )
    scale = "The scale is marked in whole millilitres, from 0 to 20."
    assert readings[-4].observation == f"{scale} It is empty."
    assert readings[-1].observation == f"{scale} It stands at 7 ml run in."


def test_a_wrong_figure_in_ink_loses() -> None:
    steps = play(
        SCRIPT,
        [*PREPARE, "run in 9 ml", *["run in 1 ml"] * 3, "go to office", "record 7 per cent"],
        luck=FILLS_AT_ONCE,
        variation=SIX_PER_CENT,
    )
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.terminated for step in steps] == [False] * (len(steps) - 1) + [True]
    lost = steps[-1]
    assert lost.observation.splitlines() == [
        "Vat nine, 7 per cent. The ink dries at once.",
        "The cellarman reads it over your shoulder. Half of 12, he says, is something else.",
    ]
    assert (lost.success, lost.progress) == (False, pytest.approx(5 / 6))
    assert lost.state["log book"]["entry"] == 7


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "take flask",
        "read log book",
        "put on goggles",
        "put on the goggles",
        "go to office",
        "rinse flask",
        "empty flask",
        "add indicator",
        "fill burette",
        "run in 1 ml",
        "take vinegar",
        "take the vinegar",
        "go to bench room",
        "pipette 6 ml of vinegar",
        "add the indicator",
        "fill the burette",
        "run in 2 ml",
        "record 6 per cent",
        "go to wash room",
        "rinse the flask",
        "empty the flask",
        "take flask",
        "rinse flask",
        "go to store",
        "take lye",
        "take indicator",
        "go to bench room",
        "add indicator to flask",
        "fill burette",
        "fill burette with lye",
        "run in 3 ml",
        "read method sheet",
        "pipette 6ml of vinegar",
        "pipette 6 ml of the vinegar",
        "add indicator",
        "add the indicator to the flask",
        "run in 9 ml",
        *["run in 1 ml"] * 2,
        "run in 10 ml",
    ]
    steps = play(SCRIPT, actions, luck=FILLS_AT_ONCE, variation=SIX_PER_CENT)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "take flask": ("place", "You see no flask in the cloakroom."),
        "read log book": ("place", "You cannot read the log book from the cloakroom."),
        "put on the goggles": ("logic", "You are wearing the goggles already."),
        "rinse flask": ("place", "There is no sink in the office; the sinks are in the wash room."),
        "empty flask": ("place", "There is no sink in the office; the sinks are in the wash room."),
        "add indicator": ("place", "You do this over the white plate in the bench room, not in the office."),
        "fill burette": ("place", "The burette is clamped up in the bench room, and you are in the office."),
        "run in 1 ml": ("place", "The burette is in the bench room, and you are in the office."),
        "take the vinegar": ("logic", "You are carrying the vinegar already."),
        "pipette 6 ml of vinegar": ("logic", "You need both the vinegar and the flask in hand."),
        "add the indicator": ("logic", "You have no indicator with you."),
        "fill the burette": ("logic", "You have no lye with you."),
        "run in 2 ml": ("logic", "The burette is empty."),
        "record 6 per cent": ("place", "The log book lies in the office, and you are in the bench room."),
        "rinse the flask": ("logic", "You are not holding the flask."),
        "empty the flask": ("logic", "You need a flask with something in it to empty."),
        "add indicator to flask": ("logic", "There is no sample in the flask yet."),
        "fill burette with lye": ("logic", "The burette is filled already."),
        "run in 3 ml": ("logic", "There is no sample under the burette."),
        "pipette 6 ml of the vinegar": ("logic", "There is a sample in the flask already."),
        "add the indicator to the flask": ("logic", "The three drops are in the flask already."),
        "run in 10 ml": ("logic", "The burette holds only 9 ml more."),
    }
