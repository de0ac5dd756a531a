"""One HTTP client for each event loop: loops come and go, run in several threads, and a client lives in one."""

import asyncio
import ipaddress
import os
import socket
import ssl
import weakref
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from trpg_env.llm.errors import BadAnswer, RequestRefused, Unreachable
from trpg_env.llm.words import shown

if TYPE_CHECKING:
    from openai import AsyncOpenAI

MAX_BODY = 8 * 2**20
"""The most bytes of a response that are read."""

_IDLE = 4.0
"""Seconds that an idle connection is kept: less than uvicorn's and llama.cpp's five, so that we close first."""


@dataclass(frozen=True, slots=True)
class Received:
    """A response.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        body: All of it, or the first `MAX_BODY` bytes of an error's.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """A client for one event loop; made by `connect`.

    Attributes:
        address: The base URL that was given.
        host: Where it leads, for people: no credentials, no path.
        secrets: What of the address is for nobody else to see, as it is sent and as it is written.
        ending: Closes it when its owner is gone.
    """

    def __init__(self, address: str | None, in_flight: int) -> None:
        import httpx2  # noqa: PLC0415

        from trpg_env.llm.session import without_memory  # noqa: PLC0415  (imports aiohttp)

        self.address = address
        self.ending: weakref.finalize[..., object] | None = None
        self.client, http = _client(address, in_flight)
        url = urlsplit(f"{str(self.client.base_url).rstrip('/')}/chat/completions")
        credentials, _, self.host = url.netloc.rpartition("@")
        self._url = httpx2.URL(url._replace(netloc=self.host).geturl())
        # Which proxy there is, if any, is the client's business.
        self._transport = http._transport_for_url(self._url)
        # Credentials in an address are meant for whoever stands before the server, and go before a key.
        basic = b64encode(unquote_to_bytes(credentials)).decode()
        self._authorization = f"Basic {basic}" if credentials else None
        password = unquote(credentials.partition(":")[2])
        self.secrets = (basic, password) if credentials else ()
        given = self.client.default_headers.items()
        headers = {name.lower(): value for name, value in given if isinstance(value, str)}
        headers |= {"host": self.host, "accept-encoding": "identity"}
        headers.pop("authorization", None)
        if odd := [name for name, value in headers.items() if not value.isprintable()]:
            raise ValueError(f"the environment asks for a header {odd[0]} that cannot be sent")
        # An encoding that is not said is found out anew whenever headers are read.
        self._headers = httpx2.Headers(headers, encoding="utf-8")
        self._transport.client = without_memory(self._transport.get_client())

    async def post(self, body: bytes, key: str) -> Received:
        """Send one request.

        Of the client's own way, only what a request needs is taken: its headers and its transport. The rest costs
        twice as much time as all of ours, reads bodies without bound, and takes a dropped connection for a time-out;
        and what lies between it and the transport (cookies, redirects, logins) nobody wants here.

        Args:
            body: JSON.
            key: The server's key.

        Raises:
            Unreachable: No connection, or it broke.
            BadAnswer: More than `MAX_BODY` bytes, or no HTTP.
            RequestRefused: The request cannot even be sent.
        """
        import aiohttp  # noqa: PLC0415
        import httpx2  # noqa: PLC0415

        authorization = self._authorization or f"Bearer {key}"
        headers = self._headers.copy()
        headers["authorization"] = authorization
        try:
            request = httpx2.Request("POST", self._url, headers=headers, content=body)
            request.headers.encoding = headers.encoding
            response = await self._transport.handle_async_request(request)
            try:
                # Decoding is for what should not be there: no encoding was asked for. Of several, one in the other, a
                # kilobyte may take hours, in which nothing else goes on.
                encoding = response.headers.get("content-encoding", "")
                if "," in encoding:
                    raise BadAnswer(f"the body is encoded more than once: {shown(encoding)}")
                body_of = response.aiter_bytes() if encoding else response.stream.__aiter__()
                received = bytearray()
                async with aclosing(body_of) as chunks:
                    async for chunk in chunks:
                        received += chunk
                        if len(received) > MAX_BODY:
                            break
            finally:
                await response.aclose()
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, ValueError) as error:
            raise RequestRefused(f"this cannot be sent: {shown(str(error))}") from None
        except (httpx2.DecodingError, aiohttp.ClientResponseError) as error:
            raise BadAnswer(f"what came back is no HTTP: {shown(str(error))}") from None
        except (
            httpx2.TransportError,
            httpx2.StreamError,
            aiohttp.ClientError,
            ssl.SSLError,
            OSError,
        ) as error:
            raise Unreachable(_why(error)) from None
        if len(received) > MAX_BODY and response.is_success:
            raise BadAnswer(f"the body is longer than {MAX_BODY} bytes")
        return Received(response.status_code, response.headers, bytes(received))


async def connect(owner: object, address: str | None, in_flight: int) -> Connection:
    """A client for the running event loop.

    Closed with its loop by `asyncio.run` and `asyncio.Runner`, or when its owner is collected.

    Args:
        owner: Who holds the connection; may not be held by it.
        address: The base URL; None for `OPENAI_BASE_URL` or OpenAI's own.
        in_flight: The most requests at once.

    Raises:
        RequestRefused: The address is none.
    """
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    try:
        connection = Connection(address, in_flight)
    except (openai.OpenAIError, httpx2.InvalidURL, ValueError) as error:
        raise RequestRefused(f"there is no connecting to this address: {shown(str(error))}") from None
    # A loop that is shut down ends its asynchronous generators. What holds this one is the finalizer's registry, so
    # that the collector never meets an open client.
    life = _life(connection.client)
    await anext(life)
    connection.ending = weakref.finalize(owner, _end, asyncio.get_running_loop(), life, os.getpid())
    connection.ending.atexit = False
    return connection


def _client(address: str | None, in_flight: int) -> "tuple[AsyncOpenAI, Any]":
    import httpx2  # noqa: PLC0415
    from openai import AsyncOpenAI, DefaultAioHttpClient  # noqa: PLC0415

    # The one limit on time is our own, of which a server that drips bytes is no way out.
    http = DefaultAioHttpClient(
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=in_flight, keepalive_expiry=_IDLE),
        timeout=None,
        trust_env=not _is_this_machine(address),
        # Reading the certificates takes long and a megabyte; without TLS there is nothing to verify.
        verify=not (address or "").startswith("http://"),
    )
    return AsyncOpenAI(
        base_url=address, api_key="given with every request", max_retries=0, http_client=http
    ), http


def _is_this_machine(address: str | None) -> bool:
    """Whether an address is the machine's own, which no proxy can reach and none may be asked for."""
    host = (urlsplit(address or "").hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        try:  # the short forms that systems take: 127.1
            ip = ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_unspecified


async def _life(client: "AsyncOpenAI") -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await client.close()


def _end(loop: asyncio.AbstractEventLoop, life: AsyncGenerator[None, None], pid: int) -> None:
    """Close from any thread; a fork's copy of a loop is not its own."""
    if not loop.is_closed() and os.getpid() == pid:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: loop.create_task(life.aclose()))


def _why(error: BaseException) -> str:
    """What broke, in the words of the lowest layer that has any."""
    import aiohttp  # noqa: PLC0415

    if isinstance(error, aiohttp.ClientConnectorError):
        reason = shown(error.os_error.strerror or str(error.os_error))
        return f"no connection: {reason}; is a server running there, and is the base URL right?"
    said = shown(str(error))
    while not said and (error := error.__cause__ or error.__context__):  # type: ignore[assignment]
        said = shown(str(error))
    return said or "the connection broke"
