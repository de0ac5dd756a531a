"""Progress on standard error: a bar on a terminal, a plain line now and then otherwise."""

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from tqdm import tqdm

from trpg_env.cli.terminal import tell

T = TypeVar("T")

EVERY = 30.0
"""Seconds after which a plain line is written even if little has happened."""


class Progress:
    """Shows how far something is, how fast it goes, and how much of it broke; and now and then that it still goes on.

    Args:
        total: How many there will be.
        unit: What they are.
        begun: How many of them were done before.
        after: How many seconds it may take without a word.
    """

    def __init__(self, total: int, unit: str, *, begun: int = 0, after: float = 0.0) -> None:
        self._total, self._unit, self._begun = total, unit, begun
        self._done, self._broken = begun, 0
        self._began = self._told = time.monotonic()
        self._bar: Any = None
        self._note: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            columns, rows = _size()
            self._made = partial(tqdm, file=sys.stderr, ncols=columns, nrows=rows, delay=after)
            self._bar = self._made(total=total, initial=begun, unit=f" {unit}")
        self._after = after
        self._step = max(1, total // 5)
        self._over = threading.Event()
        self._going_on = threading.Thread(target=self._go_on, name="trpg_env-progress", daemon=True)

    def advance(self, *, broken: bool = False, note: str = "") -> None:
        """One more is done.

        Args:
            broken: Whether it broke.
            note: What else is to be seen beside the count; on a terminal in a line of its own.
        """
        self._done += 1
        self._broken += broken
        if self._bar is not None:
            if note:
                self._show(note)
            elif broken:
                self._bar.set_postfix(broken=self._broken, refresh=False)
            self._bar.update()
            return
        now = time.monotonic()
        if now - self._began < self._after:
            return
        if self._done % self._step == 0 or self._done == self._total or now - self._told > EVERY:
            self._told = now
            broke = f": {note}" if note else f", {self._broken} broken" if self._broken else ""
            rate = (self._done - self._begun) / max(now - self._began, 1e-9)
            shown = f"{rate:.0f}" if rate >= 100 else f"{rate:.3g}"
            tell(f"{self._done} of {self._total} {self._unit}, {shown}/s{broke}")

    def _show(self, note: str) -> None:
        if self._note is None:
            self._note = self._made(total=0, position=1, bar_format="{desc}")
        self._note.set_description_str(note, refresh=False)
        self._note.update(0)

    def _go_on(self) -> None:
        """Say from time to time that something is still waited for: what takes long is not to look like what hangs."""
        while not self._over.wait(EVERY):
            if self._bar is not None:
                self._bar.refresh()
            elif time.monotonic() - self._told > EVERY:
                self._told = time.monotonic()
                minutes, seconds = divmod(int(self._told - self._began), 60)
                tell(f"{self._done} of {self._total} {self._unit} after {minutes}:{seconds:02}, and going on")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """For other lines on standard error: a bar makes way for them."""
        if self._bar is None:
            yield
            return
        with tqdm.external_write_mode(file=sys.stderr):
            yield

    def __enter__(self) -> "Progress":
        self._going_on.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._going_on.join()
        for line in (self._bar, self._note):
            if line is not None:
                line.close()


def _size() -> tuple[int, int]:
    """Columns and rows of the terminal; some say that they have none, which is no reason to show nothing."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        return 80, 24
    return size.columns or 80, size.lines or 24


def progress(items: Iterable[T], total: int, unit: str, *, after: float = 0.0) -> Iterator[T]:
    """Pass items on and show how far they are.

    Args:
        items: What is waited for.
        total: How many there will be.
        unit: What they are.
        after: How many seconds it may take without a word.
    """
    with Progress(total, unit, after=after) as shown:
        for item in items:
            yield item
            shown.advance()
