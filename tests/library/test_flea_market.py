"""The flea market: money, haggling, and several ways to run out of both."""

import pytest

from trpg_env.testing import Played, play

TO_THE_CLOCKS = ["go to arch", "go to clock stall"]
SILVIO_PAYS_BEST = [
    *TO_THE_CLOCKS,
    "wind tin box",
    "offer 6 for tin box",
    "buy tin box",
    "go to alley",
    "ask Silvio about opera glasses",
    "sell opera glasses to Silvio",
    "go to cloth stall",
    "examine blue velvet",
    "point out moth hole in blue velvet",
    "offer 5 for blue velvet",
    "buy blue velvet",
    "go to arch",
    "go to tram stop",
]
OTTOKAR_PAYS_BEST = [
    *TO_THE_CLOCKS,
    "ask Ottokar about opera glasses",
    "sell opera glasses to Ottokar",
    "wind walnut box",
    "offer 7 for walnut box",
    "buy walnut box",
    "go to arch",
    "go to cloth stall",
    "examine blue velvet",
    "point out moth hole in blue velvet",
    "offer 6 for blue velvet",
    "buy blue velvet",
    "go to arch",
    "go to tram stop",
]


def shop(actions: list[str], variation: int = 1, luck: int = 0) -> list[Played]:
    return play("flea-market", actions, variation=variation, luck=luck)


def test_a_careful_shopper_comes_home_with_a_crown_to_spare() -> None:
    steps = shop(SILVIO_PAYS_BEST)
    assert [step.error for step in steps] == [None] * 15
    assert steps[-1].success
    assert steps[-1].state["player"]["purse"] == 9 - 6 + 6 - 5
    reached = [round(step.progress * 6) for step in steps]
    assert reached == [0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6]


def test_where_ottokar_pays_best_the_other_box_is_dearer_and_he_buys_the_glasses() -> None:
    steps = shop(OTTOKAR_PAYS_BEST, variation=2)
    assert [step.error for step in steps] == [None] * 15
    assert steps[3].observation == "Ottokar pays 7 crowns for the opera glasses. You have 16."
    assert steps[11].observation.endswith(
        "Berta spits in one palm and shakes on 6 crowns for the blue velvet."
    )
    assert steps[-1].success
    assert steps[-1].state["player"]["purse"] == 3


@pytest.mark.parametrize(("variation", "sound", "broken"), [(0, "walnut", "tin"), (1, "tin", "walnut")])
def test_one_box_plays_and_one_has_gaps(variation: int, sound: str, broken: str) -> None:
    whole, gaps = shop([*TO_THE_CLOCKS, f"wind {sound} box", f"wind {broken} box"], variation)[2:]
    assert whole.observation == (
        f"You wind the {sound} box. A waltz, every note of it. Even Pim looks up."
        " Less than 6 it is not, says Ottokar, whatever it plays."
    )
    assert "The comb has missing teeth." in gaps.observation


def test_nothing_can_be_had_from_afar() -> None:
    far, look, near = shop(["wind tin box", "go to clock stall", "go to arch"])
    assert (far.error, far.message) == ("place", "There is no tin box at the tram stop.")
    assert look.error == "place"
    assert look.message == "From the tram stop you cannot get to the clock stall in one go. Near by: arch."
    assert look.state == far.state
    assert near.error is None
    assert near.state["player"]["at"] == "arch"


def test_music_is_heard_before_its_price_is_talked_about() -> None:
    refused, _, agreed = shop([*TO_THE_CLOCKS, "offer 6 for tin box", "wind tin box", "offer 6 for tin box"])[
        2:
    ]
    assert refused.error == "logic"
    assert refused.message == (
        "Ottokar waits. Nobody here talks about the price of cloth before it has been held to the light,"
        " or of music before it has been heard."
    )
    assert refused.state["Ottokar"]["settled"] is False
    assert agreed.error is None
    assert agreed.state["tin box"]["price"] == 6


def test_a_box_is_not_known_by_the_sound_of_the_other() -> None:
    refused = shop([*TO_THE_CLOCKS, "wind walnut box", "offer 6 for tin box"])[-1]
    assert (refused.error, refused.state["Ottokar"]["settled"]) == ("logic", False)
    assert refused.message.endswith("or of music before it has been heard.")


def test_nothing_is_sold_before_its_price_has_been_asked() -> None:
    refused, asked, sold = shop(
        [
            *TO_THE_CLOCKS,
            "sell opera glasses to Ottokar",
            "ask Ottokar about opera glasses",
            "sell opera glasses to Ottokar",
        ],
        variation=2,
    )[2:]
    assert (refused.error, refused.state["opera glasses"]["at"]) == ("logic", "player")
    assert refused.message == (
        "There is no buying the opera glasses back, and you have not heard yet what they would fetch,"
        " here or elsewhere."
    )
    assert "7 crowns from me" in asked.observation
    assert "Silvio gives 4" in asked.observation
    assert sold.error is None


def test_what_is_held_to_the_light_or_conceded_has_a_bottom_that_is_told() -> None:
    seen, conceded = shop(
        ["go to arch", "go to cloth stall", "examine blue velvet", "point out moth hole in blue velvet"]
    )[2:]
    assert seen.observation.endswith("Not under 8, says Berta, as long as nobody shows her a reason.")
    assert conceded.observation.endswith("With that in it, then, not under 5.")


