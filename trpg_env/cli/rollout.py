"""`trpg-env rollout`: play episodes into a file of trajectories."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trpg_env.agents import Agent, ErringAgent, HumanAgent, PlannerAgent, RandomAgent
from trpg_env.cli.arguments import count, positive
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.rollout import rollout
from trpg_env.script import ScriptError
from trpg_env.trajectory import Statistics, StoreError, Writer

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
        description="Play episodes and write each to a file as soon as it has ended.",
        epilog="example: trpg-env rollout --scripts cool-tomato ship --player erring -n 100 --out episodes.jsonl",
    )
    command.add_argument(
        "--scripts", nargs="+", required=True, metavar="SCRIPT", help="library names or files"
    )
    command.add_argument(
        "--player", choices=sorted(_PLAYERS), default="erring", help="who plays (default erring)"
    )
    command.add_argument("--dm", choices=["rules"], default="rules", help="who answers (default rules)")
    command.add_argument("-n", type=count, default=10, metavar="N", help="episodes in all (default 10)")
    command.add_argument("--seed", type=count, default=0, metavar="S", help="the run's seed (default 0)")
    command.add_argument(
        "--max-turns", type=positive, metavar="T", help="turns an episode, instead of the script's own"
    )
    command.add_argument(
        "--out", required=True, type=Path, metavar="FILE.jsonl", help="the file; it must not exist"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play episodes."""
    statistics = Statistics()
    episodes = rollout(
        options.scripts, _PLAYERS[options.player](), options.n, options.seed, max_turns=options.max_turns
    )
    try:
        with Writer(options.out) as writer:
            for trajectory in progress(episodes, options.n, "episodes"):
                writer.write(trajectory)
                statistics.add(trajectory)
    except StoreError as error:
        if statistics.episodes:
            complain(f"{error}; {statistics.episodes} episodes are kept")
            return 1
        raise WrongUse(str(error)) from None
    except ScriptError:
        _forget(options.out)
        raise
    except ValueError as error:
        _forget(options.out)
        raise WrongUse(str(error)) from None
    for line in statistics.lines():
        show(line)
    show(f"written to          {options.out}")
    return 1 if statistics.outcomes["error"] else 0


def _forget(path: Path) -> None:
    """Remove the file that a run made and wrote nothing into."""
    if path.is_file() and path.stat().st_size == 0:
        path.unlink()


def _ask(observation: str, info: dict[str, Any]) -> str:
    show(observation)
    tell(f"[turn {info['turn']}, progress {info['progress']:.0%}] your action:")
    return input()
