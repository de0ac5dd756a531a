"""AgentBoard's PDDL games for `trpg-env evaluate`: their problems become scripts beside the results, and are played as such."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from trpg_env.cli.evaluate_scripts import scripts_run
from trpg_env.cli.evaluating import Evaluation
from trpg_env.cli.playing import dungeon_master, player
from trpg_env.cli.script_file import as_json
from trpg_env.cli.terminal import WrongUse
from trpg_env.evaluation import Item, Suite
from trpg_env.pddl import agentboard_progress
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, load_script
from trpg_env.suites import Data, DataError
from trpg_env.suites.pddl import RULES, Problem, problems
from trpg_env.suites.selection import spread
from trpg_env.trajectory import WriteFailed
from trpg_env.trajectory.reading import reason
from trpg_env.trajectory.remains import put

SCRIPTS = "scripts"
"""The folder, within that of the results, for the problems as scripts: `verify`, `play` and `report` find them there."""


@contextmanager
def pddl_evaluation(options: argparse.Namespace) -> Iterator[Evaluation]:
    """Make ready what the options ask for.

    Raises:
        WrongUse: The options do not fit together, or data is missing.
    """
    for name in ("scripts", "held_out", "training", "split"):
        if getattr(options, name) is not None:
            raise WrongUse(
                f"--{name.replace('_', '-')} does not go with --suite pddl, which has tasks of its own; leave it out"
            )
    who = player(options), dungeon_master(options)
    try:
        found = problems(Data())
    except DataError as error:
        raise WrongUse(str(error)) from None
    hints = []
    if options.n is not None and options.n < len(found):
        hints.append(
            f"-n {options.n} plays {options.n} of {len(found)} problems, evenly spread; leave it out for all"
        )
        found = list(spread(found, options.n))
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        scripts = _written(found, Path(options.out) / SCRIPTS, sandbox)
        by_hash = {script.hash: script for script in scripts}

        def progress(item: str, share: float) -> float:
            return agentboard_progress(by_hash[item], share)

        suite = _suite(found, scripts, options.max_turns)
        played = scripts_run(options, who, scripts, suite, sandbox, stack)
        yield replace(played, hints=hints, progress=progress)


def _written(found: Sequence[Problem], folder: Path, sandbox: Sandbox) -> list[Script]:
    """The problems as scripts, each loaded from a file of its own."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for problem in found:
            _put(folder / f"{problem.name}.json", as_json(problem.script).encode())
    except OSError as error:
        raise WriteFailed(f"{folder} cannot be written: {reason(error)}") from None
    return [load_script(folder / f"{problem.name}.json", sandbox=sandbox) for problem in found]


def _put(file: Path, data: bytes) -> None:
    if not file.exists():
        put(file, data)
    elif file.read_bytes() != data:
        raise WrongUse(
            f"--out: {file} is there, and is another problem or of another version; name another folder"
        )


def _suite(found: Sequence[Problem], scripts: Sequence[Script], max_turns: int | None) -> Suite:
    items = [
        Item(
            name=problem.name,
            hash=script.hash,
            family=script.family,
            max_turns=max_turns or script.max_turns,
            difficulty=problem.difficulty,
        )
        for problem, script in zip(found, scripts, strict=True)
    ]
    return Suite(name="pddl", items=items, rules=dict(RULES))
