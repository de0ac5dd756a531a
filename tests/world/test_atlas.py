"""The atlas: every state that can be reached, and how far it is from the goal."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.world import World
from trpg_env.world.atlas import Atlas
from trpg_env.world.search import find_plan, outcomes

MakeWorld = Callable[[Any], World]


def reachable(world: World, start: list[Any], most: int) -> list[list[Any]]:
    """States of an atlas, breadth first; those where the episode is over are not gone beyond."""
    found = [start]
    for values in found:
        if len(found) >= most:
            break
        if world.succeeds(values) or world.fails(values):
            continue
        for action in world.admissible.now(values):
            found += outcomes(world, values, action)
    return found[:most]


@pytest.mark.parametrize("script", ["cool-tomato", "dungeon", "museum-heist", "unix-config"])
def test_distances_are_those_of_a_search_for_a_shortest_plan(script: str, make_world: MakeWorld) -> None:
    world = make_world(script)
    start = world.begin(0).values
    atlas = Atlas(world, start)
    assert atlas.complete
    for values in reachable(world, start, 1_500)[::75]:
        plan = find_plan(world, values, depth=world.script.max_turns)
        expected = None if plan.actions is None or world.fails(values) else len(plan.actions)
        assert atlas.distance(values) == expected
        assert values in atlas


@pytest.mark.parametrize("script", ["cool-tomato", "detective", "laboratory"])
def test_a_plan_leads_to_the_goal_with_favourable_luck(script: str, make_world: MakeWorld) -> None:
    world = make_world(script)
    values = world.begin(0).values
    atlas = Atlas(world, values)
    found = atlas.plan(values)
    assert found is not None
    actions, length = found
    assert len(actions) == length == atlas.distance(values)
    assert atlas.plan(values, most=3) == (actions[:3], length)
    for left, text in zip(range(length, 0, -1), actions, strict=True):
        assert atlas.distance(values) == left
        action = next(a for a in world.admissible.now(values) if a.text == text)
        values = min(outcomes(world, values, action), key=lambda after: atlas.distance(after) or 0)
    assert world.succeeds(values)
    assert atlas.plan(values) == ((), 0)


def test_a_state_from_which_no_luck_leads_to_the_goal_has_no_distance(
    make_world: MakeWorld, tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["break the box"] = {"effects": ["box.broken = true"]}
    tiny["available_actions"]["win"]["preconditions"] = [{"when": "not box.broken"}]
    world = make_world(tiny)
    start = world.begin(0).values
    atlas = Atlas(world, start)
    broken = next(a for a in world.admissible.now(start) if a.text == "break the box")
    (lost,) = outcomes(world, start, broken)
    assert lost in atlas
    assert atlas.distance(lost) is None
    assert atlas.plan(lost) == ((), 0)
    assert atlas.distance(start) == 1


def test_a_state_that_is_not_on_the_map_has_no_plan(make_world: MakeWorld, tiny: dict[str, Any]) -> None:
    tiny["available_actions"]["win"]["preconditions"] = [{"when": "ball.at == player"}]
    world = make_world(tiny)
    start = world.begin(0).values
    atlas = Atlas(world, start)
    elsewhere = start.copy()
    elsewhere[world.layout.slots["at"]["ball"]] = "den"
    assert elsewhere not in atlas
    assert atlas.plan(elsewhere) is None


def test_a_world_with_more_states_than_are_explored_is_not_complete(make_world: MakeWorld) -> None:
    world = make_world("ship")
    start = world.begin(0).values
    small = Atlas(world, start, states=50)
    assert not small.complete
    assert len(small) == 50
    assert small.distance(start) is None


def test_where_the_turn_has_a_bearing_the_last_turn_is_the_end_of_the_map(
    make_world: MakeWorld, tiny: dict[str, Any]
) -> None:
    """No two turns are one state then: there is no end to them but the script's."""
    tiny["available_actions"]["wait"] = {}
    tiny["available_actions"]["win"]["preconditions"] = [{"when": "turn == 6"}]
    tiny["max_turns"] = 9
    start = make_world(tiny).begin(0).values
    atlas = Atlas(make_world(tiny), start)
    assert atlas.distance(start) == 7
    assert not atlas.complete


def test_where_it_has_none_the_map_goes_on_beyond_the_last_turn(
    make_world: MakeWorld, tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["try"] = {"effects": ["player.tries += 1"]}
    tiny["available_actions"]["win"]["preconditions"] = [{"when": "player.tries >= 6"}]
    tiny["failure_conditions"] = [{"when": "player.tries > 8"}]
    tiny["max_turns"] = 3
    start = make_world(tiny).begin(0).values
    atlas = Atlas(make_world(tiny), start)
    assert atlas.complete
    assert atlas.distance(start) == 7


@pytest.mark.parametrize("script", ["flea-market", "museum-heist", "ship"])
def test_a_plan_hangs_on_the_state_and_not_on_the_start_that_was_explored(
    script: str, make_world: MakeWorld
) -> None:
    world = make_world(script)
    starts = [world.begin(i).values for i in range(world.program.variation_count)]
    atlases = [Atlas(world, start) for start in starts]
    compared = 0
    for i, start in enumerate(starts):
        for other in atlases[:i] + atlases[i + 1 :]:
            if start in other:
                for values in reachable(world, start, 400):
                    assert other.plan(values, 8) == atlases[i].plan(values, 8)
                    compared += 1
    assert compared or script != "ship"
