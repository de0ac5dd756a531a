"""Progress on standard error: a bar on a terminal, a plain line now and then otherwise."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from trpg_env.cli.terminal import tell

T = TypeVar("T")


def progress(items: Iterable[T], total: int, unit: str) -> Iterator[T]:
    """Pass items on and show how far they are.

    Args:
        items: What is waited for.
        total: How many there will be.
        unit: What they are.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, unit=f" {unit}", file=sys.stderr)
        return
    step = max(1, total // 5)
    for done, item in enumerate(items, start=1):
        yield item
        if done % step == 0 or done == total:
            tell(f"{done} of {total} {unit}")
