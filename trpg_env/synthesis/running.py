"""Several coroutines in flight, their results as they come."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterable
from itertools import islice
from typing import Any, TypeVar

from trpg_env.envs import Loop

T = TypeVar("T")


def in_flight(jobs: Iterable[Callable[[], Coroutine[Any, Any, T]]], most: int) -> Generator[T]:
    """Do jobs side by side, in an event loop of its own thread.

    Args:
        jobs: The jobs, each begun when there is room.
        most: How many are going on at once.

    Yields:
        What a job gives, as soon as it is done; in no order. What a job raises is raised, and calls the others off.

    Example:
        >>> async def doubled(number):
        ...     return 2 * number
        >>> sorted(in_flight([lambda n=n: doubled(n) for n in range(4)], 2))
        [0, 2, 4, 6]
    """
    waiting, going = iter(jobs), set[asyncio.Task[T]]()

    async def some_done() -> set[asyncio.Task[T]]:
        going.update(asyncio.create_task(job()) for job in islice(waiting, most - len(going)))
        if not going:
            return set()
        done, _ = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
        return done

    with Loop() as loop:
        while done := loop.run(some_done()):
            going -= done
            # What others have done is not lost to one that raises.
            for task in sorted(done, key=lambda task: task.exception() is not None):
                yield task.result()
