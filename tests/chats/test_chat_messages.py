"""Reading chat messages: every usual form, and for anything else one sentence that says what is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.chats import (
    IMPORTED,
    BadRecord,
    Conversation,
    Said,
    conversation_of,
    imported_trajectory,
    is_imported,
)
from trpg_env.prompts import prompt
from trpg_env.trajectory import PlayerTurn, Trajectory, parse_line, verify_unplayed

OPENAI = [
    {"role": "user", "content": "Get out.\nYou have 9 turns.\n\nA hall."},
    {"role": "assistant", "content": "Thought: East.\nAction: go east"},
    {"role": "user", "content": "A wall."},
    {"role": "assistant", "content": "Thought: West, then.\nAction: go west"},
]
SHAREGPT = [
    {"from": "human", "value": OPENAI[0]["content"]},
    {"from": "gpt", "value": OPENAI[1]["content"]},
    {"from": "human", "value": OPENAI[2]["content"]},
    {"from": "gpt", "value": OPENAI[3]["content"]},
]


def chat(*texts: str, **last: Any) -> list[dict[str, Any]]:
    """User and assistant in turn; further keys are the last message's."""
    messages: list[dict[str, Any]] = [
        {"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(texts)
    ]
    messages[-1] |= last
    return messages


def imported(record: Any, **keywords: Any) -> Trajectory:
    return imported_trajectory(conversation_of(record), "rooms", **keywords)


def players(trajectory: Trajectory) -> list[PlayerTurn]:
    return [player for player, _ in trajectory.exchanges()]


@pytest.mark.parametrize(
    "record",
    [
        OPENAI,
        {"messages": OPENAI},
        {"conversations": OPENAI},
        SHAREGPT,
        {"conversations": SHAREGPT},
        {"messages": [*OPENAI[:1], *SHAREGPT[1:]]},
        {"conversation": SHAREGPT, "messages": None},
        {"messages": [{"role": m["role"].upper(), "content": [{"type": "text", "text": m["content"]}]} for m in OPENAI]},
    ],
)  # fmt: skip
def test_every_usual_form_says_the_same(record: Any) -> None:
    assert conversation_of(record) == conversation_of(OPENAI)


def test_a_conversation_becomes_turns_the_dm_first_and_last() -> None:
    found = imported(OPENAI)
    assert [turn.role for turn in found.turns] == ["DM", "Player", "DM", "Player", "DM"]
    assert [turn.turn for turn in found.turns] == [0, 1, 2, 3, 4]
    assert (found.instruction, found.turns[0].observation) == ("Get out.\nYou have 9 turns.", "A hall.")  # type: ignore[union-attr]
    assert [(p.thought, p.action) for p in players(found)] == [
        ("East.", "go east"),
        ("West, then.", "go west"),
    ]
    assert [dm.observation for _, dm in found.exchanges()] == ["A wall.", ""]
    assert parse_line(found.model_dump_json().encode()) == found


def test_nothing_is_made_up() -> None:
    found = imported(OPENAI)
    assert (found.player.kind, found.dm.kind, found.source) == (IMPORTED, IMPORTED, "synthesis")
    assert is_imported(found)
    assert (found.success, found.progress, found.outcome) == (False, 0.0, "truncated")
    assert not any(dm.error for _, dm in found.exchanges())
    assert verify_unplayed(found) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (None, None),
        (False, None),
        (True, "logic"),
        ("place", "place"),
        ("parameter", "parameter"),
        ("logic", "logic"),
    ],
)
def test_an_error_is_what_the_message_says(error: Any, kind: str | None) -> None:
    found = imported(chat("A hall.", "Thought: East.\nAction: go east", error=error))
    assert [dm.error for _, dm in found.exchanges()] == [kind]


def test_an_error_in_a_reply_without_an_action_is_one_of_its_form() -> None:
    found = imported(chat("A hall.", "Let me think.", error=True))
    assert [dm.error for _, dm in found.exchanges()] == ["parameter"]


@pytest.mark.parametrize(
    ("record", "completed", "outcome"),
    [({}, True, "completed"), ({"success": False}, True, "truncated"), ({"success": True}, False, "completed")],
)  # fmt: skip
def test_success_is_what_the_record_says_and_else_what_one_is_told(
    record: dict[str, Any], completed: bool, outcome: str
) -> None:
    found = imported({"messages": OPENAI, **record}, completed=completed)
    assert found.outcome == outcome
    assert verify_unplayed(found) == []


def test_a_reply_that_names_no_action_is_kept_as_it_was_said() -> None:
    found = imported(chat("A hall.", "I look around, and go on."))
    assert [(p.thought, p.action, p.reply) for p in players(found)] == [("", "", "I look around, and go on.")]


def test_a_layout_of_its_own_is_understood_and_kept() -> None:
    said = "<think>Which way?</think>Thought:\nEast it is.\n\nAction:\ngo east"
    (player,) = players(imported(chat("A hall.", said)))
    assert (player.thought, player.action, player.reasoning, player.reply) == (
        "East it is.",
        "go east",
        "Which way?",
        said,
    )


def test_a_first_reply_that_only_agrees_is_no_turn() -> None:
    found = imported(
        chat("You are in a house.", "OK. I'll do my best.", "A hall.", "Action: go east", "A wall.")
    )
    assert (found.instruction, found.turns[0].observation) == ("You are in a house.", "A hall.")  # type: ignore[union-attr]
    assert [p.action for p in players(found)] == ["go east"]
    # One that the record calls erroneous was a turn.
    messages = chat("You are in a house.", "OK.", "A hall.", "Action: go east")
    messages[1]["error"] = True
    assert len(players(imported(messages))) == 2


