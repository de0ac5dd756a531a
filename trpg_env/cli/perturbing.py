"""`trpg-env evaluate --perturb`: the same items in other words, one perturbation or all of them beside the unperturbed run."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import count
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.envs.game import GameEnv, Task
from trpg_env.envs.perturbations import (
    NAMES,
    NotApplicable,
    Perturbation,
    PerturbationError,
    Perturber,
    changes,
    changes_game,
    perturbation,
    read_table,
)
from trpg_env.envs.perturbations.own import unused
from trpg_env.envs.perturbations.vocabulary import of_script
from trpg_env.envs.text import TextEnv
from trpg_env.evaluation import Results, ResultsError, read_results
from trpg_env.evaluation.results import FILE as RESULTS
from trpg_env.evaluation.robustness import FILE, Robustness, is_robustness
from trpg_env.evaluation.robustness_table import lines
from trpg_env.rollout.environments import unchanged
from trpg_env.script import Script
from trpg_env.trajectory.reading import reason
from trpg_env.trajectory.remains import put

ALL = "all"
TABLED = ("paraphrase", "entities")
"""The perturbations that take a table of one's own."""
UNPERTURBED = "unperturbed"
"""The folder of the run in the usual words."""


class Inapplicable(WrongUse):
    """A perturbation that changes none of the items.

    Args:
        why: What is in its way.
        advice: What to do where it was asked for alone.

    Attributes:
        why: What is in its way.
    """

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(f"--perturb: {why}{advice}")
        self.why = why


def add_perturb_options(command: argparse.ArgumentParser) -> None:
    """Add which perturbation, and what it is made from."""
    command.add_argument(
        "--perturb",
        choices=[*NAMES, ALL],
        help="play in other words that mean the same: another preposition, verb or order in actions, names without blanks, "
        "actions paraphrased, or entities renamed; all plays each of them and the unperturbed run, into folders within --out",
    )
    command.add_argument(
        "--perturb-table",
        metavar="FILE",
        help="for paraphrase and entities, a table of your own (YAML or JSON): templates of actions, or names, each with what "
        "is to stand there instead",
    )
    command.add_argument(
        "--perturb-seed",
        type=count,
        metavar="S",
        help="draws the names of entities; another seed gives others (default 0)",
    )


def perturbing(options: argparse.Namespace) -> Perturbation | None:
    """The perturbation that the options ask for; None where they ask for none.

    Raises:
        WrongUse: They do not fit together, or the table cannot be read.
    """
    name, table, seed = options.perturb, options.perturb_table, options.perturb_seed
    if name is None:
        for flag, value in (("--perturb-table", table), ("--perturb-seed", seed)):
            if value is not None:
                raise WrongUse(f"{flag} says how to perturb; name what with --perturb")
        return None
    if table is not None and name not in (*TABLED, ALL):
        raise WrongUse(f"--perturb-table is for --perturb {' and '.join(TABLED)}; {name} takes none")
    try:
        own = None if table is None else read_table(table, name)
        return perturbation(name, seed=seed or 0, table=own)
    except PerturbationError as error:
        raise WrongUse(f"--perturb: {error}") from None


Wrap = Callable[[TextEnv], TextEnv]


def perturbing_scripts(by: Perturbation | None, scripts: Sequence[Script]) -> tuple[Wrap, dict[str, Any]]:
    """What is put around environments of scripts, and what results say of it.

    Args:
        by: The perturbation; None for none.
        scripts: What is played on.

    Raises:
        WrongUse: It changes none of the scripts, or does not fit one.
    """
    if by is None:
        return unchanged, {}
    strangers = unused(by, map(of_script, scripts))
    if strangers:
        what = "action" if by.kind == "paraphrase" else "name"
        raise WrongUse(
            f"--perturb-table: none of the items has the {what} {strangers[0]!r}; leave it out, or write it as they do"
        )
    try:
        changed = sum(changes(by, script) for script in scripts)
    except PerturbationError as error:
        raise WrongUse(f"--perturb: {error}") from None
    _tell_changed(by.label, changed, len(scripts))
    return Perturber(by), {"perturbation": by.label, "changed": changed}


