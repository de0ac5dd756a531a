"""Which of a benchmark's tasks are played."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from trpg_env.envs.game import Task
from trpg_env.suites import benchmark
from trpg_env.suites.benchmark import Benchmark
from trpg_env.suites.data import Data


class Selection(NamedTuple):
    """Tasks of a benchmark.

    Attributes:
        benchmark: The benchmark.
        split: The split that they are of; None where it has one set of tasks.
        tasks: The tasks, in the benchmark's order.
        of: How many there are in all.
    """

    benchmark: Benchmark
    split: str | None
    tasks: Sequence[Task]
    of: int


def selected(
    name: str,
    *,
    n: int | None = None,
    split: str | None = None,
    data: str | os.PathLike[str] | None = None,
) -> Selection:
    """Tasks of a benchmark: all of them, or an evenly spread part, the same that `trpg-env evaluate` plays.

    Args:
        name: The benchmark's name.
        n: How many episodes there are to be, 1 or more: where that is below the number of tasks, so many tasks are taken.
        split: The split; the usual one where left out.
        data: The folder of benchmarks' data; what `TRPG_DATA` names where left out.

    Raises:
        ValueError: There is no such benchmark or split, or `n` is too few.
        MissingExtra: What it is played with is not installed.
        DataError: Its data is not there, or cannot be read.
    """
    found = benchmark(name)
    if split is not None and split not in found.splits:
        there = f"its splits are {', '.join(found.splits)}" if found.splits else "it has none"
        raise ValueError(f"{split!r} is no split of {name}; {there}")
    if n is not None and n < 1:
        raise ValueError(f"n={n} is too few: it is 1 or more")
    split = split or next(iter(found.splits), None)
    found.require()
    tasks = list(found.read(Data(data), split).values())
    of = len(tasks)
    if n is not None and n < of:
        tasks = [tasks[i * of // n] for i in range(n)]
    return Selection(found, split, tasks, of)
