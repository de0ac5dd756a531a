"""A model server for tests: real HTTP on 127.0.0.1 in a thread of its own, well behaved or as bad as asked for.

    with ModelServer(scripted(["Hello.", Status(500), DropMidBody(), '{"a": 1}'])) as server:
        Endpoint(server.url)

`server.requests` holds the JSON bodies in order of arrival. A reply that raises makes its request a 500 and is raised
again where the `with` ends.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Status:
    """Answer with a status code: `body` is text, or a value that is sent as JSON."""

    code: int
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stall:
    """Say nothing for so long, then answer well."""

    seconds: float
    content: str = "Late."


@dataclass(frozen=True)
class Drip:
    """Begin an answer and send a space of it now and then, without end."""

    pause: float = 0.01


@dataclass(frozen=True)
class DropBeforeAnswer:
    """Take the request and reset the connection."""


@dataclass(frozen=True)
class DropMidBody:
    """Reset the connection in the middle of a good answer."""


@dataclass(frozen=True)
class Raw:
    """Answer 200 with these bytes."""

    body: bytes
    content_type: str = "application/json"


Misbehaviour = Status | Stall | Drip | DropBeforeAnswer | DropMidBody | Raw
Outcome = str | dict[str, Any] | Misbehaviour
Reply = Callable[[dict[str, Any]], Outcome | Awaitable[Outcome]]


def scripted(outcomes: Iterable[Outcome]) -> Reply:
    """Give these one after another; the last again and again."""
    waiting = list(outcomes)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def completion(outcome: str | Mapping[str, Any] = "Fine.", request: Mapping[str, Any] = {}) -> dict[str, Any]:
    """A chat completion's body.

    Args:
        outcome: The content; or a mapping with `message` (and anything else) to change a good body by; or a whole body.
        request: What was asked, for the count of tokens: one for a word.
    """
    if isinstance(outcome, Mapping) and "choices" in outcome:
        return dict(outcome)
    changes = {"message": {"content": outcome}} if isinstance(outcome, str) else dict(outcome)
    message = {"role": "assistant", "content": "", **changes.pop("message", {})}
    finish = changes.pop("finish_reason", "tool_calls" if message.get("tool_calls") else "stop")
    asked = sum(len(str(said.get("content")).split()) for said in request.get("messages", []))
    said = len(str(message["content"] or "").split())
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": request.get("model", "model"),
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
        **changes,
    }


class ModelServer:
    """A chat completions server for the length of a `with`.

    Attributes:
        url: The base URL, `/v1` included.
        requests: The bodies that came in, in order of arrival.
        headers: Their headers, names in lower case.
        in_flight: How many are being answered now.
        most_in_flight: The most that ever were at once.
        connections: How many connections were opened.
        open: How many of them are open now.
    """

    def __init__(self, reply: Reply | str = "Fine.") -> None:
        self._reply: Reply = scripted([reply]) if isinstance(reply, str) else reply
        self.url = ""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight = self.most_in_flight = self.connections = self.open = 0
        self._raised: Exception | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="model server")
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close()
        if self._raised and kind is None:
            raise self._raised

    def close(self) -> None:
        """Stop listening and reset all connections; not an error twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        started.set()
        await self._over.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                fields = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in fields}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    await self._answer(head[0], headers, body, writer)
                finally:
                    self.in_flight -= 1
        except (OSError, asyncio.IncompleteReadError, _Gone):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()

    async def _answer(
        self, line: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if not line.startswith("POST /v1/chat/completions "):
            return await _send(writer, 404, b'{"error": {"message": "not found"}}')
        request = json.loads(body)
        self.requests.append(request)
        self.headers.append(headers)
        try:
            given = self._reply(request)
            outcome = await given if isinstance(given, Awaitable) else given
        except Exception as raised:
            self._raised = self._raised or raised
            outcome = Status(500, {"error": {"message": f"the test's reply raised {raised!r}"}})
        return await _give(outcome, request, writer)


class _Gone(Exception):
    """The connection is to be reset."""


async def _give(outcome: Outcome, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    match outcome:
        case str() | dict():
            await _send(writer, 200, _json(completion(outcome, request)))
        case Status(code, text, headers):
            await _send(writer, code, text.encode() if isinstance(text, str) else _json(text), headers)
        case Stall(seconds, content):
            await asyncio.sleep(seconds)
            await _send(writer, 200, _json(completion(content, request)))
        case Raw(content, content_type):
            await _send(writer, 200, content, {"Content-Type": content_type})
        case Drip(pause):
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            while not writer.transport.is_closing():
                writer.write(b"1\r\n \r\n")
                await writer.drain()
                await asyncio.sleep(pause)
            raise _Gone
        case DropMidBody():
            body = _json(completion("Half of this is lost.", request))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            writer.write(body[: len(body) // 2])
            await writer.drain()
            # Time for the half to go out before the reset discards what is not yet sent.
            await asyncio.sleep(0.01)
            raise _Gone
        case DropBeforeAnswer():
            raise _Gone
        case _:
            raise TypeError(f"no outcome: {outcome!r}")


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


async def _send(
    writer: asyncio.StreamWriter, code: int, body: bytes, headers: Mapping[str, str] = {}
) -> None:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {code} X", *(f"{name}: {value}" for name, value in fields.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
