"""What a server says when it does not answer, and what to make of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from trpg_env.llm.errors import ContextTooLong, ModelError, RateLimited, RequestRefused, ServerFailed
from trpg_env.llm.words import shown

_LONGEST = 2_000
_READ = 2**20
"""The longest body that is read as JSON, in bytes: errors repeat a request at most, and eight times as much takes a
second and 200 MB."""

_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size"  # OpenAI, llama.cpp
    r"|context (?:length|size|window)|maximum model length"  # OpenAI, DeepSeek, vLLM, SGLang, llama.cpp, Ollama
    r"|too many tokens|prompt (?:is )?too long|reduce the length|input token count"  # Ollama, OpenAI's proxies
    r"|max_new_tokens. must be"  # TGI
)
_TOO_LONG_STATUSES = {200, 400, 413, 422, 500}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a server reported it.

    Attributes:
        status: The HTTP status.
        message: What it says, on one line, not too long.
        param: The parameter that it names; empty for none.
        words: Everything that it says, in lower case, to look for words in.
        told: Whether it said so in JSON, as an error and not as a part of an answer.
    """

    status: int
    message: str
    param: str
    words: str
    told: bool

    @property
    def too_long(self) -> bool:
        """Whether the conversation does not fit into the model's context, in the words of the usual servers."""
        return self.status in _TOO_LONG_STATUSES and _TOO_LONG.search(self.words) is not None


def read_refusal(status: int, body: bytes) -> Refusal:
    """Read the body of an error, whatever its form.

    Only what a server says itself is looked at: FastAPI's errors repeat the request, and an author's or player's text
    says nothing about the request's form.
    """
    text = body[: 4 * _LONGEST].decode("utf-8", errors="replace")
    try:
        value = json.loads(body) if len(body) <= _READ else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict | list):
        return Refusal(status, shown(text), "", text[:_LONGEST].lower(), told=False)
    said = {name: " ".join(texts) for name, texts in _said(value).items()}
    message = said["message"] or text
    words = " ".join([said["param"], said["code"], message])[:_LONGEST].lower()
    return Refusal(status, shown(message), said["param"].lower(), words, told="choices" not in value)


def _said(value: Any) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {"message": [], "param": [], "code": []}
    for name, text in _texts(value, depth=0):
        said[name].append(text)
    return said


_MEANS = {
    **dict.fromkeys(("message", "msg", "error", "detail", "title"), "message"),
    **dict.fromkeys(("param", "loc"), "param"),
    **dict.fromkeys(("code", "type", "error_type"), "code"),
}


def _texts(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """What an error's object says, as (what for, text): OpenAI's `error`, vLLM's top level, FastAPI's `detail`."""
    if depth > 3:
        return
    if isinstance(value, list):
        for part in value[:10]:
            yield from _texts(part, depth + 1)
    elif isinstance(value, dict):
        for name, means in _MEANS.items():
            inner = value.get(name)
            if isinstance(inner, str | int):
                yield means, str(inner)
            elif name == "loc" and isinstance(inner, list):
                yield means, ".".join(str(part) for part in inner if part != "body")
            else:
                yield from _texts(inner, depth + 1)


def error_of(refusal: Refusal) -> ModelError:
    """The error that a refusal is, with what to do about it."""
    said = f"{_status(refusal.status)}{refusal.message and ': ' + refusal.message}"
    if refusal.too_long:
        return ContextTooLong(said)
    if refusal.status == 429:
        return RateLimited(said)
    if refusal.status >= 500 or refusal.status in {408, 409, 425}:
        return ServerFailed(said)
    return RequestRefused(said + _ADVICE.get(refusal.status, ""))


_ADVICE = {
    401: "; set OPENAI_API_KEY to a key that this server takes",
    403: "; set OPENAI_API_KEY to a key that may use this model",
    404: "; check the model's name, and that the base URL is the one before /chat/completions (mostly it ends in /v1)",
    **dict.fromkeys(
        (301, 302, 303, 307, 308), "; redirects are not followed: give the final address as base URL"
    ),
}


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)
