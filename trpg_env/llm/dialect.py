"""How one server likes to be asked: what it refuses is left out or said otherwise, and never tried twice."""

import json
import re
from dataclasses import astuple, dataclass, replace
from itertools import groupby
from typing import Any

from trpg_env.llm.exchange import Request
from trpg_env.llm.refusal import Refusal
from trpg_env.llm.schema import without_bounds

SCHEMA_IN_WORDS = "Answer with one JSON object and nothing else. It must fit this JSON schema:\n"

_ABOUT_FORMAT = re.compile(
    r"response.?format|json.?schema|json.?object|guided|grammar|structured.?output|invalid schema"
)
_ABOUT_LENGTH = re.compile(r"\bmax_tokens\b")
_ABOUT_TEMPERATURE = re.compile(r"\btemperature\b")
_ABOUT_SEED = re.compile(r"\bseed\b")
_ABOUT_ROLES = re.compile(
    r"system.{0,3}(?:role|message|prompt|instruction)|developer instruction|role.{0,3}system"
    r"|roles must alternate|only user.{1,6}assistant"
)

_MAY_BE_FORM = {400, 404, 415, 422, 500, 501}
_MUST_BE_FORM = {400, 415, 422, 501}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server is known to refuse; the default assumes that it takes all that OpenAI's does.

    Attributes:
        format: How an answer's schema is asked for: 0 by `json_schema`; 1 the same without the
            bounds of texts and lists, which strict servers refuse; 2 by `json_object` and in words; 3 in words alone.
        completion: Whether the longest answer is `max_completion_tokens` instead of `max_tokens`.
        no_temperature: Whether `temperature` is left out.
        no_seed: Whether `seed` is left out.
        no_system: Whether the system message goes into the first user message.
    """

    format: int = 0
    completion: bool = False
    no_temperature: bool = False
    no_seed: bool = False
    no_system: bool = False

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON body of a chat completion.

        Example:
            >>> request = Request("m", [{"role": "user", "content": "Hi"}], 0.0, 9, 1)
            >>> Dialect(completion=True, no_seed=True).body(request)["max_completion_tokens"]
            9
        """
        messages: list[dict[str, str]] = [dict(message) for message in request.messages]
        body: dict[str, Any] = {"model": request.model, "messages": messages}
        body["max_completion_tokens" if self.completion else "max_tokens"] = request.max_tokens
        if not self.no_temperature:
            body["temperature"] = request.temperature
        if not self.no_seed:
            body["seed"] = request.seed
        if request.schema is not None:
            if self.format < 2:
                schema = without_bounds(request.schema) if self.format else dict(request.schema)
                form = {"name": "answer", "strict": True, "schema": schema}
                body["response_format"] = {"type": "json_schema", "json_schema": form}
            else:
                _tell(messages, SCHEMA_IN_WORDS + json.dumps(request.schema, ensure_ascii=False))
            if self.format == 2:
                body["response_format"] = {"type": "json_object"}
        if self.no_system:
            body["messages"] = _without_system(messages)
        return body

    def after(self, refusal: Refusal, request: Request) -> "Dialect | None":
        """What to try after a refusal; every step leaves something out, so there are few.

        A 400 (or alike) that names nothing known is taken for one of `response_format`, which most servers that
        refuse anything refuse.

        Args:
            refusal: What the server said.
            request: What was asked, in this dialect.

        Returns:
            The next dialect; None where there is nothing left to change.
        """
        if refusal.status not in _MAY_BE_FORM or refusal.too_long:
            return None
        # A parameter that is named outright counts before words: messages list what else is supported.
        named = self._step(refusal.param, request) or self._step(refusal.words, request)
        return named or (self._looser(request) if refusal.status in _MUST_BE_FORM else None)

    def also(self, other: "Dialect") -> "Dialect":
        """What either of two is known to refuse."""
        return Dialect(*map(max, astuple(self), astuple(other)))

    def _step(self, words: str, request: Request) -> "Dialect | None":
        if _ABOUT_FORMAT.search(words) and (looser := self._looser(request)):
            return looser
        if not self.completion and _ABOUT_LENGTH.search(words):
            return replace(self, completion=True)
        if not self.no_temperature and _ABOUT_TEMPERATURE.search(words):
            return replace(self, no_temperature=True)
        if not self.no_seed and _ABOUT_SEED.search(words):
            return replace(self, no_seed=True)
        has_system = any(message["role"] == "system" for message in request.messages)
        if has_system and not self.no_system and _ABOUT_ROLES.search(words):
            return replace(self, no_system=True)
        return None

    def _looser(self, request: Request) -> "Dialect | None":
        if request.schema is None or self.format == 3:
            return None
        nothing_to_drop = self.format == 0 and without_bounds(request.schema) == request.schema
        return replace(self, format=self.format + 1 + nothing_to_drop)


def _tell(messages: list[dict[str, str]], words: str) -> None:
    """Add words to the system message, whose text stays the same from call to call; or to the last message."""
    told = next((message for message in messages if message["role"] == "system"), messages[-1])
    told["content"] = f"{told['content']}\n\n{words}"


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """System messages as the user's, and neighbours of the same role in one: the templates want them to alternate."""
    said = [("user" if m["role"] == "system" else m["role"], m["content"]) for m in messages]
    return [
        {"role": role, "content": "\n\n".join(content for _, content in together)}
        for role, together in groupby(said, key=lambda pair: pair[0])
    ]
