"""`trpg-env evaluate`: how good a player is on a suite, or how one evaluation compares with another."""

import argparse
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import count, positive, share
from trpg_env.cli.evaluate_benchmark import benchmark_evaluation
from trpg_env.cli.evaluate_judge import add_judge_options, judge, judging
from trpg_env.cli.evaluate_pddl import pddl_evaluation
from trpg_env.cli.evaluate_scripts import scripts_evaluation
from trpg_env.cli.evaluating import Evaluation
from trpg_env.cli.models import model_packages
from trpg_env.cli.perturbing import ALL, UNPERTURBED, add_perturb_options, every
from trpg_env.cli.playing import (
    AGAIN,
    add_pace_options,
    add_who_options,
    fill,
    refuse_company,
    tell_broken,
)
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.evaluation import (
    Card,
    CardError,
    Contamination,
    Results,
    ResultsError,
    compare,
    read_card,
    read_results,
)
from trpg_env.evaluation.measures import WITHIN
from trpg_env.evaluation.results import FILE
from trpg_env.evaluation.robustness import FILE as ROBUSTNESS
from trpg_env.evaluation.table import comparison_lines, lines
from trpg_env.sandbox import SandboxFault
from trpg_env.script import ScriptError
from trpg_env.suites import SUITES
from trpg_env.trajectory import Journal, Statistics, StoreError, WriteFailed, read_trajectories
from trpg_env.trajectory.reading import TRAJECTORIES, reason
from trpg_env.trajectory.remains import put
from trpg_env.tuning.folder import dataset_files
from trpg_env.tuning.subset import is_held_out

EPISODES = "episodes.jsonl"

_OWN = frozenset({EPISODES, f"{EPISODES}.run", f"{EPISODES}.torn", FILE, ROBUSTNESS})
"""The files that an evaluation writes itself."""

_SUITES: dict[str, Callable[[argparse.Namespace], AbstractContextManager[Evaluation]]] = {
    "scripts": scripts_evaluation,
    "pddl": pddl_evaluation,
    **dict.fromkeys(SUITES, benchmark_evaluation),
}


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "evaluate",
        help="measure how good a player is",
        description="Play a suite and measure success, progress, errors and recovery, each with an interval. Called again "
        "with the same arguments, an evaluation that was interrupted goes on where it was. Exit 1 if episodes broke: they "
        "are in none of the figures.",
        epilog="examples: trpg-env evaluate --player erring -n 60 --out erring; trpg-env evaluate --compare erring random",
    )
    command.add_argument(
        "--suite",
        choices=sorted(_SUITES),
        default="scripts",
        help="what is played (default scripts); the others are benchmarks, whose data is your own, below the folder that the "
        "environment variable TRPG_DATA names",
    )
    command.add_argument(
        "--split",
        metavar="NAME",
        help="which of a benchmark's splits, where it has several, such as valid_seen of alfworld",
    )
    _add_items(command)
    add_who_options(command)
    command.add_argument(
        "-n", type=count, metavar="N", help="starts in all, dealt out to the items (default: one an item)"
    )
    command.add_argument(
        "--samples",
        type=positive,
        default=1,
        metavar="K",
        help="episodes of each start, with other luck and other replies; the best of them is told beside the mean (default 1)",
    )
    add_pace_options(command)
    command.add_argument(
        "--within",
        type=positive,
        default=WITHIN,
        metavar="T",
        help=f"turns in which an error is to be recovered from (default {WITHIN})",
    )
    command.add_argument(
        "--trained-on",
        nargs="+",
        metavar="CARD",
        help="datasets that the player was trained on, as trpg-env export wrote them: the folder or its README.md; families "
        "and scripts of the suite that were trained on are told",
    )
    command.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"the folder for {EPISODES} and {FILE}, which is needed but with --compare; where it holds a part of this run, the run "
        "goes on, and where all of it, it is measured again",
    )
    command.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="play nothing: how much B is above A, two such folders of the same items",
    )
    add_perturb_options(command)
    add_judge_options(command)
    command.set_defaults(run=run, defaults=command.get_default)


def _add_items(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--scripts",
        nargs="+",
        metavar="SCRIPT",
        help="library names, files, or folders of files (default: the library, as far as player and DM can play it)",
    )
    part = command.add_mutually_exclusive_group()
    part.add_argument(
        "--held-out",
        type=share,
        metavar="SHARE",
        help="only the families that trpg-env export --split SHARE holds out",
    )
    part.add_argument("--training", type=share, metavar="SHARE", help="only the others")


def run(options: argparse.Namespace) -> int:
    """Evaluate, compare, or judge the DM."""
    if options.compare is not None:
        return _compared(options)
    if judging(options):
        if options.perturb is not None:
            raise WrongUse("--perturb changes what a player hears, and no player is judged; leave it out")
        return judge(options)
    if options.player is None:
        raise WrongUse("--player is missing: name who is evaluated, such as --player llm")
    if options.out is None:
        raise WrongUse(f"--out is missing: name the folder for {EPISODES} and {FILE}")
    _require_folder(options.out)
    _refuse_record(options.record, options.out)
    if options.perturb == ALL:
        return every(options, lambda one: _one(one, shown=False, first=one.perturb is None))
    return _one(options)


