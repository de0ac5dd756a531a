"""Benchmarks of others for `trpg-env evaluate`: which tasks, and their episodes played as those of scripts are."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from trpg_env.cli.evaluating import Evaluation, sampled
from trpg_env.cli.perturbing import perturbing, perturbing_tasks
from trpg_env.cli.playing import player
from trpg_env.cli.terminal import WrongUse
from trpg_env.evaluation.benchmarks import suite_of
from trpg_env.rollout.benchmarks import ready_benchmark
from trpg_env.rollout.prepared import Ready
from trpg_env.suites import DataError, MissingExtra, benchmark
from trpg_env.suites.selection import Selection, selected

_OF_SCRIPTS = ("scripts", "held_out", "training", "dm_model", "dm_temperature")


@contextmanager
def benchmark_evaluation(options: argparse.Namespace) -> Iterator[Evaluation]:
    """Make ready what the options ask for.

    Raises:
        WrongUse: The options do not fit together, or data or an extra is missing.
    """
    _refuse_options(options)
    agent = player(options)
    found = _selected(options)
    n = len(found.tasks) if options.n is None else options.n
    hints = (
        [f"-n {n} plays {n} of {found.of} tasks, evenly spread; leave it out for all"] if n < found.of else []
    )
    by = perturbing(options)
    wrap, told = perturbing_tasks(by, found.maker(), found.tasks)
    with ExitStack() as stack:

        def ready(luck: int) -> Ready:
            return ready_benchmark(
                found,
                agent,
                n,
                options.seed,
                luck=luck,
                max_turns=options.max_turns,
                concurrency=options.concurrency,
                processes=options.processes,
                wrap=wrap,
                perturbation=None if by is None else by.label,
            )

        played = sampled(ready, options.samples, suite_of(found, options.max_turns), stack)
        packages = found.benchmark.packages
        yield replace(played, packages=packages, hints=hints, arguments={**played.arguments, **told})


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


def _selected(options: argparse.Namespace) -> Selection:
    splits = benchmark(options.suite).splits
    if options.split is not None and options.split not in splits:
        there = f"its splits are {', '.join(splits)}" if splits else "it has none"
        raise WrongUse(f"--split {options.split} is no split of {options.suite}; {there}")
    try:
        return selected(options.suite, n=options.n or None, split=options.split)
    except (DataError, MissingExtra) as error:
        raise WrongUse(str(error)) from None
