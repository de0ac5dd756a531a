"""Benchmarks of others for `trpg-env evaluate`: which tasks, and their episodes played as those of scripts are."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import cast

from trpg_env.cli.evaluating import Evaluation, sampled
from trpg_env.cli.perturbing import perturbing, perturbing_tasks
from trpg_env.cli.playing import player
from trpg_env.cli.terminal import WrongUse, tell
from trpg_env.envs.game import Task
from trpg_env.envs.text import TextEnv
from trpg_env.evaluation import Item, Suite
from trpg_env.rollout.environments import TaskMaker
from trpg_env.rollout.episode import participant
from trpg_env.rollout.prepared import Ready, answerer
from trpg_env.rollout.run import Run
from trpg_env.suites import Benchmark, Data, DataError, MissingExtra, benchmark, make

_OF_SCRIPTS = ("scripts", "held_out", "training", "dm_model", "dm_temperature")


@contextmanager
def benchmark_evaluation(options: argparse.Namespace) -> Iterator[Evaluation]:
    """Make ready what the options ask for.

    Raises:
        WrongUse: The options do not fit together, or data or an extra is missing.
    """
    chosen = benchmark(options.suite)
    _refuse_options(options)
    agent = player(options)
    tasks, split = _tasks(chosen, options.split)
    n = len(tasks) if options.n is None else options.n
    if n < len(tasks):
        tell(f"-n {n} plays {n} of {len(tasks)} tasks, evenly spread; leave it out for all")
        tasks = [tasks[i * len(tasks) // n] for i in range(n)] or tasks
    by = perturbing(options)
    wrap, told = perturbing_tasks(by, partial(make, chosen.name, split=split), tasks)
    with ExitStack() as stack:

        def ready(luck: int) -> Ready:
            run = Run(
                tuple(tasks),
                participant(agent),
                answerer(chosen.name, None if by is None else by.label),
                n,
                options.seed,
                luck,
                options.max_turns,
            )
            environment = cast(
                "partial[TextEnv]", partial(make, chosen.name, split=split, max_turns=options.max_turns)
            )
            return Ready(
                run,
                agent,
                TaskMaker(environment, wrap),
                concurrency=options.concurrency,
                processes=options.processes,
            )

        suite = _suite(chosen, tasks, split, options.max_turns)
        found = sampled(ready, options.samples, suite, stack)
        yield replace(found, packages=chosen.packages, arguments={**found.arguments, **told})


def _refuse_options(options: argparse.Namespace) -> None:
    for name in _OF_SCRIPTS:
        if getattr(options, name) is not None:
            flag = name.replace("_", "-")
            raise WrongUse(f"--{flag} is for --suite scripts; {options.suite} has tasks of its own")
    if options.dm != "rules":
        raise WrongUse(f"--dm {options.dm} is for --suite scripts; {options.suite} answers for itself")
    if options.player in ("planner", "erring"):
        raise WrongUse(
            f"--player {options.player} plans in the worlds of scripts; the one that knows {options.suite} is --player expert"
        )


def _tasks(chosen: Benchmark, split: str | None) -> tuple[Sequence[Task], str | None]:
    """The tasks, and the split they are of."""
    if split is not None and split not in chosen.splits:
        there = f"its splits are {', '.join(chosen.splits)}" if chosen.splits else "it has none"
        raise WrongUse(f"--split {split} is no split of {chosen.name}; {there}")
    split = split or next(iter(chosen.splits), None)
    try:
        chosen.require()
        return [*chosen.read(Data(), split).values()], split
    except (DataError, MissingExtra) as error:
        raise WrongUse(str(error)) from None


def _suite(chosen: Benchmark, tasks: Sequence[Task], split: str | None, max_turns: int | None) -> Suite:
    items = [
        Item(
            name=task.name,
            hash=task.hash,
            family=task.family,
            max_turns=max_turns or task.max_turns,
            difficulty=task.difficulty,
        )
        for task in tasks
    ]
    return Suite(name=chosen.name, items=items, split=split, rules=dict(chosen.rules))
