"""The library's script `house-evening`: found, washed, cooled, heated and put away in a house of six rooms."""

from itertools import pairwise

import pytest

from trpg_env.testing import Played, play

NAME = "house-evening"
COAT, SEWING_BOX, BREAD_BIN = range(3)

ASKED = ["go to hall", "read note", "ask Ottilie about glasses"]
FROM_THE_COAT = [
    *ASKED,
    "go to porch",
    "open coat pocket",
    "take glasses",
    "close coat pocket",
    "go to hall",
    "go to living room",
    "take cushion",
    "go to hall",
    "go to kitchen",
    "take mask",
]
FROM_THE_BREAD_BIN = [
    *ASKED,
    "go to kitchen",
    "open bread bin",
    "take glasses",
    "close bread bin",
    "take mask",
    "go to hall",
    "go to living room",
    "take cushion",
    "go to hall",
    "go to kitchen",
]
WITH_ALL_IN_HAND = [
    "cool mask in fridge",
    "heat cushion for 2 minutes",
    "go to bathroom",
    "clean glasses with soap",
    "go to bedroom",
    "put cushion on bed",
    "put mask on bedside table",
    "put glasses on bedside table",
]


def corrected(
    before: list[str], wrong: str, right: str, variation: int = COAT
) -> tuple[Played | None, Played, Played]:
    """The last step before, the erroneous action, and its correction."""
    steps = play(NAME, [*before, wrong, right], variation=variation)
    return (steps[-3] if before else None), steps[-2], steps[-1]


@pytest.mark.parametrize(
    ("variation", "plan"),
    [(COAT, FROM_THE_COAT + WITH_ALL_IN_HAND), (BREAD_BIN, FROM_THE_BREAD_BIN + WITH_ALL_IN_HAND)],
)
def test_a_plan_reaches_the_goal_milestone_by_milestone(variation: int, plan: list[str]) -> None:
    steps = play(NAME, plan, variation=variation)
    assert [step.error for step in steps] == [None] * len(plan)
    reached = {
        step.action: round(step.progress * 6) for step, last in pairwise(steps[::-1]) if step.reward > 0
    }
    assert reached == {
        "take glasses": 1,
        "cool mask in fridge": 2,
        "heat cushion for 2 minutes": 3,
        "clean glasses with soap": 4,
        "put cushion on bed": 5,
        "put glasses on bedside table": 6,
    }
    assert (steps[-1].success, steps[-1].terminated, steps[-1].truncated) == (True, True, False)
    assert steps[-1].observation == "On the bedside table: mask and glasses."


def test_what_the_grandmother_remembers_tells_where_the_glasses_are() -> None:
    told = [
        play(NAME, ["go to hall", "read note", "ask Ottilie about her glasses"], variation=v)[-1].observation
        for v in range(3)
    ]
    assert "my hands in my pockets" in told[COAT]
    assert "a needle's eye" in told[SEWING_BOX]
    assert "the date on a loaf" in told[BREAD_BIN]
    opened = play(NAME, [*ASKED, "go to living room", "open the sewing box"], variation=SEWING_BOX)[-1]
    assert opened.observation == "You open the sewing box. Inside: thimble and glasses."


