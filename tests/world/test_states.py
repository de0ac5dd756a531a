"""Whole states over long walks: admissible actions, snapshots, hashes, progress."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.script import Script
from trpg_env.world import GroundAction, SeededFate, State, World
from trpg_env.world.search import find_plan, outcomes

MIXED: dict[str, Any] = {
    "goal": "g",
    "environment": {
        "places": {"hall": {"exits": {"east": "den"}}, "den": {"exits": {"west": "hall"}, "dark": True}},
        "items": {
            "box": {"at": "hall", "container": True, "open": False, "n": 0},
            "ball": {"at": "box", "l": [], "m": {}},
            "Red Gem": {"at": None, "hidden": True},
        },
        "player": {"at": "hall", "knows": []},
    },
    "define": {"near(x)": "visible(x) and place_of(x) == player.at", "sum_all": "sum(i.n for i in items)"},
    "completion_conditions": [{"when": "Red_Gem.at == player"}, {"when": "sum_all >= 4"}],
    "failure_conditions": [{"when": "box.n > 12"}],
    "milestones": [{"when": "box.open"}, {"when": "ball.at == player"}, {"when": "'a' in player.knows"}, {"when": "player.at == hall"}],
    "available_actions": {
        "go {way}": {
            "verification_code": "(?i)go (?P<way>\\w+)",
            "parameters": {"way": ["east", "west"]},
            "preconditions": [{"when": "way in player.at.exits"}],
            "effects": ["player.at = player.at.exits[way]"],
        },
        "take {thing}": {
            "parameters": {"thing": "items"},
            "preconditions": [{"when": "near(thing)"}, {"when": "thing.at != player"}, {"when": "thing != box"}],
            "effects": ["thing.at = player", {"for": "i in items if i.at == thing", "then": ["i.at = player.at"]}],
        },
        "put {thing} in {other}": {
            "verification_code": "def validate(action, params, state):\n    return params['thing'] != params['other']\n",
            "parameters": {"thing": "items", "other": "items"},
            "preconditions": [{"when": "thing.at == player and not inside(other, thing)"}],
            "effects": ["thing.at = other"],
        },
        "toggle {thing}": {
            "verification_code": "def validate(action, params, state):\n    return state[params['thing']].get('at') != None or 'not there'\n",
            "parameters": {"thing": ["BOX", "ball", "red_gem"]},
            "effects": ["thing.open = not thing.open", {"chance": 0.4, "then": ["thing.n += 2", "ball.l += turn"], "else": ["ball.m[thing] = turn"]}],
        },
        "say {what}": {
            "parameters": {"what": {"any": ["a", "b c"]}},
            "preconditions": [{"when": "what not in player.knows", "error": "parameter"}],
            "effects": ["player.knows += what"],
        },
        "set {n}": {"parameters": {"n": "1..3"}, "preconditions": [{"when": "n > box.n"}], "effects": ["box.n = n"]},
        "take {n} gems": {"parameters": {"n": "1..2"}, "effects": ["box.n += 1"]},
    },
    "events": [
        {"when": "box.open and not Red_Gem.at", "effects": ["Red_Gem.at = box", "Red_Gem.hidden = false"]},
        {"when": "turn % 3 == 0", "effects": [{"chance": 0.5, "then": ["box.open = not box.open"]}]},
    ],
    "variations": {"ball.at": ["box", "hall"], "box.n": [0, 1]},
}  # fmt: skip


@pytest.fixture(scope="module")
def worlds(make_world: Callable[[Any], World]) -> dict[str, World]:
    return {"mixed": make_world(MIXED)} | {
        name: make_world(name) for name in ("cool-tomato", "dungeon", "laboratory")
    }


def would_be_carried_out(world: World, state: State) -> list[str]:
    """Every ground action, tried one after the other."""
    found: dict[str, None] = {}
    for action in world.grounder.all():
        ruling = world.rule(state, action.text, SeededFate(0, 0))
        if ruling.error is None and (ruling.name, ruling.parameters) == (action.name, action.parameters):
            found[action.text] = None
    return list(found)


def texts(world: World) -> list[str]:
    return [action.text for action in world.grounder.all()] + ["", "nonsense", "take moon"]


@pytest.mark.parametrize("name", ["mixed", "cool-tomato", "dungeon", "laboratory"])
@pytest.mark.parametrize("seed", range(3))
def test_what_holds_after_every_turn_of_a_walk(name: str, seed: int, worlds: dict[str, World]) -> None:
    world, rng, fate = worlds[name], random.Random(seed), SeededFate(seed, 1)
    state = world.begin(rng.randrange(world.program.variation_count))
    for _ in range(25):
        admissible = [action.text for action in world.admissible.now(state.values)]
        assert admissible == would_be_carried_out(world, state)
        text = rng.choice(admissible if admissible and rng.random() < 0.8 else texts(world))
        before = json.dumps(world.save(state))
        ruling = world.rule(state, text, fate)
        after = ruling.state
        assert json.dumps(world.save(state)) == before
        assert after.hash == world.layout.hash(after.values)
        assert (ruling.error is None) == (text in admissible)
        if ruling.error:
            assert after == state._replace(values=[state.turn + 1, *state.values[1:]])
        assert ruling.progress >= ruling.before == state.progress
        assert after.progress >= state.progress
        assert set(after.pending) <= set(state.pending)
        assert ruling.success == (
            not ruling.failure and len(after.completed) == len(world.program.completion) and not ruling.error
        )
        saved = json.loads(json.dumps(world.save(after)))
        assert world.load(saved) == after
        assert world.save(world.load(saved)) == saved
        meaning = world.resolver.resolve(text, state.values)
        if ruling.error is None and isinstance(meaning, GroundAction):
            assert world.transition(state.values, meaning, fate) == after.values
        if ruling.success or ruling.failure:
            assert world.succeeds(after.values) == ruling.success
            break
        state = after


@pytest.mark.parametrize("name", ["mixed", "dungeon"])
def test_playing_on_from_a_snapshot_is_the_same(name: str, worlds: dict[str, World]) -> None:
    world, rng, fate = worlds[name], random.Random(5), SeededFate(5, 0)
    state = world.begin(0)
    for _ in range(30):
        loaded = world.load(json.loads(json.dumps(world.save(state))))
        text = rng.choice(texts(world))
        one, other = world.rule(state, text, fate), world.rule(loaded, text, fate)
        assert one == other
        state = one.state


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"turn": "x"},
        {"turn": None},
        {"world": []},
        {"world": {"box": {"zz": 1}}},
        {"world": {"moon": {"at": "hall"}}},
        {"world": {"box": 5}},
        {"pending": [99]},
        {"pending": [-1]},
        {"pending": 5},
        {"counted": None},
        {"completed": ["x"]},
    ],
)
def test_what_is_no_snapshot_of_the_script_is_refused(
    damage: dict[str, Any], worlds: dict[str, World]
) -> None:
    world = worlds["mixed"]
    data = world.save(world.begin(0)) | damage if damage else {}
    with pytest.raises(ValueError, match=r".+"):
        world.load(data)


def test_equal_worlds_have_equal_hashes_and_unequal_ones_have_not(make_world: Callable[[Any], World]) -> None:
    world = make_world(MIXED)
    fate = SeededFate(0, 0)
    start = world.begin(1)
    there = world.rule(world.rule(start, "go east", fate).state, "go west", fate).state
    assert there.hash != start.hash or there.values[1:] == start.values[1:]
    by_values: dict[str, int] = {}
    rng = random.Random(0)
    for seed in range(6):
        state = world.begin(seed % 4)
        for _ in range(30):
            state = world.rule(state, rng.choice(texts(world)), SeededFate(seed, 0)).state
            key = json.dumps(world.save(state)["world"], sort_keys=True)
            assert by_values.setdefault(key, state.hash) == state.hash
    assert len(set(by_values.values())) == len(by_values) > 40


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), ("1", 1), ([1], [True]), ([], None), ("", None), ({}, []), (2.5, "2.5")],
)
def test_values_that_differ_have_hashes_that_differ(
    one: Any, other: Any, make_world: Callable[[Any], World]
) -> None:
    def start(value: Any) -> int:
        environment = {"items": {"box": {"n": value}}, "player": {}}
        return (
            make_world(
                MIXED
                | {
                    "environment": environment,
                    "completion_conditions": [{"when": "false"}],
                    "milestones": [],
                    "failure_conditions": [],
                    "define": {},
                    "events": [],
                    "variations": {},
                    "available_actions": {"wait": {"effects": ["box.n = 5"]}},
                }
            )
            .begin(0)
            .hash
        )

    assert start(one) != start(other)


def test_a_number_is_the_same_however_it_came_about(play: Callable[..., Any], tiny: dict[str, Any]) -> None:
    tiny["environment"]["player"]["n"] = 3.0
    tiny["available_actions"] = {
        "set {n}": {"parameters": {"n": [3.0, 4]}, "effects": ["player.n = n"]},
        "halve": {"effects": ["player.n = 1.5", "player.n = player.n * 2"]},
    }
    episode = play(tiny)
    hashes = {
        episode.state.hash,
        episode("set 4").state.hash,
        episode("halve").state.hash,
        episode("set 3").state.hash,
    }
    assert len(hashes) == 2
    assert repr(episode.now["player"]["n"]) == "3"


# Search


def brute_force(world: World, values: list[Any], depth: int) -> int | None:
    """The length of a shortest plan, by trying everything, no two states taken for one unless all is equal."""

    def key(v: list[Any]) -> str:
        return json.dumps(v, sort_keys=True)

    layer, seen = [values], {key(values)}
    if world.succeeds(values):
        return 0
    for length in range(1, depth + 1):
        following = []
        for before in layer:
            for text in would_be_carried_out(world, world.judge(before)):
                action = world.resolver.resolve(text, before)
                assert isinstance(action, GroundAction)
                for after in outcomes(world, before, action):
                    if key(after) in seen:
                        continue
                    seen.add(key(after))
                    if world.fails(after):
                        continue
                    if world.succeeds(after):
                        return length
                    following.append(after)
        layer = following
    return None


PUZZLES: dict[str, tuple[dict[str, Any], list[str], int | None]] = {
    "a computed attribute of an entity": (
        {"light": {"preconditions": [{"when": "not hall.lit"}], "effects": ["hall.lit = true"]}, "wet": {"effects": ["hall.wet = true"]},
         "win {a} {b}": {"parameters": {"a": ["lit"], "b": ["wet"]}, "preconditions": [{"when": "player.at[a] and player.at[b]"}], "effects": ["player.won = true"]}},
        [], 3),
    "true is not 1": (
        {"one": {"effects": ["player.n = 1"]}, "yes": {"preconditions": [{"when": "player.n == 1"}], "effects": ["player.n = true"]},
         "win": {"preconditions": [{"when": "player.n == true"}], "effects": ["player.won = true"]}},
        [], 3),
    "true is not 1 in a list": (
        {"one": {"effects": ["player.l = [1]"]}, "yes": {"preconditions": [{"when": "player.l == [1]"}], "effects": ["player.l = [true]"]},
         "win": {"preconditions": [{"when": "player.l == [true]"}], "effects": ["player.won = true"]}},
        [], 3),
    "code that reads the state": (
        {"dip": {"effects": ["box.wet = true"]},
         "win": {"verification_code": "def validate(action, params, state):\n    return state['box'].get('wet') is True", "effects": ["player.won = true"]}},
        [], 2),
    "the turn counts": ({"wait": {}, "win": {"preconditions": [{"when": "turn >= 4"}], "effects": ["player.won = true"]}}, [], 5),
    "an event by the turn": ({"wait": {}}, [{"when": "turn == 3", "effects": ["player.won = true"]}], 3),
    "luck": (
        {"roll": {"effects": [{"chance": 0.01, "then": [{"chance": 0.5, "then": ["player.n += 1"], "else": ["player.n += 2"]}]}]},
         "win": {"preconditions": [{"when": "player.n == 3"}], "effects": ["player.won = true"]}},
        [], 3),
    "what is impossible": ({"roll": {"effects": [{"chance": 0, "then": ["player.won = true"]}]}}, [], None),
    "around a failure": (
        {"go {p}": {"parameters": {"p": ["hall", "den"]}, "effects": ["player.at = p"]}, "win": {"preconditions": [{"when": "player.seen"}], "effects": ["player.won = true"]},
         "arm": {"effects": ["player.armed = true"]}},
        [{"when": "player.at == den and not player.armed", "effects": ["player.lost = true"]}, {"when": "player.at == den", "effects": ["player.seen = true"]}], 3),
    "a mapping by a name": (
        {"teach {k}": {"parameters": {"k": ["a", "b"]}, "effects": ["box.m[k] = true"]}, "win": {"preconditions": [{"when": "box.m['a'] and box.m.b"}], "effects": ["player.won = true"]}},
        [], 3),
    "an attribute by a text": (
        {"mark": {"effects": ["player['at'].seen = true"]}, "win": {"preconditions": [{"when": "hall['seen']"}], "effects": ["player.won = true"]}},
        [], 2),
    "through a definition": (
        {"open": {"effects": ["box.open = true"]}, "shut": {"effects": ["box.open = false"]}, "take": {"preconditions": [{"when": "near(ball)"}], "effects": ["ball.at = player"]},
         "win": {"preconditions": [{"when": "ball.at == player and not box.open"}], "effects": ["player.won = true"]}},
        [], 4),
}  # fmt: skip


@pytest.mark.parametrize("name", PUZZLES)
def test_the_search_finds_a_shortest_plan(
    name: str, make_world: Callable[[Any], World], tiny: dict[str, Any]
) -> None:
    actions, events, length = PUZZLES[name]
    tiny["available_actions"], tiny["events"] = actions, events
    tiny["failure_conditions"] = [{"when": "player.lost"}]
    tiny["define"] = {"near(x)": "visible(x) and place_of(x) == player.at"}
    tiny["environment"]["items"]["box"]["open"] = False
    world = make_world(tiny)
    start = world.begin(0).values
    assert brute_force(world, start, 6) == length
    plan = find_plan(world, start, depth=6)
    assert plan.decided
    assert (None if plan.actions is None else len(plan.actions)) == length


def test_a_search_that_gives_up_says_so(make_world: Callable[[Any], World], tiny: dict[str, Any]) -> None:
    tiny["available_actions"] = {
        "count {n}": {
            "parameters": {"n": "1..50"},
            "effects": ["player.n = player.n * 50 + n", "player.won = player.n < 0"],
        }
    }
    world = make_world(tiny)
    plan = find_plan(world, world.begin(0).values, depth=20, states=500)
    assert (plan.actions, plan.decided) == (None, False)


@pytest.mark.parametrize("name", ["cool-tomato", "laboratory", "office-mail"])
def test_a_plan_of_the_library_can_be_played(
    name: str, make_world: Callable[[Any], World], load: Callable[[Any], Script]
) -> None:
    world = make_world(name)
    for variation in range(min(4, world.program.variation_count)):
        state = world.begin(variation)
        plan = find_plan(world, state.values, depth=load(name).max_turns)
        assert plan.actions
        for i, text in enumerate(plan.actions, 1):
            ruling = world.rule(state, text, lambda *_: True)  # type: ignore[arg-type]
            assert ruling.error is None
            state = ruling.state
            assert ruling.success == (i == len(plan.actions))


SMALL = st.sampled_from(["player.a", "player.b", "box.a", "ball.a"])
TEST = st.builds("{} {} {}".format, SMALL, st.sampled_from(["==", "!=", "<", ">"]), st.integers(0, 2))
SET = st.builds("{} {} {}".format, SMALL, st.sampled_from(["=", "+=", "-="]), st.integers(0, 2))
CHANGE = st.one_of(
    SET,
    SET,
    st.builds(lambda w, t, e: {"when": w, "then": [t], "else": [e]}, TEST, SET, SET),
    st.builds(lambda t: {"chance": 0.5, "then": [t]}, SET),
)
ACTION = st.builds(
    lambda p, e: {"preconditions": [{"when": w} for w in p], "effects": e},
    st.lists(TEST, max_size=2),
    st.lists(CHANGE, min_size=1, max_size=2),
)


@settings(max_examples=150)
@given(
    actions=st.lists(ACTION, min_size=2, max_size=4),
    goal=st.lists(TEST, min_size=1, max_size=2),
    fail=TEST,
    event=st.tuples(TEST, SET),
)
def test_the_search_agrees_with_trying_everything(
    actions: list[Any], goal: list[str], fail: str, event: tuple[str, str], make_world: Callable[[Any], World]
) -> None:
    world = make_world(
        {
            "goal": "g",
            "environment": {"items": {"box": {"a": 0}, "ball": {"a": 1}}, "player": {"a": 0, "b": 0}},
            "completion_conditions": [{"when": w} for w in goal],
            "failure_conditions": [{"when": f"{fail} and box.a == 2"}],
            "available_actions": {f"do {i}": action for i, action in enumerate(actions)},
            "events": [{"when": event[0], "effects": [event[1]]}],
        }
    )
    start = world.begin(0).values
    if world.fails(start):
        return
    plan = find_plan(world, start, depth=4)
    assert plan.decided
    assert (None if plan.actions is None else len(plan.actions)) == brute_force(world, start, 4)
