"""The library's script `clinic`: first the check, then the remedy, and a card that had better be read."""

import pytest

from trpg_env.testing import Played, play

NAME = "clinic"
LUNGS_NO_PENICILLIN, LUNGS_NO_TETRACYCLINE, BLOOD_NO_TETRACYCLINE, BLOOD_NO_SULPHONAMIDE = range(4)
STILL, NERVOUS = (
    1,
    3,
)  # luck with which Fern, not calmed, keeps still when a sample is drawn, or jerks her head round

CARD_READ = ["go to office", "read card", "go to waiting room"]
ON_THE_TABLE = ["weigh Fern", "lead Fern to consulting room", "wash hands"]
SWABBED = [*ON_THE_TABLE, "examine chest", "draw throat swab", "go to laboratory"]
SWAB_READ = [*SWABBED, "look at throat swab under microscope", "go to pharmacy"]
BLED = [*ON_THE_TABLE, "examine gums", "draw blood sample", "go to laboratory"]
BLOOD_READ = [*BLED, "look at blood sample under microscope", "go to pharmacy"]


def given(read: list[str], drug: str, dose: int) -> list[str]:
    return [
        *CARD_READ,
        *read,
        f"take {drug}",
        f"read {drug}",
        "go to consulting room",
        "wash hands",
        f"give {dose} ml of {drug}",
    ]


def treated(read: list[str], drug: str, dose: int) -> list[str]:
    return [*given(read, drug, dose), "lead Fern to ward", "go to office", f"note {drug} on card"]


def seen(actions: list[str], variation: int = LUNGS_NO_PENICILLIN, luck: int = STILL) -> list[Played]:
    return play(NAME, actions, variation=variation, luck=luck)


@pytest.mark.parametrize(
    ("variation", "read", "drug", "dose"),
    [
        (LUNGS_NO_PENICILLIN, SWAB_READ, "Doxal", 9),
        (LUNGS_NO_TETRACYCLINE, SWAB_READ, "Pulmovet", 8),
        (BLOOD_NO_TETRACYCLINE, BLOOD_READ, "Rubrinex", 6),
        (BLOOD_NO_SULPHONAMIDE, BLOOD_READ, "Tickfen", 4),
    ],
)
def test_a_plan_reaches_the_goal_milestone_by_milestone(
    variation: int, read: list[str], drug: str, dose: int
) -> None:
    plan = treated(read, drug, dose)
    steps = seen(plan, variation)
    assert [step.error for step in steps] == [None] * 19
    rewarded = [(step.action, round(step.progress * 7)) for step in steps if step.reward > 0]
    assert rewarded == [
        ("weigh Fern", 1),
        (plan[6], 2),
        (plan[9], 3),
        (f"take {drug}", 4),
        (f"give {dose} ml of {drug}", 5),
        ("lead Fern to ward", 6),
        (f"note {drug} on card", 7),
    ]
    assert (steps[-1].success, steps[-1].terminated) == (True, True)
    assert steps[-1].state["card"]["entry"] == drug


def test_owner_chest_gums_scale_and_card_differ_with_the_patient() -> None:
    look = ["ask the owner about symptoms", *ON_THE_TABLE, "examine chest", "examine gums"]
    lungs = [step.observation for step in seen(look, LUNGS_NO_PENICILLIN)]
    blood = [step.observation for step in seen(look, BLOOD_NO_SULPHONAMIDE)]
    assert lungs[0].endswith("coughs into the carpet.")
    assert blood[0].endswith("she will not even look at a sheep.")
    assert (lungs[1], blood[1]) == (
        "The scale thinks it over. 18 kilograms.",
        "The scale thinks it over. 24 kilograms.",
    )
    assert "crackles" in lungs[4]
    assert "quick but clear" in blood[4]
    assert "gums are pink" in lungs[5]
    assert "nearly white" in blood[5]
    for variation, group in enumerate(["penicillin", "tetracycline", "tetracycline", "sulphonamide"]):
        card = seen(["go to office", "read card"], variation)[-1].observation
        assert card.startswith(f"Fern, sheepdog, female. Reacts badly to every {group},")


