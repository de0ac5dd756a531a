"""Playing episodes in one process: one after another, or several in flight."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import suppress
from queue import SimpleQueue

from trpg_env.agents import Agent
from trpg_env.envs import Loop, directly
from trpg_env.rollout.episode import Record
from trpg_env.rollout.run import Planned, RunError
from trpg_env.rollout.table import Table


def play(table: Table, episodes: Iterator[Planned], concurrency: int) -> Generator[Record]:
    """Play episodes.

    Args:
        table: Where they are played.
        episodes: Which ones.
        concurrency: How many are in flight. Coroutines of agents and DMs then wait side by side; what is plain
            code goes on one after another.

    Yields:
        The data of a trajectory as soon as its episode has ended; with several in flight not in the order of `episodes`.
    """
    if concurrency > 1:
        yield from _side_by_side(table, episodes, concurrency)
        return
    (player,) = table.players(1)
    with Loop() as loop:
        for episode in episodes:
            yield _finished(table.play(player, episode, loop.wait))


def _finished(playing: Coroutine[None, None, Record]) -> Record:
    """What a coroutine gives that never gives way to another: no event loop is needed, which would cost each turn."""
    try:
        playing.send(None)
    except StopIteration as end:
        trajectory: Record = end.value
        return trajectory
    raise RuntimeError("an episode waits for an event loop that nobody runs")


def _side_by_side(table: Table, episodes: Iterator[Planned], concurrency: int) -> Generator[Record]:
    """Play in an event loop of its own thread, which goes on while the caller does something else."""
    players = table.players(concurrency)
    results: SimpleQueue[Record | BaseException | None] = SimpleQueue()
    # The caller's thread may have an event loop set, which a runner without a factory would replace.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()
    # What the caller has not taken yet is bounded, however slow the caller is.
    room = asyncio.Semaphore(2 * concurrency)
    taking = asyncio.Lock()
    called_off = False

    async def sit(player: Agent) -> None:
        # A player may swallow the cancellation.
        while not called_off:
            await room.acquire()
            # Whoever hands episodes out may take a while, and others wait for their models meanwhile.
            async with taking:
                episode = await asyncio.to_thread(next, episodes, None)
            if episode is None:
                room.release()
                return
            results.put(await table.play(player, episode, directly))
            # Plain code never gives way by itself.
            await asyncio.sleep(0)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            sitting = [group.create_task(sit(player)) for player in players]
        if any(task.cancelled() for task in sitting):
            raise RunError("a player or a DM cancelled the task that played it, and its episode is lost")

    def work() -> None:
        try:
            with runner:
                loop.run_until_complete(playing)
        except BaseException as error:
            results.put(error)
        else:
            results.put(None)

    playing = loop.create_task(run())
    thread = threading.Thread(target=work, name="trpg_env-rollout", daemon=True)
    try:
        thread.start()
        while (result := results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            _tell(loop, room.release)
            yield result
    finally:
        called_off = True
        _tell(loop, playing.cancel)
        if thread.ident is not None:
            thread.join()


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Have a loop in another thread do something, unless it has ended."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
