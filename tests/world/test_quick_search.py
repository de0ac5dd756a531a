"""Searches in bits: what they find is what searches of the world itself find, and what is not simple is left to these."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.world import Plan, SeededFate, World, find_plan, find_some_plan
from trpg_env.world.atlas import Atlas
from trpg_env.world.grounding import GroundAction
from trpg_env.world.search_quick import QuickSearch
from trpg_env.world.values import Value

MakeWorld = Callable[[Any], World]
FATE = SeededFate(0, 0)

COLOURS = ["red", "green", "blue"]
ROOMS = {"hall": ["den"], "den": ["hall", "attic"], "attic": ["den"]}


def rooms(**parts: Any) -> dict[str, Any]:
    """A lamp, a door and a key, in three rooms: values of all kinds, keys of mappings, a definition, a way to lose."""
    return {
        "goal": "Light the attic.",
        "environment": {
            "places": {name: {"exits": exits} for name, exits in ROOMS.items()},
            "items": {
                "lamp": {"at": "hall", "colour": "red", "power": 0, "seen": {"hall": True, "den": False}},
                "door": {"at": "den", "open": False},
            },
            "player": {"at": "hall", "moves": 0},
        },
        "define": {"held(x)": "x.at == player"},
        "completion_conditions": [
            {"when": 'lamp.colour != "red" and lamp.power >= 2'},
            {"when": "lamp.at == attic"},
            {"when": "lamp.seen.den"},
        ],
        "failure_conditions": [{"when": 'lamp.colour == "blue" and true'}],
        "available_actions": {
            "go {room}": {
                "parameters": {"room": "places"},
                "preconditions": [{"when": "player.at != room"}, {"when": "room != attic or door.open"}],
                "effects": ["player.at = room", "player.moves += 1"],
                "observation": "{look}",
            },
            "open door": {"preconditions": [{"when": "player.at == den"}], "effects": ["door.open = true"]},
            "take lamp": {
                "preconditions": [{"when": "lamp.at in [hall, den]"}],
                "effects": ["lamp.at = player"],
            },
            "put lamp in {room}": {
                "parameters": {"room": "places"},
                "preconditions": [{"when": "held(lamp) and player.at == room"}],
                "effects": ["lamp.at = room"],
            },
            "paint {colour}": {"parameters": {"colour": COLOURS}, "effects": ["lamp.colour = colour"]},
            "turn {power}": {
                "parameters": {"power": "0..3"},
                "effects": ["lamp.power = power", {"when": "power > 2", "then": [{"say": "It hums."}]}],
            },
            "look into {room}": {"parameters": {"room": ["den"]}, "effects": ["lamp.seen[room] = true"]},
        },
        "max_turns": 20,
    } | parts


def reaches(world: World, values: list[Value], plan: Plan) -> bool:
    """Whether a plan's actions can be carried out, one after another, and its last one wins."""
    for text in plan.actions or ():
        action = world.resolver.resolve(text, values)
        assert isinstance(action, GroundAction)
        assert world.obstacle(values, action) is None
        values = world.transition(values, action, FATE)
        assert not world.fails(values)
    return world.succeeds(values)


def quick(world: World) -> QuickSearch:
    found = QuickSearch.of(world)
    assert found is not None
    return found


def test_a_shortest_plan_is_the_one_that_any_world_would_find(make_world: MakeWorld) -> None:
    world = make_world(rooms())
    values = world.begin(0).values
    plan = quick(world).shortest(values, depth=20, states=40_000)
    assert plan == find_plan(world, values, depth=20)
    assert plan is not None
    assert reaches(world, values, plan)
    assert plan.path[0] == values


@pytest.mark.parametrize(("depth", "states"), [(20, 100), (3, 40_000), (7, 400)])
def test_it_gives_up_where_any_search_would(make_world: MakeWorld, depth: int, states: int) -> None:
    world = make_world(rooms())
    values = world.begin(0).values
    assert quick(world).shortest(values, depth=depth, states=states) == find_plan(
        world, values, depth=depth, states=states
    )


@given(walk=st.lists(st.integers(0, 99), max_size=12))
def test_it_finds_the_same_wherever_play_has_led(make_world: MakeWorld, walk: list[int]) -> None:
    world = make_world(rooms())
    values = world.begin(0).values
    for choice in walk:
        actions = world.admissible.now(values)
        values = world.transition(values, actions[choice % len(actions)], FATE)
    if world.fails(values):
        return
    search = quick(world)
    assert search.shortest(values, depth=20, states=40_000) == find_plan(world, values, depth=20)
    some = search.some(values, depth=1_000, states=40_000)
    assert some is not None
    assert (some.actions is not None) == reaches(world, values, some)


def test_states_are_counted_as_an_atlas_counts_them(make_world: MakeWorld) -> None:
    world = make_world(rooms())
    values = world.begin(0).values
    whole = len(Atlas(world, values))
    for states in (whole - 1, whole, whole + 1):
        assert quick(world).exceeds(values, states) == (not Atlas(world, values, states=states).complete)


