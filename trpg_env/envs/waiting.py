"""Waiting for coroutines from plain code."""

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


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
        return self._thread.submit(self._runner.run, _awaited(awaitable)).result()

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


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