def test_the_labels_tell_what_a_drug_is_for_and_how_much_of_it() -> None:
    read = ["weigh Fern", "lead Fern to consulting room", "go to pharmacy"]
    doxal = seen([*read, "read label of Doxal"])[-1].observation
    tickfen = seen([*read, "read Tickfen label"])[-1].observation
    assert doxal == (
        "Doxal. For infections of the lungs. A tetracycline."
        " One millilitre for every 2 kilograms, once, under the skin."
    )
    assert "For tick fever. A tetracycline. Vials of 6 ml. One millilitre for every 6 kilograms" in tickfen


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            ["go to office"],
            "weigh Fern",
            "The scale is let into the floor of the waiting room, and you are in the office.",
            "go to waiting room",
        ),
        (
            ["weigh Fern", "go to consulting room", "wash hands"],
            "examine chest",
            "Fern is not on the table, she is in the waiting room.",
            "go to waiting room",
        ),
        (
            ["go to consulting room"],
            "go to office",
            "There is no door from the consulting room to the office."
            " Doors lead to waiting room, ward, laboratory and pharmacy.",
            "go to ward",
        ),
        (
            SWABBED[:-1],
            "look at throat swab under microscope",
            "The microscope is in the laboratory, and you are in the consulting room.",
            "go to laboratory",
        ),
    ],
)
def test_the_wrong_place_is_named_and_can_be_left(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = seen([*before, wrong, right])[-3:]
    assert (erred.error, erred.message, erred.state) == ("place", message, last.state)
    assert mended.error is None


@pytest.mark.parametrize(
    ("before", "wrong", "message", "right"),
    [
        (
            ON_THE_TABLE[:2],
            "examine chest",
            "Not with hands that have just been somewhere else. Wash first.",
            "wash hands",
        ),
        (
            ON_THE_TABLE,
            "draw throat swab",
            "What is the throat swab to answer? Examine her chest before you put her through it.",
            "examine chest",
        ),
        (
            [*SWABBED, "go to pharmacy"],
            "take Doxal",
            "The Doxal is against something that you have not found in her. Find it first.",
            "go to laboratory",
        ),
        (
            given(SWAB_READ, "Doxal", 9)[:-2],
            "give 9 ml of Doxal",
            "Your hands are dirty. Wash before you break the skin.",
            "wash hands",
        ),
        (
            [action for action in given(SWAB_READ, "Doxal", 9)[:-1] if action != "weigh Fern"],
            "give 9 ml of Doxal",
            "Without her weight every dose is a guess.",
            "lead Fern to waiting room",
        ),
        (
            [action for action in given(SWAB_READ, "Doxal", 9)[:-1] if action != "read Doxal"],
            "give 9 ml of Doxal",
            "You do not draw up a drug whose label you have not read with the vial in your hand.",
            "read Doxal",
        ),
        (
            given(SWAB_READ, "Doxal", 9)[3:-1],
            "give 9 ml of Doxal",
            "Nobody has told you yet what she cannot bear, and a needle is not the way to find out.",
            "go to ward",
        ),
        (
            ON_THE_TABLE,
            "lead Fern to ward",
            "The ward is for patients who have been seen to.",
            "examine gums",
        ),
        (
            treated(SWAB_READ, "Doxal", 9)[:-1],
            "note Pulmovet on card",
            "That is not what she was given.",
            "note Doxal on her card",
        ),
    ],
)
def test_the_wrong_order_is_explained_and_can_be_mended(
    before: list[str], wrong: str, message: str, right: str
) -> None:
    last, erred, mended = seen([*before, wrong, right], luck=STILL)[-3:]
    assert (erred.error, erred.message, erred.state) == ("logic", message, last.state)
    assert mended.error is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            "give 4.5 ml of Tickfen",
            "The syringe has whole millilitres on it. Write, for instance: give 2 ml of Tickfen.",
        ),
        (
            "give four ml of Tickfen",
            "The syringe has whole millilitres on it. Write, for instance: give 2 ml of Tickfen.",
        ),
        (
            "give 24 ml of Rubrinex",
            "The syringe holds 12 ml, and no more of anything goes under a dog's skin at once.",
        ),
        ("give 7 ml of tickfen", "A vial of Tickfen holds 6 ml, and there is one vial."),
        (
            "give 4 ml of Aspirin",
            '"Aspirin" is not a valid drug for "give {dose} ml of {drug}". Valid: Pulmovet, Doxal, Tickfen, Rubrinex.',
        ),
    ],
)
def test_the_syringe_refuses_what_it_cannot_give(wrong: str, message: str) -> None:
    before = given(BLOOD_READ, "Tickfen", 4)[:-1]
    last, erred, mended = seen([*before, wrong, "give 4 ml of Tickfen"], BLOOD_NO_SULPHONAMIDE)[-3:]
    assert (erred.error, erred.message, erred.state) == ("parameter", message, last.state)
    assert (mended.error, mended.state["Fern"]["treated"]) == (None, "Tickfen")


