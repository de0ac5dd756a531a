"""A server that means harm: it wastes no time and no memory, answers no other's question, and learns and shows no secret."""

import asyncio
import gc
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from model_server import ModelServer, Raw, Status, completion

from trpg_env.dm.verdict import verdict_form
from trpg_env.llm.connection import _is_this_machine
from trpg_env.llm.endpoint import Endpoint
from trpg_env.llm.errors import BadAnswer, ModelError, RequestRefused, ServerFailed, TimedOut
from trpg_env.llm.exchange import Answer, Request
from trpg_env.llm.limits import Limits
from trpg_env.llm.refusal import read_refusal

ASKED = Request("m", [{"role": "user", "content": "Hello."}], 0.0, 9, 1)
ONCE = Limits(timeout=5, retries=0)
KEY = "sk-a-secret-key-of-some-length"

Talk = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def raw_server(talk: Talk) -> Iterator[str]:
    """A socket whose connections are talked to byte by byte; the base URL."""

    def connected(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=connected, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        listening.shutdown(socket.SHUT_RDWR)


def take(connection: socket.socket) -> None:
    """Wait for a request, which is small."""
    if not connection.recv(65_536):
        raise OSError


def answer(content: str, *fields: str, status: str = "200 OK") -> bytes:
    body = json.dumps(completion(content)).encode()
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""])
    return head.encode("latin-1") + body


def ask(url: str, limits: Limits = ONCE, request: Request = ASKED) -> Answer:
    return asyncio.run(Endpoint(url, limits).ask(request))


def test_an_answer_that_nobody_asked_for_is_not_the_next_questions() -> None:
    said = threading.Event()

    def twice(connection: socket.socket) -> None:
        take(connection)
        connection.sendall(answer("mine"))
        time.sleep(0.05)  # the connection has been put aside by then
        connection.sendall(answer("forged"))
        said.set()
        take(connection)

    async def two(endpoint: Endpoint) -> list[str]:
        first = await endpoint.ask(ASKED)
        await asyncio.to_thread(said.wait)
        await asyncio.sleep(0.05)
        return [first.content, (await endpoint.ask(ASKED)).content]

    with raw_server(twice) as url:
        endpoint = Endpoint(url, Limits(timeout=5, retries=1, backoff=0.001))
        assert asyncio.run(two(endpoint)) == ["mine", "mine"]


def test_no_cookie_is_kept() -> None:
    async def two(endpoint: Endpoint) -> None:
        await endpoint.ask(ASKED)
        await endpoint.ask(ASKED)

    baked = Status(200, completion(), {"Set-Cookie": "who=you; Path=/"})
    with ModelServer(lambda _: baked) as server:
        asyncio.run(two(Endpoint(server.url.replace("127.0.0.1", "localhost"), ONCE)))
    assert ["cookie" in headers for headers in server.headers] == [False, False]


def test_a_body_that_is_encoded_more_than_once_is_not_decoded() -> None:
    # Of stored blocks without content: nothing comes out of it, however much goes in.
    silent = b"\x78\x9c" + b"\x00\x00\x00\xff\xff" * 2**20
    bomb = zlib.compress(zlib.compress(silent))

    def send(connection: socket.socket) -> None:
        take(connection)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Encoding: deflate, deflate, deflate\r\nContent-Length: {len(bomb)}"
        )
        connection.sendall(head.encode() + b"\r\n\r\n" + bomb)

    with raw_server(send) as url, pytest.raises(BadAnswer, match="encoded more than once: deflate, deflate"):
        ask(url)