def test_a_world_of_many_lamps_is_won_by_relaxed_plans(make_world: MakeWorld) -> None:
    lamps = [f"lamp {i}" for i in range(30)]
    script = {
        "goal": "Light them all.",
        "environment": {"items": {lamp: {"lit": False} for lamp in lamps}, "player": {}},
        "completion_conditions": [{"when": f'"{lamp}".lit'} for lamp in lamps],
        "available_actions": {
            f"{verb} {{lamp}}": {"parameters": {"lamp": "items"}, "effects": [f"lamp.lit = {lit}"]}
            for verb, lit in (("light", "true"), ("snuff", "false"))
        },
        "max_turns": 30,
    }
    world = make_world(script)
    values = world.begin(0).values
    plan = find_some_plan(world, values, depth=30, states=2_000)
    assert plan.actions is not None
    assert len(plan.actions) == len(lamps)
    assert reaches(world, values, plan)
    assert find_some_plan(world, values, depth=29, states=2_000).actions is None


def test_detours_of_a_plan_are_cut(make_world: MakeWorld) -> None:
    from trpg_env.world.search_bits import BitWorld
    from trpg_env.world.search_shorter import shortened

    bits = BitWorld(make_world(rooms()))
    names = [rule.action.text for rule in bits.rules]
    plan = ["go den", "go hall", "take lamp", "turn 3", "go den", "turn 2", "open door", "go attic", "put lamp in attic", "paint green", "look into den"]  # fmt: skip
    start = bits.state(make_world(rooms()).begin(0).values)
    assert start is not None
    short = shortened(bits, start, [names.index(text) for text in plan], 4_000)
    state = start
    for rule in short:
        state = bits.after(state, rule)
    assert bits.succeeds(state)
    assert len(short) == 8


def test_every_variation_is_searched(make_world: MakeWorld) -> None:
    world = make_world(rooms(variations={"lamp.colour": COLOURS, "lamp.seen.den": [True, False]}))
    search = quick(world)
    for variation in range(6):
        values = world.begin(variation).values
        assert search.shortest(values, depth=20, states=40_000) == find_plan(world, values, depth=20)


def test_a_goal_that_never_holds_is_found_to_have_no_plan(make_world: MakeWorld) -> None:
    world = make_world(rooms(completion_conditions=[{"when": "lamp.power == 7"}]))
    values = world.begin(0).values
    search = quick(world)
    plan = search.shortest(values, depth=1_000, states=40_000)
    assert plan == find_plan(world, values, depth=1_000)
    assert plan is not None
    assert (plan.actions, plan.decided) == (None, True)
    some = search.some(values, depth=1_000, states=40_000)
    assert some is not None
    assert some.actions is None


def act(*effects: Any, when: str = "true") -> dict[str, Any]:
    return {"available_actions": {"act": {"preconditions": [{"when": when}], "effects": list(effects)}}}


@pytest.mark.parametrize(
    "parts",
    [
        {"completion_conditions": [{"when": "turn > 3"}]},
        {"completion_conditions": [{"when": "visible(lamp)"}]} | act("lamp.at = nowhere"),
        {"completion_conditions": [{"when": "lamp.power == player.moves"}]}
        | act("player.moves = 1", "lamp.power = 1"),
        {"completion_conditions": [{"when": "all(x.at == hall for x in items)"}]} | act("door.at = hall"),
        {"completion_conditions": [{"when": "player.moves > 2"}]} | act("player.moves += 1"),
        act({"chance": 0.5, "then": ["lamp.power = 2"]}),
        act({"when": "door.open", "then": ["lamp.power = 2"]}),
        act({"for": "x in items", "then": ['x.colour = "green"']}),
        act("lamp.power = player.moves", "player.moves = 1"),
        act("lamp.seen = [hall]"),
        act("lamp.power = 2", when="lamp.power < player.moves") | {"variations": {"player.moves": [1, 2]}},
        {"events": [{"when": "door.open", "effects": ["lamp.power = 2"]}]},
    ],
)
def test_a_world_that_is_not_simple_is_left_to_the_other_searches(
    make_world: MakeWorld, parts: dict[str, Any]
) -> None:
    assert QuickSearch.of(make_world(rooms(**parts))) is None


def test_a_state_with_values_of_no_rule_is_left_to_them_too(make_world: MakeWorld) -> None:
    world = make_world(rooms())
    values = world.begin(0).values
    values[world.layout.slots["colour"]["lamp"]] = "mauve"
    search = quick(world)
    assert search.shortest(values, depth=20, states=100) is None
    assert search.some(values, depth=20, states=100) is None
    assert not search.exceeds(values, 1)
    assert find_some_plan(world, values, depth=20).actions


def test_events_and_readings_that_have_no_bearing_do_no_harm(make_world: MakeWorld) -> None:
    events = [
        {"when": "turn > 1", "effects": ["player.moves += 2", {"chance": 0.5, "then": [{"say": "Wind."}]}]}
    ]
    world = make_world(rooms(events=events))
    values = world.begin(0).values
    plan = quick(world).shortest(values, depth=20, states=40_000)
    assert plan == find_plan(world, values, depth=20)
