"""Figures of diversity: worked by hand, against the plain formulas, and by what must hold of every one."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.diversity.bleu import self_bleu
from trpg_env.diversity.figures import distinct, effective_number, measure
from trpg_env.diversity.vectors import cosines
from trpg_env.diversity.words import MAX_WORDS, grams, words
from trpg_env.trajectory.similarity import trigrams

Texts = list[list[str]]
texts = st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=9), max_size=8)


def split(*lines: str) -> Texts:
    return [line.split() for line in lines]


def test_words_are_folded_and_cut() -> None:
    assert words("I take the RED key – straße!") == ["i", "take", "the", "red", "key", "strasse"]
    assert len(words("go " * 1_000)) == MAX_WORDS
    assert words("…!?") == []


@given(st.text(max_size=40))
def test_trigrams_are_those_that_verify_counts(text: str) -> None:
    assert grams(words(text), 3) == trigrams(text)


def test_distinct_is_the_share_of_different_grams() -> None:
    said = split("go to the hall", "go to the den")
    assert distinct(said, 1) == 5 / 8
    assert distinct(said, 2) == 4 / 6
    assert distinct(said, 3) == 3 / 4
    assert distinct([], 1) is None


def naive_cosines(said: Texts, rarity: bool) -> list[list[float]]:
    counts = [Counter([(w,) for w in t] + list(pairwise(t))) for t in said]

    def weight(gram: tuple[str, ...], times: int) -> float:
        spread = sum(gram in count for count in counts)
        return (1 + math.log(times)) * (math.log((1 + len(said)) / (1 + spread)) + 1 if rarity else 1)

    vectors = [{gram: weight(gram, times) for gram, times in count.items()} for count in counts]
    lengths = [math.sqrt(sum(w * w for w in v.values())) for v in vectors]
    return [
        [
            sum(w * b.get(gram, 0) for gram, w in a.items()) / (la * lb)
            for b, lb in zip(vectors, lengths, strict=True)
        ]
        for a, la in zip(vectors, lengths, strict=True)
    ]


@given(texts, st.booleans())
def test_cosines_are_those_of_the_plain_formula(said: Texts, rarity: bool) -> None:
    found = cosines(said, rarity=rarity)
    assert found.shape == (len(said), len(said))
    if said:
        np.testing.assert_allclose(found, naive_cosines(said, rarity), atol=1e-9)


def test_cosines_do_not_hang_on_the_size_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    said = split("a b c d e f", "b c d x", "f e d c b a", "x a b")
    whole = cosines(said, rarity=True)
    monkeypatch.setattr("trpg_env.diversity.vectors._CELLS", 4)
    np.testing.assert_allclose(cosines(said, rarity=True), whole, atol=1e-12)


def test_a_text_without_words_is_like_none() -> None:
    assert cosines([[], ["go"], []], rarity=True).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_what_all_texts_have_in_common_counts_less_with_rarity() -> None:
    said = split("i think that i go east", "i think that i take keys", "i think that i wait")
    assert cosines(said, rarity=True)[0, 1] < cosines(said, rarity=False)[0, 1]


def naive_bleu(said: Texts) -> float:
    """By definition: each text against each of the others."""
    scores = []
    for i, text in enumerate(said):
        others = said[:i] + said[i + 1 :]
        logs = []
        for n in range(1, min(4, len(text)) + 1):
            own = Counter(tuple(text[k : k + n]) for k in range(len(text) - n + 1))
            theirs = [Counter(tuple(o[k : k + n]) for k in range(len(o) - n + 1)) for o in others]
            matched = sum(min(c, max(t[gram] for t in theirs)) for gram, c in own.items())
            logs.append(math.log((matched or 0.1) / sum(own.values())))
        closest = min((len(o) for o in others), key=lambda length: (abs(length - len(text)), length))
        brevity = 1.0 if len(text) >= closest else math.exp(1 - closest / len(text))
        scores.append(brevity * math.exp(sum(logs) / len(logs)))
    return sum(scores) / len(scores)


@given(texts)
def test_self_bleu_is_that_of_the_plain_formula(said: Texts) -> None:
    found = self_bleu(said)
    if len(said) < 2:
        assert found is None
    else:
        assert found == pytest.approx(naive_bleu(said), abs=1e-12)
        assert 0 <= (found or 0) <= 1


def test_self_bleu_of_one_pair_worked_by_hand() -> None:
    # Both: 3 of 4 words, 2 of 3 pairs, 1 of 2 trigrams, no four-gram, which counts 0.1 of 1.
    by_hand = (3 / 4 * 2 / 3 * 1 / 2 * 0.1) ** (1 / 4)
    assert self_bleu(split("we go east now", "we go east then")) == pytest.approx(by_hand)


def test_the_effective_number_counts_what_has_nothing_in_common() -> None:
    assert effective_number(np.eye(5)) == pytest.approx(5)
    assert effective_number(np.ones((5, 5))) == pytest.approx(1)
    # Two groups, of three and of one.
    groups = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]], dtype=float)
    assert effective_number(groups) == pytest.approx(
        math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    )


@given(texts.filter(bool))
def test_the_effective_number_is_between_1_and_all(said: Texts) -> None:
    alike = cosines(said, rarity=False)
    found = effective_number(alike)
    assert 1 - 1e-6 <= found <= len(said) + 1e-6
    doubled = cosines([*said, *said], rarity=False)
    assert effective_number(doubled) == pytest.approx(found)


def test_similarity_is_over_pairs_from_different_episodes() -> None:
    said = split("go east", "go east", "go west")
    alike = cosines(said, rarity=False)
    assert measure(said, ["a", "a", "b"]).similarity == pytest.approx(alike[0, 2])
    assert measure(said, ["a", "a", "a"]).similarity is None


def test_equal_thoughts_are_less_diverse_than_different_ones() -> None:
    same = measure(split(*["i open the red door now"] * 6), list("abcdef"))
    apart = measure([[f"{i}{w}" for w in "abcdef"] for i in range(6)], list("abcdef"))
    assert (same.self_bleu, same.similarity, same.effective) == pytest.approx((1, 1, 1))
    assert apart.effective == pytest.approx(6)
    assert apart.similarity == 0
    assert (apart.distinct_1, apart.distinct_2, apart.distinct_3) == (1, 1, 1)
    assert (apart.self_bleu or 0) < 0.1
    assert (same.vocabulary, same.words, same.measured) == (6, 36, 6)
