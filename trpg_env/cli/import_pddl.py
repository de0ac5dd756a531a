"""`trpg-env import pddl`: a planning problem as a grounded script."""

import argparse
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import positive
from trpg_env.cli.script_file import as_json, as_yaml
from trpg_env.cli.terminal import WrongUse, show, tell
from trpg_env.pddl import PddlError, import_pddl
from trpg_env.sandbox import Sandbox
from trpg_env.script import load_script
from trpg_env.script.load import SUFFIXES
from trpg_env.world import World

_MOST_TURNS = 1_000_000


def add_to(kinds: Any) -> None:
    """Add the command to the parser."""
    command = kinds.add_parser(
        "pddl",
        help="a planning problem",
        description="Turn a PDDL problem into a script that plays exactly as PDDL means it. Supported are :strips, :typing, "
        ":negative-preconditions and :equality; anything else is refused by name. Without --out the script goes to "
        "standard output, as JSON.",
        epilog="example: trpg-env import pddl blocks.pddl problem1.pddl --out problem1.yaml",
    )
    command.add_argument("domain", metavar="DOMAIN", help="the domain's file")
    command.add_argument("problem", metavar="PROBLEM", help="the problem's file")
    command.add_argument(
        "--out",
        metavar="FILE",
        type=_file,
        help=f"the script's file, JSON or YAML by its ending ({', '.join(SUFFIXES)}); none that is there is changed",
    )
    command.add_argument(
        "--max-turns",
        type=_turns,
        metavar="N",
        help="after how many actions an episode is truncated (default: six for each object, but at least 30)",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import a problem."""
    try:
        translation = import_pddl(options.domain, options.problem, max_turns=options.max_turns)
    except PddlError as error:
        raise WrongUse(str(error)) from None
    script = translation.script
    with Sandbox() as sandbox:
        # What comes out is played before it is written: nothing is left for others to find.
        world = World(load_script(script, sandbox=sandbox), sandbox)
        actions, ground = len(world.program.actions), world.grounder.count()
    if options.out is None:
        show(as_json(script).rstrip("\n"))
    else:
        _write(options.out, as_json(script) if options.out.suffix == ".json" else as_yaml(script))
        show(str(options.out))
    named = f"{actions} {'action' if actions == 1 else 'actions'}"
    literals = len(translation.problem.goal)
    goal = f"{literals} goal {'literal' if literals == 1 else 'literals'}"
    tell(f"{script['name']}: {named}, {ground:,} with their objects; {goal}")
    return 0


def _write(file: Path, text: str) -> None:
    try:
        if file.exists():
            if file.is_file() and file.read_bytes() == text.encode("utf-8"):
                return
            raise WrongUse(f"{file} is there already, and something else; name another file, or delete it")
        file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WrongUse(f"{file} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _file(text: str) -> Path:
    file = Path(text)
    if file.suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(
            f"{text!r} does not end in {' or '.join(SUFFIXES)}, which tells what to write"
        )
    return file


def _turns(text: str) -> int:
    turns = positive(text)
    if turns > _MOST_TURNS:
        raise argparse.ArgumentTypeError(f"{turns} is too many; at most {_MOST_TURNS}")
    return turns
