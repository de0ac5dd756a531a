"""`trpg-env play`: play a script yourself, in the terminal."""

import argparse
import sys
from typing import Any

from trpg_env.cli.models import add_dm_options, add_endpoint_options, dm_keywords, limits, refuse_unused
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.dm import LLMDM
from trpg_env.envs import AgentRefineEnv
from trpg_env.script import ScriptError

_LEAVE = ("quit", "exit")


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "play",
        help="play a script yourself in the terminal",
        description="Play a script yourself. One action a line; quit or the end of input leaves.",
        epilog="example: trpg-env play cool-tomato --seed 7; a narrative script takes a model: "
        "trpg-env play village-healer --dm llm --dm-model local",
    )
    command.add_argument("script", metavar="SCRIPT", help="a library name or a file (JSON or YAML)")
    add_dm_options(command)
    add_endpoint_options(command)
    command.add_argument("--seed", type=int, default=0, help="the episode's seed (default 0)")
    command.add_argument("--luck", type=int, default=0, help="the same start with another fate (default 0)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play a script."""
    keywords = dm_keywords(options)
    if not keywords:
        refuse_unused(options)
    try:
        env = AgentRefineEnv(
            options.script, dm=LLMDM(**keywords, limits=limits(options)) if keywords else "rules"
        )
    except ValueError as error:
        if isinstance(error, ScriptError):
            raise
        raise WrongUse(str(error)) from None
    try:
        if options.seed < 0:
            raise WrongUse("--seed is 0 or more")
        return _play(env, options)
    finally:
        env.close()


def _play(env: AgentRefineEnv, options: argparse.Namespace) -> int:
    observation, info = env.reset(seed=options.seed, options={"luck": options.luck})
    if info["error"]["kind"] is not None:
        complain(f"the episode cannot begin: {info['error']['message']}")
        return 1
    show(observation)
    while env.episode.playing:
        action = _ask(f"[turn {info['turn']}, progress {info['progress']:.0%}] > ")
        if action is None or (action.strip() in _LEAVE and action.strip() not in _names(env)):
            tell("left")
            return 0
        observation, _, terminated, _, info = env.step(action)
        error = next(
            (kind for kind in ("parameter", "place", "logic") if info["assessment"][f"{kind}_error"]), None
        )
        show(f"[{error} error] {observation}" if error else observation)
    if env.episode.cut_short:
        show(f"The conversation no longer fits into the model's context; progress {info['progress']:.0%}.")
        return 0
    if info["error"]["kind"] is not None:
        tell(f"the episode broke: {info['error']['message']}")
        return 1
    show(
        "The goal is reached."
        if info["success"]
        else f"The episode is lost at {info['progress']:.0%}."
        if terminated
        else f"No turns are left; progress {info['progress']:.0%}."
    )
    return 0


def _names(env: AgentRefineEnv) -> set[str]:
    return {action.template.text for action in env.script.program.actions}


def _ask(prompt: str) -> str | None:
    try:
        if sys.stdin.isatty():
            import readline  # noqa: F401, PLC0415 - editing and history for input()

            return input(prompt)
        line = sys.stdin.readline()
    except EOFError:
        return None
    except UnicodeDecodeError:
        raise WrongUse("standard input is not text in this terminal's encoding") from None
    return line.rstrip("\n") if line else None
