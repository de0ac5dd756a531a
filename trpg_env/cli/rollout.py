"""`trpg-env rollout`: play episodes into a file of trajectories."""

import argparse
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import count, scripts_in
from trpg_env.cli.playing import (
    AGAIN,
    add_pace_options,
    add_who_options,
    dungeon_master,
    fill,
    player,
    refuse_company,
    tell_broken,
)
from trpg_env.cli.terminal import WrongUse, complain, show
from trpg_env.rollout.prepared import Rollout
from trpg_env.sandbox import SandboxFault
from trpg_env.script import ScriptError
from trpg_env.trajectory import Store, StoreError
from trpg_env.trajectory.journal import WriteFailed


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "rollout",
        help="play episodes into a file of trajectories",
        description="Play episodes and append each to a file as soon as it has ended. Called again with the same "
        "arguments, a run that was interrupted goes on where it was.",
        epilog="example: trpg-env rollout --scripts cool-tomato ship --player erring -n 100 --out episodes.jsonl",
    )
    command.add_argument(
        "--scripts",
        nargs="+",
        required=True,
        metavar="SCRIPT",
        help="library names, files, or folders of files",
    )
    add_who_options(command, "erring")
    command.add_argument("-n", type=count, default=10, metavar="N", help="episodes in all (default 10)")
    add_pace_options(command)
    command.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE.jsonl",
        help="the file; where it holds a part of this run, the run goes on",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play episodes."""
    if options.record is not None and Path(options.record).absolute() == options.out.absolute():
        raise WrongUse(
            f"--record and --out are both {options.out}; exchanges and trajectories want a file each"
        )
    refuse_company(options)
    try:
        with (
            Rollout(
                scripts_in(options.scripts),
                player(options),
                options.n,
                options.seed,
                max_turns=options.max_turns,
                dm=dungeon_master(options),
                concurrency=options.concurrency,
                processes=options.processes,
            ) as ready,
            Store(options.out, ready.run.as_dict(), ready.run.ids()) as store,
        ):
            return _played(ready, store)
    except (WriteFailed, SandboxFault) as error:
        complain(f"{error}; put that right, then {AGAIN}")
        return 1
    except (StoreError, ValueError) as error:
        if isinstance(error, ScriptError):
            raise
        raise WrongUse(str(error)) from None


def _played(ready: Rollout, store: Store) -> int:
    """Play what is left, and say what came of it in all; the exit code."""
    statistics, n = store.found, ready.run.n
    playing = ready.play(lambda episode: episode.id not in store)
    stopped = fill(store, statistics, ready.scripts, n, playing)
    if stopped is not None:
        return stopped
    for line in statistics.lines():
        show(line)
    show(f"written to          {store.path}")
    if broken := statistics.outcomes["error"]:
        tell_broken(store, broken, n)
    return 1 if broken else 0
