"""The library's detective: who took the cup, the wrong turns on the way, and the false accusation."""

import pytest

from trpg_env.testing import play

SCRIPT = "detective"
ODILE_OF_ENVY, BRAM_OF_DEBT = 0, 1

HEAR_OF_GLOVES = [
    "go to tea tent",
    "ask Mrs Tandy about the cup",
    "go to green",
    "go to boathouse",
    "ask Kofi about the key",
]
ASK_BRAM = ["go to green", "ask Bram about gloves", "go to boathouse"]
ASK_ODILE = ["go to jetty", "ask Odile about gloves", "go to boathouse"]
ASK_BRAM_FROM_JETTY = ["go to boathouse", *ASK_BRAM]
SHOW_GLOVE = ["open the locker", "take the glove", "show the glove to Kofi"]
FETCH_CUP = [
    "open the rowing boat",
    "take the cup",
    "go to pavilion",
    "open cabinet",
    "put cup back in the cabinet",
]
PLANS = {
    ODILE_OF_ENVY: [
        *HEAR_OF_GLOVES,
        *ASK_BRAM,
        *SHOW_GLOVE,
        "go to jetty",
        "accuse Odile of envy",
        *FETCH_CUP,
    ],
    BRAM_OF_DEBT: [
        *HEAR_OF_GLOVES,
        *ASK_ODILE,
        *SHOW_GLOVE,
        "go to green",
        "accuse Bram of debt",
        "go to boathouse",
        "walk to the jetty",
        *FETCH_CUP,
    ],
}


@pytest.mark.parametrize(
    ("variation", "accusation"),
    [(ODILE_OF_ENVY, "accuse Odile of envy"), (BRAM_OF_DEBT, "accuse Bram of debt")],
)
def test_the_right_accusation_leads_to_the_cup_and_the_cup_to_the_cabinet(
    variation: int, accusation: str
) -> None:
    steps = play(SCRIPT, PLANS[variation], variation=variation)
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.action for step in steps if step.reward] == [
        "ask Mrs Tandy about the cup",
        "take the glove",
        "show the glove to Kofi",
        accusation,
        "take the cup",
        "put cup back in the cabinet",
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 6] * 6)
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    assert (steps[-1].terminated, steps[-1].state["cup"]["at"]) == (True, "cabinet")


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["wait"],
            "go to jetty",
            "place",
            "No path leads from the green straight to the jetty. You can reach tea tent, pavilion and boathouse.",
            ["go to boathouse", "go to jetty"],
            id="no path",
        ),
        pytest.param(
            ["wait"],
            "ask Mrs Tandy about cup",
            "place",
            "Mrs Tandy is not at the green.",
            ["go to tea tent", "ask Mrs Tandy about cup"],
            id="wrong place",
        ),
        pytest.param(
            ["go to pavilion"],
            "open cabinet",
            "logic",
            "The cabinet is locked, and you have not heard yet where its key is kept.",
            [
                "go to green",
                "go to tea tent",
                "ask Mrs Tandy about cup",
                "go to green",
                "go to pavilion",
                "open cabinet",
            ],
            id="wrong order",
        ),
        pytest.param(
            HEAR_OF_GLOVES[:4],
            "open locker",
            "logic",
            "It is other people's locker, and so far you have no reason to look into it.",
            ["ask Kofi about key", "open locker"],
            id="no reason yet",
        ),
        pytest.param(
            [*HEAR_OF_GLOVES, "go to jetty"],
            "accuse Odile of envy",
            "logic",
            "You have nothing that ties anybody to the cabinet. An accusation needs something you can hold up.",
            [*ASK_BRAM_FROM_JETTY, *SHOW_GLOVE, "go to jetty", "accuse Odile of envy"],
            id="no proof",
        ),
        pytest.param(
            PLANS[ODILE_OF_ENVY][:12],
            "accuse Odile of debt",
            "logic",
            "Nobody has given you a reason to speak of debt.",
            ["accuse Odile of envy"],
            id="no motive heard",
        ),
        pytest.param(
            [*HEAR_OF_GLOVES, *SHOW_GLOVE, "go to jetty"],
            "open rowing boat",
            "logic",
            "You cannot rummage in a private boat with half the village watching, not without a better reason.",
            [
                "go to boathouse",
                "go to green",
                "ask Bram about gloves",
                "go to boathouse",
                "go to jetty",
                "accuse Odile of envy",
                "open rowing boat",
            ],
            id="a private boat",
        ),
        pytest.param(
            PLANS[ODILE_OF_ENVY][:12],
            "accuse Odile of spite",
            "parameter",
            '"spite" is not a valid motive for "accuse {person} of {motive}". Valid: envy, debt, prank.',
            ["accuse Odile of envy"],
            id="wrong parameter",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], variation=ODILE_OF_ENVY)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


