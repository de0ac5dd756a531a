"""Plans where a shortest one is out of reach, and plans that do not hang on what was played before."""

from typing import Any

import pytest
from grounded import GROUNDED

from trpg_env import rollout
from trpg_env.agents import ErringAgent, PlannerAgent, Turn

NAMES = [f"stone_{i}" for i in range(7)]


def _large() -> dict[str, Any]:
    """Seven stones that may lie anywhere: more states than a search for a shortest plan may look at."""
    places = {f"room_{i}": {"exits": [f"room_{j}" for j in range(6) if j != i]} for i in range(6)}
    return {
        "goal": "Bring every stone to room 5.",
        "environment": {
            "places": places,
            "items": {name: {"at": f"room_{i % 5}"} for i, name in enumerate(NAMES)},
            "player": {"at": "room_0"},
        },
        "completion_conditions": [{"when": f"{name}.at == room_5"} for name in NAMES],
        "available_actions": {
            "go {room}": {
                "parameters": {"room": "places"},
                "preconditions": [{"when": "room in player.at.exits"}],
                "effects": ["player.at = room"],
            },
            "take {stone}": {
                "parameters": {"stone": "items"},
                "preconditions": [{"when": "stone.at == player.at"}],
                "effects": ["stone.at = player"],
            },
            "drop {stone}": {
                "parameters": {"stone": "items"},
                "preconditions": [{"when": "stone.at == player"}],
                "effects": ["stone.at = player.at"],
            },
        },
        "max_turns": 80,
    }


def test_a_world_too_large_for_a_shortest_plan_is_won_all_the_same():
    (trajectory,) = rollout(_large(), PlannerAgent(states=2_000), n=1)
    assert trajectory.outcome == "completed"


def test_where_no_plan_is_found_the_planner_searches_once_an_episode(monkeypatch):
    from trpg_env.agents import planner

    searches = []
    find = planner.find_some_plan
    monkeypatch.setattr(planner, "find_some_plan", lambda *a, **k: searches.append(1) or find(*a, **k))
    (trajectory,) = rollout(_large(), PlannerAgent(states=50), n=1, max_turns=10)
    assert (trajectory.outcome, len(searches)) == ("truncated", 1)


@pytest.mark.parametrize("make", [PlannerAgent, ErringAgent])
def test_an_episode_is_the_same_whatever_was_played_before_it(make):
    agent = make()
    long = list(rollout(GROUNDED, agent, n=2 * len(GROUNDED)))
    again = list(rollout(GROUNDED, agent, n=len(GROUNDED)))
    assert again == long[: len(again)] == list(rollout(GROUNDED, make(), n=len(again)))


def test_a_callable_may_give_a_turn():
    (trajectory,) = rollout("cool-tomato", lambda observation, info: Turn("Hm.", "go east"), n=1, max_turns=1)
    assert trajectory.turns[1].thought == "Hm."
