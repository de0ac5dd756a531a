from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trpg_env.envs import AgentRefineEnv, ReAct
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script

Make = Callable[..., Any]


@pytest.fixture
def make(load: Callable[[Any], Script], sandbox: Sandbox) -> Iterator[Make]:
    """An environment of a script, without Gymnasium's wrappers; closed when the test ends."""
    made: list[AgentRefineEnv] = []

    def make(script: Any = "cool-tomato", *, react: bool = False, **keywords: Any) -> Any:
        env = AgentRefineEnv(load(script), sandbox=sandbox, **keywords)
        made.append(env)
        return ReAct(env) if react else env

    yield make
    for env in made:
        env.close()


@pytest.fixture
def gamble() -> dict[str, Any]:
    """A script with variations, chance, failure, free text and code that reads the state."""
    return {
        "name": "gamble",
        "goal": "Win three coins.",
        "environment": {
            "places": {"bar": {"exits": {"out": "yard"}}, "yard": {"exits": {"in": "bar"}}},
            "items": {"purse": {"at": "player", "coins": 0}, "dice": {"at": "bar", "colour": "red"}},
            "player": {"at": "bar"},
        },
        "completion_conditions": [{"text": "Three coins.", "when": "purse.coins >= 3"}],
        "failure_conditions": [{"text": "In debt.", "when": "purse.coins < -2"}],
        "milestones": [{"text": f"{n} coins.", "when": f"purse.coins >= {n}"} for n in (1, 2, 3)],
        "available_actions": {
            "go {way}": {
                "parameters": {"way": ["in", "out"]},
                "preconditions": [{"when": "way in player.at.exits", "error": "place"}],
                "effects": ["player.at = player.at.exits[way]"],
            },
            "roll": {
                "preconditions": [
                    {"when": "dice.at == player.at", "message": "The dice are in the {dice.at}."},
                    {"when": "purse.coins < 3", "error": "logic"},
                ],
                "effects": [
                    {
                        "chance": 0.5,
                        "then": ["purse.coins += 1", {"say": "You win."}],
                        "else": ["purse.coins -= 1", {"say": "You lose."}],
                    }
                ],
            },
            "shout {words}": {"parameters": {"words": {"any": ["hey", "well, well"]}}},
            "count {n}": {
                "verification_code": (
                    "def validate(action, params, state):\n"
                    "    return int(params['n']) == state['purse']['coins'] or 'You miscount.'\n"
                ),
                "parameters": {"n": "-3..3"},
            },
        },
        "variations": {"dice.at": ["bar", "yard"], "dice.colour": ["red", "white", "black"]},
        "max_turns": 12,
    }
