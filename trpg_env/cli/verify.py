"""`trpg-env verify`: each trajectory of files against its script."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from trpg_env.chats import is_imported
from trpg_env.cli.arguments import check_files, scripts_in
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, clean, show, tell
from trpg_env.envs.perturbations import labelled
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, Script, load_script
from trpg_env.suites import SUITES
from trpg_env.trajectory import (
    Agreement,
    NoScript,
    Scripts,
    Similarity,
    Statistics,
    StoreError,
    Trajectory,
    Variety,
    Verifier,
    compare,
    verify_unplayed,
)
from trpg_env.trajectory.reading import BadLine, count_lines, parsed_lines
from trpg_env.trajectory.verification import episode_name, perturbation_of

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
    command.add_argument(
        "files", nargs="+", metavar="FILE.jsonl", help="what trpg-env rollout or generate wrote"
    )
    command.add_argument(
        "--scripts",
        nargs="+",
        default=[],
        metavar="SCRIPT",
        help="the scripts that were played: library names, files or folders of them (default: what each trajectory names)",
    )
    command.add_argument(
        "--stats",
        action="store_true",
        help="count outcomes, errors and refinements, and measure how alike thoughts and scripts are: overlap is the "
        "mean share of word trigrams that two of them have in common (lower: more diverse), distinct the share of "
        "different trigrams among all (higher: more diverse); count the different scripts, actions and personas; and "
        "where a model wrote trajectories of grounded scripts, count how often its DM contradicts the engine",
    )
    command.add_argument(
        "--json", action="store_true", help="one JSON object on standard output instead of lines"
    )
    command.set_defaults(run=run)


class _Found(NamedTuple):
    """A fault with its file and line, and the episode's id where there is an episode."""

    fault: Fault
    id: str | None


class _Line(NamedTuple):
    """What a line of a file came to; the script where it is to be had, and what was found wrong."""

    trajectory: Trajectory | None
    script: Script | None
    found: list[_Found]


def run(options: argparse.Namespace) -> int:
    """Verify files."""
    check_files(options.files)
    records: list[dict[str, Any]] = []
    faults = trajectories = unknown = unplayed = 0
    with Sandbox() as sandbox:
        verifier = Verifier(sandbox)
        checker = _Checker(options, sandbox, verifier)
        figures = _Figures(verifier) if options.stats else None
        try:
            for line in checker.lines():
                trajectories += 1
                faults += len(line.found)
                unplayed += line.trajectory is not None and _of_others(line.trajectory)
                unknown += line.trajectory is not None and _in_unknown_words(line.trajectory)
                if line.trajectory is not None and figures is not None:
                    figures.add(line.trajectory, line.script)
                for one in line.found:
                    if options.json:
                        records.append(_record(one))
                    else:
                        show(_line(one.fault))
        except StoreError as error:
            raise WrongUse(str(error)) from None
    if options.json:
        report: dict[str, Any] = {"trajectories": trajectories, "faults": records}
        if figures is not None:
            report["statistics"] = figures.as_dict()
        show(json.dumps(report, indent=1))
    elif figures is not None:
        for text in figures.lines():
            show(text)
    if unplayed:
        who = _number(unplayed, "trajectory is", "trajectories are")
        tell(f"{who} of no script: turns, flags and endings were looked at, and nothing was played again")
    if unknown:
        who = _number(unknown, "trajectory was", "trajectories were")
        tell(f"{who} played in the words of a table that is not to be had, and not played again")
    tell(f"{_number(trajectories, 'trajectory', 'trajectories')}, {_number(faults, 'fault', 'faults')}")
    return 1 if faults else 0


def _in_unknown_words(trajectory: Trajectory) -> bool:
    """Whether a trajectory was played in words that nobody can tell from it."""
    label = perturbation_of(trajectory)
    return label is not None and labelled(label) is None


def _of_others(trajectory: Trajectory) -> bool:
    """Whether what was played is no script of ours: it was imported, or is a benchmark's."""
    return is_imported(trajectory) or trajectory.dm.kind in SUITES


class _Figures:
    """All that is counted and measured over trajectories and the scripts that they were played from."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._statistics = Statistics()
        self._similarity = Similarity(np.random.default_rng(0))
        self._variety = Variety()
        self._agreement = Agreement()

    def add(self, trajectory: Trajectory, script: Script | None) -> None:
        self._statistics.add(trajectory)
        self._similarity.add(trajectory)
        if script is None or script.hash != trajectory.script_hash:
            return  # what was played is not to be had
        self._variety.add(script)
        if trajectory.source == "synthesis" and script.grounded:
            self._agreement.add(compare(trajectory, self._verifier.world(script)))

    def lines(self) -> list[str]:
        lines = [*self._statistics.table(), "", *self._similarity.lines(), *self._variety.lines()]
        agreement = self._agreement.lines()
        return [*lines, "", *agreement] if agreement else lines

    def as_dict(self) -> dict[str, Any]:
        return self._statistics.as_dict() | {
            "self_similarity": self._similarity.as_dict(),
            "variety": self._variety.as_dict(),
            "agreement": self._agreement.as_dict() if self._agreement.offered else None,
        }


class _Checker:
    """Goes through files line by line."""

    def __init__(self, options: argparse.Namespace, sandbox: Sandbox, verifier: Verifier) -> None:
        self._files: list[str] = options.files
        given = [load_script(script, sandbox=sandbox) for script in scripts_in(options.scripts)]
        self._scripts = Scripts(sandbox, given)
        self._any_given = bool(given)
        self._verifier = verifier

    def lines(self) -> Iterator[_Line]:
        """What each line of the files came to."""
        totals = {file: count_lines(file) for file in self._files}
        for file in (file for file, total in totals.items() if not total):
            tell(f"{file}: there are no trajectories in it")
        files = chain.from_iterable(map(self._lines, totals))
        yield from progress(files, sum(totals.values()), "trajectories", after=1.0)

    def _lines(self, file: str) -> Iterator[_Line]:
        first_lines: dict[str, int] = {}
        for number, parsed in parsed_lines(file):
            script = None
            if isinstance(parsed, BadLine):
                trajectory, name, faults = None, None, [Fault(str(parsed))]
            else:
                trajectory, name = parsed, parsed.id
                first = first_lines.setdefault(name, number)
                script, faults = self._verified(
                    parsed, f"{file}:{number}", first if first != number else None
                )
            found = [_Found(replace(fault, file=file, line=number), name) for fault in faults]
            yield _Line(trajectory, script, found)

    def _verified(
        self, trajectory: Trajectory, where: str, first: int | None
    ) -> tuple[Script | None, list[Fault]]:
        episode = episode_name(trajectory.id)
        faults: list[Fault] = []
        if first is not None:
            faults.append(Fault(f"{episode}: line {first:,} has this id too", "id"))
        if _of_others(trajectory):
            found = verify_unplayed(trajectory)
            return None, [*faults, *(replace(one, message=f"{episode}: {one.message}") for one in found)]
        if trajectory.script is None and not self._any_given:
            raise WrongUse(
                f"{where}: {episode} was played from a mapping, which is in no file: "
                "name its script with --scripts"
            )
        try:
            script = self._scripts.of(trajectory)
        except NoScript as error:
            return None, [*faults, Fault(f"{episode}: {error}; name it with --scripts", "script")]
        return script, faults + self._verifier.verify(trajectory, script)


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
