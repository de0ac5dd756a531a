"""Reading a chat completion: the model's doing is an answer, the server's fault is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import completion

from trpg_env.llm.answer import MAX_CONTENT, read_answer
from trpg_env.llm.errors import BadAnswer
from trpg_env.llm.exchange import Answer, Usage


def read(message: Any, **changes: Any) -> Answer:
    return read_answer(json.dumps(completion({"message": message, **changes})).encode())


def test_a_good_answer_is_read() -> None:
    answer = read({"content": "Thought: a\nAction: look"}, usage={"prompt_tokens": 7, "completion_tokens": 3})
    assert answer == Answer("Thought: a\nAction: look", None, "stop", Usage(1, 0, 7, 0, 3))


@pytest.mark.parametrize("content", [None, "", []])
def test_no_content_is_an_empty_text(content: Any) -> None:
    assert read({"content": content}).content == ""


def test_a_content_that_is_left_out_is_an_empty_text() -> None:
    assert read_answer(b'{"choices": [{"message": {}}]}') == Answer("", usage=Usage(calls=1))


@pytest.mark.parametrize("call", [{"tool_calls": [{"id": "1"}]}, {"function_call": {"name": "f"}}])
def test_a_tool_call_instead_of_text_is_an_empty_text_that_says_so(call: dict[str, Any]) -> None:
    answer = read({"content": None, **call}, finish_reason="stop")
    assert (answer.content, answer.finish) == ("", "tool_calls")


def test_text_beside_a_tool_call_counts() -> None:
    answer = read({"content": "Hm.", "tool_calls": [{"id": "1"}]})
    assert (answer.content, answer.finish) == ("Hm.", "tool_calls")


def test_a_refusal_is_what_the_model_says() -> None:
    assert read({"content": None, "refusal": "I will not."}).content == "I will not."


def test_parts_of_text_are_joined_and_others_left_out() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": []}, "b", {"text": None}]
    assert read({"content": parts}).content == "ab"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_hidden_reasoning_is_kept_apart(name: str) -> None:
    assert read({"content": "Go.", name: "Hmm \ud800"}).reasoning == "Hmm \ufffd"
    assert read({"content": "Go.", name: {"not": "text"}}).reasoning is None


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_kept() -> None:
    body = rb'{"choices": [{"message": {"content": "\ud83d\ude00 \ud83d x \ude00"}}]}'
    assert read_answer(body).content == "😀 \ufffd x \ufffd"


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert read_answer(b'{"choices": [{"message": {"content": "caf\xc3"}}]}').content == "caf\ufffd"


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_answer(b"\xef\xbb\xbf" + json.dumps(completion("a")).encode()).content == "a"


def test_a_huge_content_is_cut() -> None:
    assert len(read({"content": "x" * (MAX_CONTENT + 1)}).content) == MAX_CONTENT


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"<html>Bad gateway</html>", "no JSON"),
        (b'{"choices": [{"message": {"content": "cut', "no JSON"),
        (b'{"choices": [{"message": {"content": "a"}, "logprob": NaN}]}', "NaN"),
        (b'{"choices": [{"message": {"content": "a"}, "logprob": -Infinity}]}', "-Infinity"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 10_000, "no JSON"),
        (b"null", "no choices"),
        (b"[]", "no choices"),
        (b"{}", "no choices"),
        (b'{"choices": []}', "no choices"),
        (b'{"choices": {"0": 1}}', "no choices"),
        (b'{"choices": [null]}', "no message"),
        (b'{"choices": [{"text": "a completion of old"}]}', "no message"),
        (b'{"choices": [{"message": "a"}]}', "no message"),
        (b'{"choices": [{"message": {"content": 5}}]}', "is no text: int"),
        (b'{"choices": [{"message": {"content": {"a": 1}}}]}', "is no text: dict"),
        (b'{"choices": [{"message": {"content": [5]}}]}', "is no text: int"),
    ],
)
def test_what_no_server_should_send_is_a_bad_answer(body: bytes, said: str) -> None:
    with pytest.raises(BadAnswer, match=said):
        read_answer(body)


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (None, Usage(1)),
        ([], Usage(1)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(1, 0, 5, 4, 0)),
        ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 3}, Usage(1, 0, 5, 3, 0)),
        ({"prompt_tokens": 5, "prompt_tokens_details": None}, Usage(1, 0, 5, 0, 0)),
        ({"prompt_tokens": "5", "completion_tokens": True}, Usage(1)),
        ({"prompt_tokens": -5, "completion_tokens": 10**40}, Usage(1)),
        ({"prompt_tokens": 5.0, "completion_tokens": 1e999}, Usage(1, 0, 5, 0, 0)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 17}, Usage(1, 0, 5, 0, 12)),
    ],
)
def test_tokens_are_counted_and_odd_counts_are_none(usage: Any, counted: Usage) -> None:
    body = json.dumps({"choices": [{"message": {"content": "a"}}], "usage": usage})
    assert read_answer(body.replace("Infinity", "1e999").encode()).usage == counted


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
messages = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("content", "refusal", "tool_calls", "reasoning", "reasoning_content"), anything),
)
choices = st.fixed_dictionaries({}, optional={"message": messages | anything, "finish_reason": anything})
usages = st.dictionaries(
    st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"]), anything
)
bodies = st.fixed_dictionaries(
    {"choices": st.lists(choices | anything, max_size=2) | anything}, optional={"usage": usages | anything}
)


@given(anything | bodies)
def test_any_json_is_an_answer_or_a_bad_answer(value: Any) -> None:
    try:
        answer = read_answer(json.dumps(value).encode())
    except BadAnswer as bad:
        assert "\n" not in str(bad)
    else:
        answer.content.encode()
        (answer.reasoning or "").encode()
        (answer.finish or "").encode()
        assert all(0 <= count <= 2**53 for count in answer.usage.as_dict().values())


@given(st.binary(max_size=60))
def test_any_bytes_are_an_answer_or_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_answer(body)
