"""What expressions mean: each sentence of the language, whether or not the world may change what they read."""

from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from trpg_env.script.expressions import Scope, parse_expression
from trpg_env.script.names import fold
from trpg_env.world import World
from trpg_env.world.code import OUTSIDE, Names
from trpg_env.world.compile import Compiler
from trpg_env.world.values import plain

N = 2**53
ENVIRONMENT: dict[str, Any] = {
    "weather": "rain",
    "places": {
        "hall": {"exits": {"east": "den", "in": "hall"}, "floor": "stone"},
        "den": {"exits": ["hall"], "hidden": False},
    },
    "items": {
        "box": {"at": "hall", "container": True, "open": True, "n": 3},
        "purse": {"at": "box", "container": True, "open": False},
        "coin": {"at": "purse", "n": 0.5},
        "drawer 1": {"at": "den", "open": True},
        "in": {"at": "hall", "n": 7},
        "spare": {"at": "nowhere"},
        "ghost": {"at": "hall", "hidden": True},
        "sheet": {"at": "ghost"},
        "loose": {},
        "bag": {"at": "player", "where": "Hall", "gone": "nowhere"},
    },
    "people": {"Ines": {"at": "hall", "trust": {"player": 2, "box": 0}, "best": "Box"}},
    "player": {
        "at": "hall",
        "t": "text",
        "l": ["a", 1, True, None],
        "m": {"a": 1, "2": 3, "true": 4},
        "e": [],
        "s": "",
    },
}
DEFINE = {
    "near(x)": "visible(x) and place_of(x) == player.at",
    "five": 5,
    "more(x, y)": "x > y",
    "total(x)": "sum(i.n for i in items)",
    "reached(x)": "any([d for d in p.exits if d == x] for p in places)",
}

