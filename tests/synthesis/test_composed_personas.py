"""Composed personas: sentences that read well, none of which comes again, and no word more often than another."""

import math
import re
from collections import Counter
from dataclasses import astuple, replace
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.synthesis.composed import ComposedPersonas, Vocabulary, vocabulary

LISTS = ("traits", "occupations", "settings", "aims")
SEEDS = st.integers(0, 2**64)


@cache
def composed(seed: int) -> ComposedPersonas:
    return ComposedPersonas(seed)


def parts(text: str) -> tuple[str, str, str, str]:
    """What a persona was composed of, found out from its text."""
    head, aim = text.split(", who wants to ")
    head = head[0].lower() + head[1:]
    words = vocabulary()
    [found] = [
        (trait, head[len(trait) + 1 : -len(setting) - 1], setting, aim)
        for trait in words.traits
        if head.startswith(f"{trait} ")
        for setting in words.settings
        if head.endswith(f" {setting}") and head[len(trait) + 1 : -len(setting) - 1] in words.occupations
    ]
    return found


@given(SEEDS, st.integers(0, 10**15), st.integers(1, 300))
def test_no_persona_comes_again_in_any_stretch_of_a_run(seed: int, start: int, length: int) -> None:
    personas = composed(seed)
    drawn = [personas.draw(item).text for item in range(start, start + length)]
    assert len(set(drawn)) == length
    assert len({text.casefold() for text in drawn}) == length


def test_a_long_run_has_no_persona_twice() -> None:
    personas = composed(3)
    assert len({personas.draw(item).text for item in range(50_000)}) == 50_000


def test_it_begins_again_only_when_every_combination_has_been_there() -> None:
    words, personas = vocabulary(), composed(5)
    assert words.size == math.prod(len(getattr(words, name)) for name in LISTS) > 100_000_000
    assert personas.draw(words.size + 7) == personas.draw(7)
    for name in LISTS:
        sooner = words.size // len(getattr(words, name))
        assert personas.draw(sooner + 7) != personas.draw(7)


@pytest.mark.parametrize(("one", "other"), list(combinations(range(4), 2)))
def test_each_pair_of_words_comes_equally_often(one: int, other: int) -> None:
    lists = astuple(vocabulary())
    size = len(lists[one]) * len(lists[other])
    personas = composed(11)
    drawn = (parts(personas.draw(item).text) for item in range(1_000, 1_000 + size))
    assert set(Counter((words[one], words[other]) for words in drawn).values()) == {1}


def test_every_word_is_used_before_one_comes_again() -> None:
    personas = composed(2)
    for i, entries in enumerate(astuple(vocabulary())):
        drawn = [parts(personas.draw(item).text)[i] for item in range(len(entries))]
        assert sorted(drawn) == sorted(entries)


@given(SEEDS, SEEDS)
def test_another_seed_makes_other_personas(one: int, other: int) -> None:
    def first(seed: int) -> list[str]:
        return [composed(seed).draw(item).text for item in range(20)]

    again = ComposedPersonas(one)
    assert [again.draw(item).text for item in range(20)] == first(one)
    assert again.digest == composed(one).digest
    if one != other:
        assert not set(first(one)) & set(first(other))
        assert composed(one).digest != composed(other).digest


def test_who_made_the_personas_is_said() -> None:
    persona = composed(0).draw(0)
    assert (persona.source, persona.licence) == ("trpg_env", "Apache-2.0")
    assert re.fullmatch("[0-9a-f]{16}", composed(0).digest)


@given(SEEDS, st.integers(0, 10**15))
def test_a_persona_is_one_sentence_on_one_line(seed: int, item: int) -> None:
    text = composed(seed).draw(item).text
    assert re.fullmatch(r"An? [^,\n]+ (in|on|at|aboard|with) [^\n]+, who wants to [a-z][^\n]+[a-z]", text)
    assert text.isascii() and len(text) < 200


def test_the_article_goes_by_the_sound() -> None:
    for trait in vocabulary().traits:
        article, word = trait.split(" ")[:2]
        vowel = word[0] in "aeiou" and not word.startswith(("one", "uni", "use", "eu"))
        assert article == ("an" if vowel or word.startswith(("honest", "hour", "heir")) else "a"), trait


def test_the_lists_are_tidy() -> None:
    words = vocabulary()
    for name in LISTS:
        entries = getattr(words, name)
        assert len({entry.casefold() for entry in entries}) == len(entries)
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z', -]*[a-zA-Z]", entry) for entry in entries), name
        assert all("  " not in entry for entry in entries)
    assert all(entry.startswith(("a ", "an ")) for entry in words.traits)
    assert all(entry.split()[0] in {"in", "on", "at", "aboard", "with"} for entry in words.settings)
    assert not any(entry.startswith(("a ", "an ", "the ")) for entry in words.occupations + words.aims)


def test_the_lists_lengths_have_no_common_divisor() -> None:
    lengths = [len(entries) for entries in astuple(vocabulary())]
    assert all(math.gcd(one, other) == 1 for one, other in combinations(lengths, 2))


def test_lists_that_would_repeat_personas_too_soon_are_refused() -> None:
    small = Vocabulary(("a shy",), ("cook", "piper"), ("in a den", "at sea", "on a hill"), ("sing",))
    assert small.size == 6
    with pytest.raises(ValueError, match="2 traits and 2 occupations are both divisible by 2"):
        replace(small, traits=("a shy", "a bold"))
    with pytest.raises(ValueError, match="'cook' stands twice in the list of occupations; leave one out"):
        replace(small, occupations=("cook", "cook"))
    with pytest.raises(ValueError, match="the list of aims is empty; write an entry a line"):
        replace(small, aims=())
