"""`trpg-env import`: what others have written and played, as scripts and trajectories of ours."""

from typing import Any

from trpg_env.cli import import_messages, import_pddl


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "import",
        help="turn what others have written or played into scripts and trajectories",
        description="Turn planning problems in PDDL into scripts, and chat messages into trajectories.",
        epilog="example: trpg-env import pddl blocks.pddl problem1.pddl --out problem1.yaml",
    )
    kinds = command.add_subparsers(dest="kind", required=True, metavar="{pddl,messages}")
    import_pddl.add_to(kinds)
    import_messages.add_to(kinds)
