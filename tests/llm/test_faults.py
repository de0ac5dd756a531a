"""A real server misbehaves in every way: each fault is retried where that helps, and ends in one typed error."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from model_server import (
    Drip,
    DropBeforeAnswer,
    DropMidBody,
    Misbehaviour,
    ModelServer,
    Raw,
    Stall,
    Status,
    completion,
    scripted,
)

from trpg_env.llm.answer import MAX_CONTENT
from trpg_env.llm.endpoint import Endpoint
from trpg_env.llm.errors import (
    BadAnswer,
    ContextTooLong,
    ModelError,
    RateLimited,
    RequestRefused,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from trpg_env.llm.exchange import Answer, Request
from trpg_env.llm.limits import Limits

QUICK = Limits(timeout=10, retries=3, backoff=0.001)
HASTY = Limits(timeout=0.4, retries=1, backoff=0.001)
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PLAIN = Request("m", [{"role": "user", "content": "Hello there."}], 0.0, 9, 1)
HELD = Request("m", [{"role": "system", "content": "You."}, *PLAIN.messages], 0.0, 9, 1, SCHEMA)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def ask(server: ModelServer, limits: Limits = QUICK, request: Request = PLAIN) -> Answer:
    return asyncio.run(Endpoint(server.url, limits).ask(request))


PASSING: dict[str, tuple[Misbehaviour, type[ModelError]]] = {
    "a connection dropped before the answer": (DropBeforeAnswer(), Unreachable),
    "a connection dropped in the middle of the body": (DropMidBody(), Unreachable),
    "429 without a wish": (Status(429), RateLimited),
    "429 for a moment": (Status(429, "wait", {"Retry-After": "0.01"}), RateLimited),
    "429 for milliseconds": (Status(429, "wait", {"retry-after-ms": "10"}), RateLimited),
    "429 until a date": (
        Status(
            429,
            "wait",
            {"Retry-After": format_datetime(datetime.now(UTC) - timedelta(seconds=1), usegmt=True)},
        ),
        RateLimited,
    ),
    "408": (Status(408), ServerFailed),
    "409": (Status(409), ServerFailed),
    "500": (Status(500, "Internal Server Error"), ServerFailed),
    "503 in HTML": (Status(503, "<html>busy</html>", {"Content-Type": "text/html"}), ServerFailed),
    "a truncated body": (Raw(json.dumps(completion("abc")).encode()[:-20]), BadAnswer),
    "an empty body": (Raw(b""), BadAnswer),
    "a body that is no JSON": (Raw(b"<html>Welcome</html>", "text/html"), BadAnswer),
    "JSON of the wrong shape": (Raw(b'{"choices": "none"}'), BadAnswer),
    "a bare number": (Raw(b"7"), BadAnswer),
    "NaN in the body": (Raw(b'{"choices": [{"message": {"content": "a"}, "score": NaN}]}'), BadAnswer),
    "an error with status 200": (Raw(b'{"error": {"message": "no provider", "code": 502}}'), BadAnswer),
    "a body beyond all bounds": (Raw(b" " * (8 * 2**20 + 1)), BadAnswer),
    "what is no HTTP": (Status(200, "", {"Content-Length": "many"}), BadAnswer),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_a_retry(fault: str) -> None:
    with ModelServer(scripted([PASSING[fault][0]] * 2 + ["Fine."])) as server:
        answer = ask(server)
    assert (answer.content, answer.usage.calls, answer.usage.retries) == ("Fine.", 1, 2)
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_stays_ends_in_its_error(fault: str) -> None:
    misbehaviour, kind = PASSING[fault]
    with ModelServer(scripted([misbehaviour])) as server, pytest.raises(kind) as raised:
        ask(server, Limits(timeout=10, retries=1, backoff=0.001))
    assert type(raised.value) is kind
    assert len(server.requests) == 2
    said = str(raised.value)
    assert said.startswith(f"m at {server.url.split('/')[2]}: ")
    assert said.endswith("(tried 2 times)")
    assert said.isprintable()
    assert len(said) < 700


def test_a_connection_that_is_refused() -> None:
    with ModelServer() as server:
        pass
    with pytest.raises(Unreachable, match=r"m at 127\.0\.0\.1:\d+: .*\(tried 4 times\)"):
        ask(server)


def test_a_burst_of_faults_of_all_sorts_is_ridden_out() -> None:
    burst = [Status(500), DropMidBody(), Raw(b"{"), "Fine."]
    with ModelServer(scripted(burst)) as server:
        assert ask(server).usage.retries == 3


@pytest.mark.parametrize("stall", [Stall(30), Drip(0.01)], ids=["a stall", "a drip"])
def test_no_try_takes_longer_than_the_time_limit(stall: Misbehaviour) -> None:
    with ModelServer(scripted([stall])) as server, pytest.raises(TimedOut, match=r"within 0\.4 seconds"):
        ask(server, HASTY)
    assert len(server.requests) == 2


def test_a_stall_that_passes_costs_a_retry() -> None:
    with ModelServer(scripted([Stall(30), "Fine."])) as server:
        assert ask(server, Limits(timeout=1, backoff=0.001)).usage.retries == 1


@pytest.mark.parametrize(
    "wish",
    ["61", "9" * 400, format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)],
    ids=["seconds", "many digits", "a date"],
)
def test_a_server_that_asks_for_too_much_patience_is_not_asked_again(wish: str) -> None:
    with (
        ModelServer(scripted([Status(429, "later", {"Retry-After": wish})])) as server,
        pytest.raises(RateLimited, match="429 Too Many Requests: later"),
    ):
        ask(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("message", [
    {"content": None}, {"content": ""}, {"content": None, "tool_calls": [{"id": "1", "type": "function"}]},
])  # fmt: skip
def test_a_model_that_says_nothing_has_answered(message: dict[str, Any]) -> None:
    with ModelServer(scripted([{"message": message}])) as server:
        assert ask(server).content == ""
    assert len(server.requests) == 1


def test_a_huge_content_is_cut() -> None:
    with ModelServer("x" * 1_000_000) as server:
        assert len(ask(server).content) == MAX_CONTENT


def test_half_a_surrogate_pair_is_replaced() -> None:
    with ModelServer("a\ud800b") as server:
        assert ask(server).content == "a\ufffdb"


def test_a_wrong_key_is_not_tried_again_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-secret-key")
    wrong = Status(
        401,
        {"error": {"message": "Incorrect API key provided:\n sk-a-secret-key", "code": "invalid_api_key"}},
    )
    with ModelServer(scripted([wrong])) as server, pytest.raises(RequestRefused) as raised:
        ask(server)
    assert len(server.requests) == 1
    assert str(raised.value).endswith(
        ": 401 Unauthorized: Incorrect API key provided: ***; set OPENAI_API_KEY to a key that this server takes"
    )


def test_a_model_that_is_not_there_says_what_to_check() -> None:
    with (
        ModelServer(scripted([Status(404, {"error": "model 'm' not found"})])) as server,
        pytest.raises(RequestRefused, match="model 'm' not found; check the model's name"),
    ):
        ask(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-secret-key")
    with ModelServer() as elsewhere:
        to = Status(code, "", {"Location": f"{elsewhere.url}/chat/completions"})
        with ModelServer(scripted([to])) as server, pytest.raises(RequestRefused, match="not followed"):
            ask(server)
    assert elsewhere.connections == 0


def test_a_password_in_the_address_is_not_shown() -> None:
    with ModelServer(scripted([Status(400, "no")])) as server, pytest.raises(RequestRefused) as raised:
        asyncio.run(Endpoint(server.url.replace("//", "//me:secret@"), QUICK).ask(PLAIN))
    assert str(raised.value).startswith("m at 127.0.0.1:")
    assert "secret" not in str(raised.value)
    assert server.headers[0]["authorization"] == "Basic bWU6c2VjcmV0"


def picky(*refused: str, levels: tuple[str, ...] = ()) -> Any:
    """A server that refuses parameters, and types of `response_format`."""

    def reply(body: dict[str, Any]) -> Any:
        form = body.get("response_format", {}).get("type")
        if form in levels:
            return Status(
                400, {"error": {"message": f"'response_format' of type '{form}' is not supported."}}
            )
        if "system" in refused and body["messages"][0]["role"] == "system":
            return Status(400, {"error": {"message": "System role not supported"}})
        for name in refused:
            if name in body:
                return Status(400, {"error": {"message": f"Unsupported parameter: '{name}'", "param": name}})
        return "Fine."

    return reply


def ask_twice(server: ModelServer, request: Request) -> list[Answer]:
    async def twice(endpoint: Endpoint) -> list[Answer]:
        return [await endpoint.ask(request) for _ in range(2)]

    return asyncio.run(twice(Endpoint(server.url, QUICK)))


@pytest.mark.parametrize(
    ("refused", "asked"),
    [
        ((), ["json_schema"] * 2),
        (("json_schema",), ["json_schema", "json_object", "json_object"]),
        (("json_schema", "json_object"), ["json_schema", "json_object", None, None]),
    ],
)
def test_a_format_that_is_refused_is_asked_for_less_strictly_and_remembered(
    refused: tuple[str, ...], asked: list[str | None]
) -> None:
    with ModelServer(picky(levels=refused)) as server:
        answers = ask_twice(server, HELD)
    assert [body.get("response_format", {}).get("type") for body in server.requests] == asked
    assert [answer.usage.retries for answer in answers] == [0, 0]
    told = ["JSON schema" in json.dumps(body["messages"]) for body in server.requests]
    assert told == [form != "json_schema" for form in asked]


@pytest.mark.parametrize("name", ["max_tokens", "temperature", "seed", "system"])
def test_a_parameter_that_is_refused_is_left_out_and_remembered(name: str) -> None:
    with ModelServer(picky(name)) as server:
        ask_twice(server, HELD)
    assert len(server.requests) == 3
    last = server.requests[-1]
    assert name not in last
    assert ("max_completion_tokens" in last) == (name == "max_tokens")
    assert (last["messages"][0]["role"] == "user") == (name == "system")


def test_a_server_that_refuses_everything_that_it_can_is_still_asked() -> None:
    with ModelServer(
        picky("max_tokens", "temperature", "seed", "system", levels=("json_schema", "json_object"))
    ) as server:
        assert [answer.content for answer in ask_twice(server, HELD)] == ["Fine."] * 2
    assert len(server.requests) == 8


def test_what_a_refused_request_did_not_help_is_not_remembered() -> None:
    outcomes = [Status(400, "no")] * 3 + ["Fine."]
    with ModelServer(scripted(outcomes)) as server:

        async def one_bad_one_good(endpoint: Endpoint) -> None:
            with pytest.raises(RequestRefused):
                await endpoint.ask(HELD)
            await endpoint.ask(HELD)

        asyncio.run(one_bad_one_good(Endpoint(server.url, QUICK)))
    assert server.requests[-1]["response_format"]["type"] == "json_schema"


TOO_LONG = [
    Status(400, {"error": {"message": "Too much.", "code": "context_length_exceeded"}}),
    Status(400, {"object": "error", "message": "This model's maximum context length is 2048 tokens.", "code": 400}),
    Status(400, {"error": {"code": 400, "message": "exceeds", "type": "exceed_context_size_error"}}),
    Status(500, {"error": {"code": 500, "message": "the request exceeds the available context size"}}),
    Status(413, "prompt is too long"),
    Raw(b'{"error": {"message": "maximum context length is 2048 tokens"}}'),
    Raw(json.dumps(completion({"finish_reason": "length", "message": {"content": "Cut o"}}, {"messages": [{"content": "a"}]})).encode()),
]  # fmt: skip


@pytest.mark.parametrize("outcome", TOO_LONG)
def test_a_context_that_is_too_long_is_said_at_once(outcome: Misbehaviour) -> None:
    with ModelServer(scripted([outcome])) as server, pytest.raises(ContextTooLong):
        ask(server, request=HELD)
    assert len(server.requests) == 1


def test_an_answer_of_the_full_length_that_was_asked_for_is_an_answer() -> None:
    outcome = {"finish_reason": "length", "message": {"content": "1 2 3 4 5 6 7 8 9"}}
    with ModelServer(scripted([outcome])) as server:
        assert ask(server).finish == "length"


def test_an_answer_that_was_cut_by_a_server_that_counts_nothing_is_an_answer() -> None:
    outcome = {"finish_reason": "length", "message": {"content": "Cut o"}, "usage": None}
    with ModelServer(scripted([outcome])) as server:
        assert ask(server).content == "Cut o"


def test_what_is_there_of_a_plain_answer_is_an_answer_though_the_server_gave_less_than_was_asked_for() -> (
    None
):
    outcome = {
        "finish_reason": "length",
        "message": {"content": "Thought: I"},
        "usage": {"prompt_tokens": 300, "completion_tokens": 3},
    }
    with ModelServer(scripted([outcome])) as server:
        assert ask(server).content == "Thought: I"
        with pytest.raises(ContextTooLong):
            ask(server, request=HELD)


def test_half_an_answer_that_talks_of_a_context_is_a_broken_answer_and_asked_for_again() -> None:
    half = Raw(b'{"choices": [{"message": {"content": "The context window of the')
    with ModelServer(scripted([half, Raw(b"<html>context size</html>"), "Fine."])) as server:
        assert ask(server).content == "Fine."
    assert len(server.requests) == 3
