"""Waiting for coroutines: in the caller's event loop, or from plain code."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
Wait = Callable[[Awaitable[Any]], Awaitable[Any]]
"""How something awaitable is waited for."""


async def directly(awaitable: Awaitable[T]) -> T:
    """Wait in the running loop, where others go on meanwhile."""
    return await awaitable


class Loop:
    """An event loop in a thread of its own, started when it is first needed.

    So a client keeps one loop over all episodes, and the caller may have a loop running itself (a notebook has).

    Example:
        >>> import asyncio
        >>> with Loop() as loop:
        ...     loop.run(asyncio.sleep(0, "done"))
        'done'
    """

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._runner = asyncio.Runner()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for what an awaitable gives, or raises."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "trpg_env-loop")
        return self._thread.submit(self._runner.run, directly(awaitable)).result()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """The same as a `Wait`: a coroutine that waits in this way never gives way to another, and needs no loop."""
        return self.run(awaitable)

    def close(self) -> None:
        """End the loop and its thread."""
        if self._thread is not None:
            self._thread.submit(self._runner.close).result()
            self._thread.shutdown()
            self._thread, self._runner = None, asyncio.Runner()

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
