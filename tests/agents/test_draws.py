"""Random numbers for many small decisions."""

import pytest

from trpg_env.agents.draws import Draws


def test_the_same_seed_draws_the_same() -> None:
    one, other = Draws(3, 1), Draws(3, 1)
    assert [one.chance() for _ in range(600)] == [other.chance() for _ in range(600)]
    assert Draws(3, 1).chance() != Draws(3, 2).chance()


def test_chances_are_spread_evenly_from_0_up_to_1() -> None:
    draws = Draws(0)
    chances = [draws.chance() for _ in range(4_000)]
    assert min(chances) >= 0
    assert max(chances) < 1
    assert sum(chances) / len(chances) == pytest.approx(0.5, abs=0.02)


def test_each_item_is_as_likely_and_a_shuffle_loses_none() -> None:
    draws = Draws(0)
    picked = [draws.pick("abcd") for _ in range(4_000)]
    assert all(900 < picked.count(letter) < 1_100 for letter in "abcd")
    shuffled = [draws.shuffled("abcd") for _ in range(200)]
    assert all(sorted(letters) == list("abcd") for letters in shuffled)
    assert len({"".join(letters) for letters in shuffled}) == 24
