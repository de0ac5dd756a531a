"""Testing a script of one's own: run with `pytest examples/test_my_script.py`, or as a program."""

from trpg_env import check_script
from trpg_env.testing import play

SCRIPT = {
    "goal": "Light the lamp on the landing.",
    "environment": {
        "places": {
            "cellar": {"description": "It smells of apples.", "exits": {"up": "landing"}},
            "landing": {"description": "A lamp hangs here.", "exits": {"down": "cellar"}},
        },
        "items": {"matches": {"at": "cellar"}, "lamp": {"at": "landing", "lit": False}},
        "player": {"at": "landing"},
    },
    "completion_conditions": [{"text": "The lamp is lit.", "when": "lamp.lit"}],
    "available_actions": {
        "go {direction}": {
            "parameters": {"direction": ["up", "down"]},
            "preconditions": [{"when": "direction in player.at.exits", "error": "place"}],
            "effects": ["player.at = player.at.exits[direction]"],
            "observation": "{look}",
        },
        "take {thing}": {
            "parameters": {"thing": ["matches"]},
            "preconditions": [{"when": "thing.at == player.at", "message": "There are no {thing} here."}],
            "effects": ["thing.at = player"],
        },
        "light {thing}": {
            "parameters": {"thing": ["lamp"]},
            "preconditions": [
                {"when": "thing.at == player.at", "message": "The {thing} is not here."},
                {
                    "when": "matches.at == player",
                    "error": "logic",
                    "message": "You have nothing to light it with.",
                },
            ],
            "effects": ["thing.lit = true"],
            "observation": "The {thing} burns.",
        },
    },
    "max_turns": 8,
}


def test_the_script_is_sound() -> None:
    assert check_script(SCRIPT) == []


def test_the_lamp_cannot_be_lit_without_matches() -> None:
    (step,) = play(SCRIPT, ["light lamp"])
    assert (step.error, step.message) == ("logic", "You have nothing to light it with.")
    assert step.state["lamp"]["lit"] is False


def test_fetching_the_matches_first_reaches_the_goal() -> None:
    steps = play(SCRIPT, ["go down", "take matches", "go up", "light lamp"])
    assert [step.error for step in steps] == [None] * 4
    assert steps[-1].success


if __name__ == "__main__":
    test_the_script_is_sound()
    test_the_lamp_cannot_be_lit_without_matches()
    test_fetching_the_matches_first_reaches_the_goal()
    print("all is well")
