"""The library's script `kitchen`: a soufflé, with an oven that lies and a guest who cannot eat everything."""

from itertools import pairwise

import pytest

from trpg_env.testing import Played, play

NAME = "kitchen"
HOT_NO_BLUE, HOT_NO_GOAT, COLD_NO_BLUE, COLD_NO_GOAT = range(4)
CLEAN, BROKEN = (
    0,
    7,
)  # luck with which the eggs part cleanly at the thirteenth and fourteenth turn, or a yolk breaks


ASKED = ["go to dining room", "ask Tove about cheese", "go to kitchen"]
CARD = ["go to pantry", "read recipe card", "go to kitchen"]


def shopping(cheese: str) -> list[str]:
    return [
        *ASKED,
        "go to pantry",
        "read recipe card",
        "take dish",
        "go to cellar",
        f"take {cheese}",
        "go to yard",
        "take eggs",
        "go to kitchen",
        f"stir in {cheese}",
    ]


def filled(cheese: str = "goat cheese", dial: int = 170) -> list[str]:
    return [
        *shopping(cheese),
        "part eggs",
        f"set oven to {dial}",
        "whisk whites",
        "fold in whites",
        "put dish in oven",
    ]


SERVING = ["wait", "look through pane", "take dish from oven", "go to dining room", "serve soufflé"]


def cooked(actions: list[str], variation: int = HOT_NO_BLUE, luck: int = CLEAN) -> list[Played]:
    return play(NAME, actions, variation=variation, luck=luck)


@pytest.mark.parametrize(
    ("variation", "cheese", "dial"), [(HOT_NO_BLUE, "goat cheese", 170), (COLD_NO_GOAT, "blue cheese", 200)]
)
def test_a_plan_reaches_the_goal_milestone_by_milestone(variation: int, cheese: str, dial: int) -> None:
    steps = cooked([*filled(cheese, dial), *SERVING], variation)
    assert [step.error for step in steps] == [None] * 22
    reached = {step.action: round(step.progress * 6) for step in steps if step.reward > 0}
    assert reached == {
        "take eggs": 1,
        f"stir in {cheese}": 2,
        "fold in whites": 3,
        "put dish in oven": 4,
        "take dish from oven": 5,
        "serve soufflé": 6,
    }
    assert (steps[-1].success, steps[-1].terminated) == (True, True)
    assert steps[-1].observation == "Four spoons break the crust at once."


@pytest.mark.parametrize(
    ("variation", "needle", "avoided"),
    [
        (HOT_NO_BLUE, 210, "blue cheese"),
        (HOT_NO_GOAT, 210, "goat cheese"),
        (COLD_NO_BLUE, 180, "blue cheese"),
        (COLD_NO_GOAT, 180, "goat cheese"),
    ],
)
def test_the_thermometer_and_the_guest_tell_what_the_dial_and_the_cellar_do_not(
    variation: int, needle: int, avoided: str
) -> None:
    steps = cooked(
        [
            "go to dining room",
            "ask Tove about the cheese",
            "go to kitchen",
            *CARD,
            "set oven to 190",
            "read thermometer",
            "read thermometer",
        ],
        variation,
    )
    assert steps[1].observation == f"Tove says: Anything but {avoided}. One crumb and my throat closes."
    off = f"{needle - 190} hotter" if needle > 190 else f"{190 - needle} cooler"
    assert steps[4].observation.endswith(f"In pencil below: this oven is {off} than its dial says.")
    assert steps[7].observation.startswith("The needle is still climbing.")
    assert steps[8].observation == f"The needle rests at {needle}."


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            ["go to pantry"],
            "go to yard",
            "No door leads from the pantry to the yard. You can go to kitchen and cellar.",
            "go to cellar",
        ),
        (
            ["go to pantry"],
            "ask Tove about cheese",
            "Tove is in the dining room, and you are in the pantry.",
            "go to kitchen",
        ),
        (
            ["go to pantry"],
            "take goat cheese",
            "You see no goat cheese within reach in the pantry.",
            "take dish",
        ),
    ],
)
def test_the_wrong_place_is_named_and_can_be_left(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = cooked([*before, wrong, right])[-3:]
    assert (erred.error, erred.message, erred.state) == ("place", message, last.state)
    assert mended.error is None


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            shopping("goat cheese")[:-1],
            "part eggs",
            "The yolks go into the cheese sauce, and there is none yet.",
            "stir in goat cheese",
        ),
        (
            [*shopping("goat cheese"), "part eggs", "whisk whites"],
            "fold in whites",
            "The sauce still steams; it would cook the whites to scrambled egg. Give it a moment.",
            "wait",
        ),
        (
            [*shopping("goat cheese"), "part eggs", "whisk whites", "wait"],
            "go to yard",
            "The whites stand stiff this minute. If you walk off now they will be soup.",
            "fold in whites",
        ),
        (
            [*CARD, "set oven to 170"],
            "go to pantry",
            "A lit oven with nothing in it is not left alone in a house that is not yours. Stay, or turn it off.",
            "turn the oven off",
        ),
        (
            [*shopping("goat cheese"), "part eggs", "wait", "whisk whites", "fold in whites"],
            "put dish in oven",
            "The oven is off.",
            "set oven to 170",
        ),
        (
            filled(),
            "set oven to 160",
            "Not while it rises. A change of heat now would bring it down.",
            "look through pane",
        ),
        (
            ["go to pantry", "go to cellar"],
            "take goat cheese",
            "Two cheeses, and nobody has told you yet which of them everybody at the table can eat.",
            "go to yard",
        ),
        (
            ["wait"],
            "set oven to 190",
            "You do not know yet how hot it has to be.",
            "go to pantry",
        ),
        (
            [*filled(), "look through pane", "wait"],
            "take dish from oven",
            "You do not know what it looks like in there this minute, and a door opened too soon cannot be closed again.",
            "look through pane",
        ),
    ],
)
def test_the_wrong_order_is_explained_and_can_be_mended(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = cooked([*before, wrong, right])[-3:]
    assert (erred.error, erred.message, erred.state) == ("logic", message, last.state)
    assert mended.error is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            "set oven to 190 degrees",
            "The dial has bare numbers on it. Write, for instance: set oven to 160.",
        ),
        ("set oven to 185", "The dial clicks from ten to ten and will not stay at 185."),
        (
            "set oven to 250",
            '"250" is not a valid degrees for "set oven to {degrees}". Valid: 160, 170, 180, 190, 200.',
        ),
    ],
)
def test_the_dial_refuses_what_it_cannot_show(wrong: str, message: str) -> None:
    before, erred, mended = cooked([*CARD, wrong, "set oven to 190"])[-3:]
    assert (erred.error, erred.message, erred.state) == ("parameter", message, before.state)
    assert (mended.error, mended.state["oven"]["dial"]) == (None, 190)


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (
            [*filled(), "look through pane", "take dish from oven"],
            "The draught gets in. With a sigh the whole thing folds into itself.",
        ),
        (
            [*filled(dial=160), "wait", "look through pane", "take dish from oven"],
            "The draught gets in. With a sigh the whole thing folds into itself.",
        ),
        (
            [*filled(dial=180), *["wait"] * 3],
            "Smoke curls out of the oven's vent. What is in there is charcoal now.",
        ),
        ([*filled(), *["wait"] * 6], "Smoke curls out of the oven's vent. What is in there is charcoal now."),
        (
            [*filled(), "wait", "look through pane", "take dish from oven", "wait", "wait", "wait"],
            "The soufflé has sunk in your hands, flat as a watch.",
        ),
    ],
    ids=["taken too soon", "too cool", "too hot", "left too long", "carried too long"],
)
def test_a_dish_can_be_spoiled_in_five_ways(actions: list[str], told: str) -> None:
    *before, last = cooked(actions)
    assert [step.error for step in before] == [None] * len(before)
    assert not any(step.terminated for step in before)
    assert (last.error, last.terminated, last.success, last.state["dish"]["spoiled"]) == (
        None,
        True,
        False,
        True,
    )
    assert last.observation.endswith(told)


