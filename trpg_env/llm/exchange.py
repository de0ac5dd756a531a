"""One question to a model and its answer, as plain values: what is sent, counted and recorded."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, str]
"""A message of a chat: `role` (`system`, `user`, `assistant`) and `content`."""


@dataclass(frozen=True, slots=True)
class Request:
    """All that a model's answer depends on; nothing of where the model is served or how that server likes to be asked.

    Attributes:
        model: What the model is called.
        messages: The chat so far; the last message is the user's.
        temperature: 0 for the likeliest answer.
        max_tokens: The longest answer, in tokens.
        seed: For servers that sample reproducibly.
        schema: The JSON schema of the answer; None for plain text.
        partial: Whether an answer in a schema is worth something that broke off because the context is full; otherwise
            that is `ContextTooLong`. Changes nothing in what is sent.
    """

    model: str
    messages: Sequence[Message]
    temperature: float
    max_tokens: int
    seed: int
    schema: Mapping[str, Any] | None = None
    partial: bool = False

    def digest(self) -> str:
        """SHA-256 of the request as canonical JSON, in hexadecimal digits."""
        # By name and not by `asdict`, whose deep copies would cost more than all else.
        plain = {
            "model": self.model,
            "messages": list(self.messages),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
            "schema": self.schema,
        }
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class At:
    """Where in a run a question is asked.

    Attributes:
        seed: The episode's seed.
        number: How many questions the same participant has asked in the episode before.
    """

    seed: int
    number: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What questions cost.

    Attributes:
        calls: Questions that were answered.
        retries: Requests that were sent again because the server or the connection failed.
        prompt_tokens: Tokens sent.
        cached_tokens: Those of them that the server had in its cache.
        completion_tokens: Tokens answered, hidden reasoning included.
    """

    calls: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.retries + other.retries,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    Attributes:
        content: The text; empty where the model gave none. Never holds half a surrogate pair.
        reasoning: The text of a hidden channel (`reasoning_content`), where there was one.
        finish: Why it stopped, in the server's word: `stop`, `length`, `tool_calls`, …
        usage: What it cost.
    """

    content: str
    reasoning: str | None = None
    finish: str | None = None
    usage: Usage = Usage()
