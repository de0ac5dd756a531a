"""The harbour talks: what moves the one insults the other, and there are three ways to lose both."""

import pytest

from trpg_env.testing import Played, play

# Luck 0 lets Holm nod when he is first asked in all of these; luck 1 lets him hesitate once.
HEARD = ["read register", "go to quay", "listen to Ruben"]
RUBEN_TRUSTS = [*HEARD, "go to canteen", "ask Sanne about accident", "go to quay", "tell Ruben of loose rail"]
BOTH_TRUST = [*RUBEN_TRUSTS, "go to company office", "tell Holm of mail contract"]
CEILING_KNOWN = [*BOTH_TRUST, "ask Holm about wages", "go to quay"]


def talk(actions: list[str], variation: int = 0, luck: int = 0) -> list[Played]:
    return play("harbour-talks", actions, variation=variation, luck=luck)


def to_the_end(concession: str, figure: int) -> list[str]:
    return [
        *BOTH_TRUST,
        f"ask Holm for {concession}",
        "ask Holm about wages",
        "go to quay",
        f"tell Ruben of {concession}",
        f"propose {figure} per cent to Ruben",
        "go to company office",
        f"propose {figure} per cent to Holm",
        "go to mission",
        "sign agreement",
    ]


@pytest.mark.parametrize(
    ("variation", "concession", "figure"),
    [(0, "second man", 8), (1, "second man", 7), (2, "night bus", 8), (3, "night bus", 6)],
)
def test_who_listens_first_brings_them_to_one_figure(variation: int, concession: str, figure: int) -> None:
    steps = talk(to_the_end(concession, figure), variation)
    assert [step.error for step in steps] == [None] * 18
    reached = [round(step.progress * 6) for step in steps]
    assert reached == [0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6]
    assert steps[-1].success
    assert steps[-1].observation == (
        f"Three signatures under {figure} per cent and the {concession}. Somebody tries the harmonium."
    )


def test_the_quay_takes_up_the_figure_and_both_come_to_the_table() -> None:
    steps = talk(to_the_end("second man", 8))
    assert steps[13].observation.splitlines()[1] == "Forty voices on the quay take up the figure, 8, 8, 8."
    assert steps[14].observation.count("Forty") == 0
    assert steps[15].state["Ruben"]["at"] == steps[15].state["Holm"]["at"] == "mission"
    assert steps[15].observation.endswith(
        "Both of them set off for the mission, on different sides of the street."
    )


@pytest.mark.parametrize(
    ("variation", "plea"), [(0, "Two at every crane, always."), (2, "The shift ends at two")]
)
def test_ruben_says_what_the_quay_needs_beside_the_wage(variation: int, plea: str) -> None:
    listened = talk(HEARD, variation)[-1]
    assert plea in listened.observation
    assert listened.state["accident"]["known"] is True


@pytest.mark.parametrize(
    ("variation", "floor", "after", "ceiling"), [(0, 11, 8, 8), (1, 9, 6, 7)], ids=["dear", "cheap"]
)
def test_figures_are_told_to_those_who_ask(variation: int, floor: int, after: int, ceiling: int) -> None:
    steps = talk(
        [
            *RUBEN_TRUSTS,
            "ask Ruben about wages",
            "go to company office",
            "tell Holm of mail contract",
            "ask Holm about wages",
            "ask Holm for second man",
            "go to quay",
            "tell Ruben of second man",
        ],
        variation,
    )
    assert steps[7].observation.endswith(f"Ruben says: {floor} per cent, as things stand. Not under.")
    assert steps[10].observation.endswith(f"at {ceiling} per cent the board stops listening.")
    assert steps[13].observation.endswith(f"For that he would go down to {after} per cent.")


def test_only_those_who_are_there_can_be_spoken_to() -> None:
    away, signing, _, there = talk(["listen to Ruben", "sign agreement", "go to quay", "listen to Ruben"])
    assert (away.error, away.message) == ("place", "Ruben is not at the harbour office.")
    assert signing.error == "place"
    assert signing.message.startswith("The agreement is signed at the mission and nowhere else")
    assert signing.state == away.state
    assert away.state["accident"]["known"] is False
    assert there.error is None


def test_a_thing_is_learned_before_it_is_brought_up() -> None:
    steps = talk(
        [
            "go to company office",
            "ask Holm about accident",
            "tell Holm of mail contract",
            "ask Holm for second man",
            "ask Holm about wages",
            "go to harbour office",
            "read the register",
            "go to company office",
            "tell Holm of the mail contract",
            "tell Holm of mail contract",
        ]
    )
    assert [step.error for step in steps] == [None, *["logic"] * 4, None, None, None, None, "logic"]
    assert steps[1].message.startswith("You have heard of no accident yet")
    assert steps[2].message.startswith(
        "There is nothing yet that you could tell anybody of the mail contract."
    )
    assert steps[3].message.startswith("You do not know yet what the quay needs beside the wage.")
    assert steps[4].message == "Holm smiles. He names no figure to somebody who has given him no reason to."
    assert steps[8].state["Holm"]["trusts"] is True
    assert steps[9].message == "Holm has understood that you know of the mail contract."


