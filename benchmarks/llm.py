"""Calls to a model server that answers after 200 ms: how near to the ideal rate, beside aiohttp alone in the same run.

Usage: python benchmarks/llm.py [--quick] [--json FILE]

With N calls in flight and answers that take 0.2 s, N / 0.2 calls a second is the most there can be. What is printed is the share of
that which the server counts, from requests' arrival in the middle of a run: neither the start nor the end is in it. The server
is a bare asyncio protocol in a process of its own, and shares the machine with whoever asks; so `aiohttp` beside each figure is
what is left for anybody. Whole rollouts play the library: an LLM player with the rules DM in the grounded scripts, and with an LLM
DM in the narrative ones, which is two calls a turn.

Memory is resident memory with 256 waiting, less that with one, over 255.

Targets: 90 % with 64 in flight (`AT_64`), 75 % with 256 in as many processes as there are cores (`AT_256`), and 1 MB for an episode that waits
(`MOST_MEMORY`).
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import gymnasium as gym

import trpg_env  # noqa: F401 - registers AgentRefine-v0
from trpg_env import rollout
from trpg_env.agents import LLMAgent
from trpg_env.dm import LLMDM
from trpg_env.llm import At, Model, Request
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library, load_script

DELAY = 0.2
AT_64, AT_256, MOST_MEMORY = 0.90, 0.75, 1e6
MODEL = "bench"
ACTIONS = 40
PAGE = 4096

VERDICT = {
    "thought": "The player tries something sensible, and nothing speaks against it here.",
    "observation": "You do so, and it takes a moment. Nothing else has changed.",
    "parameter_error": False,
    "place_error": False,
    "logic_error": False,
    "completed": [],
}


class Serving(asyncio.Protocol):
    """One connection of the server, as plain as can be: no router, no parser of headers, answers made beforehand."""

    arrivals: ClassVar[list[float]] = []
    verdict: ClassVar[bytes] = b""
    replies: ClassVar[dict[bytes, list[bytes]]] = {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.received = bytearray()
        self.loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.received[:end]).lower()
            length = 0
            if (at := head.find(b"content-length:")) >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.received) < end + 4 + length:
                return
            body = bytes(self.received[end + 4 : end + 4 + length])
            del self.received[: end + 4 + length]
            if head.startswith(b"get"):
                self.answer(json.dumps(self.arrivals).encode())
                self.arrivals.clear()
                continue
            self.arrivals.append(time.perf_counter())
            self.loop.call_later(DELAY, self.transport.write, self.said(body))

    def said(self, body: bytes) -> bytes:
        if b'"response_format"' in body:
            return self.verdict
        for mark, replies in self.replies.items():
            if mark in body:
                return replies[len(self.arrivals) % len(replies)]
        return self.verdict

    def answer(self, body: bytes) -> None:
        self.transport.write(response(body))


def response(body: bytes) -> bytes:
    """An HTTP response with this JSON."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def completion(content: str) -> bytes:
    """A chat completion, with all the fields that servers like to send."""
    message = {"role": "assistant", "content": content, "refusal": None, "tool_calls": []}
    usage = {
        "prompt_tokens": 2000,
        "completion_tokens": 60,
        "total_tokens": 2060,
        "prompt_tokens_details": {"cached_tokens": 1900},
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [choice],
        "usage": usage,
    }
    return response(json.dumps(whole).encode())


def serve(port: Any, replies: dict[str, list[str]]) -> None:
    """Be the server, for good."""

    async def run() -> None:
        Serving.verdict = completion(json.dumps(VERDICT))
        Serving.replies = {
            json.dumps(mark, ensure_ascii=False)[1:-1].encode(): [completion(text) for text in texts]
            for mark, texts in replies.items()
        }
        server = await asyncio.get_running_loop().create_server(Serving, "127.0.0.1", 0, backlog=1024)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def serving(replies: dict[str, list[str]]) -> Iterator[str]:
    """A server in a process of its own; its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, replies), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def arrivals(address: str) -> list[float]:
    """When requests arrived since this was last asked; the clock is the machine's."""
    with urllib.request.urlopen(f"{address}/stats") as answer:
        return sorted(json.load(answer))


