"""Playing episodes in one process: one after another, or several in flight."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from queue import SimpleQueue

from trpg_env.envs import Loop, directly
from trpg_env.rollout.episode import Record
from trpg_env.rollout.run import Planned
from trpg_env.rollout.table import Seat, Table


def play(table: Table, episodes: Iterator[Planned], concurrency: int) -> Iterator[Record]:
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
    (seat,) = table.seats(1)
    with Loop() as loop:
        for episode in episodes:
            yield _finished(table.play(seat, episode, loop.wait))


def _finished(playing: Coroutine[None, None, Record]) -> Record:
    """What a coroutine gives that never gives way to another: no event loop is needed, which would cost each turn."""
    try:
        playing.send(None)
    except StopIteration as end:
        trajectory: Record = end.value
        return trajectory
    raise RuntimeError("an episode waits for an event loop that nobody runs")


def _side_by_side(table: Table, episodes: Iterator[Planned], concurrency: int) -> Iterator[Record]:
    """Play in an event loop of its own thread, which goes on while the caller does something else."""
    seats = table.seats(concurrency)
    results: SimpleQueue[Record | BaseException | None] = SimpleQueue()
    loop = asyncio.new_event_loop()
    # What the caller has not taken yet is bounded, however slow the caller is.
    room = asyncio.Semaphore(2 * concurrency)

    async def sit(seat: Seat) -> None:
        while True:
            await room.acquire()
            episode = next(episodes, None)
            if episode is None:
                room.release()
                return
            results.put(await table.play(seat, episode, directly))
            # Plain code never gives way by itself.
            await asyncio.sleep(0)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for seat in seats:
                group.create_task(sit(seat))

    def work() -> None:
        try:
            loop.run_until_complete(playing)
            results.put(None)
        except BaseException as error:
            results.put(error)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    playing = loop.create_task(run())
    thread = threading.Thread(target=work, name="trpg_env-rollout", daemon=True)
    thread.start()
    try:
        while (result := results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            loop.call_soon_threadsafe(room.release)
            yield result
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(playing.cancel)
        thread.join()
