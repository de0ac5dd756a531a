"""`trpg-env scripts`: the library, a line each."""

import argparse
from typing import Any

from trpg_env.cli.terminal import show
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "scripts",
        help="list the library",
        description="List the library: a line each, name first.",
        epilog="example: trpg-env scripts",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the library."""
    with Sandbox() as sandbox:
        width = max(map(len, library()), default=0)
        for name in library():
            script = load_script(name, sandbox=sandbox)
            kind = "grounded" if script.grounded else "narrative"
            show(f"{name:<{width}}  {kind:<9}  {script.title}")
    return 0
