"""Names in a text exchanged for others, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.envs.perturbations import Perturbation
from trpg_env.envs.perturbations.names import Names
from trpg_env.envs.perturbations.renaming import renamed
from trpg_env.script.names import fold

HOUSE = Names(
    {
        "fridge": "icebox",
        "hall": "passage",
        "town hall": "guildhall",
        "Fern": "Rex",
        "drawer 1": "drawer1",
        "drawer 10": "drawer10",
    }
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Go to the fridge, the fridges stay.", "Go to the icebox, the fridges stay."),
        ("Fridge: closed. FRIDGE too.", "Icebox: closed. Icebox too."),
        (
            "the town hall is no hall, nor is a town  hall",
            "the guildhall is no passage, nor is a guildhall",
        ),
        ("drawer 1, drawer 10, drawer 11, drawer_1", "drawer1, drawer10, drawer 11, drawer1"),
        ("Fern eats fern; Fern's bowl, 'Fern'.", "Rex eats fern; Rex's bowl, 'Rex'."),
        (
            "hall@house.example, /hall/x, hall.txt, hall-way, hall=1, x.hall",
            "hall@house.example, /hall/x, hall.txt, hall-way, hall=1, x.hall",
        ),
        ("(hall) “hall” hall?", "(passage) “passage” passage?"),
        ("hall hall\nhall", "passage passage\npassage"),
        ("", ""),
    ],
)
def test_a_name_is_found_as_whole_words_and_the_longest_first(text: str, said: str) -> None:
    assert HOUSE.forward(text) == said


def test_saying_it_twice_changes_nothing_more() -> None:
    marked = Names({"hall": "hall betov", "hall table": "hall table nolun"})
    once = marked.forward("The hall table stands in the hall.")
    assert once == "The hall table nolun stands in the hall betov."
    assert marked.forward(once) == once


def test_the_old_name_is_no_name_any_more() -> None:
    assert HOUSE.backward("open the icebox") == "open the fridge"
    assert HOUSE.backward("open the fridge") is None
    assert HOUSE.freed("an icebox or a fridge") == "an fridge or a fridge"


def test_names_in_other_scripts_are_found() -> None:
    names = Names({"冷蔵庫": "氷室", "Straße": "Gasse", "épée": "lame"})
    assert names.forward("STRASSE, Straße, épée, ÉPÉE!") == "STRASSE, Gasse, lame, Lame!"
    assert names.backward(names.forward("take 冷蔵庫")) == "take 冷蔵庫"


WORDS = st.text(st.sampled_from("abcdeXYé1"), min_size=1, max_size=4)
TABLES = st.dictionaries(
    st.lists(WORDS, min_size=1, max_size=2).map(" ".join), WORDS.map(lambda word: f"q{word}q"), max_size=6
)


@given(table=TABLES, words=st.lists(WORDS, max_size=8))
def test_what_is_said_goes_back_to_what_it_was(table: dict[str, str], words: list[str]) -> None:
    folded = {fold(old): old for old in table}
    chosen = {old: f"{table[old]}{i}" for i, old in enumerate(folded.values())}
    names, text = Names(chosen), " ".join(words)
    said = names.forward(text)
    back = names.backward(said)
    assert names.forward(said) == said
    # A name with a capital of its own is one with it alone; what is left of it in small letters is another word.
    assert back is None or fold(back) == fold(text)


@given(st.text(max_size=300))
def test_any_text_can_be_said(text: str) -> None:
    HOUSE.forward(text)
    HOUSE.backward(text)


def test_numbered_things_share_a_word_and_what_has_a_form_keeps_it() -> None:
    names = ["drawer 1", "drawer 2", "beacon.conf", "A1", "left", "Ines", "tea tent"]
    found = renamed(Perturbation("entities"), names, [], ["tea"])
    assert list(found) == ["drawer", "Ines", "tea tent"]
    assert found["Ines"].split()[1].istitle()
    assert all(new.startswith(f"{old} ") for old, new in found.items())


def test_names_follow_from_the_seed_and_the_name_alone() -> None:
    first = renamed(Perturbation("entities", 1), ["lamp", "desk"], [], [])
    assert renamed(Perturbation("entities", 1), ["desk"], [], []) == {"desk": first["desk"]}
    assert renamed(Perturbation("entities", 2), ["lamp", "desk"], [], []) != first


def test_there_are_words_for_any_number_of_names() -> None:
    names = [
        f"{a}{b}"
        for a in "bcdfghjklmnpqrstvwxz"
        for b in ("aa", "oo", "ee", "uu", "ai", "oa", "ie")
        for _ in "x"
    ] * 3
    names = [f"{name}{'s' * (i // 140)}" for i, name in enumerate(names)]
    found = renamed(Perturbation("entities"), names, [], [])
    assert len(set(found.values())) == len(set(names)) == len(found)


def test_blanks_go_unless_that_would_be_another_name() -> None:
    names = ["egg 1", "egg1", "engine room"]
    assert renamed(Perturbation("spacing"), names, [], []) == {"engine room": "engineroom"}
