"""`trpg-env rollout`: play episodes into a file of trajectories."""

import argparse
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from trpg_env.agents import Agent, ErringAgent, HumanAgent, LLMAgent, PlannerAgent, RandomAgent
from trpg_env.cli.arguments import count, positive, scripts_in
from trpg_env.cli.causes import cause
from trpg_env.cli.models import (
    add_dm_options,
    add_endpoint_options,
    add_model_options,
    dm_keywords,
    limits,
    player_keywords,
    refuse_model,
    refuse_unused,
)
from trpg_env.cli.progress import Progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.dm import DungeonMaster, RulesDM
from trpg_env.dm.llm import LLMDM
from trpg_env.rollout.prepared import Rollout
from trpg_env.rollout.run import RunError
from trpg_env.sandbox import SandboxFault
from trpg_env.script import ScriptError
from trpg_env.trajectory import Statistics, Store, StoreError, read_trajectories
from trpg_env.trajectory.journal import WriteFailed

_PLAYERS: dict[str, Callable[[], Agent]] = {
    "planner": PlannerAgent,
    "erring": ErringAgent,
    "random": RandomAgent,
    "human": lambda: HumanAgent(_ask),
}


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
    command.add_argument(
        "--player", choices=sorted([*_PLAYERS, "llm"]), default="erring", help="who plays (default erring)"
    )
    add_model_options(command, "player")
    add_dm_options(command)
    add_endpoint_options(command)
    command.add_argument("-n", type=count, default=10, metavar="N", help="episodes in all (default 10)")
    command.add_argument("--seed", type=count, default=0, metavar="S", help="the run's seed (default 0)")
    command.add_argument(
        "--max-turns", type=positive, metavar="T", help="turns an episode, instead of the script's own"
    )
    command.add_argument(
        "--concurrency",
        type=positive,
        default=1,
        metavar="C",
        help="episodes in flight in each process, for players that wait for a model (default 1)",
    )
    command.add_argument(
        "--processes", type=positive, default=1, metavar="P", help="processes that play (default 1)"
    )
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
    if options.player == "human" and (options.processes > 1 or options.concurrency > 1):
        raise WrongUse("a person plays one episode at a time: leave --processes and --concurrency out")
    try:
        with (
            Rollout(
                scripts_in(options.scripts),
                _player(options),
                options.n,
                options.seed,
                max_turns=options.max_turns,
                dm=_dungeon_master(options),
                concurrency=options.concurrency,
                processes=options.processes,
            ) as ready,
            Store(options.out, ready.run.as_dict(), ready.run.ids()) as store,
        ):
            return _played(ready, store)
    except (WriteFailed, SandboxFault) as error:
        complain(f"{error}; put that right, then {_AGAIN}")
        return 1
    except (StoreError, ValueError) as error:
        if isinstance(error, ScriptError):
            raise
        raise WrongUse(str(error)) from None


def _player(options: argparse.Namespace) -> Agent:
    if options.player == "llm":
        return LLMAgent(**player_keywords(options), limits=limits(options, options.concurrency))
    refuse_model(options, "player")
    if options.dm != "llm":
        refuse_unused(options)
    return _PLAYERS[options.player]()


def _dungeon_master(options: argparse.Namespace) -> DungeonMaster:
    keywords = dm_keywords(options)
    return LLMDM(**keywords, limits=limits(options, options.concurrency)) if keywords else RulesDM()


def _played(ready: Rollout, store: Store) -> int:
    """Play what is left, and say what came of it in all; the exit code."""
    statistics, n = store.found, ready.run.n
    if store.torn is not None:
        tell(f"the last line of {store.path} was torn; it is set aside in {store.torn}")
    if statistics.episodes:
        tell(f"{store.path} has {statistics.episodes} of {n} episodes already")
    if statistics.outcomes["error"]:
        first = next((t for t in read_trajectories(store.path) if t.error is not None), None)
        if first is not None:
            complain(cause(first, ready.run.scripts))
    try:
        _play(ready, store, statistics)
        store.close()
    except (WriteFailed, RunError, SandboxFault) as error:
        complain(f"{error}; {_there(store, n)}: put that right, then {_AGAIN}")
        with suppress(WriteFailed):  # said already
            store.close()
        return 1
    except KeyboardInterrupt:
        complain(f"interrupted; {_there(store, n)}: {_AGAIN}")
        return 130
    for line in statistics.lines():
        show(line)
    show(f"written to          {store.path}")
    if broken := statistics.outcomes["error"]:
        tell(
            f"{broken} of {n} episodes broke, and count as played; to play them again delete their lines, which say "
            f'"outcome":"error", from {store.path}'
        )
    return 1 if broken else 0


def _play(ready: Rollout, store: Store, statistics: Statistics) -> None:
    with (
        Progress(ready.run.n, "episodes", begun=statistics.episodes) as progress,
        closing(ready.play(lambda episode: episode.id not in store)) as playing,
    ):
        for done in playing:
            store.append(done.line)
            broken = done.tally.outcome == "error"
            if broken and not statistics.outcomes["error"]:
                with progress.aside():  # at once: all the others may break in the same way
                    complain(cause(done.trajectory, ready.run.scripts))
            statistics.count(done.tally)
            progress.advance(broken=broken)


def _there(store: Store, n: int) -> str:
    return f"{store.episodes} of {n} episodes are in {store.path}"


_AGAIN = "the same command goes on from there"


def _ask(observation: str, info: dict[str, Any]) -> str:
    show(observation)
    tell(f"[turn {info['turn']}, progress {info['progress']:.0%}] your action:")
    try:
        return input()
    except EOFError:  # they have left, which is no failure of an episode
        raise KeyboardInterrupt from None
