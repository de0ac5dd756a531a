"""The library's dungeon: the way to the bell, what chance does on it, the wrong turns, and how one dies.

The numbers called luck are chosen for how the dice fall with them; the names say how.
"""

import pytest

from trpg_env.testing import play

SCRIPT = "dungeon"
CRAB_IN_CRYPT, CRAB_IN_CISTERN, SPEAR_IN_LOFT = 0, 1, 2
KIND = {CRAB_IN_CRYPT: 0, CRAB_IN_CISTERN: 0, SPEAR_IN_LOFT: 20}
"""For each variation a luck with which everything in its plan succeeds at once and nothing hurts."""
HARSH = 13
"""The spark dies, the spear skids, two claws hit and the hook slips, each before the next try succeeds."""
DEADLY_DARK = 18
"""Two turns in the dark beside the crab cost all four hit points."""
BLUNDERING = 0
"""In the cistern the player first keeps his feet, then walks into stone."""
SLOW_SPARK = 2
"""The first spark dies; the second catches."""

ARM = ["take torch", "go east", "light the torch", "go east", "take spear"]
FIGHT = ["attack crab with spear", "hit the crab with my spear", "take the clapper"]
RING = ["go west", "climb up", "hang the clapper in the bell", "ring the bell"]
PLANS = {
    CRAB_IN_CRYPT: [*ARM, "go down", *FIGHT, "go up", *RING],
    CRAB_IN_CISTERN: [*ARM, "go north", *FIGHT, "go south", *RING],
    SPEAR_IN_LOFT: [
        "take torch",
        "light the torch",
        "go east",
        "climb up",
        "take spear",
        "climb down",
        "go east",
        "go down",
        *FIGHT,
        "go up",
        *RING,
    ],
}


@pytest.mark.parametrize(
    ("variation", "glimpse", "noise"),
    [
        (CRAB_IN_CRYPT, "Through the arch to the east the shaft of a spear", "below you"),
        (CRAB_IN_CISTERN, "Through the arch to the east the shaft of a spear", "in the north"),
        (SPEAR_IN_LOFT, "Above you, in the loft, the shaft of a spear", "below you"),
    ],
)
def test_the_way_is_told_where_it_parts(variation: int, glimpse: str, noise: str) -> None:
    on_the_stair, on_looking, in_the_nave, there = play(
        SCRIPT, ["go east", "look", "go east", "look around"], variation=variation
    )
    assert glimpse in on_the_stair.observation
    assert glimpse in on_looking.observation
    assert f"over stone {noise}, and iron knocks" in in_the_nave.observation
    assert "iron knocks" in there.observation


def test_signs_end_with_what_made_them() -> None:
    steps = play(SCRIPT, PLANS[CRAB_IN_CRYPT], luck=KIND[CRAB_IN_CRYPT], variation=CRAB_IN_CRYPT)
    back = steps[PLANS[CRAB_IN_CRYPT].index("go up") :]
    assert not any(
        "iron knocks" in step.observation or "shaft of a spear" in step.observation for step in back
    )


@pytest.mark.parametrize("variation", PLANS)
def test_light_spear_and_clapper_ring_the_bell(variation: int) -> None:
    steps = play(SCRIPT, PLANS[variation], luck=KIND[variation], variation=variation)
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.action for step in steps if step.reward] == [
        "light the torch",
        "take spear",
        "hit the crab with my spear",
        "take the clapper",
        "hang the clapper in the bell",
        "ring the bell",
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 6] * 6)
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[-1].terminated
    assert steps[-1].state["player"]["hp"] == 4
    assert steps[-1].observation == "One deep note, and all the pigeons leave the roof at once."


