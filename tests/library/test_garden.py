"""The library's script `garden`: a soil to be measured, a night to be read off a board, a wind to be reckoned with."""

import pytest

from trpg_env.testing import Played, play

NAME = "garden"
FROST_SOUR, FROST_CHALKY, RAIN_SOUR, RAIN_CHALKY = range(4)
# With luck 6 the pump works and the wind takes a loose fleece at once; with 2 the fleece stays where it is;
# with 3 the pump gives air at the seventeenth turn.
KIND_PUMP, CALM, AIR = 6, 2, 3

STUDIED = ["look up soil", "take meter", "go to gate", "read notice board", "go to long bed", "test soil"]
WITH_LIME = [*STUDIED, "go to shed", "take lime", "go to long bed"]
LIMED = [*WITH_LIME, "spread lime"]
NEEDLED = [*STUDIED, "go to pine corner", "take pine needles", "go to long bed", "spread pine needles"]
PLANTED = ["go to greenhouse", "take seedlings", "take fleece", "go to long bed", "plant seedlings"]
PLANTED_BARE = [action for action in PLANTED if action != "take fleece"]
WATERED = ["go to pine corner", "fill can", "go to long bed", "water seedlings"]
COVERED = ["lay fleece", "weigh down fleece"]
HOME = ["go to gate", "lock gate"]


def gardened(actions: list[str], variation: int = FROST_SOUR, luck: int = KIND_PUMP) -> list[Played]:
    return play(NAME, actions, variation=variation, luck=luck)


@pytest.mark.parametrize(
    ("variation", "plan", "safe"),
    [
        (FROST_SOUR, [*LIMED, *PLANTED, *WATERED, *COVERED, *HOME], "weigh down fleece"),
        (
            RAIN_CHALKY,
            [*NEEDLED, *PLANTED_BARE, *WATERED, "cut channel", *HOME],
            "cut channel",
        ),
    ],
)
def test_a_plan_reaches_the_goal_milestone_by_milestone(variation: int, plan: list[str], safe: str) -> None:
    steps = gardened(plan, variation)
    assert [step.error for step in steps] == [None] * len(plan)
    reached = {step.action: round(step.progress * 6) for step in steps if step.reward > 0}
    assert reached == {
        "test soil": 1,
        next(action for action in plan if action.startswith("spread")): 2,
        "plant seedlings": 3,
        "water seedlings": 4,
        safe: 5,
        "lock gate": 6,
    }
    assert (steps[-1].success, steps[-1].terminated) == (True, True)
    assert steps[-1].observation == "The padlock snaps. All night, between two stops, you look at the sky."


@pytest.mark.parametrize(
    ("variation", "night", "reading"),
    [
        (FROST_SOUR, "two degrees of frost", "5.2"),
        (FROST_CHALKY, "two degrees of frost", "8.1"),
        (RAIN_SOUR, "Fifty millimetres of rain", "5.2"),
        (RAIN_CHALKY, "Fifty millimetres of rain", "8.1"),
    ],
)
def test_the_board_tells_the_night_and_the_meter_the_soil(variation: int, night: str, reading: str) -> None:
    steps = gardened(
        ["take meter", "go to gate", "read notice board", "go to long bed", "test soil"], variation
    )
    assert night in steps[2].observation
    assert steps[4].observation == (
        f"The needle trembles and settles at pH {reading}. You leave the meter standing in the bed."
    )


