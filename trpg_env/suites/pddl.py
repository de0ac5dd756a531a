"""AgentBoard's PDDL games: their problems are scripts, which our own engine plays."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from trpg_env.pddl import PddlError, agentboard_problems, agentboard_translation
from trpg_env.pddl.agentboard import MAX_TURNS
from trpg_env.suites.data import Data, DataError, field

ITEMS = "agentboard/pddl.jsonl"
FOLDER = "pddl"
SOURCE = "AgentBoard's data (hkust-nlp/agentboard), one item a line with the keys game_name, problem_index, difficulty"
PROBLEMS = "AgentBoard's repository (hkust-nlp/AgentBoard), the domains as pddl/GAME.pddl and the problems as pddl/GAME/*.pddl"
RULES: Mapping[str, str] = {
    "tasks": "AgentBoard: the items in the data",
    "instruction": "AgentBoard: goal, openings and observations; ours: what each action wants and does",
    "success": "AgentBoard: all conditions of the goal hold",
    "progress": "AgentBoard: the best share of the goal's conditions that held at once, the start's included",
    "turns": f"AgentBoard: {MAX_TURNS}",
}
"""Whose rules these are."""


class Problem(NamedTuple):
    """One of AgentBoard's items.

    Attributes:
        name: Its game and its number in it.
        difficulty: `easy` or `hard`.
        script: What it is as a script's data.
    """

    name: str
    difficulty: str | None
    script: Mapping[str, Any]


def problems(data: Data) -> list[Problem]:
    """AgentBoard's items, in their order.

    Args:
        data: The folder of benchmarks' data.

    Raises:
        DataError: Data is missing, or cannot be read.
    """
    found = []
    for place, record in data.lines(ITEMS, SOURCE):
        game, index = field(record, "game_name", str, place), field(record, "problem_index", int, place)
        if not game.isidentifier():
            raise DataError(f"{place}: {game[:40]!r} is no game of AgentBoard's; get the file again")
        domain = data.path(f"{FOLDER}/{game}.pddl", PROBLEMS)
        files = agentboard_problems(data.path(FOLDER, PROBLEMS), game)
        if not 0 <= index < len(files):
            raise DataError(
                f"{place}: {game} has {len(files)} problems, and no number {index}; get them from {PROBLEMS}"
            )
        name = f"{game}-{index}"
        try:
            told, asked = (file.read_text("utf-8", "replace") for file in (domain, files[index]))
            made = agentboard_translation(told, asked, game, name=name)
        except OSError as error:
            raise DataError(f"{place}: a file of it cannot be read: {error.strerror}") from None
        except (PddlError, ValueError) as error:
            raise DataError(f"{place}: {game} {files[index].name}: {error}") from None
        difficulty = record.get("difficulty")
        found.append(Problem(name, difficulty if isinstance(difficulty, str) else None, made.script))
    if not found:
        raise DataError(f"{ITEMS} has no item; get it from {SOURCE}")
    return found
