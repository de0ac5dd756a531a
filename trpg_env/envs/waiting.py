"""Waiting for coroutines: in the caller's event loop, or from plain code."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")
Wait = Callable[[Awaitable[Any]], Awaitable[Any]]
"""How something awaitable is waited for."""


async def directly(awaitable: Awaitable[T]) -> T:
    """Wait in the running loop, where others go on meanwhile."""
    return await awaitable


class Loop:
    """An event loop in a thread of its own, started when it is first needed.

    So a client keeps one loop over all episodes, and the caller may have a loop running itself (a notebook has).
    An interrupt of the caller's is not held up by what waits there, and calls it off; so does `close`.

    Example:
        >>> import asyncio
        >>> with Loop() as loop:
        ...     loop.run(asyncio.sleep(0, "done"))
        'done'
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, awaitable: Awaitable[T]) -> T:
        """Wait for what an awaitable gives, or raises."""
        if self._loop is None:
            runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
            self._loop = runner.get_loop()
            self._thread = threading.Thread(target=_work, args=(runner,), name="trpg_env-loop", daemon=True)
            self._thread.start()
        future = asyncio.run_coroutine_threadsafe(_told(awaitable), self._loop)
        try:
            given, raised = future.result()
        except BaseException:  # the caller is interrupted, and nobody waits for it any more
            future.cancel()
            raise
        if raised is not None:
            raise raised
        return cast(T, given)

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """The same as a `Wait`: a coroutine that waits in this way never gives way to another, and needs no loop."""
        return self.run(awaitable)

    def close(self) -> None:
        """Call off whatever waits, and end the thread."""
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(runner: asyncio.Runner) -> None:
    with runner:
        runner.get_loop().run_forever()


async def _told(awaitable: Awaitable[T]) -> tuple[T | None, BaseException | None]:
    """What an awaitable gives or raises; an exception that would end the loop does not pass through it."""
    try:
        return await awaitable, None
    except (KeyboardInterrupt, SystemExit) as error:
        return None, error