@pytest.mark.parametrize("megabytes", [0, 100])
def test_a_body_that_is_encoded_once_is_decoded_as_far_as_a_body_may_be_long(megabytes: int) -> None:
    body = gzip.compress(json.dumps(completion("zipped")).encode() + b" " * megabytes * 2**20)

    def send(connection: socket.socket) -> None:
        take(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with raw_server(send) as url:
        if megabytes:
            with pytest.raises(BadAnswer, match="longer than 8388608 bytes"):
                ask(url)
        else:
            assert ask(url).content == "zipped"


def test_words_after_the_status_that_are_no_text_are_passed_over() -> None:
    def send(connection: socket.socket) -> None:
        take(connection)
        connection.sendall(answer("", status="500 \xff\xfe\x1b[31m"))

    with raw_server(send) as url, pytest.raises(ServerFailed, match="500 Internal Server Error"):
        ask(url)


ENDLESS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"".join(b"X-%d: a\r\n" % i for i in range(1000))),
    "one header": (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65_536),
    "words after the status": (b"HTTP/1.1 200 ", b"a" * 65_536),
    "a body": (b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65_536),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n" * 1000),
    "informational responses": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "a chunk's extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 65_536),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_nothing_without_an_end_is_read_without_an_end(what: str) -> None:
    begin, again = ENDLESS[what]

    def send(connection: socket.socket) -> None:
        take(connection)
        connection.sendall(begin)
        while True:
            connection.sendall(again)

    began = time.monotonic()
    with raw_server(send) as url, pytest.raises(ModelError):
        ask(url, Limits(timeout=0.3, retries=0))
    assert time.monotonic() - began < 5


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"])
def test_a_request_that_is_never_read_ends_in_time_and_is_not_kept(begin: bytes) -> None:
    def deaf(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(begin)
        over.wait()

    async def one(url: str) -> int:
        with pytest.raises(TimedOut):
            await Endpoint(url, Limits(timeout=0.3, retries=0)).ask(long)
        await asyncio.sleep(0.05)
        transports = [it for it in gc.get_objects() if isinstance(it, asyncio.WriteTransport)]
        return sum(transport.get_write_buffer_size() for transport in transports)

    over = threading.Event()
    long = Request("m", [{"role": "user", "content": "x" * 20_000_000}], 0.0, 9, 1)
    with raw_server(deaf) as url:
        assert asyncio.run(one(url)) == 0
    over.set()


@pytest.mark.parametrize("before", range(258, 300, 3))
def test_no_part_of_a_key_is_shown_where_a_message_is_cut(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for outcome in (
        Status(400, "x" * before + KEY),
        Status(400, {"error": "x" * before + KEY}),
        Raw(b"x" * before + KEY.encode()),
    ):
        with ModelServer(lambda _, it=outcome: it) as server, pytest.raises(ModelError) as raised:
            ask(server.url)
        assert "sk-" not in str(raised.value)


def test_a_password_that_the_server_repeats_is_not_shown() -> None:
    echo = Status(400, "You sent Basic bWU6aHVudGVyMg==, which is hunter2.")
    with ModelServer(lambda _: echo) as server, pytest.raises(RequestRefused) as raised:
        ask(server.url.replace("//", "//me:hunter2@"))
    assert "You sent Basic ***, which is ***." in str(raised.value)


def test_a_key_that_is_a_common_word_spoils_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "error")
    refused = Status(400, {"error": {"message": "No such parameter.", "code": "x"}})
    with (
        ModelServer(lambda _: refused) as server,
        pytest.raises(RequestRefused, match=r"Request: No such parameter\."),
    ):
        ask(server.url)


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
def test_a_header_from_the_environment_that_cannot_be_sent_is_said(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "mine\r\nX-Forged: yes")
    with ModelServer() as server, pytest.raises(RequestRefused, match=r"openai-.* cannot be sent"):
        ask(server.url)
    assert not server.connections


def test_an_error_of_any_length_is_read_in_no_time() -> None:
    body = b'{"error": {"message": "Much to say."}, "x": [' + b"[]," * 2**20 + b"[]]}"
    assert read_refusal(400, body).message.startswith('{"error": {"message": "Much to say."}')


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.8.9.10", "127.1", "localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1]",
    "[::ffff:127.0.0.1]", "0.0.0.0", "me:secret@127.0.0.1",
])  # fmt: skip
def test_no_proxy_is_told_what_is_said_to_this_machine(host: str) -> None:
    assert _is_this_machine(f"http://{host}:8000/v1")


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "example.com", "localhost.example.com", "[2001:db8::1]", "127.0.0.1.example.com"]
)
def test_another_machine_may_be_behind_a_proxy(host: str) -> None:
    assert not _is_this_machine(f"http://{host}:8000/v1")


def test_nothing_that_turns_a_text_around_or_breaks_its_lines_is_told() -> None:
    fields = {"parameter_error": False, "place_error": False, "logic_error": False, "completed": []}
    turned = "a\u202eb\u2066c\u2028d\u2029e\x85f\x1b[31m"
    verdict = verdict_form(1)(thought=turned, observation=turned, **fields)
    assert (verdict.thought, verdict.observation) == ("abcdef[31m", "abcdef[31m")


def test_no_address_is_no_machine_of_ones_own() -> None:
    assert not _is_this_machine(None)
