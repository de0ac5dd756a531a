"""Benchmarks of others as Gymnasium environments of texts, with the same `info` as `AgentRefine-v0`.

```python
import gymnasium as gym, trpg_env

env = gym.make("TRPG/hotpotqa-v0", data="my-data")
```

Their data is the user's own, below the folder that `TRPG_DATA` names; what they are played with is an extra each.
"""

import os
from importlib import import_module
from typing import Any

from trpg_env.envs.game import GameEnv
from trpg_env.suites.benchmark import Benchmark, MissingExtra
from trpg_env.suites.data import Data, DataError

__all__ = ["SUITES", "Benchmark", "Data", "DataError", "MissingExtra", "benchmark", "make"]

SUITES = ("alfworld", "babyai", "hotpotqa", "jericho", "scienceworld")
"""The benchmarks, each a module of this package with its `BENCHMARK`."""


def benchmark(name: str) -> Benchmark:
    """A benchmark by its name.

    Raises:
        ValueError: There is none of that name.

    Example:
        >>> benchmark("hotpotqa").rules["success"]
        'HotpotQA: exact match'
    """
    if name not in SUITES:
        raise ValueError(f"{name!r} is no suite; the suites are {', '.join(SUITES)}")
    found: Benchmark = import_module(f"trpg_env.suites.{name}").BENCHMARK
    return found


def make(
    suite: str,
    *,
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    split: str | None = None,
    **keywords: Any,
) -> GameEnv:
    """A benchmark as an environment: what `gym.make("TRPG/hotpotqa-v0", …)` calls.

    Args:
        suite: The benchmark's name.
        task: The task that is played where `reset(options={"task": name})` names none; the first where left out.
        data: The folder of benchmarks' data; what `TRPG_DATA` names where left out.
        split: The split, where the benchmark has several; its usual one where left out.
        **keywords: Keywords of `trpg_env.envs.game.GameEnv`, such as `max_turns`.

    Raises:
        ValueError: There is no such benchmark, split or task, or a keyword has a value that it does not take.
        MissingExtra: What it is played with is not installed.
        DataError: Its data is not there, or cannot be read.
    """
    chosen = benchmark(suite)
    chosen.require()
    folder = Data(data)
    return GameEnv(
        chosen.game(folder), chosen.read(folder, split), task=task, answers=chosen.name, **keywords
    )
