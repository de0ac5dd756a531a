"""Synthesis beside a model server that answers after 200 ms: how near to the ideal rate, and what the verifiers cost.

Usage: python benchmarks/synthesis.py [--quick] [--json FILE]

With N items in flight that pass at once, and answers that take 0.2 s, N / 0.2 items a second is the most there can be. What is
printed is the share of that which the server counts, and beside it the share that `aiohttp` alone has with the same answers
in the same run. Verifying is measured by itself, one after the other: a script as it is read and checked, a trajectory as it is read and
judged; and taking up a run in which everything is decided, item by item.

Real models take ten seconds and more for a script, so that 256 in flight come to some 25 items a second; `ENOUGH` is twice that.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from llm import DELAY, Serving, arrivals, completion, isolated, rate

from trpg_env.prompts import prompt
from trpg_env.sandbox import Sandbox
from trpg_env.script import load_script
from trpg_env.synthesis.checking import read_and_check
from trpg_env.synthesis.draft import draft_of
from trpg_env.synthesis.generate import script_run, trajectory_run
from trpg_env.synthesis.judging import Judge
from trpg_env.synthesis.reading import read_turns
from trpg_env.synthesis.sampling import Sampling
from trpg_env.trajectory.matching import Matcher

ENOUGH = 50.0
"""Items a second that a process should be good for."""
MODEL = "bench"


class Writing(Serving):
    """A server that writes scripts and trajectories."""

    script = trajectory = b""

    def said(self, body: bytes) -> bytes:
        return self.trajectory if b"You write trajectories" in body[:4_000] else self.script


def a_script() -> str:
    """A narrative script of the library's as a model writes it."""
    draft = draft_of(load_script("village-healer"))
    assert draft is not None
    return draft.model_dump_json()


def serve(port: Any, script: str) -> None:
    """Be the server, for good."""

    async def run() -> None:
        Writing.script, Writing.trajectory = completion(script), completion(prompt("trajectory_example"))
        server = await asyncio.get_running_loop().create_server(Writing, "127.0.0.1", 0, backlog=1024)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def serving() -> Iterator[str]:
    """A server in a process of its own; its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, a_script()), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def bare(address: str, in_flight: int, seconds: float) -> float:
    """Answers a second that aiohttp alone takes in and reads, asked with as long a prompt."""
    asked = "You write scripts for a game. " + "A place, an item, a rule. " * 700

    async def run() -> tuple[float, float]:
        over = False
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(place: int) -> None:
                await asyncio.sleep(DELAY * place / in_flight)
                while not over:
                    body = {"model": MODEL, "messages": [{"role": "system", "content": asked}]}
                    async with session.post(f"{address}/v1/chat/completions", json=body) as response:
                        assert (await response.json())["choices"]

            going = [asyncio.create_task(one(place)) for place in range(in_flight)]
            await asyncio.sleep(3 * DELAY)
            start = time.perf_counter()
            await asyncio.sleep(seconds)
            end, over = time.perf_counter(), True
            await asyncio.gather(*going)
        return start, end

    arrivals(address)
    start, end = asyncio.run(run())
    return rate(arrivals(address), start, end)


def generating(kind: str, address: str, in_flight: int, seconds: float) -> float:
    """Items a second of a run that keeps everything, from when every item in flight has been followed by another."""
    sampling = Sampling(MODEL, base_url=f"{address}/v1")
    arrivals(address)
    with tempfile.TemporaryDirectory() as folder:
        if kind == "scripts":
            run: Any = script_run(f"{folder}/out", 10**6, sampling, concurrency=in_flight)
        else:
            told = Path(folder, "fog.json")
            told.write_text(prompt("trajectory_example_script"), encoding="utf-8")
            run = trajectory_run(told, f"{folder}/out.jsonl", 10**6, sampling, concurrency=in_flight)
        with run as ready, closing(ready.outcomes()) as outcomes:
            start = 0.0
            for outcome in outcomes:
                assert outcome.kept is not None, outcome
                now = time.perf_counter()
                start = start or now + 3 * DELAY
                if now >= start + seconds:
                    break
            return rate(arrivals(address), start, now)


def checking(seconds: float) -> float:
    """Milliseconds to read and check a narrative script."""
    reply = a_script()
    with Sandbox() as sandbox:
        return timed(partial(read_and_check, reply, {}, grounded=False, sandbox=sandbox), seconds)


def checking_grounded(seconds: float) -> float:
    """Milliseconds to read and check a grounded script, plans and all."""
    reply = json.dumps(load_script("cool-tomato").source.data)
    with Sandbox() as sandbox:
        return timed(partial(read_and_check, reply, {}, grounded=True, sandbox=sandbox), seconds)


def judging(seconds: float) -> float:
    """Milliseconds to read and judge a trajectory of 25 turns."""
    reply = prompt("trajectory_example")
    with Sandbox() as sandbox:
        script = load_script(json.loads(prompt("trajectory_example_script")), sandbox=sandbox)
        judge = Judge([c.text for c in script.program.completion], Matcher(script, sandbox), 2)
        return timed(lambda: judge.judge(read_turns(reply)), seconds)


def timed(what: Callable[[], Any], seconds: float) -> float:
    """Milliseconds for each of many."""
    what()
    times, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        what()
        times += 1
    return (time.perf_counter() - began) / times * 1e3


def taking_up(address: str, n: int) -> float:
    """Microseconds for each item to take up a run of scripts in which everything is decided."""
    sampling = Sampling(MODEL, base_url=f"{address}/v1")
    with tempfile.TemporaryDirectory() as folder:
        with script_run(folder, n, sampling, concurrency=128) as ready:
            assert sum(outcome.kept is not None for outcome in ready.outcomes()) == n
        began = time.perf_counter()
        with script_run(folder, n, sampling) as ready:
            assert len(ready.synthesis.found) == n
            assert not [*ready.outcomes()]
        return (time.perf_counter() - began) / n * 1e6


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a look, in half a minute or so")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    options = parser.parse_args()
    seconds = 2.0 if options.quick else 6.0
    figures: dict[str, float] = {}
    with serving() as address:
        print(f"{'':<28}{'N':>5}{'share':>8}{'items/s':>9}{'ratio':>7}")
        for in_flight in (16, 64, 256):
            ideal = in_flight / DELAY
            alone = isolated(bare, address, in_flight, seconds)
            print(f"{'aiohttp alone':<28}{in_flight:>5}{alone / ideal:>8.1%}{alone:>9,.0f}")
            for kind in ("scripts", "trajectories"):
                made = isolated(generating, kind, address, in_flight, seconds)
                figures[f"{kind}, {in_flight}"] = made / alone
                short = "" if made >= min(ENOUGH, 0.9 * alone) else " !"
                wanted = f"   wanted {ENOUGH:.0f} items/s{short}" if in_flight > 16 else ""
                print(
                    f"{f'generate {kind}':<28}{in_flight:>5}{made / ideal:>8.1%}{made:>9,.0f}{made / alone:>7.2f}{wanted}",
                    flush=True,
                )
        print()
        for name, measure in (
            ("a narrative script, read and checked", checking),
            ("a grounded script, read, checked and solved", checking_grounded),
            ("a trajectory of 25 turns, read and judged", judging),
        ):
            figures[name] = isolated(measure, seconds)
            print(f"{name:<46}{figures[name]:>8.2f} ms", flush=True)
        n = 500 if options.quick else 2_000
        figures["taking up"] = isolated(taking_up, address, n)
        print(f"{'an item that is decided, taken up':<46}{figures['taking up']:>8.0f} µs   (of {n:,})")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
