"""`trpg-env export`: a file of trajectories → a refinement-tuning dataset."""

import argparse
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import count
from trpg_env.cli.terminal import WrongUse, show
from trpg_env.trajectory import StoreError, read_trajectories
from trpg_env.tuning import FORMATS, ExportError, export


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "export",
        help="write a refinement-tuning dataset",
        description="Write the trajectories of a file as a dataset for refinement tuning.",
        epilog="example: trpg-env export episodes.jsonl --format messages --out dataset",
    )
    command.add_argument("file", type=Path, metavar="FILE.jsonl", help="what trpg-env rollout wrote")
    command.add_argument(
        "--format", choices=FORMATS, required=True, metavar="F", help=f"one of {', '.join(FORMATS)}"
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the dataset's folder")
    command.add_argument(
        "--min-refinements",
        type=count,
        default=2,
        metavar="K",
        help="error-and-refines a trajectory must have (default 2)",
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--success-only", action="store_true", help="only trajectories that reach the goal (the default)"
    )
    which.add_argument(
        "--all", action="store_true", help="every trajectory that did not break, however it ended"
    )
    command.add_argument(
        "--train-errors", action="store_true", help="put loss on erroneous replies too (an ablation)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write a dataset."""
    if not options.file.is_file():
        raise WrongUse(f"{options.file}: there is no such file; name what trpg-env rollout wrote")
    try:
        summary = export(
            read_trajectories(options.file),
            options.format,
            options.out,
            min_refinements=0 if options.all else options.min_refinements,
            success_only=not options.all,
            train_errors=options.train_errors,
        )
    except (StoreError, ExportError) as error:
        raise WrongUse(str(error)) from None
    for line in summary.lines():
        show(line)
    return 0