CASES: list[tuple[str, Any]] = [
    # Literals, in either spelling
    ("true", True), ("True", True), ("false", False), ("False", False), ("null", None), ("None", None), ("nowhere", None),
    ("2", 2), ("2.0", 2), ("2.5", 2.5), ("-2", -2), ("'a'", "a"), ('"a b"', "a b"), ("[]", []), ("[1, [2], null]", [1, [2], None]),
    # Logic is by truth, and gives an operand
    ("true and false", False), ("true or false", True), ("not 0", True), ("not ''", True), ("not []", True), ("not null", True),
    ("not 'a'", False), ("player.zz or 'else'", "else"), ("player.t and 5", 5), ("0 or null", None), ("0 and 1", 0), ("1 and 2 and 3", 3),
    ("1 and 0 or 7", 7), ("not true == false", True),
    # One thing, one value
    ("1 == 1.0", True), ("1 == true", False), ("0 == false", False), ("'1' == 1", False), ("null == false", False), ("null == 0", False),
    ("null == null", True), ("null != ''", True), ("[1, true] == [1, true]", True), ("[1] == [true]", False), ("[] == null", False),
    ("player.m == player.m", True), ("Ines.trust == player.m", False), ("player.l == ['a', 1, true, null]", True),
    ("1 in [true]", False), ("true in [true]", True), ("1 in [1.0]", True), ("null in [null]", True), ("[1] in [[1]]", True),
    # Ordering unlike types is false
    ("1 < 2", True), ("2 < 1", False), ("1 <= 1.0", True), ("'a' < 'b'", True), ("'B' < 'a'", True), ("1 < '2'", False), ("'2' > 1", False),
    ("null < 1", False), ("null <= null", False), ("null >= 0", False), ("1 < true", False), ("false < true", True), ("[1] < [2]", False),
    ("player.m < player.m", False), ("player.zz < 5", False), ("player.zz > -5", False), ("not (null < 1)", True),
    # Chains
    ("1 < 2 < 3", True), ("1 < 3 < 2", False), ("1 == 1 == 1", True), ("1 < 2 > 0 != null", True), ("3 > 2 > 2", False),
    ("box.at == hall == player.at", True), ("'a' in 'abc' in ['abc']", True),
    # Membership
    ("'ab' in 'cabd'", True), ("'' in 'a'", True), ("1 in 'a1'", False), ("'a' in player.l", True), ("'b' not in player.l", True),
    ("'a' in player.m", True), ("1 in player.m", False), ("2 in player.m", True), ("true in player.m", True), ("'z' in player.m", False),
    ("1 in null", False), ("null in null", False), ("'a' in player.zz", False), ("'a' not in player.zz", True), ("1 in 1", False),
    ("box in items", True), ("'box' in items", True), ("hall in items", False), ("hall in places", True), ("Ines in people", True),
    ("'east' in hall.exits", True), ("'hall' in den.exits", True), ("hall in den.exits", True), ("null in player.l", True), ("[] in ''", False),
    # Arithmetic takes null as 0; anything else unfit gives null
    ("1 + 2", 3), ("1 + null", 1), ("null + null", 0), ("null - 1", -1), ("5 - 2.5", 2.5), ("2 * 2.5", 5), ("-player.n", 0), ("-box.n", -3),
    ("7 // 2", 3), ("-7 // 2", -4), ("7 % 3", 1), ("-7 % 3", 2), ("7.5 // 2", 3), ("1 // 0", None), ("1 % 0", None), ("1 // null", None),
    ("0.0 % 0.0", None), ("'a' + 'b'", "ab"), ("[1] + [2]", [1, 2]), ("'a' + 1", None), ("'a' + null", None), ("[] + null", None),
    ("'a' * 2", None), ("true + 1", None), ("[1] + 1", None), ("player.m + 1", None), ("-'a'", None), ("-true", None), ("1 + 2 * 3", 7),
    ("0.1 + 0.2", 0.1 + 0.2), ("1 - 1.0", 0),
    # Numbers stay within ±2**53
    (f"{N} + 1", N), (f"{N} * {N}", N), (f"-{N} - 5", -N), (f"-{N} * {N}", -N), (f"{N} // 0.0001", N), (f"{N} - 1", N - 1),
    (f"sum([{N}, {N}])", N), (f"-{N} - {N} + {N}", 0),
    # Attributes, keys, elements: following names; missing is null
    ("player.at.floor", "stone"), ("player.at.exits.east", "den"), ("player.at.exits['east']", "den"), ("player.at.exits.east.exits", ["hall"]),
    ("coin.at.at.at", "hall"), ("box.zz", None), ("box.zz.yy", None), ("null.a", None), ("(5).a", None), ("spare.at.floor", None),
    ("player.t.floor", None), ("Ines.best.n", 3), ("Ines.trust.player", 2), ("Ines.trust[player]", 2), ("Ines.trust[box]", 0), ("Ines.trust[hall]", None),
    ("player.m['a']", 1), ("player.m.a", 1), ("player.m[2]", 3), ("player.m['2']", 3), ("player.m[true]", 4), ("player.m[null]", None),
    ("player.m[[1]]", None), ("player.l[0]", "a"), ("player.l[-1]", None), ("player.l[-2]", True), ("player.l[9]", None), ("player.l['a']", "a"),
    ("player.l['z']", None), ("player.l[true]", None), ("player.l[0.5]", None), ("player.l.a", None), ("player['t']", "text"),
    ("box['n']", 3), ("box[5]", None), ("box[player.zz]", None), ("den.exits[0].floor", "stone"), ("den.exits['hall'].floor", "stone"),
    ("[box, coin][1].n", 0.5), ("items[0].n", 3), ("items['box'].n", 3), ("(player.zz or box).n", 3),
    # Names: any case, blanks for underscores, quoted
    ("BOX.n", 3), ("drawer_1.open", True), ('"drawer 1".open', True), ('"Drawer_1".open', True), ('"in".n', 7), ('"in" == "in"', True),
    ('"player".t', "text"), ("count(items)", 10), ("ines.trust.player", 2), ("PEOPLE", ["Ines"]),
    # An entity's value is its name
    ("box", "box"), ("box == 'box'", True), ("box == 'BOX'", False), ("player", "player"), ("player == 'player'", True), ("drawer_1", "drawer 1"),
    ("people", ["Ines"]), ("places", ["hall", "den"]),
    # Compared with `at`, a text is a whereabouts
    ("player.at == hall", True), ("player.at == 'hall'", True), ("player.at == 'HALL'", True), ("'hall' == player.at", True), ("player.at != 'Hall'", False),
    ("bag.at == player", True), ("bag.at == 'player'", True), ("spare.at == nowhere", True), ("spare.at == 'nowhere'", True), ("spare.at == null", True),
    ("spare.at == 'Nowhere'", True), ("loose.at == 'nowhere'", True), ("player.at == 'nowhere'", False), ("'drawer_1'.at == den", True),
    ("bag.where == player.at", True), ("player.at == bag.where", True), ("bag.gone == spare.at", True), ("spare['at'] == 'nowhere'", True),
    ("player.at == player.t", False), ("player.at == 5", False), ("box.at == player.at", True), ("player.t == 'Text'", False),
    ("[i for i in items if i.at == 'DEN']", ["drawer 1"]), ("any(player.at == w for w in [1, 'Hall'])", True),
    # Ranging
    ("any(i.n > 5 for i in items)", True), ("any(i.n > 50 for i in items)", False), ("all(i.at for i in items)", False), ("all(p.exits for p in places)", True),
    ("any(x for x in [])", False), ("all(x for x in [])", True), ("any(x for x in null)", False), ("all(x for x in 'abc')", True),
    ("count(i for i in items if i.at == hall)", 3), ("count(i.open for i in items)", 2), ("count([0, null, 1])", 3), ("count(player.m)", 3), ("count(null)", 0),
    ("count('abc')", 0), ("sum(i.n for i in items)", 10.5), ("sum([])", 0), ("sum(null)", 0), ("sum(['a'])", None), ("sum([true])", None), ("sum(5)", 5),
    ("min(3, 1, 2)", 1), ("max([3, 1])", 3), ("min('b', 'a')", "a"), ("max(1, null)", 1), ("min(1, null)", 0), ("min([])", None), ("max('a', 1)", None),
    ("max(i.n for i in items)", 7), ("min(x for x in player.e)", None), ("abs(-3)", 3), ("abs(null)", 0), ("abs('a')", None), ("abs(true)", None), ("abs(-2.5)", 2.5),
    ("[k for k in player.m]", ["a", "2", "true"]), ("[d for d in hall.exits if d != 'in']", ["east"]), ("[x for x in player.l if x]", ["a", 1, True]),
    ("[i.n for i in items if i.n if i.n > 1]", [3, 7]), ("[[j for j in [i]] for i in [1, 2]]", [[1], [2]]), ("any(any(i.at == j for j in items) for i in items)", True),
    ("[box for box in [1]]", [1]), ("any(true for i in items if i == box and i.n == 3)", True), ("any(i.n == 7 for i in items if i.at == player.at)", True),
    # Whereabouts
    ("place_of(coin)", "hall"), ("place_of(box)", "hall"), ("place_of(player)", "hall"), ("place_of(bag)", "hall"), ("place_of(hall)", "hall"),
    ("place_of(spare)", None), ("place_of(loose)", None), ("place_of(null)", None), ("place_of(5)", None), ("place_of(player.m)", None), ("place_of(player.l)", None),
    ("place_of(player.t)", None), ("place_of('drawer 1')", "den"), ("place_of(Ines.best)", "hall"), ("place_of(sheet)", "hall"),
    ("inside(coin, purse)", True), ("inside(coin, box)", True), ("inside(coin, hall)", True), ("inside(coin, den)", False), ("inside(coin, coin)", False),
    ("inside(bag, player)", True), ("inside(bag, hall)", True), ("inside(coin, null)", False), ("inside(null, hall)", False), ("inside(spare, null)", False),
    ("inside(coin, Ines.best)", True), ("inside(player.m, hall)", False), ("inside(hall, hall)", False),
    ("visible(box)", True), ("visible(purse)", True), ("visible(coin)", False), ("visible(spare)", False), ("visible(loose)", False), ("visible(ghost)", False),
    ("visible(sheet)", False), ("visible(hall)", True), ("visible(player)", True), ("visible(bag)", True), ("visible(null)", False), ("visible(player.m)", False),
    ("visible('drawer 1')", True), ("visible(player.at)", True),
    # Definitions
    ("near(box)", True), ("near(coin)", False), ("near(drawer_1)", False), ("five", 5), ("five + five", 10), ("more(2, 1)", True), ("more(five, 9)", False),
    ("[i for i in items if near(i)]", ["box", "purse", "in", "bag"]), ("any(more(i.n, 6) for i in items)", True),
    ("any(total(p) == 10.5 for p in places)", True), ("[total(i) for i in people]", [10.5]), ("all(total(p) > 10 and reached('east') for p in places)", True),
    ("count(p for p in places if any(total(q) > 10 for q in places))", 2), ("[p for p in places if reached(p)]", ["hall"]),
    # What hangs on one name alone
    ("not player.at.floor", False), ("not loose.at.floor", True), ("not bag.at.floor", True), ("player.at.floor == 'stone'", True), ("player.at.floor != 'stone'", False),
    ("player.at.exits['east'] == den", True), ("player.at.exits[0] == null", True), ("'east' in player.at.exits", True), ("'up' not in player.at.exits", True),
    ("player.at.zz == null", True), ("not not player.at.floor and not player.at.hidden", True), ("'drawer 1'.at.exits[0] == hall", True), ("coin.at.open", False),
    ("turn", 0), ("turn < 1", True),
]  # fmt: skip


