"""What the commands that play episodes share: who plays, how much, and how episodes come into a file."""

import argparse
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from typing import Any

from trpg_env.agents import Agent, ErringAgent, ExpertAgent, HumanAgent, LLMAgent, PlannerAgent, RandomAgent
from trpg_env.cli.arguments import count, positive
from trpg_env.cli.causes import cause
from trpg_env.cli.models import (
    add_dm_options,
    add_endpoint_options,
    add_model_options,
    add_prompt_option,
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
from trpg_env.rollout.finished import Finished
from trpg_env.rollout.run import RunError
from trpg_env.sandbox import SandboxFault
from trpg_env.script import Script
from trpg_env.trajectory import Journal, Statistics, Trajectory, WriteFailed, read_trajectories

AGAIN = "the same command goes on from there"

_PLAYERS: dict[str, Callable[[], Agent]] = {
    "planner": PlannerAgent,
    "erring": ErringAgent,
    "expert": ExpertAgent,
    "random": RandomAgent,
    "human": lambda: HumanAgent(_ask),
}


def add_who_options(command: argparse.ArgumentParser, player: str | None = None) -> None:
    """Add who plays, who answers, and which models they are.

    Args:
        command: Where they are added.
        player: Who plays where nobody is named; None where one must be.
    """
    usual = "" if player is None else f" (default {player})"
    command.add_argument(
        "--player",
        choices=sorted([*_PLAYERS, "llm"]),
        default=player,
        help=f"who plays{usual}: planner (a shortest plan through a script), erring (a planner that errs and corrects itself), "
        "expert (whoever knows what is played), random (valid actions), human (asks you), or llm (--player-model)",
    )
    add_model_options(command, "player")
    add_prompt_option(command)
    add_dm_options(command)
    add_endpoint_options(command)


def add_pace_options(command: argparse.ArgumentParser) -> None:
    """Add the run's seed, the turns of an episode, and how many are played at once."""
    command.add_argument("--seed", type=count, default=0, metavar="S", help="the run's seed (default 0)")
    command.add_argument(
        "--max-turns",
        type=positive,
        metavar="T",
        help="turns an episode, instead of the script's or task's own",
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


def refuse_company(options: argparse.Namespace) -> None:
    """Find several episodes at once that one person is to play.

    Raises:
        WrongUse: There are.
    """
    if options.player == "human" and (options.processes > 1 or options.concurrency > 1):
        raise WrongUse("a person plays one episode at a time: leave --processes and --concurrency out")


def player(options: argparse.Namespace) -> Agent:
    """Who plays.

    Raises:
        WrongUse: The options of models do not fit together.
    """
    if options.player == "llm":
        return LLMAgent(**player_keywords(options), limits=limits(options, options.concurrency))
    refuse_model(options, "player")
    if options.dm != "llm":
        refuse_unused(options)
    return _PLAYERS[options.player]()


def dungeon_master(options: argparse.Namespace) -> DungeonMaster:
    """Who answers.

    Raises:
        WrongUse: The options of models do not fit together.
    """
    keywords = dm_keywords(options)
    return LLMDM(**keywords, limits=limits(options, options.concurrency)) if keywords else RulesDM()


def fill(
    journal: Journal[Trajectory],
    statistics: Statistics,
    scripts: Sequence[Script],
    n: int,
    playing: Generator[Finished],
) -> int | None:
    """Play what a file lacks of a run, and close the file.

    Args:
        journal: The file.
        statistics: What is in it, counted; what is played is counted too.
        scripts: The run's scripts.
        n: How many episodes the run has in all.
        playing: Plays those that the file lacks.

    Returns:
        The exit code where play stopped too early, which was said; None where all is in the file.
    """
    if journal.torn is not None:
        tell(f"the last line of {journal.path} was torn; it is set aside in {journal.torn}")
    if statistics.episodes:
        tell(f"{journal.path} has {statistics.episodes} of {n} episodes already")
    if statistics.outcomes["error"]:
        first = next((t for t in read_trajectories(journal.path) if t.error is not None), None)
        if first is not None:
            complain(cause(first, scripts))
    try:
        _play(journal, statistics, scripts, n, playing)
        journal.close()
    except (WriteFailed, RunError, SandboxFault) as error:
        complain(f"{error}; {_there(journal, n)}: put that right, then {AGAIN}")
        with suppress(WriteFailed):  # said already
            journal.close()
        return 1
    except KeyboardInterrupt:
        complain(f"interrupted; {_there(journal, n)}: {AGAIN}")
        return 130
    return None


def tell_broken(journal: Journal[Trajectory], broken: int, n: int) -> None:
    """Say what to do about episodes that broke."""
    tell(
        f"{broken} of {n} episodes broke, and count as played; to play them again delete their lines, which say "
        f'"outcome":"error", from {journal.path}'
    )


def _play(
    journal: Journal[Trajectory],
    statistics: Statistics,
    scripts: Sequence[Script],
    n: int,
    playing: Generator[Finished],
) -> None:
    with Progress(n, "episodes", begun=statistics.episodes) as progress, closing(playing):
        for done in playing:
            journal.append(done.line)
            broken = done.tally.outcome == "error"
            if broken and not statistics.outcomes["error"]:
                with progress.aside():  # at once: all the others may break in the same way
                    complain(cause(done.trajectory, scripts))
            statistics.count(done.tally)
            progress.advance(broken=broken)


def _there(journal: Journal[Trajectory], n: int) -> str:
    return f"{journal.records} of {n} episodes are in {journal.path}"


def _ask(observation: str, info: dict[str, Any]) -> str:
    show(observation)
    tell(f"[turn {info['turn']}, progress {info['progress']:.0%}] your action:")
    try:
        return input()
    except EOFError:  # they have left, which is no failure of an episode
        raise KeyboardInterrupt from None