def test_who_fails_at_the_dice_tries_again_and_still_wins() -> None:
    steps = play(
        SCRIPT,
        [
            "take torch",
            *["light torch"] * 2,
            "go east",
            "take tonic",
            "go east",
            "take spear",
            "go down",
            *["attack crab with spear"] * 3,
            "take clapper",
            "go up",
            "go west",
            "drink tonic",
            "drink tonic",
            "go up",
            *["hang clapper in bell"] * 2,
            "ring bell",
        ],
        luck=HARSH,
        variation=CRAB_IN_CRYPT,
    )
    told = [step.observation for step in steps]
    assert told[1:3] == ["The spark dies in the tinder.", "The pitch catches with a cough of smoke."]
    assert told[8:11] == [
        "The spear skids off the shell.\nA claw gets you by the shin. You lose a hit point.",
        "The spear finds a joint. The crab hisses like a kettle.\nA claw gets you by the shin. You lose a hit point.",
        "The crab folds its legs and pulls itself into its shell.",
    ]
    assert [step.state["crab"]["hp"] for step in steps[7:11]] == [2, 2, 1, 0]
    assert [step.state["player"]["hp"] for step in steps[7:11]] == [4, 3, 2, 2]
    assert told[14] == "It tastes of aniseed and tin. You have 4 of 4 hit points."
    assert (steps[15].error, steps[15].message) == ("logic", "The bottle is empty.")
    assert told[17:19] == [
        "The hook slips out of your wet fingers. You still have the clapper.",
        "The hook takes the clapper with a click.",
    ]
    assert [step.state["clapper"]["at"] for step in steps[17:19]] == ["player", "bell"]
    assert (steps[-1].success, steps[-1].progress) == (True, 1.0)


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["take torch"],
            "go up",
            "place",
            "You cannot go up from the gatehouse. Exits: east.",
            ["go east", "go up"],
            id="no exit",
        ),
        pytest.param(
            ["take torch", "go east", "go east"],
            "light torch",
            "place",
            "Everything drips in the nave; the tinder will not catch. Try it somewhere dry.",
            ["go west", "light torch"],
            id="wrong place",
        ),
        pytest.param(
            ["go east"],
            "rest",
            "place",
            "There is no bed on the stair; the only one is in the gatehouse.",
            ["go west"],
            id="no bed",
        ),
        pytest.param(
            ["look"],
            "light torch",
            "logic",
            "You have no torch in hand.",
            ["take torch", "light torch"],
            id="wrong order",
        ),
        pytest.param(
            [*ARM, "go down"],
            "take clapper",
            "logic",
            "Not while the crab stands over it with both claws open.",
            ["attack crab with spear", "attack crab with spear", "take clapper"],
            id="guarded",
        ),
        pytest.param(
            [*ARM, "go down"],
            "attack crab with torch",
            "logic",
            "Its shell is wet stone, and the torch is all the light you have. Use something with a point.",
            ["attack crab with spear"],
            id="wrong weapon",
        ),
        pytest.param(
            ["go east", "go up"],
            "ring bell",
            "logic",
            "The bell swings without a sound; it has no clapper.",
            ["go down"],
            id="no clapper",
        ),
        pytest.param(
            [*ARM, "go down"],
            "attack dragon with spear",
            "parameter",
            '"dragon" is not a valid creature for "attack {creature} with {weapon}". Valid: crab.',
            ["attack crab with spear"],
            id="wrong parameter",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], luck=KIND[CRAB_IN_CRYPT], variation=CRAB_IN_CRYPT)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_without_a_light_one_finds_nothing_and_strikes_at_nothing() -> None:
    into_the_dark = ["go east", "go east", "take spear", "go down"]
    *_, blow, grasp = play(SCRIPT, [*into_the_dark, FIGHT[0], "take clapper"], variation=CRAB_IN_CRYPT)
    assert (blow.error, blow.message) == (
        "logic",
        "You would be striking at a noise in the dark. You need a burning light.",
    )
    assert (grasp.error, grasp.message) == (
        "logic",
        "It is too dark in the crypt to find anything. You need a burning light.",
    )


def test_a_spark_may_need_a_second_try() -> None:
    _, died, caught, again = play(SCRIPT, ["take torch", *["light torch"] * 3], luck=SLOW_SPARK)
    assert (died.error, died.observation) == (None, "The spark dies in the tinder.")
    assert (died.state["torch"]["lit"], caught.state["torch"]["lit"]) == (False, True)
    assert (again.error, again.message) == ("logic", "The torch burns already.")