@pytest.fixture(scope="module", params=["nothing changes", "everything changes", "whereabouts change"])
def world(request: pytest.FixtureRequest, make_world: Callable[[Any], World]) -> World:
    attributes = sorted(
        {a for kind in ("places", "items", "people") for of in ENVIRONMENT[kind].values() for a in of}
        | {"t", "l", "m", "e", "s"}
    )
    touched = {"nothing changes": [], "everything changes": attributes, "whereabouts change": ["at"]}[
        request.param
    ]
    touching = [f"x.{a} = x.{a}" for a in touched]
    return make_world(
        {
            "goal": "g",
            "environment": ENVIRONMENT,
            "define": DEFINE,
            "completion_conditions": [{"when": "false"}],
            "available_actions": {
                "touch {x}": {"effects": touching},
            },
        }
    )


@pytest.mark.parametrize(("text", "value"), CASES, ids=[text[:60] for text, _ in CASES])
def test_an_expression_has_its_value(text: str, value: Any, world: World) -> None:
    program = world.program
    definitions = {d.name: len(d.parameters) for d in program.definitions.values()}
    scope = Scope(program.spellings, {fold(k): k for k in program.kinds}, definitions)
    run = Compiler(program, world.layout).expression(parse_expression(text, scope), Names({}, {}))
    got = plain(run(world.begin(0).values, OUTSIDE))
    assert got == value
    assert isinstance(got, bool) == isinstance(value, bool)
    assert isinstance(got, float) == isinstance(value, float)


