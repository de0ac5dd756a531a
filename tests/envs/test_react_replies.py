"""Whole replies as actions: what the parser takes, and what it tells a player whose reply it does not take."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.envs import ReAct, format_reply, parse_reply
from trpg_env.envs.react import MAX_REPLY, MalformedReply

TAKEN = [
    ("Thought: East it is.\nAction: go east", "East it is.", "go east"),
    ("Thought: East it is. Action: go east", "East it is.", "go east"),
    ("Action: go east", "", "go east"),
    ("Thought:\nAction: go east", "", "go east"),
    (
        "Thought: First.\n\nSecond, after a pause.\nAction: go east",
        "First.\n\nSecond, after a pause.",
        "go east",
    ),
    ("Thought: x\nAction:\n  go east  \n\n", "x", "go east"),
    ("thought: x\nACTION: go east", "x", "go east"),
    ("  Thought : x\n\tAction : go east", "x", "go east"),
    ("\n\nThought: x\r\nAction: go east\r\n", "x", "go east"),
    ("The key is east.\nAction: go east", "The key is east.", "go east"),
    ("Thought: my last action: going west\nAction: go east", "my last action: going west", "go east"),
    ("Thought: x\nAction: say: hello", "x", "say: hello"),
    ("Thought: 茶室\nAction: 行 east", "茶室", "行 east"),
]
REFUSED = [
    ("", "no action"),
    (" \n ", "no action"),
    ("go east", "no action"),
    ("Thought: I should go east.", "no action"),
    ("Thought: x\nAction", "no action"),
    ("Action: go east\nAction: go west", "2 actions"),
    ("Thought: x\nAction: go east\nThought: y\nAction: go west", "2 actions"),
    ("Thought: x Action: go east Action: go west", "2 actions"),
    ("Action: a\naction: b\nACTION: c", "3 actions"),
    ("Thought: x\nAction: go east\nObservation: You are in the hall.", "invents an observation"),
    ("Thought: x\nAction: go east Observation: You win.", "invents an observation"),
    ("Observation: A hall.\nThought: x\nAction: go east", "invents an observation"),
    ("Thought: x\nAction: go east\nobservation: ok\nAction: win", "invents an observation"),
    ("Thought: x\nAction: go east\nThat should do it.", "goes on after its action"),
    ("Thought: x\nAction: go east\nThought: and now?", "goes on after its action"),
    ("Thought: x\nAction:", "action is empty"),
    ("Thought: x\nAction:  \n \n", "action is empty"),
    (f"Thought: {'x' * MAX_REPLY}\nAction: go east", "characters"),
]


@pytest.mark.parametrize(("reply", "thought", "action"), TAKEN, ids=[ascii(reply) for reply, *_ in TAKEN])
def test_a_reply_with_one_action_is_taken(reply: str, thought: str, action: str) -> None:
    assert parse_reply(reply) == (thought, action)


@pytest.mark.parametrize(("reply", "told"), REFUSED, ids=[ascii(reply[:40]) for reply, _ in REFUSED])
def test_a_reply_that_is_none_is_refused_and_told_the_form(reply: str, told: str) -> None:
    with pytest.raises(MalformedReply, match=told) as caught:
        parse_reply(reply)
    assert 'Reply with one "Thought: …" and then one "Action: …"' in str(caught.value)


WRAPPED: dict[str, Callable[[], Any]] = {
    "wrapper": lambda: ReAct(gym.make("AgentRefine-v0", script="cool-tomato")),
    "keyword": lambda: gym.make("AgentRefine-v0", script="cool-tomato", action_format="react"),
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_the_wrapper_and_the_keyword_play_replies(wrapped: Callable[[], Any]) -> None:
    env = wrapped()
    env.reset(seed=0, options={"variation": 1})
    observation, *_, info = env.step("Thought: It is here.\nAction: take tomato")
    assert observation == "You take the tomato; it is warm."
    assert info["action"] == {"name": "take {thing}", "parameters": {"thing": "tomato"}}
    for turn, (reply, told) in enumerate(REFUSED[:12], start=2):
        before = info["state_hash"]
        observation, reward, terminated, truncated, info = env.step(reply)
        assert info["assessment"]["parameter_error"]
        assert told in info["assessment"]["message"]
        assert observation == info["assessment"]["message"]
        assert info["action"] == {"name": None, "parameters": {}}
        assert (reward, terminated, truncated, info["turn"], info["state_hash"]) == (
            0.0,
            False,
            False,
            turn,
            before,
        )
    env.close()


def test_a_plain_environment_does_not_take_replies(make: Callable[..., Any]) -> None:
    env = make()
    env.reset(seed=0)
    assert env.step("Thought: x\nAction: go west")[4]["assessment"]["parameter_error"]


def test_the_spaces_of_the_wrapper_take_replies(make: Callable[..., Any]) -> None:
    env = make(react=True)
    assert "Thought: " + "x" * 10_000 + "\nAction: go east" in env.action_space
    assert env.observation_space == env.unwrapped.observation_space


words = st.text(
    alphabet=st.characters(exclude_characters=":", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1
)


@given(thought=words, action=words)
def test_a_formatted_reply_is_read_back(thought: str, action: str) -> None:
    if action.strip():
        assert parse_reply(format_reply(thought, action)) == (thought.strip(), action.strip())


pieces = st.sampled_from(
    ["Action:", "action:", "action :", "ACTION:", "Action", "Actıon:", "Observation:", "observation:"]
) | st.sampled_from(["Thought:", ":", "\n", "\r\n", "\r", " ", "\t", "\n \n", "\u2028", "\x1c", '"', "go"])


@given(
    thought=st.lists(pieces | st.text(max_size=3), max_size=12).map("".join),
    action=words.filter(lambda text: text.strip()),
)
def test_whatever_a_thought_says_the_action_is_read_back(thought: str, action: str) -> None:
    reply = format_reply(thought, action)
    read = parse_reply(reply)
    assert read.action == " ".join(action.split())
    assert "".join(reply.split()) == "".join(f"Thought:{thought}Action:{action}".split())


@pytest.mark.parametrize(
    ("thought", "said"),
    [
        ("First.\nAction: go west\nNo.", "First. Action : go west\nNo."),
        ("First.\n\n  action: go west", "First.    action: go west"),
        ("Action: go west", "Action : go west"),
        ("I said Observation: nothing.", "I said Observation : nothing."),
        ("My last action: going west.\nSo:\nthe action is clear.",) * 2,
        ("A line.\nAnother: one.\n",) * 2,
    ],
)
def test_only_what_would_be_a_label_changes_a_thoughts_layout(thought: str, said: str) -> None:
    assert format_reply(thought, "go east") == f"Thought: {said}\nAction: go east"


def test_a_long_thought_is_formatted_at_once() -> None:
    for piece in ("\n", " ", "\nAction", "\nAction:", "Action: "):
        thought = piece * 200_000
        assert len(format_reply(thought, "go")) >= len(thought)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reply = parse_reply(text)
    except MalformedReply:
        return
    assert reply.action in text
    assert reply.action == reply.action.strip() != ""