def _one(options: argparse.Namespace, *, shown: bool = True, first: bool = True) -> int:
    """One evaluation, in one wording: the first or only one of its items says what is to be said of them."""
    out: Path = options.out
    _refuse_record(options.record, out)
    refuse_company(options)
    _refuse_strangers(out, options.perturb)
    try:
        cards = None if options.trained_on is None else [read_card(card) for card in options.trained_on]
        with _SUITES[options.suite](options) as evaluation:
            if first:
                _tell_before(evaluation, options)
            return _evaluated(evaluation, out, options, cards, shown=shown)
    except (WriteFailed, SandboxFault) as error:
        complain(f"{error}; put that right, then {AGAIN}")
        return 1
    except (CardError, StoreError, ResultsError, ValueError) as error:
        if isinstance(error, ScriptError):
            raise
        raise WrongUse(str(error)) from None


def _require_folder(out: Path) -> None:
    try:
        there = stat.S_ISDIR(out.stat().st_mode)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise WrongUse(f"--out {out} cannot be had: {reason(error)}; name another folder") from None
    if not there:
        raise WrongUse(f"--out {out} is no folder; name one for {EPISODES} and {FILE}")


def _refuse_record(record: str | None, out: Path) -> None:
    if record is None:
        return
    real = Path(os.path.realpath(record))
    if real.parent == Path(os.path.realpath(out)) and real.name in _OWN:
        raise WrongUse(f"--record is {record}, a file of --out; exchanges want one of their own")


def _refuse_strangers(out: Path, perturb: str | None) -> None:
    """Find what is not to be mixed with an evaluation: evaluations within, somebody else's `results.json`, or a dataset."""
    # Where several were interrupted, there is no table of them yet.
    if (out / ROBUSTNESS).exists() or (out / UNPERTURBED / EPISODES).exists():
        raise WrongUse(
            f"--out {out} holds an evaluation for each perturbation; name {out / (perturb or UNPERTURBED)} within it, or another "
            "folder"
        )
    if dataset_files(out):
        raise WrongUse(f"--out {out} is a dataset's folder; name another one")
    episodes = out / EPISODES
    if episodes.exists() and not episodes.is_file():
        raise WrongUse(
            f"--out: {episodes} is no file, and episodes are read again from it; name another folder"
        )
    if (out / FILE).exists():
        try:
            read_results(out)
        except ResultsError as error:
            raise WrongUse(f"--out: {error}; name another folder, or delete the file") from None


def _tell_before(evaluation: Evaluation, options: argparse.Namespace) -> None:
    for hint in evaluation.hints:
        tell(hint)
    if options.samples > 1 and options.player == "llm" and not options.player_temperature:
        tell(
            "samples of a model at temperature 0 differ by luck alone; --player-temperature 1 makes them differ"
        )


def _evaluated(
    evaluation: Evaluation,
    out: Path,
    options: argparse.Namespace,
    cards: list[Card] | None,
    *,
    shown: bool,
) -> int:
    """Play what is left, and say what came of it in all; the exit code."""
    statistics = Statistics()
    episodes = out / EPISODES
    # As a store, but people know it by its folder.
    with Journal(
        episodes,
        TRAJECTORIES,
        evaluation.run,
        evaluation.ids,
        statistics.add,
        called=out,
        words={"scripts": "tasks"} if options.suite in SUITES else {},
    ) as journal:
        playing = evaluation.play(lambda id: id not in journal)
        stopped = fill(journal, statistics, evaluation.scripts, evaluation.n, playing)
        if stopped is not None:
            return stopped
    found = Results.of(
        progress(read_trajectories(episodes), statistics.episodes, "episodes measured", after=1.0),
        evaluation.suite,
        samples=options.samples,
        within=options.within,
        arguments=evaluation.arguments,
        contamination=None if cards is None else Contamination.of(cards, evaluation.suite.items, is_held_out),
        packages=[*evaluation.packages, *model_packages(options)],
        progress=evaluation.progress,
    )
    try:
        put(out / FILE, found.text().encode())
    except OSError as error:
        complain(f"{out / FILE} cannot be written: {reason(error)}; put that right, then {AGAIN}")
        return 1
    if shown:
        for line in lines(found):
            show(line)
        show(f"written to          {out / FILE}")
    if broken := statistics.outcomes["error"]:
        tell_broken(journal, broken, evaluation.n)
    return 1 if broken else 0


def _compared(options: argparse.Namespace) -> int:
    default = options.defaults
    for name, value in vars(options).items():
        if name not in ("command", "compare", "suite") and value != default(name):
            hint = "; measure both again with it, then compare" if name == "within" else ""
            raise WrongUse(
                f"--compare plays nothing, so {_flag(name)} does not go with it; leave it out{hint}"
            )
    try:
        first, second = map(read_results, options.compare)
        found = compare(first, second)
    except ResultsError as error:
        raise WrongUse(str(error)) from None
    show(f"first               {options.compare[0]}")
    show(f"second              {options.compare[1]}")
    for line in comparison_lines(found):
        show(line)
    if not found.pairs:
        complain("there is nothing to compare: every episode broke in one of the two, or in both")
        return 1
    return 0


def _flag(name: str) -> str:
    return f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