@pytest.mark.parametrize("scalar", [True, False, None, 5, 2.5, -1, 3.0])
def test_a_scalar_of_the_file_stands_for_itself(
    scalar: Any, doing: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    script = tiny | {"define": {"it": scalar}}
    episode = doing(
        ["player.result = it", {"when": scalar, "then": ["player.then = true"]}], define=script["define"]
    )
    assert episode.now["player"].get("result") == scalar
    assert episode.now["player"].get("then", False) == bool(scalar)


def test_texts_and_lists_stay_within_ten_thousand(doing: Callable[..., Any]) -> None:
    episode = doing(
        [
            "player.t = 'ab'",
            {"for": "i in [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", "then": ["player.t = player.t + player.t"]},
        ]
    )
    assert episode.now["player"]["t"] == "ab" * 5_000
    episode = doing(
        [
            "player.l = [1]",
            {"for": "i in [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", "then": ["player.l = player.l + player.l"]},
        ]
    )
    assert episode.now["player"]["l"] == [1] * 10_000


def test_the_work_of_one_expression_is_capped(doing: Callable[..., Any]) -> None:
    numbers = list(range(400))
    entities = {"things": {"heap": {"l": numbers}, "tall": {"l": list(range(10_000))}}}
    episode = doing(
        [
            "player.little = count(x for x in heap.l if x)",
            "player.much = any(any(any(x == y + z + 9999 for z in heap.l) for y in heap.l) for x in heap.l)",
            "player.texts = count([x for x in tall.l if x in tall.l])",
            "player.after = 1",
        ],
        entities=entities,
    )
    assert episode.now["player"] == {"at": "hall", "little": 399, "after": 1}


def test_the_work_of_a_turn_is_capped(doing: Callable[..., Any]) -> None:
    entities = {"things": {"tall": {"l": list(range(10_000)), "m": [f"t{i}" for i in range(10_000)]}}}
    began = process_time()
    episode = doing(
        [
            "player.before = 1",
            {
                "for": "i in tall.l",
                "then": [
                    "player.sum = sum(x for x in tall.l)",
                    "player.l += tall.m",
                    {"for": "j in tall.l", "then": ["player.n += 1"]},
                ],
            },
        ],
        entities=entities,
    )
    assert episode.now["player"]["before"] == 1
    assert process_time() - began < 10


@pytest.mark.parametrize(
    ("effect", "times"),
    [
        ("player.l = [player.l, player.l]", 20),
        ("player.l = [player.l]", 1_200),
        ("player.l.l = player.l", 1_200),
    ],
)
def test_lists_in_lists_do_not_grow_without_end(effect: str, times: int, doing: Callable[..., Any]) -> None:
    began = process_time()
    episode = doing([effect, {"say": "{player.l}"}], times=times)
    assert episode.world.load(episode.world.save(episode.state)) == episode.state
    assert process_time() - began < 10


def test_definitions_over_many_things_are_compiled_in_good_time(
    make_world: Callable[[Any], World], tiny: dict[str, Any]
) -> None:
    tiny["environment"]["things"] = {f"thing {i}": {"n": i} for i in range(120)}
    tiny["define"] = {
        "one(a, b, c)": "a.n + b.n + c.n == 400",
        "two(a, b)": "any(one(a, b, c) for c in things)",
        "three(a)": "any(two(a, b) for b in things)",
    }
    tiny["completion_conditions"] = [{"when": "any(three(a) for a in things)"}]
    began = process_time()
    make_world(tiny).begin(0)
    assert process_time() - began < 10


def test_turn_counts_the_actions_taken(doing: Callable[..., Any]) -> None:
    assert doing(["player.n = turn"], times=3).now["player"]["n"] == 3


def test_a_loops_variable_hides_the_placeholder_of_its_name(
    play: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["mark {i}"] = {
        "parameters": {"i": ["box"]},
        "effects": [{"for": "i in items", "then": ["i.mark = true"]}, "i.own = true"],
    }
    episode = play(tiny)
    episode("mark box")
    assert [e for e, of in episode.now.items() if of.get("mark")] == ["box", "ball"]
    assert [e for e, of in episode.now.items() if of.get("own")] == ["box"]


def test_a_placeholder_with_blanks_is_named_with_underscores(
    play: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["mark {the thing}"] = {
        "parameters": {"the thing": ["box"]},
        "effects": ["the_thing.mark = true"],
    }
    episode = play(tiny)
    assert episode("mark box").parameters == {"the thing": "box"}
    assert episode.now["box"]["mark"] is True
