"""The library's cool-tomato: its plan, its wrong turns, and how its turns run out."""

import pytest

from trpg_env.testing import play

SCRIPT = "cool-tomato"
IN_KITCHEN, IN_HALL = 0, 1

COOL_IT = ["open fridge", "put tomato in fridge", "close fridge", "open fridge", "take tomato"]
PLANS = {
    IN_KITCHEN: ["go west", "take tomato", *COOL_IT, "put tomato in microwave"],
    IN_HALL: ["take tomato", "go west", *COOL_IT, "put tomato in microwave"],
}


@pytest.mark.parametrize("variation", PLANS)
def test_a_tomato_cooled_in_the_closed_fridge_and_put_in_the_microwave_wins(variation: int) -> None:
    steps = play(SCRIPT, PLANS[variation], variation=variation)
    assert [step.error for step in steps] == [None] * 8
    assert [step.action for step in steps if step.reward] == [
        "take tomato",
        "close fridge",
        "put tomato in microwave",
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 3] * 3)
    assert [step.success for step in steps] == [False] * 7 + [True]
    assert steps[-1].terminated
    assert steps[-1].state["tomato"] == {"at": "microwave", "temperature": "cool"}


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["ask Ines about weather"],
            "open fridge",
            "place",
            "There is no fridge here.",
            ["go west", "open the fridge"],
            id="wrong place",
        ),
        pytest.param(
            ["go west"], "go west", "place", "You cannot go west. Exits: east.", ["go east"], id="no exit"
        ),
        pytest.param(
            ["take tomato", "go west"],
            "put tomato in fridge",
            "logic",
            "You must hold the tomato, and the fridge must be open.",
            ["open fridge", "put tomato in fridge"],
            id="wrong order",
        ),
        pytest.param(
            ["take tomato"],
            "take tomato",
            "logic",
            "You hold the tomato already.",
            ["go west", "put tomato in microwave", "take tomato"],
            id="held already",
        ),
        pytest.param(
            ["go west"],
            "open freezer",
            "parameter",
            '"freezer" is not a valid thing for "open {thing}". Valid: fridge, microwave.',
            ["open fridge"],
            id="wrong parameter",
        ),
        pytest.param(
            ["take tomato", "go west"],
            "put tomato in tomato",
            "parameter",
            "A thing cannot go into itself.",
            ["put tomato in microwave"],
            id="the check's own refusal",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], variation=IN_HALL)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_an_open_fridge_does_not_cool_and_a_closed_one_does() -> None:
    to_the_fridge = ["take tomato", "go west", "open fridge", "put tomato in fridge"]
    *_, waited, taken = play(SCRIPT, [*to_the_fridge, "close microwave", "take tomato"], variation=IN_HALL)
    assert waited.state["tomato"]["temperature"] == "warm"
    assert taken.observation == "You take the tomato; it is warm."
    *_, closed, opened, taken = play(
        SCRIPT, [*to_the_fridge, "close fridge", "open fridge", "take tomato"], variation=IN_HALL
    )
    assert closed.state["tomato"]["temperature"] == "cool"
    assert opened.observation == "You open the fridge and see tomato."
    assert taken.observation == "You take the tomato; it is cool."


def test_what_lies_in_the_closed_fridge_is_out_of_reach() -> None:
    shut_in = play(SCRIPT, [*PLANS[IN_HALL][:5], "take tomato"], variation=IN_HALL)[-1]
    assert (shut_in.error, shut_in.message) == ("place", "There is no tomato here.")
    assert shut_in.state["tomato"]["at"] == "fridge"


def test_Ines_knows_about_cold_and_about_nothing_else() -> None:
    asked, told = play(SCRIPT, ["ask Ines about weather", "ask ines about cold"])
    assert (asked.observation, asked.state["player"]["knows"]) == ("Ines shrugs.", [])
    assert told.observation == "The fridge cools whatever lies in it."
    assert told.state["player"]["knows"] == ["cold"]


def test_a_warm_tomato_in_the_microwave_is_not_enough_and_the_turns_run_out() -> None:
    served_warm = ["take tomato", "go west", "put tomato in microwave", "go east"]
    steps = play(SCRIPT, served_warm + ["ask Ines about weather"] * 26, variation=IN_HALL)
    assert [step.truncated for step in steps] == [False] * 29 + [True]
    assert not any(step.success or step.terminated for step in steps)
    assert steps[-1].progress == pytest.approx(2 / 3)


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "go west",
        "close fridge",
        "open microwave",
        "put tomato in fridge",
        "go east",
        "close microwave",
        "put tomato in microwave",
        "ask Bob about cold",
        "take tomato",
        "go west",
        "ask Ines about cold",
    ]
    steps = play(SCRIPT, actions, variation=IN_HALL)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "close fridge": ("logic", "The fridge is closed already."),
        "open microwave": ("logic", "The microwave is open already."),
        "put tomato in fridge": ("logic", "You must hold the tomato, and the fridge must be open."),
        "close microwave": ("place", "There is no microwave here."),
        "put tomato in microwave": ("place", "There is no microwave here."),
        "ask Bob about cold": (
            "parameter",
            '"Bob" is not a valid person for "ask {person} about {topic}". Valid: Ines.',
        ),
        "ask Ines about cold": ("place", "Ines is not here."),
    }