def test_no_figure_is_heard_before_there_is_trust_and_holm_waits_for_ruben() -> None:
    early, _, holm = talk([*HEARD, "propose 8 per cent to Ruben", "go to company office", "listen to Holm"])[
        3:
    ]
    assert early.error == "logic"
    assert early.message == "Ruben discusses no figures with somebody who does not know what this is about."
    assert "What would the line have from it?" in holm.observation
    guess = talk([*RUBEN_TRUSTS, "propose 8 per cent to Ruben"])[-1]
    assert (guess.error, guess.state["Ruben"]["agreed"]) == ("logic", False)
    assert guess.message == (
        "What Ruben accepts he cannot take back, and you do not know yet how far the line can go."
    )
    waits = talk([*BOTH_TRUST, "propose 8 per cent to Holm"])[-1]
    assert waits.error == "logic"
    assert waits.message == "Holm puts his name under no figure that the quay has not accepted first."


@pytest.mark.parametrize(
    ("percent", "message"),
    [
        ("8.5", "The pay slips have no room for fractions. Propose whole per cent."),
        ("eight", "Write the figure in digits, for instance: propose 5 per cent to Ruben."),
        ("16", "a whole number from 1 to 15"),
    ],
)
def test_a_figure_is_a_whole_number(percent: str, message: str) -> None:
    *_, before, odd, whole = talk(
        [*CEILING_KNOWN, f"propose {percent} per cent to Ruben", "propose 10 per cent to Ruben"]
    )
    assert odd.error == "parameter"
    assert message in odd.message
    assert odd.state == before.state
    assert whole.state["Ruben"]["mood"] == 1


def test_the_wrong_ear_can_be_made_good_once() -> None:
    steps = talk(
        [
            *HEARD,
            "tell Ruben of mail contract",
            "apologise to Ruben",
            "apologize to Ruben",
            "tell Ruben of mail contract",
            "apologise to Ruben",
        ]
    )[3:]
    assert steps[0].observation.endswith("That was the wrong ear. Ruben, now: chin up, arms crossed.")
    assert [step.state["Ruben"]["mood"] for step in steps] == [1, 2, 2, 1, 1]
    assert [step.error for step in steps] == [None, None, "logic", None, "logic"]
    assert steps[2].message.startswith("Ruben is attentive.")
    assert steps[4].message == "You have apologised once today. A second time it would sound like a habit."


def test_who_is_out_of_humour_neither_gives_nor_listens() -> None:
    *_, insulted, asked = talk([*BOTH_TRUST, "tell Holm of loose rail", "ask Holm for second man"])
    assert insulted.state["Holm"]["mood"] == 1
    assert asked.error == "logic"
    assert asked.message == (
        "Holm, polite as a knife, is in no mood to give anything. That would have to be mended first."
    )


def test_holm_may_have_to_be_asked_again() -> None:
    asking = [*BOTH_TRUST, "ask Holm for second man"]
    nodded, hesitated = talk(asking)[-1], talk(asking, luck=1)[-1]
    assert nodded.observation.endswith("Holm nods once. The second man, then.")
    assert nodded.state["second man"]["granted"] is True
    assert hesitated.observation.endswith("until you have stopped expecting an answer.")
    assert hesitated.state["second man"]["granted"] is False
    assert not hesitated.terminated
    again = talk([*asking, "ask holm for a second man"], luck=1)[-1]
    assert again.state["second man"]["granted"] is True


@pytest.mark.parametrize(
    ("careless", "why"),
    [
        ([*HEARD, "tell Ruben of mail contract", "tell Ruben of mail contract"], "Ruben, now: gone."),
        (
            [*RUBEN_TRUSTS, "go to company office", "tell Holm of loose rail", "tell Holm of loose rail"],
            "Holm, now: gone.",
        ),
        ([*CEILING_KNOWN, "propose 11 per cent to Ruben"], "Nobody there will ever sign that."),
        ([*BOTH_TRUST, "ask Holm for night bus"], "it is not what the quay is waiting for."),
    ],
    ids=["ruben walks out", "holm walks out", "too much is promised", "the wrong thing is given"],
)
def test_the_talks_can_be_lost(careless: list[str], why: str) -> None:
    steps = talk(careless)
    assert [step.error for step in steps] == [None] * len(steps)
    assert not any(step.terminated for step in steps[:-1])
    assert steps[-1].terminated
    assert not steps[-1].success
    assert why in steps[-1].observation


def test_the_notes_hold_what_was_learned() -> None:
    before, *_, after = talk(["go over notes", *BOTH_TRUST, "ask Holm for second man", "check my notes"])
    assert before.observation == (
        "Learned: nothing. Granted: nothing. Ruben: attentive. Holm: attentive. Figure on the paper: nothing."
    )
    assert after.observation.startswith(
        "Learned: accident, loose rail and mail contract. Granted: second man."
    )