@pytest.mark.parametrize(
    ("to_the_accused", "accusation", "name"),
    [
        pytest.param(["go to green"], "accuse Bram of envy", "Bram", id="the wrong person"),
        pytest.param([*ASK_ODILE, "go to jetty"], "accuse Odile of debt", "Odile", id="the wrong motive"),
    ],
)
def test_a_false_accusation_loses(to_the_accused: list[str], accusation: str, name: str) -> None:
    steps = play(
        SCRIPT,
        [*HEAR_OF_GLOVES, *ASK_BRAM, *SHOW_GLOVE, *to_the_accused, accusation],
        variation=ODILE_OF_ENVY,
    )
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.terminated for step in steps] == [False] * (len(steps) - 1) + [True]
    lost = steps[-1]
    assert lost.observation == f"{name} laughs out loud, and then fetches the chairman."
    assert (lost.success, lost.progress) == (False, pytest.approx(1 / 2))
    assert lost.state["theft"]["slandered"] is True


def test_each_answer_gives_the_word_for_the_next_question() -> None:
    unheard_of, *steps = play(SCRIPT, ["ask Bram about gloves", *HEAR_OF_GLOVES, *ASK_BRAM])
    assert (unheard_of.error, unheard_of.message) == (
        "logic",
        "You would not know what to ask about gloves. So far you have heard of cup.",
    )
    assert [step.state["player"]["knows"] for step in steps if step.action.startswith("ask")] == [
        ["cup", "key"],
        ["cup", "key", "gloves"],
        ["cup", "key", "gloves", "envy"],
    ]
    assert "Kofi minds it" in steps[1].observation
    assert "thrown gloves in" in steps[4].observation


def test_each_lead_names_the_one_whom_it_concerns() -> None:
    envy = play(SCRIPT, [*HEAR_OF_GLOVES, *ASK_BRAM[:2]], variation=ODILE_OF_ENVY)[-1]
    debt = play(SCRIPT, [*HEAR_OF_GLOVES, *ASK_ODILE[:2]], variation=BRAM_OF_DEBT)[-1]
    assert "Ask rather Odile, who has come second four years running" in envy.observation
    assert "Only Bram owes the chandler" in debt.observation


def test_who_has_nothing_to_say_says_so_and_gives_no_lead() -> None:
    asked = play(SCRIPT, [*HEAR_OF_GLOVES, "ask Kofi about gloves"])[-1]
    assert (asked.error, asked.observation) == (None, "Kofi has nothing to say about gloves.")
    assert asked.state["player"]["knows"] == ["cup", "key", "gloves"]


@pytest.mark.parametrize(("variation", "owner"), [(ODILE_OF_ENVY, "Odile"), (BRAM_OF_DEBT, "Bram")])
def test_only_Kofi_and_the_owner_know_the_glove(variation: int, owner: str) -> None:
    rounds = ["show glove to Odile", "go to boathouse", "go to green", "show glove to Bram"]
    steps = play(SCRIPT, [*HEAR_OF_GLOVES, *SHOW_GLOVE, "go to jetty", *rounds], variation=variation)
    said = {step.action: step.observation for step in steps if step.action.startswith("show")}
    other = {"Odile": "Bram", "Bram": "Odile"}[owner]
    assert said["show the glove to Kofi"].endswith(
        f"He stitched that thumb himself in spring, he says, for {owner}."
    )
    assert said[f"show glove to {owner}"] == f"{owner} looks at the glove a moment too long."
    assert said[f"show glove to {other}"] == f"{other} has never seen it."


def test_the_confessed_thief_walks_off_to_the_tea_tent() -> None:
    confessed, again = play(SCRIPT, [*PLANS[ODILE_OF_ENVY][:13], "accuse Odile of envy"], variation=0)[-2:]
    assert confessed.observation.splitlines() == [
        "Odile goes white, then quiet. It is under the tarpaulin, in the boat.",
        "Odile walks off towards the tea tent, looking at nobody.",
    ]
    assert confessed.state["Odile"]["at"] == "tea tent"
    assert (again.error, again.message) == ("place", "Odile is not at the jetty.")


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "examine cabinet",
        "open cabinet",
        "take glove",
        "put cup in cabinet",
        "show glove to Bram",
        "show glove to Kofi",
        "accuse Kofi of prank",
        *HEAR_OF_GLOVES,
        "open locker",
        "open the locker",
        "take glove",
        "take the glove",
        "go to green",
        "go to pavilion",
        "put the cup in cabinet",
    ]
    steps = play(SCRIPT, actions, variation=ODILE_OF_ENVY)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "examine cabinet": ("place", "You see no cabinet at the green."),
        "open cabinet": ("place", "There is no cabinet at the green."),
        "take glove": ("place", "You see no glove at the green."),
        "put cup in cabinet": ("place", "There is no cabinet at the green."),
        "show glove to Bram": ("logic", "You are not carrying the glove."),
        "show glove to Kofi": ("place", "Kofi is not at the green."),
        "accuse Kofi of prank": ("place", "Kofi is not at the green."),
        "open the locker": ("logic", "The locker is open already."),
        "take the glove": ("logic", "You have the glove already."),
        "put the cup in cabinet": ("logic", "You need the cup in your hands and the cabinet open."),
    }


def test_an_opened_locker_shows_what_is_inside() -> None:
    opened = play(SCRIPT, [*HEAR_OF_GLOVES, SHOW_GLOVE[0]])[-1]
    assert opened.observation == "You open the locker. Inside: glove."