def test_the_dark_hurts_now_and_then_and_a_bed_heals() -> None:
    steps = play(
        SCRIPT,
        ["go east", "go east", "go north", "look", "go south", "go west", "go west", "rest", "rest"],
        luck=BLUNDERING,
        variation=CRAB_IN_CRYPT,
    )
    dark = "It is too dark to see anything. Exits: south."
    assert steps[2].observation.splitlines()[0] == dark
    assert steps[3].observation.splitlines()[0] == f"{dark} You have 4 of 4 hit points."
    assert steps[2].observation.endswith("\nYou grope along the wall and, for once, do not fall.")
    assert steps[3].observation.endswith("\nIn the dark you walk into stone and lose a hit point.")
    assert [step.state["player"]["hp"] for step in steps] == [4, 4, 4, 3, 3, 3, 3, 4, 4]
    assert steps[-2].observation == "You wake stiff but better, with 4 of 4 hit points."
    assert (steps[-1].error, steps[-1].message) == ("logic", "You are wide awake and unhurt.")


def test_the_crab_is_seen_by_torchlight_only() -> None:
    by_torchlight = play(SCRIPT, [*ARM, "go down", "look"], luck=KIND[0], variation=CRAB_IN_CRYPT)[-1]
    assert by_torchlight.observation.startswith("Place: crypt.")
    assert "crab" in by_torchlight.observation.splitlines()[2]
    assert "You have 4 of 4 hit points." in by_torchlight.observation
    assert "A crab the size of a footstool" in by_torchlight.observation
    in_the_dark = play(SCRIPT, ["go east", "go east", "go down", "look"], variation=CRAB_IN_CRYPT)[-2:]
    assert [("crab" in step.observation, "clapper" in step.observation) for step in in_the_dark] == [
        (False, False),
        (False, False),
    ]


def test_a_hung_clapper_stays_where_it_belongs() -> None:
    hung, refused = play(
        SCRIPT, [*PLANS[CRAB_IN_CRYPT][:-1], "take clapper"], luck=KIND[0], variation=CRAB_IN_CRYPT
    )[-2:]
    assert (refused.error, refused.message) == ("logic", "The clapper hangs where it belongs.")
    assert refused.state == hung.state


def test_an_unhurt_player_keeps_the_tonic() -> None:
    refused = play(SCRIPT, ["go east", "take tonic", "drink tonic"])[-1]
    assert (refused.error, refused.message) == ("logic", "You are unhurt; keep the tonic for later.")
    assert refused.state["tonic"] == {"at": "player", "full": True}


def test_going_down_without_a_light_kills() -> None:
    steps = play(SCRIPT, ["go east", "go east", "go down", "look"], luck=DEADLY_DARK, variation=CRAB_IN_CRYPT)
    assert [step.error for step in steps] == [None] * 4
    assert [step.terminated for step in steps] == [False, False, False, True]
    assert [step.state["player"]["hp"] for step in steps] == [4, 4, 2, 0]
    assert (steps[-1].success, steps[-1].progress) == (False, 0)
    assert "In the dark you walk into stone and lose a hit point." in steps[-1].observation
    assert steps[-1].observation.splitlines()[-2:] == [
        "A claw gets you by the shin. You lose a hit point.",
        "Your legs give way, and somebody carries you home.",
    ]


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "take spear",
        "hang clapper in bell",
        "take torch",
        "take the torch",
        "light torch",
        "go east",
        "attack crab with spear",
        "drink tonic",
        "go up",
        "hang the clapper in bell",
        "go down",
        "ring bell",
        "go east",
        "go down",
        "hit crab with spear",
    ]
    steps = play(SCRIPT, actions, luck=KIND[CRAB_IN_CRYPT], variation=CRAB_IN_CRYPT)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "take spear": ("place", "You see no spear in the gatehouse."),
        "hang clapper in bell": ("place", "There is no bell in the gatehouse."),
        "take the torch": ("logic", "You carry the torch already."),
        "attack crab with spear": ("place", "There is no crab on the stair."),
        "drink tonic": ("logic", "You have no tonic with you."),
        "hang the clapper in bell": ("logic", "You do not have the clapper."),
        "ring bell": ("place", "There is no bell on the stair."),
        "hit crab with spear": ("logic", "You are not carrying the spear."),
    }
