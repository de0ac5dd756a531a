"""No string makes `step` raise; an erroneous action costs a turn and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from grounded import GROUNDED
from hypothesis import given, settings
from hypothesis import strategies as st

WORDS = [
    "go",
    "open",
    "take",
    "tomato",
    "fridge",
    "the",
    "in",
    "put",
    "ask",
    "Ines",
    "about",
    "east",
    "",
    "{",
    "roll",
    "count",
]

any_text = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(), max_size=20),  # surrogates, too
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.sampled_from(
        ["{direction}", "%s", "{0}", "\\d+", "(?P<x>.)", "go {direction}", "\x1b[2J", "\ud800", "go\x00east"]
    ),
)


@settings(max_examples=120)
@given(texts=st.lists(any_text, min_size=1, max_size=8), react=st.booleans())
def test_no_string_makes_step_raise_and_an_erroneous_one_changes_nothing(
    texts: list[str], react: bool, make: Callable[..., Any]
) -> None:
    env = make(react=react)
    _, before = env.reset(seed=1)
    for text in texts:
        state = env.unwrapped.snapshot()["state"]
        observation, reward, terminated, truncated, info = env.step(
            f"Thought: x\nAction: {text}" if react else text
        )
        assert observation in env.observation_space
        flags = [info["assessment"][f"{kind}_error"] for kind in ("parameter", "place", "logic")]
        assert sum(flags) <= 1
        assert bool(info["assessment"]["message"]) == any(flags)
        assert info["turn"] == before["turn"] + 1
        assert before["progress"] <= info["progress"] <= 1
        if any(flags):
            assert (reward, terminated, truncated, info["success"]) == (0.0, False, False, False)
            assert info["state_hash"] == before["state_hash"]
            assert info["progress"] == before["progress"]
            assert env.unwrapped.snapshot()["state"] == {**state, "turn": state["turn"] + 1}
        if terminated or truncated:
            break
        before = info


@settings(max_examples=10)
@given(texts=st.lists(any_text, min_size=10, max_size=30))
@pytest.mark.parametrize("script", [name for name in GROUNDED if name != "cool-tomato"])
def test_no_string_makes_a_library_script_raise(
    script: str, texts: list[str], make: Callable[..., Any]
) -> None:
    env = make(script, max_turns=100)
    _, before = env.reset(seed=1)
    for text in texts:
        *_, terminated, truncated, info = env.step(text)
        if any(info["assessment"][f"{kind}_error"] for kind in ("parameter", "place", "logic")):
            assert info["state_hash"] == before["state_hash"]
        if terminated or truncated:
            break
        before = info


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t\n",
        "\0",
        "x" * 4_097,
        "茶" * 100_000,
        "\ud800",
        "\u202e",
        "\x1b[31mgo east",
        "go " * 5_000,
        "a\u2028b",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_odd_texts_are_parameter_errors_that_say_what_is_wrong(text: str, make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=1)
    observation, reward, terminated, truncated, info = env.step(text)
    assert info["assessment"]["parameter_error"]
    assert info["assessment"]["message"] == observation
    assert len(observation) < 1_000
    assert (reward, terminated, truncated) == (0.0, False, False)


def test_an_unknown_action_is_told_the_templates(make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=1)
    assert env.step("jump")[0] == (
        'There is no such action: "jump". The actions are: go {direction}; open {thing}; close {thing}; '
        "take {thing}; put {thing} in {container}; ask {person} about {topic}."
    )


@pytest.mark.parametrize("text", ["  go   west ", "go\twest", "go\nwest", "\u00a0go\u2003west"])
def test_blanks_do_not_matter(text: str, make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=1)
    assert env.step(text)[4]["action"] == {"name": "go {direction}", "parameters": {"direction": "west"}}


def test_texts_of_subclasses_of_str_are_texts(make: Callable[..., Any]) -> None:
    class Text(str):
        __slots__ = ()

    env = make()
    env.reset(seed=1)
    assert env.step(Text("go west"))[4]["action"]["name"] == "go {direction}"
