import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trpg_env.check import CheckReport, inspect_script
from trpg_env.sandbox import Sandbox

Change = Callable[[dict[str, Any]], object]
Faulty = Callable[[Change], CheckReport]

# A sound script: light the lamp in the cellar. The door opens by itself once the bell has been rung.
BASE: dict[str, Any] = {
    "name": "lamp",
    "goal": "Light the lamp in the cellar, and be back in the hall with it.",
    "environment": {
        "places": {
            "hall": {"exits": {"down": "cellar"}},
            "cellar": {"exits": {"up": "hall"}},
        },
        "items": {
            "lamp": {"at": "cellar", "lit": False},
            "match": {"at": "hall"},
            "door": {"at": "hall", "open": False},
        },
        "player": {"at": "hall", "rung": False},
    },
    "completion_conditions": [
        {"text": "The lamp is lit.", "when": "lamp.lit"},
        {"text": "You are in the hall with it.", "when": "lamp.at == player and player.at == hall"},
    ],
    "milestones": [
        {"text": "You have the match.", "when": "match.at == player"},
        {"text": "The lamp is lit.", "when": "lamp.lit"},
    ],
    "available_actions": {
        "go {direction}": {
            "verification_code": r"^go (?P<direction>\w+)$",
            "parameters": {"direction": ["up", "down"]},
            "preconditions": [
                {"when": "direction in player.at.exits"},
                {"when": "direction != 'down' or door.open"},
            ],
            "effects": ["player.at = player.at.exits[direction]"],
        },
        "take {thing}": {
            "verification_code": "^take (?P<thing>.+)$",
            "parameters": {"thing": ["lamp", "match"]},
            "preconditions": [{"when": "thing.at == player.at"}],
            "effects": ["thing.at = player"],
        },
        "ring the bell": {
            "preconditions": [{"when": "player.at == hall and not player.rung"}],
            "effects": ["player.rung = true"],
        },
        "strike {thing} on {surface}": {
            "parameters": {"thing": ["match"], "surface": ["lamp", "door"]},
            "preconditions": [{"when": "match.at == player and lamp.at == player"}],
            "effects": [{"when": "surface == lamp", "then": ["lamp.lit = true"]}],
        },
    },
    "events": [{"when": "player.rung and not door.open", "effects": ["door.open = true"]}],
    "max_turns": 8,
}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deadline=1.0) as made:
        yield made


@pytest.fixture
def inspect(sandbox: Sandbox) -> Faulty:
    """The report on the base script with one thing changed."""

    def inspect(change: Change) -> CheckReport:
        script = copy.deepcopy(BASE)
        change(script)
        return inspect_script(script, sandbox=sandbox)

    return inspect