def perturbing_tasks(
    by: Perturbation | None, make: Callable[[], GameEnv], tasks: Sequence[Task]
) -> tuple[Wrap, dict[str, Any]]:
    """The same for environments of a benchmark.

    Args:
        by: The perturbation; None for none.
        make: Makes one, in which it is tried.
        tasks: What is played, one task or more.

    Raises:
        Inapplicable: It changes nothing there, or the benchmark does not tell what it is made from.
    """
    if by is None:
        return unchanged, {}
    with closing(make()) as env:
        try:
            changed = changes_game(by, env, tasks[0].name)
        except NotApplicable as error:
            raise Inapplicable(str(error)) from None
        except PerturbationError as error:
            raise WrongUse(f"--perturb: {error}") from None
    if changed is not None:
        _tell_changed(by.label, changed * len(tasks), len(tasks))
    return Perturber(by), {"perturbation": by.label, "changed": changed and len(tasks)}


def _tell_changed(label: str, changed: int, items: int) -> None:
    """Say of how many items the words are changed.

    Raises:
        Inapplicable: Of none of them.
    """
    if not changed:
        where = "the only item" if items == 1 else f"any of the {items} items"
        raise Inapplicable(f"{label} changes nothing in {where}", "; name another perturbation")
    if changed < items:
        tell(f"{label} changes the words of {changed} of {items} items; the others are played as they are")


def every(options: argparse.Namespace, evaluate: Callable[[argparse.Namespace], int]) -> int:
    """Evaluate unperturbed and under each perturbation, and put the figures side by side.

    Args:
        options: The options, whose `out` is the folder for all.
        evaluate: Plays one evaluation and gives the exit code.

    Returns:
        The exit code: the first that stopped the evaluations, or 1 where episodes broke.
    """
    out: Path = options.out
    if (out / RESULTS).exists():
        raise WrongUse(f"--out {out} holds one evaluation already; name another folder for several")
    if (out / FILE).exists() and not is_robustness(out):
        raise WrongUse(
            f"--out: {out / FILE} is none that trpg-env wrote; name another folder, or delete the file"
        )
    if options.perturb_table is not None:
        raise WrongUse(f"--perturb-table is for one perturbation, and --perturb {ALL} is several; name one")
    worst = 0
    played: dict[str, Results] = {}
    left_out: dict[str, str] = {}
    for name, one in _runs(options):
        tell(f"{name}:")
        try:
            code = evaluate(one)
        except Inapplicable as error:
            left_out[name] = error.why
            continue
        if code > 1 or (code and not _measured(one.out)):
            return code
        worst = max(worst, code)
        played[name] = read_results(one.out)
    try:
        found = Robustness.of(played, UNPERTURBED, list(left_out))
        put(out / FILE, found.text().encode())
    except OSError as error:
        complain(
            f"{out / FILE} cannot be written: {reason(error)}; put that right, then the same command goes on from there"
        )
        return 1
    except ResultsError as error:
        raise WrongUse(str(error)) from None
    for line in lines(found, left_out):
        show(line)
    show(f"written to          {out / FILE}")
    return worst


def _measured(folder: Path) -> bool:
    """Whether an evaluation came to its end, where some of its episodes broke."""
    try:
        return bool(read_results(folder).counts.broken)
    except ResultsError:
        return False


def _runs(options: argparse.Namespace) -> Iterator[tuple[str, argparse.Namespace]]:
    for name in (UNPERTURBED, *NAMES):
        own = {
            "out": options.out / name,
            "perturb": None if name == UNPERTURBED else name,
            "perturb_seed": options.perturb_seed if name == "entities" else None,
        }
        yield name, argparse.Namespace(**{**vars(options), **own})