def test_the_wrong_cheese_is_found_out_at_table() -> None:
    steps = cooked([*filled("blue cheese"), *SERVING])
    assert [step.error for step in steps] == [None] * 22
    assert (steps[-1].terminated, steps[-1].success) == (True, False)
    assert steps[-1].observation.endswith("reaches for her throat. Is that blue cheese?")


def test_the_pane_shows_how_it_stands_before_the_door_is_opened() -> None:
    well = [step.observation for step in cooked([*filled(), *["look through pane"] * 5])[-5:]]
    assert well == [
        "It has begun to climb over the rim, pale and trembling.",
        "High and gold.",
        "High and gold.",
        "High and gold.",
        "High, but the edges turn from gold to brown.",
    ]
    hot = cooked([*filled(dial=180), "look through pane"])[-1]
    cool = cooked([*filled(dial=160), "look through pane"])[-1]
    assert hot.observation.endswith("This is too hot.")
    assert cool.observation.endswith("This is not hot enough.")


def test_a_broken_yolk_sends_the_cook_back_to_the_hens() -> None:
    late = [*shopping("goat cheese"), "wait", "part eggs"]
    parted = cooked(late, luck=CLEAN)[-1]
    assert (parted.state["bowl"]["parted"], parted.state["eggs"]["at"]) == (True, None)
    steps = cooked([*late, "part eggs", "go to yard", "take eggs"], luck=BROKEN)
    broken, empty_handed, _, again = steps[-4:]
    assert broken.observation.startswith("The fifth yolk breaks and runs into the whites.")
    assert (broken.error, broken.state["bowl"]["parted"], broken.state["eggs"]["at"]) == (None, False, "yard")
    assert (empty_handed.error, empty_handed.message) == ("logic", "You have no eggs with you.")
    assert (again.error, again.state["eggs"]["at"]) == (None, "player")


def test_stiff_whites_do_not_wait() -> None:
    steps = cooked([*shopping("goat cheese"), "part eggs", "whisk whites", "wait", "wait", "fold in whites"])
    assert [step.state["bowl"]["whites"] for step in steps[-4:-1]] == [2, 1, 0]
    assert steps[-2].observation.endswith("They would have to be whisked again.")
    assert (steps[-1].error, steps[-1].message) == ("logic", "There are no stiff whites to fold in.")


def test_a_second_cheese_takes_the_place_of_the_first() -> None:
    blue, goat = cooked([*ASKED, "go to pantry", "go to cellar", "take blue cheese", "take goat cheese"])[-2:]
    assert blue.observation == "In your arms: blue cheese."
    assert goat.observation == "In your arms: goat cheese."
    assert goat.state["blue cheese"]["at"] == "cellar"


def test_a_dish_that_is_served_at_the_last_moment_still_stands() -> None:
    steps = cooked(
        [
            *filled(),
            "wait",
            "look through pane",
            "take dish from oven",
            "wait",
            "go to dining room",
            "serve dish",
        ]
    )
    assert [now.state["dish"]["high"] - last.state["dish"]["high"] for last, now in pairwise(steps[-4:])] == [
        -1,
        -1,
        0,
    ]
    assert "The soufflé quivers." in steps[-2].observation
    assert steps[-1].success
