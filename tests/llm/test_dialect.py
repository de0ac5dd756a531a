"""What a server refuses is left out, one thing after another, and never anything else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.llm.dialect import Dialect
from trpg_env.llm.errors import ContextTooLong, RateLimited, RequestRefused, ServerFailed
from trpg_env.llm.exchange import Request
from trpg_env.llm.refusal import error_of, read_refusal

BOUNDED = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}, "required": ["a"]}
BARE = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SYSTEM = {"role": "system", "content": "Be the master."}
USER = {"role": "user", "content": "Look."}


def request(*messages: dict[str, str], schema: Any = None) -> Request:
    return Request("m", messages or (SYSTEM, USER), 0.0, 99, 7, schema)


def openai(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def after(dialect: Dialect, body: Any, asked: Request, status: int = 400) -> Dialect | None:
    text = body if isinstance(body, str) else json.dumps(body)
    return dialect.after(read_refusal(status, text.encode()), asked)


def test_everything_is_asked_for_at_first() -> None:
    assert Dialect().body(request(schema=BARE)) == {
        "model": "m",
        "messages": [SYSTEM, USER],
        "temperature": 0.0,
        "max_tokens": 99,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": BARE},
        },
    }


def test_plain_text_is_asked_for_without_a_format() -> None:
    for level in range(4):
        assert "response_format" not in Dialect(format=level).body(request())
        assert Dialect(format=level).body(request())["messages"] == [SYSTEM, USER]


def test_the_bounds_go_first() -> None:
    form = Dialect(format=1).body(request(schema=BOUNDED))["response_format"]
    assert form["json_schema"]["schema"] == BARE


@pytest.mark.parametrize(("level", "form"), [(2, {"type": "json_object"}), (3, None)])
def test_a_schema_that_is_not_taken_is_told_in_words(level: int, form: Any) -> None:
    body = Dialect(format=level).body(request(schema=BOUNDED))
    assert body.get("response_format") == form
    assert body["messages"][0]["content"].startswith("Be the master.\n\n")
    assert json.dumps(BOUNDED) in body["messages"][0]["content"]
    assert "JSON" in body["messages"][0]["content"]
    assert body["messages"][1:] == [USER]
    alone = Dialect(format=level).body(request({"role": "user", "content": "a"}, USER, schema=BOUNDED))
    assert alone["messages"][0]["content"] == "a"
    assert json.dumps(BOUNDED) in alone["messages"][-1]["content"]


def test_the_request_itself_is_never_changed() -> None:
    asked = request(schema=BOUNDED)
    before = asked.digest()
    for level in range(4):
        Dialect(level, True, True, True, True).body(asked)
    assert asked.digest() == before


def test_without_a_system_role_its_text_opens_the_first_message_and_roles_alternate() -> None:
    said = [SYSTEM, USER, {"role": "assistant", "content": "Hm."}, USER, USER]
    assert Dialect(no_system=True).body(request(*said))["messages"] == [
        {"role": "user", "content": "Be the master.\n\nLook."},
        {"role": "assistant", "content": "Hm."},
        {"role": "user", "content": "Look.\n\nLook."},
    ]


FORMAT_REFUSED = [
    (
        openai(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported", "response_format"
        ),
        400,
    ),
    (openai("Invalid schema for response_format 'answer': 'maxLength' is not permitted."), 400),
    (openai("This response_format type is unavailable now"), 400),
    (
        {"object": "error", "message": "Grammar error: unsupported", "type": "BadRequestError", "code": 400},
        400,
    ),
    ({"error": "invalid JSON schema in format"}, 500),
    ({"detail": [{"loc": ["body", "response_format", "type"], "msg": "Input should be 'text'"}]}, 422),
    ({"error": {"code": 500, "message": "failed to parse grammar", "type": "server_error"}}, 500),
    ("response_format is not supported", 501),
    ("Bad Request", 400),
    ("", 422),
]


@pytest.mark.parametrize(("body", "status"), FORMAT_REFUSED)
def test_a_refused_format_is_asked_for_less_strictly_step_by_step(body: Any, status: int) -> None:
    dialect, asked, levels = Dialect(), request(schema=BOUNDED), []
    while changed := after(dialect, body, asked, status):
        dialect = changed
        levels.append(dialect.format)
    assert levels == [1, 2, 3]
    assert dialect == Dialect(format=3)


def test_a_schema_without_bounds_skips_the_step_that_drops_them() -> None:
    assert after(Dialect(), FORMAT_REFUSED[0][0], request(schema=BARE)) == Dialect(format=2)


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        (
            openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "max_tokens",
                "unsupported_parameter",
            ),
            Dialect(completion=True),
        ),
        (
            openai("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
            Dialect(no_temperature=True),
        ),
        (
            {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
            Dialect(no_seed=True),
        ),
        (openai("Unrecognized request argument supplied: seed"), Dialect(no_seed=True)),
        (openai("System role not supported"), Dialect(no_system=True)),
        (
            openai("Conversation roles must alternate user/assistant/user/assistant/..."),
            Dialect(no_system=True),
        ),
        (openai("Only user and assistant roles are supported!"), Dialect(no_system=True)),
        (openai("Developer instruction is not enabled for models/gemma-3"), Dialect(no_system=True)),
    ],
)
def test_what_is_named_is_left_out(body: Any, dialect: Dialect) -> None:
    asked = request(schema=BOUNDED)
    assert after(Dialect(), body, asked) == dialect
    assert dialect.body(asked) != Dialect().body(asked)


def test_the_parameter_that_is_named_outright_counts_before_words() -> None:
    refused = openai("Not supported here: set response_format to text, or seed to null", "seed")
    assert after(Dialect(), refused, request(schema=BOUNDED)) == Dialect(no_seed=True)


def test_a_request_that_is_repeated_in_the_error_says_nothing_about_its_form() -> None:
    echo = {"detail": [{"loc": ["body", "model"], "msg": "Unknown", "input": {"temperature": 0, "seed": 1}}]}
    assert after(Dialect(), echo, request()) is None


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_other_statuses_say_nothing_about_the_form(status: int) -> None:
    assert after(Dialect(), openai("response_format"), request(schema=BOUNDED), status) is None


def test_a_server_that_fails_without_naming_anything_is_not_asked_differently() -> None:
    assert after(Dialect(), "Internal Server Error", request(schema=BOUNDED), 500) is None


def test_what_was_learned_adds_up() -> None:
    assert Dialect(format=2, no_seed=True).also(Dialect(format=1, completion=True)) == Dialect(
        2, True, False, True
    )


@given(
    st.text(),
    st.sampled_from(["response_format max_tokens temperature seed system role", ""]),
    st.integers(200, 599),
)
def test_there_is_an_end_to_refusals(text: str, named: str, status: int) -> None:
    dialect, asked = Dialect(), request(schema=BOUNDED)
    for _ in range(8):
        changed = after(dialect, text + named, asked, status)
        if changed is None:
            return
        assert changed.also(dialect) == changed != dialect
        dialect = changed
    pytest.fail("it goes on and on")


TOO_LONG = {
    "OpenAI": (
        400,
        openai("Input tokens exceed the configured limit of 9.", "messages", "context_length_exceeded"),
    ),
    "OpenAI, in words": (
        400,
        openai(
            "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens. "
            "Please reduce the length of the messages."
        ),
    ),
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "'max_tokens' or 'max_completion_tokens' is too large: 500. This model's maximum context "
            "length is 2048 tokens and your request has 1900 input tokens (500 > 2048 - 1900).",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
    ),
    "vLLM, prompt": (
        400,
        {
            "error": {
                "message": "The decoder prompt (length 5000) is longer than the maximum model length of 2048."
            }
        },
    ),
    "SGLang": (
        400,
        {
            "object": "error",
            "message": "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        },
    ),
    "llama.cpp": (
        400,
        {
            "error": {
                "code": 400,
                "message": "request (9005 tokens) exceeds it, try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 9005,
                "n_ctx": 8192,
            }
        },
    ),
    "llama.cpp of old": (
        500,
        {
            "error": {
                "code": 500,
                "message": "the request exceeds the available context size",
                "type": "server_error",
            }
        },
    ),
    "Ollama": (400, {"error": "the input length exceeds the context length"}),
    "Ollama, prompt": (
        400,
        {"error": {"message": "prompt too long; exceeded maximum by 4 tokens", "type": "api_error"}},
    ),
    "DeepSeek": (
        400,
        openai(
            "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens "
            "(139000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion."
        ),
    ),
    "TGI": (
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.",
            "error_type": "validation",
        },
    ),
    "a proxy": (413, "prompt is too long: 210000 tokens > 200000 maximum"),
}


@pytest.mark.parametrize("server", TOO_LONG)
def test_a_context_that_is_too_long_is_told_from_a_form_that_is_refused(server: str) -> None:
    status, body = TOO_LONG[server]
    refusal = read_refusal(status, (body if isinstance(body, str) else json.dumps(body)).encode())
    assert isinstance(error_of(refusal), ContextTooLong)
    assert Dialect().after(refusal, request(schema=BOUNDED)) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, RequestRefused),
        (302, RequestRefused),
        (404, RequestRefused),
        (408, ServerFailed),
        (409, ServerFailed),
        (429, RateLimited),
        (500, ServerFailed),
        (529, ServerFailed),
    ],
)
def test_the_status_says_who_is_to_blame(status: int, kind: type[Exception]) -> None:
    assert type(error_of(read_refusal(status, b"no"))) is kind


@given(
    st.integers(100, 999),
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "message", "detail", "loc", "msg", "param", "code"]), inner
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_any_error_is_told_in_one_short_line(status: int, body: bytes) -> None:
    said = str(error_of(read_refusal(status, body)))
    assert len(said) < 600
    assert said.isprintable()