@pytest.mark.parametrize(
    ("variation", "actions", "told"),
    [
        (LUNGS_NO_PENICILLIN, given(SWAB_READ, "Pulmovet", 6), "face swells"),
        (BLOOD_NO_TETRACYCLINE, given(BLOOD_READ, "Tickfen", 3), "face swells"),
        (LUNGS_NO_PENICILLIN, given(SWAB_READ, "Doxal", 10), "too much for a dog of her size"),
        (LUNGS_NO_PENICILLIN, given(SWAB_READ, "Doxal", 8), "too little for a dog of her size"),
    ],
    ids=["penicillin", "tetracycline", "too much", "too little"],
)
def test_a_careless_injection_cannot_be_taken_back(variation: int, actions: list[str], told: str) -> None:
    *before, last = seen(actions, variation)
    assert [step.error for step in before] == [None] * len(before)
    assert not any(step.terminated for step in before)
    assert (last.error, last.terminated, last.success) == (None, True, False)
    assert told in last.observation
    assert last.state["Fern"]["sick"] is True


def test_a_sample_shows_only_what_is_there() -> None:
    wrong = seen([*BLED, "look at blood sample under microscope"], LUNGS_NO_PENICILLIN)[-1]
    right = seen([*SWABBED, "examine throat swab with the microscope"], LUNGS_NO_PENICILLIN)[-1]
    assert wrong.observation == "Red cells, round and empty, as they should be."
    assert wrong.state["player"]["findings"] == []
    assert right.observation.endswith("An infection of the lungs.")
    assert right.state["player"]["findings"] == ["lungs"]


def test_a_nervous_dog_may_spoil_the_sample_and_a_calm_one_never_does() -> None:
    draw = [*ON_THE_TABLE, "examine chest", "draw throat swab"]
    lucky = seen(draw, luck=STILL)[-1]
    assert lucky.observation == "Fern flinches, but you have the throat swab."
    *_, jerked, calmed, washed, drawn = seen(
        [*draw, "calm Fern", "wash hands", "draw throat swab"], luck=NERVOUS
    )
    assert jerked.observation.startswith("Fern jerks her head round")
    assert (jerked.error, jerked.state["throat swab"]["at"], jerked.state["player"]["clean"]) == (
        None,
        None,
        False,
    )
    assert [calmed.error, washed.error, drawn.error] == [None] * 3
    for luck in range(6):
        calm = seen([*draw[:-1], "calm Fern", "draw throat swab"], luck=luck)[-1]
        assert calm.observation == "Fern does not even lift her head. You have the throat swab."


def test_fern_does_not_stay_calm_alone() -> None:
    left, back = seen([*ON_THE_TABLE, "calm Fern", "go to pharmacy", "go to consulting room"])[-2:]
    assert left.observation.endswith("Behind you Fern jumps down from the table and whines at the door.")
    assert (left.state["Fern"]["calm"], back.state["Fern"]["calm"]) == (False, False)


def test_the_cupboard_takes_back_the_drug_before() -> None:
    first, second = seen([*SWAB_READ, "take Pulmovet", "take Doxal"])[-2:]
    assert first.state["Pulmovet"]["at"] == "player"
    assert (second.state["Pulmovet"]["at"], second.state["Doxal"]["at"]) == ("pharmacy", "player")
