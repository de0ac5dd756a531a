"""What is measured of one episode, worked by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from played_by_hand import LLM, broken, episode, erring

from trpg_env.evaluation import measure

SAID = "Thought: East.\nAction: go east"

errors = st.text(alphabet="...plo", max_size=15)


def test_erroneous_turns_are_counted_by_kind() -> None:
    measured = measure(erring("p.lloop."))
    assert (measured.parameter, measured.place, measured.logic, measured.format) == (2, 2, 2, 0)
    assert (measured.turns, measured.errors) == (8, 6)


def test_an_episode_without_a_turn_measures_nothing() -> None:
    measured = measure(erring(""))
    assert (measured.turns, measured.errors, measured.recovered, measured.repeated) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("played", "within", "recovered"),
    [
        ("p.", 1, 1),
        ("p", 1, 0),  # nothing came after it
        ("pp.", 1, 1),  # the first is followed by an error
        ("pp.", 2, 2),
        ("plo.", 3, 3),
        ("plop.", 3, 3),  # the first is too far away
        ("plop.", 4, 4),
        (".p.o.", 3, 2),
        ("pppp", 3, 0),
        ("....", 3, 0),
    ],
)
def test_an_error_is_recovered_from_where_a_correct_turn_comes_in_time(
    played: str, within: int, recovered: int
) -> None:
    assert measure(erring(played), within).recovered == recovered


def test_recovery_is_within_three_turns_where_nothing_is_said() -> None:
    assert measure(erring("plop.")).recovered == measure(erring("plop."), 3).recovered == 3


def test_recovery_within_no_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="within=0 is too few"):
        measure(erring("p."), 0)


def test_the_same_erroneous_action_in_the_same_state_is_a_repeat() -> None:
    assert measure(episode(("open box", "o"), ("open box", "o"), ("open box", "o"))).repeated == 2


def test_blanks_make_no_other_action_and_neither_does_how_an_accent_is_written() -> None:
    assert measure(episode(("open  box", "o"), (" open box ", "o"))).repeated == 1
    assert measure(episode(("go to café", "l"), ("go to cafe\N{COMBINING ACUTE ACCENT}", "l"))).repeated == 1


def test_another_action_is_no_repeat() -> None:
    assert measure(episode(("open box", "o"), ("open chest", "o"), ("Open box", "p"))).repeated == 0


def test_the_same_action_in_another_state_is_no_repeat_until_the_state_is_back() -> None:
    turns = [("open box", "o"), ("go east", ".", "t"), ("open box", "l"), ("go west", ".", "s")]
    assert measure(episode(*turns)).repeated == 0
    assert measure(episode(*turns, ("open box", "o"))).repeated == 1


def test_an_action_that_was_correct_before_is_no_repeat() -> None:
    assert measure(episode(("wait", "."), ("wait", "o"))).repeated == 0


def test_a_correct_turn_is_never_a_repeat() -> None:
    assert measure(episode(("wait", "o"), ("wait", "."))).repeated == 0


def test_a_reply_that_cannot_be_read_is_a_format_error_and_no_parameter_error() -> None:
    measured = measure(
        episode(
            ("", "p", "s", "East!"),
            ("go east", ".", "s", SAID),
            ("dance", "p", "s", "Action: dance"),
            player=LLM,
        )
    )
    assert (measured.format, measured.parameter, measured.errors) == (1, 1, 2)


def test_a_reply_that_cannot_be_read_is_repeated_where_the_model_says_the_same_again() -> None:
    unread = [("", "p", "s", "East!"), ("", "p", "s", "I go east."), ("", "p", "s", "East!")]
    assert measure(episode(*unread, player=LLM)).repeated == 1


def test_hidden_reasoning_is_no_part_of_the_reply_that_is_read() -> None:
    turn = ("go east", ".", "s", f"<think>Action: no</think>{SAID}")
    assert measure(episode(turn, player=LLM)).format == 0


def test_players_of_other_kinds_have_replies_in_forms_of_their_own() -> None:
    assert measure(episode(("go east", "p", "s", "East!"))).format == 0


def test_an_episode_that_broke_says_how_and_is_broken() -> None:
    measured = measure(broken("ship", 1))
    assert (measured.broken, measured.error) == (True, "player:timeout")
    assert not measure(erring("p")).broken


def test_tokens_are_the_players_where_a_model_played() -> None:
    usage = {"calls": 9, "prompt_tokens": 900, "player_calls": 4, "player_prompt_tokens": 300, "dm_calls": 5}
    measured = measure(erring(".", usage=usage))
    assert (measured.calls, measured.prompt_tokens, measured.completion_tokens) == (4, 300, 0)


def test_a_model_that_only_answers_costs_the_player_nothing() -> None:
    measured = measure(erring(".", usage={"calls": 5, "dm_calls": 5}))
    assert (measured.calls, measured.prompt_tokens, measured.completion_tokens) == (None, None, None)


def test_a_conversation_that_no_longer_fitted_is_told() -> None:
    assert measure(erring(".", usage={"context_too_long": 1})).context_too_long


@given(errors, st.integers(1, 5))
def test_recovery_is_what_a_pattern_finds(played: str, within: int) -> None:
    """Counted in another way: each error with what follows it."""
    found = re.findall(rf"[plo](?=[plo]{{0,{within - 1}}}\.)", played)
    assert measure(erring(played), within).recovered == len(found)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(".plo"), st.sampled_from("st")), max_size=12)
)
def test_no_more_turns_are_repeats_or_recovered_from_than_are_erroneous(
    turns: list[tuple[str, str, str]],
) -> None:
    measured = measure(episode(*turns))
    assert 0 <= measured.repeated <= measured.errors <= measured.turns == len(turns)
    assert measured.recovered <= measure(episode(*turns), 12).recovered <= measured.errors