def test_the_scene_is_told_from_the_instruction_at_the_last_blank_line() -> None:
    found = imported(chat("Rules.\n\nMore rules.\n\nA hall.", "Action: go east"))
    assert (found.instruction, found.turns[0].observation) == ("Rules.\n\nMore rules.", "A hall.")  # type: ignore[union-attr]
    assert imported(chat("A hall.", "Action: go east")).instruction == "A hall."


def test_a_system_message_comes_first_unless_it_is_our_own() -> None:
    for record in (
        [{"role": "system", "content": "Be brief."}, *OPENAI],
        {"system": "Be brief.", "messages": OPENAI},
    ):
        assert imported(record).instruction.startswith("Be brief.\n\nGet out.")
    own = [{"role": "system", "content": prompt("player")}, *OPENAI]
    assert imported(own).instruction.startswith("Get out.")


def test_messages_of_one_speaker_in_a_row_become_one() -> None:
    messages = [
        {"role": "user", "content": "Rules."},
        {"role": "user", "content": "A hall."},
        {"role": "assistant", "content": "Thought: East."},
        {"role": "assistant", "content": "Action: go east", "error": True},
        {"role": "tool", "content": "A wall."},
    ]
    assert conversation_of(messages) == Conversation(
        (
            Said("user", "Rules.\n\nA hall."),
            Said("assistant", "Thought: East.\n\nAction: go east", error=True),
            Said("user", "A wall."),
        )
    )


def test_the_same_environment_has_the_same_hash() -> None:
    hashes = [
        imported(record).script_hash
        for record in (
            OPENAI,
            OPENAI[:2],
            chat("Another house.", "Action: go east"),
            {"messages": OPENAI, "script": "ship"},
            {"messages": OPENAI[:2], "script": "ship"},
        )
    ]
    assert hashes[0] == hashes[1]
    assert hashes[3] == hashes[4]
    assert len(set(hashes)) == 3


def test_a_record_keeps_its_names() -> None:
    found = imported({"messages": OPENAI, "id": 12, "script": "ship", "family": "boats"})
    assert (found.id, found.script, found.family) == ("12", "ship", "boats")
    nameless = imported({"messages": OPENAI, "id": "", "script": None, "family": 1.5})
    assert (len(nameless.id), nameless.script, nameless.family) == (16, None, "rooms")
    assert len(imported({"messages": OPENAI, "id": "x" * 10_000}).id) == 16


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (7, 'there is no list of "messages" or "conversations" in it'),
        ({"messages": "hello"}, 'there is no list of "messages"'),
        ({"messages": []}, 'there is no list of "messages"'),
        (["hello"], "message 0 is no object"),
        ([{"content": "hello"}], "message 0 names no role"),
        ([{"role": "wizard", "content": "hello"}], "message 0 has the role 'wizard'; known are system,"),
        (chat("A hall.", "x", content=None), "message 1 has a content that is no text"),
        (chat("A hall.", "x", content=[{"type": "image_url"}]), "message 1 has a content that is no text"),
        (chat("A hall.", "x", tool_calls=[{}]), "message 1 calls a tool; write the call as its text"),
        (chat("A hall.", "x", error="bad"), 'message 1 has an "error" that is not true, false, or one of'),
        (chat("A hall."), "the assistant says nothing"),
        ([OPENAI[1], OPENAI[2]], "the assistant speaks before anything is told to it"),
        ([*OPENAI, {"role": "system", "content": "x"}], "a system message stands in the midst of it"),
    ],
)
def test_what_is_no_conversation_is_said(record: Any, said: str) -> None:
    with pytest.raises(BadRecord) as raised:
        conversation_of(record)
    assert said in str(raised.value)


texts = st.text(max_size=20) | st.sampled_from(
    ["Thought: a\nAction: b", "Action:", "<think>", "Action: \ud800", "You have 3 turns.\n\nx", "\n\n"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
said = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "gpt", "wizard"]) | anything,
        "from": st.sampled_from(["human", "gpt"]) | anything,
        "content": texts | anything,
        "value": texts | anything,
        "error": st.sampled_from([True, False, "place"]) | anything,
        "tool_calls": anything,
    },
)
records = st.fixed_dictionaries(
    {},
    optional={
        "messages": st.lists(said, max_size=5) | anything,
        "conversations": st.lists(said, max_size=5) | anything,
        **dict.fromkeys(["id", "script", "family", "success", "system"], anything),
    },
)


@given(records | st.lists(said, max_size=6) | anything)
def test_any_record_is_a_sound_trajectory_or_said_to_be_none(record: Any) -> None:
    try:
        found = imported(record)
    except BadRecord as error:
        assert "\n" not in str(error)
        return
    assert verify_unplayed(found) == []
    assert parse_line(found.model_dump_json().encode()) == found


@given(st.lists(texts, min_size=2, max_size=8))
def test_every_reply_is_kept_by_its_parts_or_as_it_was(replies: list[str]) -> None:
    from trpg_env.envs import format_reply

    found = imported(chat(*replies))
    for player in players(found):
        raw = player.reply if player.reply is not None else format_reply(player.thought, player.action)
        assert any(text.replace("\ud800", "\ufffd") == raw for text in replies)
