"""Progress on standard error: a bar on a terminal, a plain line now and then otherwise."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm import tqdm

from trpg_env.cli.terminal import tell

T = TypeVar("T")

EVERY = 30.0
"""Seconds after which a plain line is written even if little has happened."""


class Progress:
    """Shows how far something is, how fast it goes, and how much of it broke.

    Args:
        total: How many there will be.
        unit: What they are.
        after: How many seconds it may take without a word.
    """

    def __init__(self, total: int, unit: str, *, after: float = 0.0) -> None:
        self._total, self._unit = total, unit
        self._done = self._broken = 0
        self._began = self._told = time.monotonic()
        self._bar: Any = None
        if sys.stderr is not None and sys.stderr.isatty():
            columns, rows = _size()
            self._bar = tqdm(
                total=total, unit=f" {unit}", file=sys.stderr, ncols=columns, nrows=rows, delay=after
            )
        self._after = after
        self._step = max(1, total // 5)

    def advance(self, *, broken: bool = False, note: str = "") -> None:
        """One more is done.

        Args:
            broken: Whether it broke.
            note: What else is to be seen beside the count.
        """
        self._done += 1
        self._broken += broken
        if self._bar is not None:
            if note:
                self._bar.set_postfix_str(note, refresh=False)
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
            rate = self._done / max(now - self._began, 1e-9)
            shown = f"{rate:.0f}" if rate >= 100 else f"{rate:.3g}"
            tell(f"{self._done} of {self._total} {self._unit}, {shown}/s{broke}")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """For other lines on standard error: a bar makes way for them."""
        if self._bar is None:
            yield
            return
        with tqdm.external_write_mode(file=sys.stderr):
            yield

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


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
