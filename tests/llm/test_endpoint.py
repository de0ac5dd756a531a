"""Asking an endpoint: what is sent, in how many places at once, from which loops."""

import asyncio
import gc
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from model_server import ModelServer, Stall, Status

from trpg_env.llm.endpoint import Endpoint
from trpg_env.llm.errors import ModelUnavailable, RequestRefused, Unreachable
from trpg_env.llm.exchange import Answer, Request, Usage
from trpg_env.llm.limits import Limits

QUICK = Limits(timeout=10, retries=4, backoff=0.001)


def request(text: str = "Hello there.", **changes: Any) -> Request:
    return Request(**{"model": "m", "messages": [{"role": "user", "content": text}], "temperature": 0.0,
                      "max_tokens": 9, "seed": 1} | changes)  # fmt: skip


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def ask(endpoint: Endpoint, *requests: Request) -> list[Answer]:
    async def all_of_them() -> list[Answer]:
        return await asyncio.gather(*(endpoint.ask(one) for one in requests or [request()]))

    return asyncio.run(all_of_them())


def test_a_question_is_answered() -> None:
    with ModelServer("Fine, thanks.") as server:
        assert ask(Endpoint(server.url)) == [Answer("Fine, thanks.", None, "stop", Usage(1, 0, 2, 0, 2))]
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Hello there."}],
            "max_tokens": 9,
            "temperature": 0.0,
            "seed": 1,
        }
    ]


def test_a_slash_at_the_end_of_the_address_makes_no_difference() -> None:
    with ModelServer() as server:
        assert ask(Endpoint(server.url + "/"))[0].content == "Fine."


def test_half_a_surrogate_pair_is_sent_as_a_question_mark_and_all_else_as_it_is() -> None:
    with ModelServer() as server:
        ask(Endpoint(server.url), request("café 😀 \ud800 \x00"))
    assert server.requests[0]["messages"][0]["content"] == "café 😀 ? \x00"


def test_connections_are_used_again() -> None:
    async def three(endpoint: Endpoint) -> None:
        for _ in range(3):
            await endpoint.ask(request())

    with ModelServer() as server:
        asyncio.run(three(Endpoint(server.url)))
    assert (len(server.requests), server.connections) == (3, 1)


def test_the_key_is_read_with_every_question(monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(endpoint: Endpoint) -> None:
        for key in ("first-key", " second-key\n"):
            monkeypatch.setenv("OPENAI_API_KEY", key)
            await endpoint.ask(request())

    with ModelServer() as server:
        asyncio.run(two(Endpoint(server.url)))
        ask(Endpoint(server.url, key="its own"))
    sent = [headers["authorization"] for headers in server.headers]
    assert sent == ["Bearer first-key", "Bearer second-key", "Bearer its own"]


def test_a_server_of_ones_own_needs_no_key() -> None:
    with ModelServer() as server:
        ask(Endpoint(server.url))
    assert server.headers[0]["authorization"] == "Bearer none"


def test_openai_needs_a_key() -> None:
    with pytest.raises(RequestRefused, match=r"^m: set OPENAI_API_KEY"):
        ask(Endpoint(None))


@pytest.mark.parametrize("key", ["clé", "two\nlines"])
def test_a_key_that_no_header_may_hold_is_refused_without_showing_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with ModelServer() as server, pytest.raises(RequestRefused, match="OPENAI_API_KEY holds") as refused:
        ask(Endpoint(server.url))
    assert key not in str(refused.value)


def test_the_environment_may_say_where_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert ask(Endpoint(None))[0].content == "Fine."


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ModelServer() as server:
        assert ask(Endpoint(server.url))[0].content == "Fine."


@pytest.mark.parametrize(
    "address", ["nonsense", "http://[", "ftp://127.0.0.1/v1", "http://127.0.0.1:99999/v1"]
)
def test_an_address_that_is_none_is_one_of_our_errors(address: str) -> None:
    with pytest.raises((RequestRefused, Unreachable), match=r"^m"):
        ask(Endpoint(address, Limits(retries=0)))


def test_no_more_are_in_flight_than_there_are_places() -> None:
    with ModelServer(lambda _: Stall(0.02)) as server:
        answers = ask(Endpoint(server.url, Limits(in_flight=3)), *[request()] * 12)
    assert len(answers) == 12
    assert server.most_in_flight == 3


def test_waiting_for_a_place_is_no_stall() -> None:
    with ModelServer(lambda _: Stall(0.2)) as server:
        assert (
            len(ask(Endpoint(server.url, Limits(timeout=0.5, retries=0, in_flight=1)), *[request()] * 4)) == 4
        )


def test_many_are_in_flight_at_once() -> None:
    together = threading.Barrier(150, timeout=60)

    async def when_all_are_there(_: dict[str, Any]) -> str:
        return str(await asyncio.get_running_loop().run_in_executor(crowd, together.wait) >= 0)

    with ThreadPoolExecutor(150) as crowd, ModelServer(when_all_are_there) as server:
        ask(Endpoint(server.url), *[request()] * 150)
    assert server.most_in_flight == 150


def test_who_is_cancelled_gives_up_its_place_and_its_connection() -> None:
    async def impatient(endpoint: Endpoint, server: ModelServer) -> str:
        waiting = [asyncio.create_task(endpoint.ask(request("stall"))) for _ in range(4)]
        while server.in_flight < 2:
            await asyncio.sleep(0.001)
        for task in waiting:
            task.cancel()
        cancelled = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in cancelled)
        return (await asyncio.wait_for(endpoint.ask(request()), 5)).content

    with ModelServer(
        lambda body: Stall(30) if body["messages"][0]["content"] == "stall" else "Here."
    ) as server:
        assert asyncio.run(impatient(Endpoint(server.url, Limits(in_flight=2)), server)) == "Here."


