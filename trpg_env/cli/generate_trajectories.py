"""`trpg-env generate trajectories`: both sides of a trajectory in one answer, as in the paper."""

import argparse
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import count, scripts_in
from trpg_env.cli.synthesis import Preparation, add_options, generated
from trpg_env.synthesis.generate import trajectory_run
from trpg_env.synthesis.sampling import Sampling
from trpg_env.trajectory.statistics import ENOUGH_REFINES


def add_to(kinds: Any) -> None:
    """Add the command to the parser."""
    command = kinds.add_parser(
        "trajectories",
        help="trajectories of scripts, both sides in one answer",
        description="Have a language model write trajectories, the dungeon master's turns and the player's in one answer. "
        "Up to the first turn that breaks a rule they are kept, and the model goes on from there, until the trajectory "
        "passes or its calls are spent, those of its script included. Called again with the same arguments, a run that "
        "was interrupted goes on where it was. Exit 1 if nothing was kept, or a model failed.",
        epilog="example: trpg-env generate trajectories --scripts my-scripts -n 100 --model gpt-4o --out written.jsonl",
    )
    command.add_argument(
        "--scripts",
        nargs="+",
        required=True,
        metavar="SCRIPT",
        help="library names, files, or folders of files",
    )
    command.add_argument(
        "--min-refinements",
        type=count,
        default=ENOUGH_REFINES,
        metavar="K",
        help=f"error-and-refines a trajectory must have (default {ENOUGH_REFINES}, the paper's)",
    )
    command.add_argument(
        "-n",
        type=count,
        default=10,
        metavar="N",
        help="trajectories in all, dealt out to the scripts (default 10)",
    )
    add_options(command)
    command.add_argument(
        "--out", required=True, type=Path, metavar="FILE.jsonl", help="the file for the trajectories"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Generate trajectories."""

    def ready(sampling: Sampling) -> Preparation:
        return trajectory_run(
            scripts_in(options.scripts),
            options.out,
            options.n,
            sampling,
            seed=options.seed,
            min_refinements=options.min_refinements,
            concurrency=options.concurrency,
        )

    return generated(ready, options, "trajectories")
