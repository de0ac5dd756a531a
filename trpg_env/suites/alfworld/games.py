"""ALFWorld's games as tasks: read from the user's data, and held against the rules and texts that are played here.

A game's file brings its own rules (PDDL) and texts (a grammar with Python expressions). They are compared and not run.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from trpg_env.envs.game import Task, task_hash
from trpg_env.suites.alfworld.goal import read_goal
from trpg_env.suites.benchmark import STEPS
from trpg_env.suites.data import Data, DataError, field

FOLDER = "alfworld/json_2.1.1"
SOURCE = "ALFWorld's releases (github.com/alfworld/alfworld/releases: json_2.1.2_tw-pddl.zip, which unpacks into json_2.1.1)"
SPLITS = ("valid_unseen", "valid_seen")
RULES = 1

_KNOWN = "c82ab19ea838365d46151bbb697c19ef2a9ace17f2c109c39ee0d7cf22db7820"
"""What the PDDL domain and the grammar of the games come to that are played here."""

_REWORDED = {
    "put {o} in/on {r}": "move {o} to {r}",
    "You put the {o.name} in/on the {r.name}.": "You move the {o.name} to the {r.name}.",
    "You arrive at {lend.name}.": "You arrive at {r.name}.",
}
"""How the first release of the games has it: how the later ones do, and how it is played here."""

_TASK = re.compile(r'"Your task is to: ([^"\\]{1,300})"')
_NAME = re.compile(r"[\w-]+/[\w-]+", re.ASCII)
_MAX_GAME = 4 << 20


def _digest(domain: str, grammar: str) -> str:
    """What tells the rules and the texts of a game from those that are played here.

    Left out is the task's text, and what the releases of the games (2.1.1 to 2.1.3) differ in: how putting is worded, whether there
    is `help`, where one arrives (once a `loc 12`), and whether what is no receptacle would clean.
    """
    rules = " ".join(re.sub(r";.*", "", domain).split()).replace("(receptacleType ?r SinkType) ", "")
    rules = rules.replace(
        "(:action help :parameters (?a - agent) :precondition () :effect (and (checked ?a) ) )", ""
    )
    texts = re.sub(r"\naction help \{.*?\n\}", "", _TASK.sub("", grammar), flags=re.DOTALL)
    for old, new in _REWORDED.items():
        texts = texts.replace(old, new)
    told = "\n".join(" ".join(one.split()) for one in (rules, texts))
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()


def _game(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes() if path.stat().st_size <= _MAX_GAME else b""
        game = json.loads(text)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        game = None
    if not isinstance(game, dict):
        raise DataError(f"{path} is no game of ALFWorld; get it from {SOURCE}")
    return game


def read_tasks(data: Data, split: str | None) -> list[Task]:
    """The games of a split that ALFWorld plays, in AgentBoard's order.

    Args:
        data: The user's data.
        split: One of `SPLITS`; the first where left out.

    Raises:
        DataError: They are not there, or one of them is not ALFWorld's.
    """
    below = f"{FOLDER}/{split or SPLITS[0]}"
    tasks = []
    for path in sorted(data.path(below, SOURCE).glob("*/*/game.tw-pddl"), key=str):
        name = "/".join(path.parts[-3:-1])
        if "movable" in name or "Sliced" in name:
            continue
        game = _game(path)
        if game.get("solvable") is not True:
            continue
        grammar, problem = field(game, "grammar", str, str(path)), field(game, "pddl_problem", str, str(path))
        told = _TASK.search(grammar)
        if (
            told is None
            or not told[1].isprintable()
            or not _NAME.fullmatch(name)
            or _digest(field(game, "pddl_domain", str, str(path)), grammar) != _KNOWN
        ):
            raise DataError(
                f"{path} has other rules or texts than ALFWorld's games 2.1.1 to 2.1.3; get it from {SOURCE}"
            )
        made = {"goal": " ".join(told[1].split()), "problem": problem}
        family = name.partition("-")[0]
        try:
            difficulty = read_goal(family, problem).difficulty
        except DataError as error:
            raise DataError(f"{path}: {error}; get it from {SOURCE}") from None
        hashed = task_hash("alfworld", RULES, {**made, "family": family})
        tasks.append(Task(name, hashed, family, STEPS, difficulty, made, f"alfworld/{name}"))
    if not tasks:
        raise DataError(f"{below} has no game that can be won (…/game.tw-pddl); get them from {SOURCE}")
    return tasks