def test_who_is_cancelled_while_waiting_to_try_again_leaves_nothing_behind() -> None:
    async def impatient(endpoint: Endpoint, server: ModelServer) -> None:
        task = asyncio.create_task(endpoint.ask(request()))
        while not server.requests or server.in_flight:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asyncio.wait_for(endpoint.ask(request()), 5)).content == "Here."

    outcomes = iter([Status(503, headers={"Retry-After": "20"}), "Here."])
    with ModelServer(lambda _: next(outcomes)) as server:
        asyncio.run(impatient(Endpoint(server.url, Limits(in_flight=1)), server))


def test_who_waits_to_try_again_leaves_its_place_to_others() -> None:
    async def two(endpoint: Endpoint) -> list[str]:
        done: list[str] = []

        async def one(text: str) -> None:
            await endpoint.ask(request(text))
            done.append(text)

        await asyncio.gather(one("slow"), one("quick"))
        return done

    outcomes = iter([Status(503, headers={"Retry-After": "0.5"}), "quick", "slow"])
    with ModelServer(lambda _: next(outcomes)) as server:
        assert asyncio.run(two(Endpoint(server.url, Limits(in_flight=1)))) == ["quick", "slow"]


def closed(server: ModelServer) -> bool:
    """Whether all connections are closed, which the server learns a little later."""
    deadline = time.monotonic() + 10
    while server.open and time.monotonic() < deadline:
        time.sleep(0.001)
    return not server.open


def test_one_endpoint_serves_one_loop_after_the_other() -> None:
    with ModelServer() as server:
        endpoint = Endpoint(server.url)
        for _ in range(5):
            assert ask(endpoint)[0].content == "Fine."
            assert closed(server)
        assert len(endpoint._homes) == 1


def test_one_endpoint_serves_loops_in_several_threads_at_once() -> None:
    with ModelServer(lambda _: Stall(0.02)) as server, ThreadPoolExecutor(6) as threads:
        endpoint = Endpoint(server.url)
        told = list(threads.map(lambda _: ask(endpoint, *[request()] * 5), range(18)))
    assert [len(answers) for answers in told] == [5] * 18


def test_an_endpoint_that_is_forgotten_closes_its_connections_while_its_loop_runs_on() -> None:
    async def forgetful(server: ModelServer) -> None:
        endpoint = Endpoint(server.url)
        holder: list[Any] = [endpoint]
        holder.append(holder)  # in a circle, as environments are
        await endpoint.ask(request())
        del endpoint, holder
        gc.collect()
        assert await asyncio.to_thread(closed, server)

    with ModelServer() as server:
        asyncio.run(forgetful(server))


def _in_a_child(url: str, endpoint: Endpoint | None, say: Any) -> None:
    say.send(ask(endpoint or Endpoint(url))[0].content)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("way", ["spawn", "forkserver", "fork"])
def test_a_child_process_asks_with_connections_of_its_own(way: str) -> None:
    with ModelServer() as server:
        endpoint = Endpoint(server.url)
        ask(endpoint)
        processes = multiprocessing.get_context(way)
        here, there = processes.Pipe()
        child = processes.Process(  # type: ignore[attr-defined]
            target=_in_a_child, args=(server.url, endpoint if way == "fork" else None, there)
        )
        child.start()
        assert here.poll(30)
        assert here.recv() == "Fine."
        child.join()
        assert child.exitcode == 0
        assert ask(endpoint)[0].content == "Fine."
        here.close()
        there.close()


def test_an_address_may_be_found_when_it_is_needed_once() -> None:
    called: list[str] = []

    def address() -> str:
        called.append(threading.current_thread().name)
        return server.url

    with ModelServer() as server:
        endpoint = Endpoint(address)
        assert not called
        ask(endpoint, *[request()] * 5)
    assert len(called) == 1
    assert called != [threading.main_thread().name]


def test_an_address_is_asked_for_again_when_the_connection_was_lost() -> None:
    with ModelServer() as gone:
        pass
    with ModelServer() as server:
        addresses = iter([gone.url, server.url])
        answer = ask(Endpoint(lambda: next(addresses), QUICK))[0]
    assert (answer.content, answer.usage.retries) == ("Fine.", 1)


def test_an_address_that_cannot_be_found_says_why() -> None:
    def address() -> str:
        raise ModelUnavailable("no model here")

    with pytest.raises(ModelUnavailable, match="no model here"):
        ask(Endpoint(address))


def test_the_key_is_in_no_text_of_the_endpoints() -> None:
    assert "secret" not in repr(Endpoint("http://me:secret@127.0.0.1/v1", key="secret"))
