"""Which of a benchmark's tasks are played."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from trpg_env.envs.game import GameEnv, Task
from trpg_env.suites import benchmark
from trpg_env.suites.benchmark import Benchmark
from trpg_env.suites.data import Data

T = TypeVar("T")


class Selection(NamedTuple):
    """Tasks of a benchmark.

    Attributes:
        benchmark: The benchmark.
        split: The split that they are of; None where it has one set of tasks.
        tasks: The tasks, in the benchmark's order.
        of: How many there are in all.
        data: The folder of benchmarks' data.
    """

    benchmark: Benchmark
    split: str | None
    tasks: Sequence[Task]
    of: int
    data: Data

    def maker(self, max_turns: int | None = None) -> Callable[[], GameEnv]:
        """What makes environments that play these tasks, as they were read; it can be pickled.

        Args:
            max_turns: After how many actions an episode is truncated; the benchmark's own number where left out.
        """
        return partial(_environment, self.benchmark.name, tuple(self.tasks), self.data, max_turns)


def _environment(name: str, tasks: Sequence[Task], data: Data, max_turns: int | None) -> GameEnv:
    by_name = {task.name: task for task in tasks}
    return GameEnv(benchmark(name).game(data), by_name, answers=name, max_turns=max_turns)


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
    folder = Data(data)
    tasks = list(found.read(folder, split).values())
    return Selection(found, split, spread(tasks, n), len(tasks), folder)


def spread(tasks: Sequence[T], n: int | None) -> Sequence[T]:
    """So many tasks, evenly spread over all of them; all where there are no more, or where no number is given.

    Example:
        >>> spread("abcdef", 3)
        ['a', 'c', 'e']
    """
    return tasks if not n or n >= len(tasks) else [tasks[i * len(tasks) // n] for i in range(n)]
