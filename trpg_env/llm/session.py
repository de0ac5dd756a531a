"""How connections are used: without a memory, and never with what came over them before anything was asked."""

import asyncio
from functools import partial

import aiohttp


class _Asked(aiohttp.ClientRequest):
    """A request that goes over a connection with nothing left on it.

    A server that answers twice, the second time after its connection has been put aside, would have that read as the
    answer to whatever is asked next.
    """

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if conn.protocol is not None and conn.protocol.should_close:
            raise aiohttp.ServerDisconnectedError("the server answered what it was not asked")
        conn.add_callback(partial(_let_go, conn.transport))
        return await super().send(conn)


def _let_go(transport: asyncio.Transport | None) -> None:
    """Drop what was not sent by the end: a server that reads nothing would have it, and the connection, kept for good."""
    if transport is not None and transport.get_write_buffer_size():
        transport.abort()


class _Answered(aiohttp.ClientResponse):
    """A response without the words after its status, which nobody reads and which need not be text."""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        await super().start(connection)
        self.reason = None
        return self


def without_memory(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """A session for the connections of another, which is of no use any more: it keeps no cookies.

    Args:
        session: One that has not been used.
    """
    connector = session.connector
    session.detach()
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=_Asked,
        response_class=_Answered,
    )