def test_she_answers_what_she_knows_and_nothing_else() -> None:
    steps = play(
        NAME, ["go to hall", "read note", "ask Ottilie about the mask", "phone grandmother about umbrellas"]
    )
    assert steps[2].observation.endswith("He did not say frozen.")
    assert steps[3].observation == "Ottilie says: Speak up, child. Of umbrellas I know nothing."


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            [],
            "go to kitchen",
            "There is no door from the porch to the kitchen. From here you can reach hall.",
            "go to hall",
        ),
        ([], "take glasses", "You see no glasses in the porch.", "go to hall"),
        (
            [],
            "ask Ottilie about glasses",
            "The telephone hangs in the hall, and you are in the porch.",
            "go to hall",
        ),
        (
            FROM_THE_COAT,
            "put cushion on bed",
            "The bed is in the bedroom, and you are in the kitchen.",
            "heat cushion for 2 minutes",
        ),
    ],
)
def test_the_wrong_place_is_named_and_can_be_left(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = corrected(before, wrong, right)
    assert (erred.error, erred.message, mended.error) == ("place", message, None)
    assert last is None or erred.state == last.state


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            [*FROM_THE_COAT[:5], "go to hall", "go to kitchen"],
            "open bread bin",
            "The coat pocket still stands open, and you promised to close each thing before the next.",
            "take mask",
        ),
        (
            [*FROM_THE_COAT, "go to bathroom", "go to bedroom"],
            "put mask on bedside table",
            "The mask is as warm as the room.",
            "go to bathroom",
        ),
        (
            [*FROM_THE_COAT, "cool mask in fridge", "go to bathroom", "go to bedroom"],
            "put cushion on bed",
            "The cushion is no longer hot, or not yet, and she would lie on a bag of cold stones.",
            "put mask on bedside table",
        ),
        (
            [*FROM_THE_COAT, "cool mask in fridge", "go to bathroom", "go to bedroom"],
            "put mask on bed",
            "Not the mask. The bed is for the cushion, the bedside table for what she feels for in the night.",
            "put mask on bedside table",
        ),
        (
            ["go to hall"],
            "ask Ottilie about glasses",
            "You do not know the number of the ward. Somebody must have written it down.",
            "read note",
        ),
        (
            ["go to hall", "go to porch"],
            "open coat pocket",
            "You will not go through her things at a guess."
            " Somebody knows where she had her glasses last, and can be asked.",
            "go to hall",
        ),
        (
            ["go to hall", "go to living room", "take cushion", "go to hall", "go to kitchen"],
            "heat cushion for 2 minutes",
            "How long? You would be guessing, and there is only one cushion. The ward must have told somebody.",
            "take mask",
        ),
        (
            ["go to hall", "go to kitchen", "take mask"],
            "cool mask in fridge",
            "How cold may it get? You would be guessing, and there is only one mask."
            " The ward must have told somebody.",
            "go to hall",
        ),
        (
            FROM_THE_COAT,
            "heat glasses for 1 minute",
            "Better not. The glasses with their wire frames would throw sparks.",
            "heat cushion for 1 minute",
        ),
        (
            FROM_THE_COAT,
            "open bread bin",
            "You have the glasses. There is nothing else in the bread bin that anybody needs tonight.",
            "cool mask with the fridge",
        ),
    ],
)
def test_the_wrong_order_is_explained_and_can_be_mended(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = corrected(before, wrong, right)
    assert (erred.error, erred.message, mended.error) == ("logic", message, None)
    assert last is not None
    assert erred.state == last.state


@pytest.mark.parametrize(
    ("wrong", "message", "right"),
    [
        (
            "heat cushion for 9 minutes",
            '"9" is not a valid minutes for "heat {thing} for {minutes} minutes". Valid: a whole number from 1 to 5.',
            "heat cushion for 2 minutes",
        ),
        (
            "cool mask in oven",
            '"oven" is not a valid appliance for "cool {thing} in {appliance}". Valid: fridge, freezer.',
            "cool mask in fridge",
        ),
    ],
)
def test_a_wrong_value_is_named_and_can_be_mended(wrong: str, message: str, right: str) -> None:
    last, erred, mended = corrected(FROM_THE_COAT, wrong, right)
    assert (erred.error, erred.message, mended.error) == ("parameter", message, None)
    assert last is not None
    assert erred.state == last.state


@pytest.mark.parametrize(
    ("actions", "told", "flag"),
    [
        (
            [*FROM_THE_COAT, "heat cushion for 3 minutes"],
            "After two minutes the cushion begins to smoke, and before you have the door open the stones are charred.",
            ("cushion", "scorched"),
        ),
        (
            [*FROM_THE_COAT, "cool mask in freezer"],
            "The mask comes out as a board, and when you bend it the seam splits.",
            ("mask", "burst"),
        ),
        (
            [*FROM_THE_COAT, "go to bathroom", "wash the glasses using scouring powder"],
            "The lenses come out of the powder scratched as white as bathroom windows.",
            ("glasses", "scratched"),
        ),
    ],
)
def test_the_careless_ruin_what_they_hold(actions: list[str], told: str, flag: tuple[str, str]) -> None:
    *before, last = play(NAME, actions, variation=COAT)
    assert [step.error for step in before] == [None] * len(before)
    assert not any(step.terminated for step in before)
    assert (last.error, last.observation, last.terminated, last.success) == (None, told, True, False)
    assert last.state[flag[0]][flag[1]] is True


def test_each_ruin_was_foretold_by_the_note() -> None:
    note = play(NAME, ["go to hall", "read the note"])[-1]
    cushion = play(NAME, ["go to hall", "go to living room", "read the label of the cushion"])[-1]
    mask = play(NAME, ["go to hall", "go to kitchen", "read mask"])[-1]
    assert "two minutes in the microwave and not a second more" in note.observation
    assert "Do not freeze" in note.observation
    assert "Loses its heat soon" in cushion.observation
    assert mask.observation == "Gel mask. Keep to what the ward has told you."


def test_one_minute_is_not_enough_and_does_no_harm() -> None:
    short, enough = play(
        NAME, [*FROM_THE_COAT, "heat cushion for 1 minute", "heat cushion for 2 minutes"], variation=COAT
    )[-2:]
    assert (short.error, short.state["cushion"]["heat"]) == (None, 0)
    assert (enough.error, enough.state["cushion"]["heat"]) == (None, 5)


def test_a_cushion_that_is_carried_about_goes_lukewarm_and_can_be_heated_again() -> None:
    wandering = [*FROM_THE_COAT, "heat cushion for 2 minutes", "go to hall", "go to kitchen"] + ["look"] * 3
    steps = play(NAME, [*wandering, "heat cushion for 2 minutes"], variation=COAT)
    assert [step.state["cushion"]["heat"] for step in steps[-7:]] == [5, 4, 3, 2, 1, 0, 5]
    assert steps[-2].observation.endswith("The cushion in your arms has gone lukewarm.")
    assert steps[-1].error is None


def test_a_cushion_under_the_quilt_stays_hot() -> None:
    in_bed = [*FROM_THE_COAT, *WITH_ALL_IN_HAND[:6], *["look around"] * 8]
    steps = play(NAME, in_bed, variation=COAT)
    assert len({step.state["cushion"]["heat"] for step in steps[-9:]}) == 1
    assert steps[-1].state["cushion"]["heat"] > 0


def test_a_pocket_left_open_keeps_the_evening_from_being_done() -> None:
    plan = [action for action in FROM_THE_COAT if action != "close coat pocket"] + WITH_ALL_IN_HAND
    steps = play(NAME, plan, variation=COAT)
    assert (steps[-1].success, steps[-1].terminated) == (False, False)
    assert steps[-1].progress == pytest.approx(5 / 6)
    back = ["go to living room", "go to hall", "go to porch", "close coat pocket"]
    assert play(NAME, plan + back, variation=COAT)[-1].success
