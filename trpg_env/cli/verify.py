"""`trpg-env verify`: each trajectory of files against its script."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from trpg_env.cli.arguments import check_files
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, clean, show, tell
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, load_script
from trpg_env.trajectory import NoScript, Scripts, Similarity, Statistics, StoreError, Trajectory, Verifier
from trpg_env.trajectory.reading import BadLine, count_lines, parsed_lines
from trpg_env.trajectory.verification import episode_name

_LONGEST = 800
"""The longest line for a fault, in characters: what it quotes may be of any length."""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "verify",
        help="find what is wrong with trajectories",
        description="Verify each trajectory against its script: a rollout of a grounded script is played again. "
        "A line for each fault. Exit 1 if there is any.",
        epilog="example: trpg-env verify episodes.jsonl --stats",
    )
    command.add_argument("files", nargs="+", metavar="FILE.jsonl", help="what trpg-env rollout wrote")
    command.add_argument(
        "--scripts",
        nargs="+",
        default=[],
        metavar="SCRIPT",
        help="the scripts that were played: library names or files (default: what each trajectory names)",
    )
    command.add_argument(
        "--stats",
        action="store_true",
        help="count outcomes, errors and refinements, and measure how alike thoughts and scripts are: overlap is the "
        "mean share of word trigrams that two of them have in common (lower: more diverse), distinct the share of "
        "different trigrams among all (higher: more diverse)",
    )
    command.add_argument(
        "--json", action="store_true", help="one JSON object on standard output instead of lines"
    )
    command.set_defaults(run=run)


class _Found(NamedTuple):
    """A fault with its file and line, and the episode's id where there is an episode."""

    fault: Fault
    id: str | None


def run(options: argparse.Namespace) -> int:
    """Verify files."""
    check_files(options.files)
    statistics = Statistics()
    similarity = Similarity(np.random.default_rng(0)) if options.stats else None
    records: list[dict[str, Any]] = []
    faults = trajectories = 0
    with Sandbox() as sandbox:
        checker = _Checker(options, sandbox)
        try:
            for trajectory, found in checker.lines():
                trajectories += 1
                faults += len(found)
                if trajectory is not None and similarity is not None:
                    statistics.add(trajectory)
                    similarity.add(trajectory)
                for one in found:
                    if options.json:
                        records.append(_record(one))
                    else:
                        show(_line(one.fault))
        except StoreError as error:
            raise WrongUse(str(error)) from None
    if options.json:
        report: dict[str, Any] = {"trajectories": trajectories, "faults": records}
        if similarity is not None:
            report["statistics"] = statistics.as_dict() | {"self_similarity": similarity.as_dict()}
        show(json.dumps(report, indent=1))
    elif similarity is not None:
        for line in [*statistics.table(), "", *similarity.lines()]:
            show(line)
    tell(f"{_number(trajectories, 'trajectory', 'trajectories')}, {_number(faults, 'fault', 'faults')}")
    return 1 if faults else 0


class _Checker:
    """Goes through files line by line."""

    def __init__(self, options: argparse.Namespace, sandbox: Sandbox) -> None:
        self._files: list[str] = options.files
        given = [load_script(script, sandbox=sandbox) for script in options.scripts]
        self._scripts = Scripts(sandbox, given)
        self._any_given = bool(given)
        self._verifier = Verifier(sandbox)

    def lines(self) -> Iterator[tuple[Trajectory | None, list[_Found]]]:
        """Each line's trajectory, where it is one, and its faults."""
        totals = {file: count_lines(file) for file in self._files}
        for file in (file for file, total in totals.items() if not total):
            tell(f"{file}: there are no trajectories in it")
        files = chain.from_iterable(map(self._lines, totals))
        yield from progress(files, sum(totals.values()), "trajectories", after=1.0)

    def _lines(self, file: str) -> Iterator[tuple[Trajectory | None, list[_Found]]]:
        first_lines: dict[str, int] = {}
        for number, parsed in parsed_lines(file):
            if isinstance(parsed, BadLine):
                trajectory, name, faults = None, None, [Fault(str(parsed))]
            else:
                trajectory, name = parsed, parsed.id
                first = first_lines.setdefault(name, number)
                faults = self._faults(parsed, f"{file}:{number}", first if first != number else None)
            yield trajectory, [_Found(replace(fault, file=file, line=number), name) for fault in faults]

    def _faults(self, trajectory: Trajectory, where: str, first: int | None) -> list[Fault]:
        episode = episode_name(trajectory.id)
        if trajectory.script is None and not self._any_given:
            raise WrongUse(
                f"{where}: {episode} was played from a mapping, which is in no file: "
                "name its script with --scripts"
            )
        faults: list[Fault] = []
        if first is not None:
            faults.append(Fault(f"{episode}: line {first:,} has this id too", "id"))
        try:
            return faults + self._verifier.verify(trajectory, self._scripts.of(trajectory))
        except NoScript as error:
            return [*faults, Fault(f"{episode}: {error}; name it with --scripts", "script")]


def _line(fault: Fault) -> str:
    line = " ".join(clean(str(fault)).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _record(found: _Found) -> dict[str, Any]:
    fault = found.fault
    return {
        "file": fault.file,
        "line": fault.line,
        "id": found.id,
        "place": fault.place,
        "message": fault.message,
    }


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
