"""Benchmarks of others as suites, for whoever measures episodes of them in Python."""

import os

from trpg_env.evaluation.suite import Item, Suite
from trpg_env.suites.selection import Selection, selected


def benchmark_suite(
    name: str,
    *,
    n: int | None = None,
    split: str | None = None,
    data: str | os.PathLike[str] | None = None,
    max_turns: int | None = None,
) -> Suite:
    """What results say that episodes of a benchmark were played on; the arguments are those of `rollout_benchmark`.

    Args:
        name: The benchmark's name, such as `alfworld`.
        n: How many episodes there are; one of each task where left out.
        split: The benchmark's split; its usual one where left out.
        data: The folder of benchmarks' data; what `TRPG_DATA` names where left out.
        max_turns: After how many actions an episode was truncated; the benchmark's own number where left out.

    Raises:
        ValueError: There is no such benchmark or split, or `n` is too few.
        MissingExtra: What it is played with is not installed.
        DataError: Its data is not there, or cannot be read.
    """
    return suite_of(selected(name, n=n, split=split, data=data), max_turns)


def suite_of(selection: Selection, max_turns: int | None = None) -> Suite:
    """Tasks of a benchmark as a suite.

    Args:
        selection: The tasks.
        max_turns: After how many actions an episode was truncated; the benchmark's own number where left out.
    """
    benchmark = selection.benchmark
    items = [
        Item(
            name=task.name,
            hash=task.hash,
            family=task.family,
            max_turns=max_turns or task.max_turns,
            difficulty=task.difficulty,
        )
        for task in selection.tasks
    ]
    return Suite(name=benchmark.name, items=items, split=selection.split, rules=dict(benchmark.rules))
