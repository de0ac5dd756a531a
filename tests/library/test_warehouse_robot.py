"""The warehouse robot: left and right, walls, a battery, and somebody with earphones in the way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.testing import Played, play
from trpg_env.world import Ruling

READY = ["print order", "charge"]
TO_THE_NORTH_RACK = [*READY, "forward", "forward"]
TO_THE_EAST_RACK = [*TO_THE_NORTH_RACK, "turn right", "forward", "forward"]
RED_TO_THE_CONVEYOR = [
    *TO_THE_NORTH_RACK,
    "scan",
    "lift red crate",
    "turn right",
    "forward",
    "forward",
    "turn right",
    "forward",
    "forward",
    "turn left",
]
LONG_WAY_HOME = [
    *["turn left", "forward", "forward", "turn left", "forward", "forward", "turn left", "forward"],
    "forward",
]


def drive(actions: list[str], variation: int = 1, luck: int = 0) -> list[Played]:
    """Variations: lamp oil with Halina on C2 (0) or B2 (1), soap with Halina on C2 (2) or B2 (3)."""
    return play("warehouse-robot", actions, variation=variation, luck=luck)


def test_the_red_crate_goes_off_and_the_battery_just_lasts_for_the_long_way_home() -> None:
    steps = drive([*RED_TO_THE_CONVEYOR, "set down red crate", *LONG_WAY_HOME])
    assert [step.error for step in steps] == [None] * 23
    reached = [round(step.progress * 6) for step in steps]
    assert reached == [1, 2, 2, 2, 3, *[4] * 8, *[5] * 9, 6]
    assert steps[-1].success
    assert steps[-1].state["player"] == steps[0].state["player"] | {
        "at": "A3",
        "facing": "south",
        "charge": 0,
    }


def test_another_order_is_for_the_other_crate_and_the_horn_clears_the_way() -> None:
    # Luck 1 lets Halina hear the horn at once.
    steps = drive(
        [
            *TO_THE_EAST_RACK,
            "scan",
            "lift blue crate",
            "turn right",
            "sound horn",
            "forward",
            "forward",
            "turn left",
            "set down blue crate",
            *[
                "turn left",
                "forward",
                "turn left",
                "forward",
                "turn left",
                "forward",
                "turn right",
                "forward",
            ],
        ],
        variation=2,
        luck=1,
    )
    assert [step.error for step in steps] == [None] * 23
    assert steps[0].observation == (
        "One line of print. Tonight, one crate of soap, off the east rack. Nothing else. "
        "In pencil on the edge of the paper: mopping C2, Halina."
    )
    assert steps[7].observation == "A red line slides over the label. Label of the blue crate: soap."
    assert steps[14].observation == (
        "The blue crate stands on the conveyor.\nThe conveyor starts. The blue crate rides off into the dark."
    )
    assert steps[-1].success
    assert steps[-1].state["player"]["charge"] == 2


def test_what_lies_ahead_hangs_on_the_way_the_robot_faces() -> None:
    turns = drive(["turn left", "turn left", "turn left", "turn left", "turn right"])
    assert [step.observation for step in turns] == [
        "Facing west. Ahead: a wall.",
        "Facing south. Ahead: a wall.",
        "Facing east. Ahead: B3.",
        "Facing north. Ahead: A2.",
        "Facing east. Ahead: B3.",
    ]
    assert {step.state["player"]["charge"] for step in turns} == {3}


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["left", "right"]), max_size=8))
def test_turning_back_the_other_way_undoes_any_turns(play, sides: list[str]) -> None:
    robot = play("warehouse-robot")
    start: Ruling = robot("report")
    for side in sides:
        robot(f"turn {side}")
    for side in reversed(sides):
        robot(f"turn {'left' if side == 'right' else 'right'}")
    assert robot("report").observation == start.observation


def test_walls_and_racks_stop_the_robot() -> None:
    printed, turned, wall, back, _, _, rack = drive(
        ["print order", "turn left", "forward", "turn right", "forward", "forward", "forward"]
    )
    assert (wall.error, wall.message) == (
        "place",
        "Bump. From A3 there is no driving west: a wall is in the way.",
    )
    assert wall.state == turned.state
    assert printed.state["player"]["charge"] == back.state["player"]["charge"] == 3
    assert rack.message == "Bump. From A1 there is no driving north: north rack is in the way."


def test_the_dock_lets_go_only_for_an_order() -> None:
    held, _, gone = drive(["forward", "print the order", "go forward"])
    assert held.error == "logic"
    assert held.message == "The dock does not let go of the robot. There is no open order; print it first."
    assert held.state["player"]["at"] == "A3"
    assert gone.state["player"]["at"] == "A2"


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ("west", "The robot knows no compass, only left and right of where it faces."),
        ("Around", "One command is one quarter turn. Turn left or right twice."),
        ("port", '"port" is not a valid side for "turn {side}". Valid: left, right.'),
    ],
)
def test_a_turn_is_to_the_left_or_to_the_right(side: str, message: str) -> None:
    refused, turned = drive([f"turn {side}", "turn Left"])
    assert (refused.error, refused.message) == ("parameter", message)
    assert refused.state["player"]["facing"] == "north"
    assert turned.state["player"]["facing"] == "west"


def test_a_crate_is_scanned_and_lifted_from_right_in_front_of_it() -> None:
    steps = drive(
        [
            *TO_THE_NORTH_RACK,
            "turn right",
            "scan",
            "lift red crate",
            "turn left",
            "lift red crate",
            "scan",
            "lift red crate",
            "lift red crate",
        ]
    )[4:]
    assert [step.error for step in steps] == [None, "place", "place", None, "logic", None, None, "logic"]
    assert steps[1].message.endswith("ahead, east, is B1.")
    assert steps[2].message == "The red crate is not in front of the fork. Ahead, east, is B1."
    assert steps[4].message == "The fork stays locked. It wants a label scanned before it lifts."
    assert steps[6].state["red crate"]["at"] == "player"
    assert steps[7].message == "The fork carries the red crate already."


def test_a_crate_stands_on_its_own_rack_or_on_the_conveyor() -> None:
    lifted = [*TO_THE_NORTH_RACK, "scan", "lift red crate"]
    floor = drive([*lifted, "turn right", "set down red crate"])[-1]
    assert floor.error == "place"
    assert floor.message == "Crates are not put on the floor of the hall. Ahead, east, is B1."
    other = drive([*lifted, "turn right", "forward", "forward", "put down red crate"])[-1]
    assert (other.error, other.message) == ("place", "The east rack has the wrong width for the red crate.")
    assert other.state["red crate"]["at"] == "player"
    back = drive([*lifted, "set down red crate"])[-1]
    assert back.error is None
    assert back.state["red crate"]["at"] == "north rack"


def test_charger_and_printer_are_on_the_dock_and_the_charger_wants_half_a_battery() -> None:
    full, again, _, _, charge, order = drive(
        ["charge", "charge", "print order", "forward", "charge", "print order"]
    )
    assert full.observation == "The charger hums up and down. 12 units."
    assert again.message == ("The charger starts only at half a battery or less. There are 12 units left.")
    assert (charge.error, charge.message) == (
        "place",
        "There is no charger on A2. It is on the dock, A3.",
    )
    assert order.error == "place"


def test_halina_is_not_run_over_and_may_or_may_not_hear_the_horn() -> None:
    before = [*TO_THE_EAST_RACK, "turn right"]
    turned, braked = drive([*before, "forward"], variation=0)[-2:]
    assert turned.observation == "Facing south. Ahead: Halina with her mop."
    assert braked.error == "logic"
    assert braked.message == "The robot brakes by itself. Halina is mopping C2 and has her earphones in."
    assert braked.state["player"]["at"] == "C1"
    # Luck 1 lets her hear it, luck 0 does not.
    heard, deaf = (drive([*before, "honk horn"], 0, luck)[-1] for luck in (1, 0))
    assert heard.state["Halina"]["at"] is None
    free = drive([*before, "honk horn", "report"], 0, 1)[-1]
    assert free.observation.startswith("On C1, facing south. Ahead: C2.")
    assert deaf.state["Halina"]["at"] == "C2"
    assert deaf.observation == "The horn gives its one flat note. Halina hums along with something else."
    nobody = drive([*before, "sound horn"], variation=1)[-1]
    assert (nobody.error, nobody.message) == ("place", "There is nobody ahead to hear it.")


def test_a_robot_that_was_not_charged_stops_in_the_hall() -> None:
    steps = drive(["print order", "forward", "forward", "turn right", "forward"])
    assert [step.error for step in steps] == [None] * 5
    assert steps[1].observation.endswith("\nThe robot beeps. Charge left: 2 of 12.")
    assert steps[-1].terminated
    assert not steps[-1].success
    assert steps[-1].state["player"]["charge"] == 0
    assert steps[-1].observation.splitlines()[-1] == (
        "The motors run down. The robot stands dark on B1, and nobody will push it home."
    )


def test_the_wrong_crate_on_the_conveyor_is_lost_for_good() -> None:
    steps = drive([*RED_TO_THE_CONVEYOR, "set down red crate"], variation=3)
    assert [step.error for step in steps] == [None] * 14
    assert not any(step.terminated for step in steps[:-1])
    assert steps[-1].terminated
    assert not steps[-1].success
    assert steps[-1].state["red crate"]["sent"] is True
    assert steps[-1].observation.splitlines()[-2:] == [
        "The conveyor starts. The red crate rides off into the dark.",
        "Behind the wall a bell rings. That was not what the order names.",
    ]
