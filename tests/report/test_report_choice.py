import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import played

from trpg_env.evaluation.measures import kinds_of
from trpg_env.report.choice import Choice, Offered
from trpg_env.trajectory import Trajectory


def chosen(episodes: list[Trajectory], most: int, run: int = 0) -> list[Trajectory]:
    choice = Choice(most)
    for number, episode in enumerate(episodes, start=1):
        choice.offer(run, number, episode, kinds_of(episode))
    assert choice.offered == len(episodes)
    return [episodes[one.line - 1] for one in sorted(choice.chosen())]


def many(number: int, kinds: str = "..", outcome: str = "completed") -> list[Trajectory]:
    return [played(kinds, id=f"{kinds}{outcome}{i}", outcome=outcome) for i in range(number)]


def test_where_there_are_few_all_are_chosen() -> None:
    episodes = many(5) + many(3, "p.")
    assert chosen(episodes, 8) == episodes
    assert chosen(episodes, 99) == episodes


def test_every_outcome_and_every_kind_of_error_is_among_them() -> None:
    rare = [
        played(".l.", id="place"),
        played("o", id="logic", outcome="truncated"),
        played("..", id="failed", outcome="failed"),
        played(".", id="broken", outcome="error"),
    ]
    found = chosen(many(500) + rare + many(500, "p."), 12)
    assert len(found) == 12
    assert {t.id for t in rare} <= {t.id for t in found}


def test_every_run_is_among_them() -> None:
    choice = Choice(4)
    for run, number in ((0, 100), (1, 3)):
        for i in range(number):
            choice.offer(run, i + 1, played(".", id=f"{run}-{i}"), [None])
    assert {one.run for one in choice.chosen()} == {0, 1}


def test_which_are_chosen_does_not_hang_on_their_order() -> None:
    episodes = many(60) + many(40, "p.") + many(5, "l", "truncated")
    shuffled = episodes.copy()
    random.Random(3).shuffle(shuffled)
    assert {t.id for t in chosen(episodes, 20)} == {t.id for t in chosen(shuffled, 20)}


@given(st.lists(st.sampled_from([".", "p.", "lo", "p"]), max_size=30), st.integers(0, 12))
def test_there_are_as_many_as_asked_for_and_none_twice(kinds: list[str], most: int) -> None:
    episodes = [played(each, id=str(i)) for i, each in enumerate(kinds)]
    found = chosen(episodes, most)
    assert len(found) == min(most, len(episodes))
    assert len({t.id for t in found}) == len(found)


def test_none_can_be_asked_for() -> None:
    assert chosen(many(5), 0) == []


def test_the_same_id_in_two_lines_is_two_episodes() -> None:
    assert len(chosen([played(".", id="same"), played("p", id="same")], 5)) == 2


@pytest.mark.parametrize("most", [1, 7])
def test_what_is_kept_is_bounded(most: int) -> None:
    choice = Choice(most)
    for i in range(300):
        choice.offer(0, i + 1, played("pl.", id=str(i)), ["parameter", "place", None])
    assert all(len(stratum) <= most for stratum in choice._strata.values())
    assert all(isinstance(one, Offered) for one in choice.chosen())
