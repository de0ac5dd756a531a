"""`trpg-env check`: every fault of scripts, a line each."""

import argparse
from typing import Any

from trpg_env.check import inspect_script
from trpg_env.cli.arguments import scripts_in
from trpg_env.cli.terminal import WrongUse, show, tell
from trpg_env.sandbox import Sandbox
from trpg_env.script import ScriptError, ScriptNotFound, load_script


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "check",
        help="find every fault of scripts",
        description="Find every fault of scripts, a line each with its place. Exit 1 if there is any.",
        epilog="example: trpg-env check my-script.yaml",
    )
    command.add_argument(
        "scripts", nargs="+", metavar="SCRIPT", help="library names, files (JSON or YAML), or folders of them"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check scripts."""
    sound = True
    with Sandbox() as sandbox:
        for name in scripts_in(options.scripts):
            try:
                report = inspect_script(load_script(name, sandbox=sandbox), sandbox=sandbox)
            except ScriptNotFound as error:
                raise WrongUse(str(error)) from None
            except ScriptError as error:
                faults, notes = list(error.faults), []
            else:
                faults, notes = list(report.faults), list(report.notes)
            for fault in faults:
                # Faults of a library script name its file; the place alone would not say which script.
                show(str(fault) if fault.file else f"{name}: {fault}")
            for note in notes:
                tell(str(note))
            tell(
                f"{name}: {f'{len(faults)} faults' if len(faults) != 1 else '1 fault'}"
                if faults
                else f"{name}: sound"
            )
            sound = sound and not faults
    return 0 if sound else 1
