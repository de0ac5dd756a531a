"""`trpg-env report`: evaluations and trajectories as one HTML page."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import check_files, count, scripts_in
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.evaluation.results import FILE
from trpg_env.evaluation.robustness import FILE as ROBUSTNESS
from trpg_env.report import Page, ReportError, make_page, read_runs
from trpg_env.report.diverse import diversity_sections
from trpg_env.report.page import GENERATOR
from trpg_env.report.runs import EPISODES
from trpg_env.report.template import page_template
from trpg_env.sandbox import Sandbox, SandboxFault
from trpg_env.script import load_script
from trpg_env.trajectory import Scripts, StoreError, Trajectory
from trpg_env.trajectory.reading import count_lines, reason
from trpg_env.trajectory.remains import put

SHOWN = 200
"""How many episodes a page holds where nothing else is asked for."""

_HEAD = 4_096
"""How much of a file is looked at to see whether it is a report, in bytes."""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "report",
        help="write a page with figures, plots and episodes",
        description="Write one HTML page that needs no network: figures with intervals, plots, and the episodes turn by turn, "
        "errors and their corrections marked. Several evaluations are set side by side.",
        epilog="examples: trpg-env report erring random --out report.html; trpg-env report episodes.jsonl --out report.html",
    )
    command.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="the folder that trpg-env evaluate wrote, or a file of trajectories as trpg-env rollout or generate writes; several "
        "of both",
    )
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE.html",
        help="the page; an earlier report there is replaced",
    )
    command.add_argument(
        "--episodes",
        type=count,
        default=SHOWN,
        metavar="N",
        help="episodes that can be read in the page at most, some of each run, outcome and kind of error; the figures are always of all "
        f"(default {SHOWN})",
    )
    command.add_argument(
        "--scripts",
        nargs="+",
        default=[],
        metavar="SCRIPT",
        help="the scripts that were played, for their maps: library names, files or folders of them (default: what each trajectory "
        "names)",
    )
    command.add_argument(
        "--diversity",
        type=Path,
        metavar="DIR",
        help="the folder that trpg-env diversity wrote: its maps and figures are shown in the page too",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write a report."""
    out: Path = options.out
    files = _files(options.paths)
    _refuse_strangers(out, files)
    try:
        page_template()  # what is missing is said before anything is read
        more = [] if options.diversity is None else diversity_sections(options.diversity)
        runs, choice = read_runs(options.paths, episodes=options.episodes, watch=_watched)
        with Sandbox() as sandbox:
            given = [load_script(script, sandbox=sandbox) for script in scripts_in(options.scripts)]
            page = make_page(runs, choice, sandbox, Scripts(sandbox, given), sections=more)
    except (ReportError, StoreError) as error:
        raise WrongUse(str(error)) from None
    except SandboxFault as error:
        complain(str(error))
        return 1
    for each in runs:
        for remark in each.remarks:
            tell(f"{each.name}: {remark}")
    return _written(page, out, len(runs))


def _files(paths: Iterable[str]) -> list[Path]:
    """The files that will be read; it is said at once where one cannot be."""
    files = []
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            check_files([name])
            files.append(path)
            continue
        if (path / ROBUSTNESS).exists() and not (path / FILE).exists():
            raise WrongUse(f"{name} has an evaluation for each perturbation; name these, such as {path}/*/")
        files += [file for file in (path / FILE, path / EPISODES) if file.exists()]
        check_files([str(file) for file in files])
    return files


def _refuse_strangers(out: Path, files: Iterable[Path]) -> None:
    """Find what a page is not to replace: anything but a report."""
    if out.is_dir():
        raise WrongUse(f"--out {out} is a folder; name a file in it, such as {out / 'report.html'}")
    try:
        if not out.exists():
            if not out.parent.is_dir():
                raise WrongUse(f"--out {out}: there is no folder {out.parent}; make it first")
            return
        if not out.is_file() or any(out.samefile(file) for file in files):
            raise WrongUse(f"--out {out} is what is read, or no regular file; name another one")
        with out.open("rb") as opened:
            head = opened.read(_HEAD)
    except (OSError, ValueError) as error:
        raise WrongUse(f"--out {out} cannot be looked at: {reason(error)}") from None
    if head and GENERATOR.encode() not in head:
        raise WrongUse(f"--out {out} is there already and is no report; name another file, or delete it")


def _watched(trajectories: Iterable[Trajectory], file: Path) -> Iterable[Trajectory]:
    return progress(trajectories, count_lines(file), "trajectories read", after=1.0)


def _written(page: Page, out: Path, runs: int) -> int:
    try:
        put(out, page.html.encode())
    except OSError as error:
        complain(f"{out} cannot be written: {reason(error)}")
        return 1
    show(f"runs                {runs}")
    show(f"episodes            {page.offered:,}, {page.shown:,} of them to be read in the page")
    show(f"written to          {out}")
    return 0