def test_a_fault_is_found_before_it_is_pointed_out() -> None:
    at_berta = ["go to arch", "go to cloth stall"]
    unseen, _, wrong, right, again = shop(
        [
            *at_berta,
            "point out moth hole in blue velvet",
            "examine blue velvet",
            "point out tear in blue velvet",
            "point out the hole in the blue velvet",
            "point out moth hole in blue velvet",
        ]
    )[2:]
    assert unseen.error == wrong.error == again.error == "logic"
    assert unseen.message.startswith("Berta asks you to show it, and you do not know where it is.")
    assert wrong.message == "The blue velvet has no tear, and Berta knows it."
    assert again.message == "Berta has taken that into account already."
    assert (wrong.state["blue velvet"]["reserve"], right.state["blue velvet"]["reserve"]) == (8, 5)


@pytest.mark.parametrize(
    ("sum_", "message"),
    [
        ("6.5", "Nobody here splits a crown. Offer a whole number of them."),
        ("six", "Name the sum in figures, for instance: offer 7 for blue velvet."),
        ("13", "a whole number from 1 to 12"),
    ],
)
def test_a_sum_is_a_whole_number_of_crowns(sum_: str, message: str) -> None:
    *_, heard, odd, whole = shop(
        [*TO_THE_CLOCKS, "wind tin box", f"offer {sum_} for tin box", "offer 6 for tin box"]
    )
    assert odd.error == "parameter"
    assert message in odd.message
    assert odd.state == heard.state
    assert whole.error is None


def test_a_fault_of_a_box_is_heard_first_and_known_to_its_dealer() -> None:
    fault = "point out missing teeth in walnut box"
    unheard, _, known, _, none = shop(
        [*TO_THE_CLOCKS, fault, "wind walnut box", fault, "wind tin box", fault.replace("walnut", "tin")]
    )[2:]
    assert [unheard.error, known.error, none.error] == ["logic"] * 3
    assert unheard.message.startswith("Ottokar asks you to show it")
    assert known.message == "Ottokar has taken that into account already."
    assert none.message == "The tin box has no missing teeth, and Ottokar knows it."


def test_a_dealer_says_what_a_thing_stands_him_in_and_what_he_would_give() -> None:
    asked = shop(
        [
            *TO_THE_CLOCKS,
            "ask Ottokar about tin box",
            "ask Ottokar about my opera glasses",
            "ask Ottokar about red velvet",
            "wind tin box",
            "offer 7 for tin box",
            "ask Ottokar about tin box",
        ]
    )
    said = [step.observation.removeprefix("Ottokar folds both arms. Ottokar says: ") for step in asked]
    assert said[2].startswith("I could not let the tin box go for less than 6.")
    assert said[3] == (
        "Such a pair? 3 crowns from me, and I am not asking where you have it from."
        " Silvio gives 6, but do not say that I sent you."
    )
    assert said[4] == "The red velvet is no business of mine."
    assert said[7] == "7 for the tin box. We have done our talking."


def test_a_dealer_bargains_once_and_nothing_is_bought_twice() -> None:
    *_, bought, twice, haggled = shop(
        [*SILVIO_PAYS_BEST[:5], "buy tin box", "offer 6 for walnut box"],
    )
    assert bought.state["tin box"]["at"] == "player"
    assert (twice.error, twice.message) == ("logic", "You own the tin box already.")
    assert haggled.message == "Ottokar has bargained once this morning. The walnut box costs 9 crowns."


def test_what_the_purse_does_not_hold_cannot_be_paid() -> None:
    at_berta = [*SILVIO_PAYS_BEST[:5], "go to arch", "go to cloth stall", "buy blue velvet"]
    dear = shop(at_berta)[-1]
    assert (dear.error, dear.message) == ("logic", "The blue velvet costs 10 crowns, and you have 3.")
    assert dear.state["player"]["purse"] == 3


@pytest.mark.parametrize(
    "careless",
    [
        ["buy tin box"],
        ["wind tin box", "offer 5 for tin box"],
        ["wind walnut box", "offer 6 for walnut box"],
        ["ask Ottokar about opera glasses", "sell opera glasses to Ottokar"],
    ],
    ids=["the mark is paid", "an offer is refused", "the wrong box is bargained for", "the glasses go cheap"],
)
def test_who_can_no_longer_pay_for_the_rest_has_lost(careless: list[str]) -> None:
    steps = shop([*TO_THE_CLOCKS, *careless])
    assert [step.error for step in steps] == [None] * len(steps)
    assert not any(step.terminated for step in steps[:-1])
    assert steps[-1].terminated
    assert not steps[-1].success
    assert steps[-1].observation.endswith("what you have will not come to the rest and a ticket home.")


def test_an_insulting_sum_has_one_shown_off_the_market() -> None:
    last = shop([*TO_THE_CLOCKS, "wind tin box", "offer 4 for tin box"])[-1]
    assert last.error is None
    assert last.terminated
    assert not last.success
    assert last.observation == (
        "You say 4, and look at something else. Ottokar tells the whole row what you think the tin box is worth,"
        " and the row walks you to the tram."
    )


def test_nobody_gains_by_the_shells() -> None:
    # Luck 0 finds the pea, luck 1 does not.
    lost = shop(["go to arch", "bet on shells"], luck=1)[-1]
    assert lost.terminated
    assert not lost.success
    assert lost.state["player"]["purse"] == 7
    won = shop(["go to arch", "bet on the walnut shells"], luck=0)[-1]
    assert "your winnings in buttons" in won.observation
    assert won.state["player"]["purse"] == 9
    assert not won.terminated
