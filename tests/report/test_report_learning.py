import pytest
from pages import played

from trpg_env.evaluation.measures import kinds_of
from trpg_env.report.kinds import corrections
from trpg_env.report.learning import Learning


def learned(*episodes: str) -> Learning:
    learning = Learning()
    for i, kinds in enumerate(episodes):
        learning.add(played(kinds, id=str(i)))
    return learning


def test_turns_are_counted_over_episodes() -> None:
    learning = learned(".p.", "l.")
    assert learning.playing == [2, 2, 1]
    assert learning.erroneous == [1, 1, 0]
    assert learning.errors == 2


def test_progress_is_that_of_all_episodes_so_that_what_has_ended_keeps_what_it_reached() -> None:
    first, second, third = learned("..", "....").stretches()[:3]
    assert (first.progress, second.progress) == (pytest.approx((1 / 2 + 1 / 4) / 2), pytest.approx(0.75))
    assert (third.playing, third.progress) == (1, pytest.approx((1 + 3 / 4) / 2))


def test_many_turns_are_drawn_together() -> None:
    stretches = learned("." * 95).stretches(40)
    assert len(stretches) <= 40
    assert (stretches[0].first, stretches[0].last, stretches[0].turns) == (1, 3, 3)
    assert (stretches[-1].last, stretches[-1].progress) == (95, pytest.approx(1))


def test_nothing_played_has_no_stretches() -> None:
    assert Learning().stretches() == []
    assert learned("").stretches() == []


def test_an_error_waits_for_the_next_correct_turn() -> None:
    learning = learned("pl.o.", "o")
    assert learning.waits == {2: 1, 1: 2}
    assert (learning.corrected_within(1), learning.corrected_within(2), learning.uncorrected) == (2, 3, 1)


def test_recovery_within_turns_is_that_of_the_evaluation() -> None:
    from trpg_env.evaluation import measure

    episode = played("ppppp.l..oo")
    learning = Learning()
    learning.add(episode)
    for within in (1, 2, 3, 9):
        assert learning.corrected_within(within) == measure(episode, within).recovered


def test_an_episode_that_broke_is_not_counted() -> None:
    learning = Learning()
    learning.add(played("p.", outcome="error"))
    assert learning == Learning()


def test_errors_in_a_row_are_corrected_by_the_turn_after_them() -> None:
    assert corrections(kinds_of(played(".po.l"))) == [None, 3, 3, None, None]
