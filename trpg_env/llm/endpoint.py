"""Asking a model over HTTP: tried again where that helps, in the form that the server takes, with one typed end."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from trpg_env.llm.answer import read_answer
from trpg_env.llm.connection import Connection, Received, connect
from trpg_env.llm.dialect import Dialect
from trpg_env.llm.errors import BadAnswer, ContextTooLong, ModelError, RequestRefused, TimedOut, Unreachable
from trpg_env.llm.exchange import Answer, Request, Usage
from trpg_env.llm.limits import Limits
from trpg_env.llm.refusal import error_of, read_refusal
from trpg_env.llm.retrying import wait_before_retry
from trpg_env.llm.words import shown

_NO_KEY = "none"
"""What a server of one's own is sent, which mostly wants no key."""
_SECRET = 6
"""The shortest key, in characters, that is one: `EMPTY`, `none` and `x` are words that errors may be made of."""


class _Home:
    """What belongs to one event loop."""

    def __init__(self, in_flight: int) -> None:
        self.places = asyncio.Semaphore(in_flight)
        self.opening = asyncio.Lock()
        self.connection: Connection | None = None
        self.sure = False


class Endpoint:
    """A server with OpenAI's chat completions API.

    Opens nothing before the first question. May be asked from several event loops, one after the other or at once in
    several threads; each has its own connections and its own places in flight. What the server refuses
    (`response_format`, `seed`, …) is found out once and remembered.

    Args:
        address: The base URL, the part before `/chat/completions`; None for `OPENAI_BASE_URL` or OpenAI's own. A
            function is called in a thread, with the first question and again after the connection was lost: what it
            started may have ended.
        limits: Time and tries.
        key: The server's key; None reads `OPENAI_API_KEY` with every question.
    """

    def __init__(
        self,
        address: str | Callable[[], str] | None = None,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
        *,
        key: str | None = None,
    ) -> None:
        self._address = address
        self._limits = limits
        self._key = key
        self._dialect = Dialect()
        self._homes: dict[asyncio.AbstractEventLoop, _Home] = {}

    async def ask(self, request: Request) -> Answer:
        """The model's answer.

        Args:
            request: The question.

        Returns:
            The answer; its usage counts what this question cost.

        Raises:
            ModelError: There is none, retries included; the class says what became of it.
            ModelUnavailable: The address's function found that there is no model.
        """
        home, key, dialect = self._home(), self._read_key(request), self._dialect
        retries, rng = 0, None
        while True:
            connection = await self._connected(home, request)
            headers: Mapping[str, str] = {}
            try:
                received = await self._post(home, connection, dialect.body(request), key)
                headers = received.headers
                if 200 <= received.status < 300:
                    answer = _answer(received, request, key, *connection.secrets)
                    if dialect is not self._dialect:
                        self._dialect = self._dialect.also(dialect)
                    return replace(answer, usage=answer.usage + Usage(retries=retries)) if retries else answer
                refusal = read_refusal(received.status, _without(received.body, key, *connection.secrets))
                if changed := dialect.after(refusal, request):
                    dialect = changed
                    continue
                raise error_of(refusal)
            except ModelError as error:
                home.sure = home.sure and not isinstance(error, Unreachable)
                rng = rng or np.random.default_rng(abs(request.seed))
                wait = wait_before_retry(error, headers, retries, self._limits, rng, datetime.now(UTC))
                if wait is None:
                    raise _told(error, request, connection.host, key, retries) from None
            await asyncio.sleep(wait)
            retries += 1

    def _home(self) -> _Home:
        """What belongs to the running loop. Threads do not meet here: each reads and writes for its own loop."""
        loop = asyncio.get_running_loop()
        home = self._homes.get(loop)
        if home is None:
            for closed in [other for other in list(self._homes) if other.is_closed()]:
                _forget(self._homes.pop(closed, None))
            home = self._homes[loop] = _Home(self._limits.in_flight)
        return home

    async def _connected(self, home: _Home, request: Request) -> Connection:
        if home.connection is None or not home.sure:
            async with home.opening:
                if home.connection is None or not home.sure:
                    await self._open(home, request)
        assert home.connection is not None
        return home.connection

    async def _open(self, home: _Home, request: Request) -> None:
        address = await asyncio.to_thread(self._address) if callable(self._address) else self._address
        if home.connection is None or home.connection.address != address:
            try:
                home.connection = await connect(self, address, self._limits.in_flight)
            except RequestRefused as error:
                raise RequestRefused(f"{shown(request.model)}: {error}") from None
        home.sure = True

    async def _post(self, home: _Home, connection: Connection, body: dict[str, Any], key: str) -> Received:
        # Half a surrogate pair is no UTF-8, and servers refuse it escaped, too.
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", errors="replace")
        async with home.places:
            try:
                async with asyncio.timeout(self._limits.timeout):
                    return await connection.post(content, key)
            except TimeoutError:
                raise TimedOut(f"no whole answer within {self._limits.timeout:g} seconds") from None

    def _read_key(self, request: Request) -> str:
        key = (self._key or os.environ.get("OPENAI_API_KEY", "")).strip()
        if not key and self._address is None and not os.environ.get("OPENAI_BASE_URL"):
            raise RequestRefused(
                f"{shown(request.model)}: set OPENAI_API_KEY, or say where the model is served"
            )
        if not (key.isascii() and key.isprintable()):
            raise RequestRefused(f"{shown(request.model)}: OPENAI_API_KEY holds characters that no key has")
        return key or _NO_KEY


def _forget(home: _Home | None) -> None:
    """Let go of a loop that is closed, and of its connections with it."""
    if home is not None and home.connection is not None and home.connection.ending is not None:
        home.connection.ending.detach()


def _answer(received: Received, request: Request, *secrets: str) -> Answer:
    try:
        answer = read_answer(received.body)
    except BadAnswer as bad:
        refusal = read_refusal(received.status, _without(received.body, *secrets))
        if refusal.too_long and refusal.told:  # some proxies report errors with status 200
            raise error_of(refusal) from None
        raise BadAnswer(
            f"{bad}; it begins: {refusal.message}" if refusal.message else f"{bad}; it is empty"
        ) from None
    # A server that ran out of context stops for its length before the length that was asked for. So does one that gives
    # less than is asked for; hence what is there and need not be whole is the model's answer, to be read as such.
    short = 0 < answer.usage.completion_tokens < request.max_tokens and answer.usage.prompt_tokens > 0
    worthless = not answer.content.strip() or (request.schema is not None and not request.partial)
    if answer.finish == "length" and short and worthless:
        raise ContextTooLong(
            f"the context was full after {answer.usage.prompt_tokens} tokens of prompt and "
            f"{answer.usage.completion_tokens} of the {request.max_tokens} tokens that the answer may have",
            answer.usage,
        )
    return answer


def _without(body: bytes, *secrets: str) -> bytes:
    """What a server says, before any of it is cut off, without the secrets that it repeats."""
    for secret in secrets:
        if len(secret) >= _SECRET:
            body = body.replace(secret.encode(), b"***")
    return body


def _told(error: ModelError, request: Request, host: str, key: str, retries: int) -> ModelError:
    """The error as it is raised: what was asked, where, how often; never the key, which servers like to repeat."""
    said = str(error).replace(key, "***") if key != _NO_KEY else str(error)
    tried = f" (tried {retries + 1} times)" if retries else ""
    return type(error)(
        f"{shown(request.model)} at {host}: {said}{tried}", error.usage + Usage(retries=retries)
    )