def rate(times: list[float], start: float, end: float) -> float:
    """Requests a second between two moments."""
    return sum(start <= moment < end for moment in times) / (end - start)


def resident(pid: int | str = "self") -> int:
    """The resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def messages(number: int) -> list[dict[str, str]]:
    """A chat as long as one in the middle of an episode, about 5 KB; as there, only the last exchange is a new one."""
    said = [{"role": "system", "content": "You play a text adventure. " * 80}]
    for i in range(10):
        said += [
            {"role": "user", "content": f"Turn {i}. " + "You see a door and a lamp. " * 8},
            {"role": "assistant", "content": "Thought: The lamp may be of use to me.\nAction: take lamp"},
        ]
    said[-1] = {
        "role": "assistant",
        "content": f"Thought: Lamp {number} may be of use to me.\nAction: take it",
    }
    return [*said, {"role": "user", "content": f"You take lamp {number}. " * 8}]


async def bare(address: str) -> tuple[Callable[[int], Awaitable[Any]], Callable[[], Awaitable[Any]]]:
    """Calls by aiohttp alone, as its own documentation has them: the body put together, sent, and read as JSON."""
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def call(number: int) -> None:
        body = {
            "model": MODEL,
            "messages": messages(number),
            "temperature": 0.0,
            "max_tokens": 512,
            "seed": number,
        }
        async with session.post(f"{address}/v1/chat/completions", json=body) as response:
            whole = await response.json()
            assert whole["choices"][0]["message"]["content"]

    return call, session.close


async def ours(
    address: str, **keywords: Any
) -> tuple[Callable[[int], Awaitable[Any]], Callable[[], Awaitable[Any]]]:
    """The same calls through `Model.ask`."""
    model = Model(MODEL, base_url=f"{address}/v1", **keywords)

    async def call(number: int) -> None:
        answer = await model.ask(Request(MODEL, messages(number), 0.0, 512, number), At(number, 0))
        assert answer.content

    async def done() -> None:
        pass

    return call, done


Calling = Callable[..., Awaitable[tuple[Callable[[int], Awaitable[Any]], Callable[[], Awaitable[Any]]]]]


async def calling(made: Awaitable[Any], in_flight: int, seconds: float) -> tuple[float, float, float, int]:
    """Keep so many calls in flight: the beginning and the end of the middle, CPU seconds meanwhile, memory while all wait."""
    call, done = await made
    over, number = False, iter(range(10**9))

    async def one(place: int) -> None:
        await asyncio.sleep(DELAY * place / in_flight)  # a server's answers do not come all at once
        while not over:
            await call(next(number))

    going = [asyncio.create_task(one(place)) for place in range(in_flight)]
    await asyncio.sleep(3 * DELAY)
    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    end, used, memory = time.perf_counter(), time.process_time() - cpu, resident()
    over = True
    await asyncio.gather(*going)
    await done()
    return start, end, used, memory


@dataclass
class Figure:
    """A row of the table: `share` of the ideal rate, CPU microseconds for each call, calls a second."""

    name: str
    in_flight: int
    share: float
    cpu: float | None
    rate: float
    memory: int = 0


def measure_calls(
    name: str, made: Calling, address: str, in_flight: int, seconds: float, **keywords: Any
) -> Figure:
    """Measure calls that nobody plays with."""
    arrivals(address)
    start, end, used, memory = asyncio.run(calling(made(address, **keywords), in_flight, seconds))
    counted = rate(arrivals(address), start, end)
    return Figure(
        name, in_flight, counted * DELAY / in_flight, used / (counted * (end - start)) * 1e6, counted, memory
    )


def actions_of(script: Script) -> list[str]:
    """Replies of a player: actions that the script's verification code takes, right and wrong ones mixed."""
    env = gym.make(
        "AgentRefine-v0", script=script, dm="rules" if script.grounded else LLMDM(MODEL, base_url="http://x")
    )
    env.action_space.seed(0)
    texts = [env.action_space.sample() for _ in range(ACTIONS)]
    env.close()
    return [f"Thought: I had better try this now and see what comes of it.\nAction: {text}" for text in texts]


