"""Answers in a form: asked for by schema, repaired once, and otherwise a typed error."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic
import pytest
from model_server import ModelServer, Status, scripted

from trpg_env.llm import Answer, Calls, Limits, Message, Model, ServerFailed, Unreadable, structured
from trpg_env.llm.schema import schema_of


class Move(pydantic.BaseModel):
    to: str
    far: bool


ASKED: list[Message] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where to?"}]
GOOD = '{"to": "den", "far": false}'
BAD = 'I think {"to": "den", "far": "no"}'


class Told:
    """Gives answers one after another, and keeps what it was asked."""

    def __init__(self, *answers: Answer | str) -> None:
        self.answers = [Answer(said) if isinstance(said, str) else said for said in answers]
        self.asked: list[Sequence[Message]] = []
        self.schemas: list[Mapping[str, Any]] = []

    async def __call__(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Answer:
        self.asked.append(messages)
        self.schemas.append(schema)
        return self.answers.pop(0)


def give(told: Told) -> Move:
    return asyncio.run(structured(told, ASKED, Move))


def test_a_good_answer_needs_one_question() -> None:
    told = Told(GOOD)
    assert give(told) == Move(to="den", far=False)
    assert told.asked == [ASKED]
    assert told.schemas == [schema_of(Move)]


def test_a_fault_is_shown_to_the_model_word_for_word_with_its_reply() -> None:
    told = Told(BAD, GOOD)
    assert give(told) == Move(to="den", far=False)
    first, second = told.asked
    assert second[:2] == first == ASKED
    assert second[2] == {"role": "assistant", "content": BAD}
    assert second[3]["role"] == "user"
    assert '"far": Input should be a valid boolean, not "no".' in second[3]["content"]
    assert told.schemas == [schema_of(Move)] * 2


def test_after_the_second_fault_the_reply_is_unreadable() -> None:
    told = Told(BAD, "\x1b[31mNo.\n" * 100)
    with pytest.raises(Unreadable) as caught:
        give(told)
    assert len(told.asked) == 2
    message = str(caught.value)
    assert "There is no JSON object in the reply." in message
    assert "[31mNo. [31mNo." in message
    assert message.isprintable()
    assert len(message) < 600


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer("", finish="tool_calls"), "There are no tools to call"),
        (Answer('{"to": "the den that', finish="length"), "be brief"),
        (Answer(""), "The reply is empty."),
    ],
)
def test_the_model_is_told_why_there_is_no_answer(answer: Answer, words: str) -> None:
    told = Told(answer, GOOD)
    give(told)
    assert words in told.asked[1][-1]["content"]
    assert all(message["content"] for message in told.asked[1])


def test_a_long_reply_is_shown_by_its_ends() -> None:
    told = Told("begin" + "x" * 100_000 + "end", GOOD)
    give(told)
    shown = told.asked[1][2]["content"]
    assert shown.startswith("begin")
    assert shown.endswith("end")
    assert len(shown) < 5_000


def test_what_an_author_wrote_is_no_part_of_the_prompt() -> None:
    told = Told('{"to": 1, "far": "{fault}"}', GOOD)
    give(told)
    assert 'not "{fault}"' in told.asked[1][-1]["content"]


def calls_to(server: ModelServer) -> Calls:
    model = Model("m", base_url=server.url, limits=Limits(retries=0))
    calls = Calls(model, "dm", 0.0, 200)
    calls.begin(seed=7, luck=0)
    return calls


def test_over_http_both_questions_are_asked_and_counted() -> None:
    with ModelServer(scripted([BAD, GOOD])) as server:
        calls = calls_to(server)
        assert asyncio.run(calls.give(ASKED, Move)) == Move(to="den", far=False)
        first, second = server.requests
    assert first["response_format"]["json_schema"]["schema"] == schema_of(Move)
    assert first["seed"] != second["seed"]
    assert BAD in second["messages"][2]["content"]
    assert calls.usage.calls == 2
    assert calls.snapshot()["number"] == 2


def test_over_http_exactly_one_repair_is_tried() -> None:
    with ModelServer("I would rather not.") as server:
        calls = calls_to(server)
        with pytest.raises(Unreadable, match=r"no JSON object.*I would rather not\."):
            asyncio.run(calls.give(ASKED, Move))
        assert len(server.requests) == 2
    assert calls.usage.calls == 2


def test_a_server_that_fails_in_the_repair_is_the_one_to_blame() -> None:
    with ModelServer(scripted([BAD, Status(500)])) as server, pytest.raises(ServerFailed):
        asyncio.run(calls_to(server).give(ASKED, Move))
