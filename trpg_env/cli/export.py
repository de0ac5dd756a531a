"""`trpg-env export`: files of trajectories → a refinement-tuning dataset."""

import argparse
import gc
import re
from itertools import chain
from typing import Any

from trpg_env.cli.arguments import check_files, count, positive, share
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, complain, show
from trpg_env.trajectory import StoreError, read_trajectories
from trpg_env.trajectory.reading import count_lines
from trpg_env.tuning import FORMATS, ExportError, export

_OPTION = re.compile(
    r"\b(train_errors|mask_refinements|drop_refinements|system_prompt|max_prefixes|max_length)\b"
)
"""Options as the library calls them in its errors."""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "export",
        help="write a refinement-tuning dataset",
        description="Write trajectories as a dataset for refinement tuning: erroneous replies stay in the "
        "conversation, and the loss is on the correct ones. Exit 1 if there is no record, none to train on, or no "
        "trajectory of an excluded family; the dataset is written all the same.",
        epilog="example: trpg-env export episodes.jsonl --format messages --split 0.05 --out dataset",
    )
    command.add_argument("files", nargs="+", metavar="FILE.jsonl", help="what trpg-env rollout wrote")
    command.add_argument(
        "--format", choices=FORMATS, required=True, metavar="F", help=f"one of {', '.join(FORMATS)}"
    )
    command.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="the dataset's folder; an earlier dataset in it is replaced",
    )
    _add_choice(command)
    _add_ablations(command)
    _add_amount(command)
    _add_records(command)
    command.set_defaults(run=run)


def _add_choice(command: argparse.ArgumentParser) -> None:
    which = command.add_argument_group("which trajectories")
    which.add_argument(
        "--min-refinements",
        type=count,
        metavar="K",
        help="error-and-refines a trajectory must have (default 2; with --all 0)",
    )
    ends = which.add_mutually_exclusive_group()
    ends.add_argument(
        "--success-only", action="store_true", help="only trajectories that reach the goal (the default)"
    )
    ends.add_argument(
        "--all", action="store_true", help="every trajectory that did not break, however it ended"
    )
    which.add_argument(
        "--exclude",
        nargs="+",
        action="extend",
        default=[],
        metavar="FAMILY",
        help="leave out the scripts of these families (trpg-env scripts lists those of the library)",
    )


def _add_ablations(command: argparse.ArgumentParser) -> None:
    ablations = command.add_argument_group("ablations, one at most").add_mutually_exclusive_group()
    ablations.add_argument("--train-errors", action="store_true", help="put loss on erroneous replies too")
    ablations.add_argument(
        "--mask-refinements",
        action="store_true",
        help="put no loss on the correct replies right after erroneous ones",
    )
    ablations.add_argument(
        "--drop-refinements",
        action="store_true",
        help="cut out erroneous replies and the answers to them; the replies that refer to them carry no loss",
    )


def _add_amount(command: argparse.ArgumentParser) -> None:
    amount = command.add_argument_group("how much, and which part is held out")
    amount.add_argument(
        "--limit",
        type=positive,
        metavar="N",
        help="N episodes, drawn evenly; a smaller N gives a part of what a larger one gives",
    )
    amount.add_argument(
        "--seed", type=count, default=0, metavar="S", help="which N episodes --limit draws (default 0)"
    )
    amount.add_argument(
        "--split",
        type=share,
        metavar="SHARE",
        help="write train.jsonl and test.jsonl; a family is held out if the hash of its name is below this share, such "
        "as 0.05, so the share is reached only with many families",
    )


def _add_records(command: argparse.ArgumentParser) -> None:
    records = command.add_argument_group("what a record is, in some formats")
    records.add_argument(
        "--system-prompt",
        action="store_true",
        help="begin each conversation with the system message that --player llm gives, so that a model meets in play "
        "what it met in training",
    )
    records.add_argument(
        "--max-prefixes",
        type=positive,
        metavar="K",
        help="llamafactory, and tokens where the chat template rewrites what was said before: a record is an episode up "
        "to one of its correct replies; K of them at most (default all)",
    )
    records.add_argument(
        "--tokenizer",
        metavar="T",
        help="tokens: the folder of a Hugging Face tokenizer with a chat template, or its name on the hub",
    )
    records.add_argument(
        "--max-length",
        type=positive,
        metavar="N",
        help="tokens: N tokens a record at most, cut after a reply (default: what the tokenizer says)",
    )


def spare_the_collector() -> None:
    """Have this process look for garbage less often.

    Trajectories are many small objects without cycles among them; with each thousand, all that there is would be looked through.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def run(options: argparse.Namespace) -> int:
    """Write a dataset."""
    check_files(options.files)
    if not options.out:
        raise WrongUse("--out is empty; name the dataset's folder")
    least = options.min_refinements
    spare_the_collector()
    try:
        trajectories = chain.from_iterable(map(read_trajectories, options.files))
        summary = export(
            progress(trajectories, sum(map(count_lines, options.files)), "trajectories", after=1.0),
            options.format,
            options.out,
            min_refinements=least if least is not None else 0 if options.all else 2,
            success_only=not options.all,
            train_errors=options.train_errors,
            mask_refinements=options.mask_refinements,
            drop_refinements=options.drop_refinements,
            exclude=options.exclude,
            limit=options.limit,
            seed=options.seed,
            split=options.split,
            system_prompt=options.system_prompt,
            max_prefixes=options.max_prefixes,
            tokenizer=options.tokenizer,
            max_length=options.max_length,
        )
    except (StoreError, ExportError) as error:
        raise WrongUse(_OPTION.sub(lambda match: f"--{match[0].replace('_', '-')}", str(error))) from None
    for line in summary.lines(shortfalls=False):
        show(line)
    shortfalls = summary.shortfalls()
    for shortfall in shortfalls:
        complain(shortfall)
    return 1 if shortfalls else 0