@dataclass(frozen=True)
class Playing:
    """A rollout to be measured: the scripts, whether a model is the DM too, and how many episodes are in flight."""

    address: str
    scripts: tuple[str, ...]
    narrative: bool
    concurrency: int
    processes: int = 1
    turns: int = 12

    def trajectories(self, n: int, **keywords: Any) -> Any:
        """Play."""
        served = {"base_url": f"{self.address}/v1", **keywords}
        return rollout(
            list(self.scripts),
            LLMAgent(MODEL, **served),
            n,
            dm=LLMDM(MODEL, **served) if self.narrative else "rules",
            max_turns=self.turns,
            concurrency=self.concurrency,
            processes=self.processes,
        )

    @property
    def calls(self) -> int:
        """Of one episode."""
        return 2 * self.turns + 1 if self.narrative else self.turns


def measure_rollout(name: str, playing: Playing, seconds: float, **keywords: Any) -> Figure:
    """Measure a rollout from when every episode in flight has been followed by another."""
    arrivals(playing.address)
    warm = DELAY * playing.calls / 2
    with closing(playing.trajectories(10**9, **keywords)) as played:
        start = cpu = 0.0
        for trajectory in played:
            assert trajectory.outcome != "error", trajectory.error
            now = time.perf_counter()
            start = start or now + warm
            if not cpu and now >= start:
                start, cpu = now, time.process_time()
            if cpu and now >= start + seconds:
                break
        end, used, memory = now, time.process_time() - cpu, resident()
    counted = rate(arrivals(playing.address), start, end)
    in_flight = playing.concurrency * playing.processes
    each = used / (counted * (end - start)) * 1e6 if playing.processes == 1 else None
    return Figure(name, in_flight, counted * DELAY / in_flight, each, counted, memory)


def isolated(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a function in a fresh process, so that nothing is warm, and memory is its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments, **keywords).result()


async def replaying(address: str, path: str, asked: int) -> float:
    """Calls a second that a recording answers, having made it."""
    requests = [(Request(MODEL, messages(i), 0.0, 512, i), At(i, 0)) for i in range(asked)]
    recorder = Model(MODEL, base_url=f"{address}/v1", record=path)
    await asyncio.gather(*(recorder.ask(*request) for request in requests))
    model, best = Model(MODEL, replay=path), 0.0
    for _ in range(3):
        began = time.perf_counter()
        for request in requests:
            await model.ask(*request)
        best = max(best, asked / (time.perf_counter() - began))
    return best


def measure_replay(address: str, path: str) -> float:
    """Calls a second that a recording of 1,000 answers."""
    return asyncio.run(replaying(address, path, 1_000))


def measure_replayed_rollout(playing: Playing, path: str, episodes: int) -> float:
    """Calls a second where a recorded rollout is played from its recording."""
    for _ in playing.trajectories(episodes, record=path):
        pass
    began = time.perf_counter()
    spent = sum(trajectory.usage["calls"] for trajectory in playing.trajectories(episodes, replay=path))
    return float(spent / (time.perf_counter() - began))


