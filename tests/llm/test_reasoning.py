"""Hidden reasoning is told from what is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.llm import split_reasoning


@pytest.mark.parametrize(
    ("content", "reasoning", "said"),
    [
        ("Action: go east", None, "Action: go east"),
        ("<think>East.</think>Action: go east", "East.", "Action: go east"),
        ("\n<think>\nEast.\n</think>\n\nAction: go east\n", "East.", "Action: go east"),
        ("Hm, east.\n</think>\nAction: go east", "Hm, east.", "Action: go east"),
        ("<think>I could go east or", "I could go east or", ""),
        ("<think>One.</think><think>Two.</think>Said.", "One.\n\nTwo.", "Said."),
        ("<think></think>Said.", None, "Said."),
        ("I say <think>this</think> aloud", None, "I say <think>this</think> aloud"),
        ("", None, ""),
        ("</think>", None, ""),
    ],
)
def test_reasoning_is_what_comes_before_the_answer(content: str, reasoning: str | None, said: str) -> None:
    assert split_reasoning(content) == (reasoning, said)


@given(st.text(st.sampled_from("ab \n")), st.text(st.sampled_from("cd \n")))
def test_thoughts_and_words_come_apart_as_they_were_put_together(thought: str, words: str) -> None:
    assert split_reasoning(f"<think>{thought}</think>{words}") == (thought.strip() or None, words.strip())


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " "])).map("".join))
def test_nothing_said_is_made_up(content: str) -> None:
    reasoning, said = split_reasoning(content)
    assert content.strip().endswith(said)
    assert reasoning is None or reasoning.strip()


def test_many_thoughts_take_no_longer_than_they_are() -> None:
    assert split_reasoning("<think>x</think>" * 20_000 + "Said.")[1] == "Said."
