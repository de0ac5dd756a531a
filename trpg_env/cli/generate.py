"""`trpg-env generate`: scripts from personas, and trajectories from scripts, by a language model."""

from typing import Any

from trpg_env.cli import generate_scripts, generate_trajectories


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "generate",
        help="have a language model write scripts or trajectories",
        description="Have a language model write scripts, each for a persona, or trajectories of scripts, both sides in one "
        "answer, and keep what the verifier passes: the paper's data construction.",
        epilog="example: trpg-env generate scripts -n 100 --model gpt-4o --out my-scripts, then "
        "trpg-env generate trajectories --scripts my-scripts -n 100 --model gpt-4o --out written.jsonl",
    )
    kinds = command.add_subparsers(dest="kind", required=True, metavar="scripts|trajectories")
    generate_scripts.add_to(kinds)
    generate_trajectories.add_to(kinds)
