"""`trpg-env import`: what others have written as scripts of ours."""

from typing import Any

from trpg_env.cli import import_pddl


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "import",
        help="turn what others have written into scripts",
        description="Turn what others have written into scripts: planning problems in PDDL.",
        epilog="example: trpg-env import pddl blocks.pddl problem1.pddl --out problem1.yaml",
    )
    kinds = command.add_subparsers(dest="kind", required=True, metavar="pddl")
    import_pddl.add_to(kinds)