def test_the_handbook_says_what_follows_from_them() -> None:
    soil, frost, rain, unknown = gardened(
        ["look up soil", "look up frost", "look up the rain", "look up bees"]
    )
    assert "Sour soil is mended with lime, chalky soil with pine needles." in soil.observation
    assert "weigh it down" in frost.observation
    assert "cut a channel" in rain.observation
    assert unknown.observation == "Nothing under bees. The index has soil, frost, rain and tomatoes."


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            ["take meter"],
            "go to greenhouse",
            "No path leads from the shed to the greenhouse. Paths lead to gate and long bed.",
            "go to long bed",
        ),
        (
            ["take meter"],
            "test soil",
            "It is the soil of the long bed that matters, and you are at the shed.",
            "look up soil",
        ),
        (
            ["take meter", "go to gate"],
            "put back meter",
            "The place for the meter is the shed, and you are at the gate.",
            "go to long bed",
        ),
    ],
)
def test_the_wrong_place_is_named_and_can_be_left(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = gardened([*before, wrong, right])[-3:]
    assert (erred.error, erred.message, erred.state) == ("place", message, last.state)
    assert mended.error is None


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            ["take meter"],
            "take lime",
            "You do not know yet what this soil lacks, and guessing with sacks is how plot thirty ended.",
            "go to long bed",
        ),
        (
            [*STUDIED[1:], "go to shed"],
            "take lime",
            "You have a number, and no idea which sack answers it. A book would know.",
            "look up soil",
        ),
        (
            ["take meter", "go to long bed"],
            "cut channel",
            "Against what? You do not know yet what the night will bring.",
            "test soil",
        ),
        (
            ["go to long bed", "go to greenhouse", "take fleece", "go to long bed"],
            "lay fleece",
            "Against what? You do not know yet what the night will bring.",
            "go to gate",
        ),
        (
            [*WITH_LIME, *PLANTED[:2], "go to long bed"],
            "plant seedlings",
            "Not at pH 5.2. The soil has to be mended first.",
            "spread lime",
        ),
        (
            WITH_LIME,
            "cut channel",
            "Digging takes both hands, and you carry lime.",
            "spread lime",
        ),
        (
            ["take meter", "go to long bed", "go to greenhouse", "take seedlings"],
            "take fleece",
            "Both hands are full, with meter and seedlings.",
            "read seed packet",
        ),
        (
            [*LIMED, *PLANTED],
            "lay fleece",
            "First plants, then water, then fleece. No can reaches through it.",
            "go to pine corner",
        ),
        (
            [*LIMED, *PLANTED, "go to gate"],
            "lock gate",
            "The seedlings have had no water.",
            "go to long bed",
        ),
    ],
)
def test_the_wrong_order_is_explained_and_can_be_mended(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = gardened([*before, wrong, right])[-3:]
    assert (erred.error, erred.message, erred.state) == ("logic", message, last.state)
    assert mended.error is None


def test_a_wrong_value_is_named_and_can_be_mended() -> None:
    last, erred, mended = gardened([*WITH_LIME, "spread manure", "spread the lime"])[-3:]
    assert (erred.error, erred.state) == ("parameter", last.state)
    assert erred.message == '"manure" is not a valid stuff for "spread {stuff}". Valid: lime, pine needles.'
    assert (mended.error, mended.state["soil"]["cured"]) == (None, True)


@pytest.mark.parametrize(
    ("variation", "actions", "told"),
    [
        (FROST_CHALKY, LIMED, "The meter's needle walks off the wrong way and hits the end of its scale."),
        (FROST_SOUR, NEEDLED, "The meter's needle walks off the wrong way and hits the end of its scale."),
        (
            FROST_SOUR,
            ["go to long bed", *PLANTED[:2], *["go to long bed", "go to greenhouse"] * 2, "read seed packet"],
            "Nothing will raise them again.",
        ),
        (
            FROST_SOUR,
            [*LIMED, *PLANTED_BARE, *WATERED, *HOME],
            "In the morning six black threads lie on a white bed.",
        ),
        (
            FROST_SOUR,
            [*LIMED, *PLANTED, *WATERED, "lay fleece", *HOME],
            "In the morning six black threads lie on a white bed.",
        ),
        (
            RAIN_SOUR,
            [*LIMED, *PLANTED, *WATERED, *HOME],
            "In the morning the long bed is a pond, and the seedlings float in it.",
        ),
        (
            RAIN_SOUR,
            [*LIMED, *PLANTED, *WATERED, *COVERED, "cut channel", *HOME],
            "In the morning the soaked fleece lies on six flattened stalks.",
        ),
    ],
    ids=[
        "lime on chalk",
        "needles on sour soil",
        "too long in the wind",
        "frost",
        "loose fleece",
        "rain",
        "soaked fleece",
    ],
)
def test_a_careless_gardener_loses_the_seedlings(variation: int, actions: list[str], told: str) -> None:
    *before, last = gardened(actions, variation)
    assert [step.error for step in before] == [None] * len(before)
    assert not any(step.terminated for step in before)
    assert (last.error, last.terminated, last.success) == (None, True, False)
    assert last.observation.endswith(told)


def test_seedlings_that_are_put_back_recover() -> None:
    walk = ["take seedlings", "go to long bed", "go to greenhouse", "read seed packet"]
    steps = gardened(["go to long bed", "go to greenhouse", *walk, "put back seedlings", *walk])
    assert [step.state["seedlings"]["wind"] for step in steps[2:]] == [1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert steps[5].observation.endswith("The seedlings droop in the wind.")


def test_putting_back_something_else_does_not_shelter_them() -> None:
    steps = gardened(
        ["go to long bed", "go to greenhouse", "take seedlings", "take fleece", "put back fleece"]
    )
    assert [step.state["seedlings"]["wind"] for step in steps[2:]] == [1, 2, 3]


def test_the_wind_may_take_a_fleece_that_lies_loose_and_it_can_be_fetched() -> None:
    loose = [*LIMED, *PLANTED, *WATERED, "lay fleece"]
    steps = gardened([*loose, "go to pine corner", "take fleece", "go to long bed", *COVERED, *HOME])
    assert steps[19].state["fleece"]["at"] == "soil"
    assert "carries it off" in steps[20].observation
    assert (steps[20].state["fleece"]["at"], steps[21].error) == ("pine corner", None)
    assert steps[-1].success
    calm = gardened([*loose, "go to pine corner", "take fleece"], luck=CALM)
    assert calm[20].observation.endswith("A gust tugs at the fleece.")
    assert (calm[20].state["fleece"]["at"], calm[21].error) == ("soil", "place")


def test_a_fleece_under_stones_stays() -> None:
    safe = [*LIMED, *PLANTED, *WATERED, *COVERED, "cut channel", "go to shed", "look up bees"]
    assert {step.state["fleece"]["at"] for step in gardened(safe)[-4:]} == {"soil"}


def test_a_fleece_that_should_not_be_there_can_be_taken_off_again() -> None:
    plan = [*LIMED, *PLANTED, *WATERED, *COVERED, "take fleece", "go to greenhouse", "put back fleece"]
    steps = gardened([*plan, "go to long bed", "cut channel", *HOME], RAIN_SOUR)
    assert steps[21].state["fleece"] | {"gusts": 0} == {
        "at": "player",
        "home": "greenhouse",
        "weighed": False,
        "gusts": 0,
    }
    assert steps[-1].success


def test_a_pump_that_gives_air_is_tried_again() -> None:
    before = [*LIMED, *PLANTED, "go to pine corner"]
    assert gardened([*before, "fill can"], luck=KIND_PUMP)[-1].state["can"] == {"at": "player", "full": True}
    air, water = gardened([*before, "fill can", "fill can"], luck=AIR)[-2:]
    assert (air.error, air.state["can"]) == (None, {"at": "pine corner", "full": False})
    assert air.observation == "The pump coughs, gulps, and gives air. It will have to be tried again."
    assert water.observation == "The pump coughs up ten litres of brown water."
