"""Playing benchmarks of others: a benchmark's name and an agent in, trajectories out."""

import os
from collections.abc import Callable, Iterator
from typing import cast

from trpg_env.agents import Agent, Function, as_agent
from trpg_env.envs.text import TextEnv
from trpg_env.rollout.environments import TaskMaker, unchanged
from trpg_env.rollout.episode import participant
from trpg_env.rollout.prepared import Ready, answerer
from trpg_env.rollout.run import Run
from trpg_env.suites.selection import Selection, selected
from trpg_env.trajectory import Trajectory


def rollout_benchmark(
    name: str,
    agent: Agent | Function,
    n: int | None = None,
    seed: int = 0,
    *,
    luck: int = 0,
    split: str | None = None,
    data: str | os.PathLike[str] | None = None,
    max_turns: int | None = None,
    concurrency: int = 1,
    processes: int = 1,
    out: str | os.PathLike[str] | None = None,
) -> Iterator[Trajectory]:
    """Play episodes of a benchmark: those that `trpg-env evaluate` plays with the same numbers.

    `pddl` is none of these: its problems are scripts, and `trpg_env.rollout` plays them.

    Args:
        name: The benchmark's name, such as `alfworld`.
        agent: Who plays: an agent, or a callable from observation and info to an action.
        n: How many episodes in all, 1 or more; one of each task where left out. Of fewer than there are tasks each has a task
            of its own, evenly spread.
        seed: The run's seed.
        luck: The luck of every episode.
        split: The benchmark's split; its usual one where left out.
        data: The folder of benchmarks' data; what `TRPG_DATA` names where left out.
        max_turns: After how many actions an episode is truncated; the benchmark's own number where left out.
        concurrency: How many episodes are in flight, as in `rollout`.
        processes: How many processes play, as in `rollout`.
        out: A file to which each trajectory is appended before it is yielded, as in `rollout`.

    Yields:
        A trajectory as soon as its episode has ended.

    Raises:
        ValueError: There is no such benchmark or split, or a number is out of range.
        MissingExtra: What it is played with is not installed.
        DataError: Its data is not there, or cannot be read.
        StoreError: `out` cannot be written, or holds another run: with the first trajectory.
    """
    found = selected(name, n=n, split=split, data=data)
    ready = ready_benchmark(
        found,
        as_agent(agent),
        len(found.tasks) if n is None else n,
        seed,
        luck=luck,
        max_turns=max_turns,
        concurrency=concurrency,
        processes=processes,
    )
    return ready.trajectories(out)


def ready_benchmark(
    found: Selection,
    agent: Agent,
    n: int,
    seed: int = 0,
    *,
    luck: int = 0,
    max_turns: int | None = None,
    concurrency: int = 1,
    processes: int = 1,
    wrap: Callable[[TextEnv], TextEnv] = unchanged,
    perturbation: str | None = None,
) -> Ready:
    """A run of a benchmark that can be played.

    Args:
        found: Its tasks.
        agent: Who plays.
        n: How many episodes in all.
        seed: The run's seed.
        luck: The luck of every episode.
        max_turns: After how many actions an episode is truncated; the benchmark's own number where left out.
        concurrency: How many episodes are in flight in each process.
        processes: How many processes play.
        wrap: What is put around each environment.
        perturbation: What that is called, where it changes words.

    Raises:
        ValueError: A number is out of range.
    """
    name = found.benchmark.name
    run = Run(tuple(found.tasks), participant(agent), answerer(name, perturbation), n, seed, luck, max_turns)
    maker = TaskMaker(cast("Callable[[], TextEnv]", found.maker(max_turns)), wrap)
    return Ready(run, agent, maker, concurrency=concurrency, processes=processes)
