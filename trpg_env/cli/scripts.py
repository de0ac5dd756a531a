"""`trpg-env scripts`: the library, a line each: name, kind, family, title."""

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
        description="List the library, a line each: name, kind (grounded, or narrative: only a language model can be "
        "its DM), family (export splits and excludes by it), title.",
        epilog="example: trpg-env scripts",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the library."""
    with Sandbox() as sandbox:
        scripts = {name: load_script(name, sandbox=sandbox) for name in library()}
    names = max(map(len, scripts), default=0)
    families = max((len(script.family) for script in scripts.values()), default=0)
    for name, script in scripts.items():
        kind = "grounded" if script.grounded else "narrative"
        show(f"{name:<{names}}  {kind:<9}  {script.family:<{families}}  {script.title}")
    return 0