def show(figure: Figure, wanted: float | None = None, beside: Figure | None = None) -> None:
    """Print a row."""
    cpu = f"{figure.cpu:7.0f}" if figure.cpu else f"{'':7}"
    ratio = f"{figure.share / beside.share:7.2f}" if beside else f"{'':7}"
    mark = "" if wanted is None else f"   wanted {wanted:.0%}" + ("" if figure.share >= wanted else " !")
    print(
        f"{figure.name:<50}{figure.in_flight:>5}{figure.share:>8.1%}{figure.rate:>9,.0f}{cpu}{ratio}{mark}",
        flush=True,
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a look, in a minute or so")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    options = parser.parse_args()
    seconds = 2.0 if options.quick else 6.0
    with Sandbox() as sandbox:
        scripts = [load_script(name, sandbox=sandbox) for name in library()]
    grounded = tuple(script.name for script in scripts if script.grounded)
    narrative = tuple(script.name for script in scripts if not script.grounded)
    replies = {script.goal: actions_of(script) for script in scripts}
    figures: dict[str, Any] = {}

    def row(name: str, measure: Callable[..., Figure], *arguments: Any, **keywords: Any) -> Figure:
        wanted, beside = keywords.pop("wanted", None), keywords.pop("beside", None)
        figure: Figure = isolated(measure, name, *arguments, **keywords)
        show(figure, wanted, beside)
        figures[f"{name}, {figure.in_flight}"] = asdict(figure)
        return figure

    with serving(replies) as address, tempfile.TemporaryDirectory() as folder:
        print(f"{'':<50}{'N':>5}{'share':>8}{'calls/s':>9}{'CPU µs':>7}{'ratio':>7}")
        waiting: dict[int, Figure] = {}
        baseline: dict[int, Figure] = {}
        for n, wanted in ((1, None), (16, None), (64, AT_64), (256, AT_256)):
            baseline[n] = row("aiohttp alone", measure_calls, bare, address, n, seconds)
            waiting[n] = row(
                "Model.ask", measure_calls, ours, address, n, seconds, wanted=wanted, beside=baseline[n]
            )
        row(
            "Model.ask, record=",
            measure_calls,
            ours,
            address,
            64,
            seconds,
            record=f"{folder}/asked.sqlite",
            wanted=AT_64,
            beside=baseline[64],
        )
        row(
            "Model.ask, record=",
            measure_calls,
            ours,
            address,
            256,
            seconds,
            record=f"{folder}/more.sqlite",
            wanted=AT_256,
            beside=baseline[256],
        )
        played: dict[tuple[bool, int], Figure] = {}
        for told, names in ((False, grounded), (True, narrative)):
            who = "rollout, LLM player, LLM DM" if told else "rollout, LLM player, rules DM"
            for n, wanted in ((1, None), (64, AT_64), (256, AT_256)):
                playing = Playing(address, names, told, n, turns=12 if n > 1 else 2)
                played[told, n] = row(
                    who, measure_rollout, playing, seconds, wanted=wanted, beside=baseline[n]
                )
            two = Playing(address, names, told, 128, 2)
            row(f"{who}, 2 processes", measure_rollout, two, seconds, wanted=AT_256, beside=baseline[256])
            row(
                f"{who}, record=",
                measure_rollout,
                Playing(address, names, told, 64),
                seconds,
                record=f"{folder}/{told}.sqlite",
                wanted=AT_64,
                beside=baseline[64],
            )
            row(
                f"{who}, record=, 2 processes",
                measure_rollout,
                two,
                seconds,
                record=f"{folder}/{told}2.sqlite",
                wanted=AT_256,
                beside=baseline[256],
            )
        print()
        replayed = isolated(measure_replay, address, f"{folder}/calls.sqlite")
        print(f"Model.ask, replay=: {replayed:,.0f} calls/s")
        again = isolated(
            measure_replayed_rollout, Playing(address, narrative, True, 64), f"{folder}/replay.sqlite", 128
        )
        print(f"rollout, LLM player, LLM DM, replay=: {again:,.0f} calls/s")
        figures["replay"] = {"calls": replayed, "rollout": again}
        print()
        figures["memory"] = {}
        for name, of in (
            ("call", waiting),
            *(
                (f"episode, {'LLM' if told else 'rules'} DM", {n: played[told, n] for n in (1, 256)})
                for told in (False, True)
            ),
        ):
            each = (of[256].memory - of[1].memory) / 255
            figures["memory"][name] = each
            print(
                f"memory of a waiting {name}: {each / 1e6:.3f} MB   wanted < 1 MB{'' if each < MOST_MEMORY else ' !'}"
            )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
