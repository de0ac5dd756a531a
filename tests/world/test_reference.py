"""What is compiled agrees with a plain reading of the same text, whatever is known when it is compiled."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import reference
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from reference import Reference, same

from trpg_env.script import ScriptError
from trpg_env.script.effects import parse_text
from trpg_env.script.expressions import Scope, parse_expression
from trpg_env.script.names import fold
from trpg_env.script.nodes import Expression
from trpg_env.script.reading import ExpressionError
from trpg_env.world import SeededFate, World
from trpg_env.world.code import Names
from trpg_env.world.compile import Compiler
from trpg_env.world.layout import Layout
from trpg_env.world.statements import Statements
from trpg_env.world.values import Value

ENVIRONMENT: dict[str, Any] = {
    "places": {
        "hall": {"exits": {"east": "den", "up": "red attic"}, "lit": True},
        "den": {"exits": ["hall"], "lit": 1},
        "red attic": {"lit": False, "exits": {"down": "hall"}},
    },
    "items": {
        "box": {"at": "hall", "container": True, "open": False, "n": 3, "home": "Den"},
        "ball": {
            "at": "box",
            "n": -2.5,
            "l": ["a", 1, True, None, "box"],
            "m": {"a": 1, "box": {"a": [0]}, "2": "den"},
        },
        "gem": {"at": None, "hidden": True, "n": 2**53, "home": "nowhere", "word": "at"},
        "key_ring": {"at": "player", "t": "ball", "n": 0, "l": []},
    },
    "people": {"Ines": {"at": "hall", "home": "red_attic", "trust": {"player": 2}}},
    "crates": {f"crate {i}": {"at": "den", "n": i} for i in range(18)},
    "player": {"at": "hall", "knows": ["a"], "t": "BOX"},
}
DEFINE = {
    "near(x)": "visible(x) and place_of(x) == player.at",
    "holder(x)": "x.at",
    "held(x, y)": "any(i == x for i in items if i.at == y)",
    "crowd(x)": "[c for c in crates if c.n >= x.n]",
    "pairs(x)": "count(c for c in crates if any(d.n == c.n + x for d in crates))",
    "always": "true",
    "load(x)": "sum(i.n for i in items)",
    "most(x)": "max(c.n + x.n for c in crates)",
    "twice(x)": "[x, x]",
}
PARAMETERS = ["p", "q"]
ATTRIBUTES = [
    "at",
    "n",
    "l",
    "m",
    "t",
    "open",
    "hidden",
    "container",
    "exits",
    "home",
    "lit",
    "word",
    "trust",
    "knows",
    "zz",
]
KEYS = ["a", "box", "2", "down", "east", "player", "at", "n"]

# Worlds of the same script in which nothing, everything and some things may change.
REGIMES = {
    "nothing changes": [],
    "everything changes": [f"i.{name} = i.{name}" for name in ATTRIBUTES],
    "places stay": ["i.n = i.n", "i.at = i.at", "i.t = i.t", "player.knows += 1", "ball.m = null"],
    "only whereabouts change": ["i.at = i.at"],
}


@pytest.fixture(scope="module")
def worlds(make_world: Callable[[Any], World]) -> dict[str, World]:
    return {
        regime: make_world(
            {
                "goal": "g",
                "environment": ENVIRONMENT,
                "define": DEFINE,
                "completion_conditions": [{"when": "false"}],
                "available_actions": {
                    "touch {i}": {
                        "parameters": {
                            "i": [e for kind, of in ENVIRONMENT.items() if kind != "player" for e in of]
                            + ["player"]
                        },
                        "effects": [*effects, "player.out = null"],
                    }
                },
            }
        )
        for regime, effects in REGIMES.items()
    }


def scope_of(world: World, variables: list[str]) -> Scope:
    program = world.program
    return Scope(
        program.spellings,
        {fold(kind): kind for kind in program.kinds},
        {d.name: len(d.parameters) for d in program.definitions.values()},
        {v: v for v in variables},
    )


def parsed(text: str, world: World) -> Expression:
    try:
        return parse_expression(text, scope_of(world, PARAMETERS))
    except ExpressionError as error:
        # A text where an entity stands has to name one.
        assert "no entity is named" in str(error)
        reject()


def as_dictionary(layout: Layout, values: list[Value]) -> reference.State:
    return copy.deepcopy({e: dict(of) for e, of in layout.by_entity(values).items()})


# Texts of expressions

ENTITIES = [
    "box",
    "ball",
    "gem",
    "key_ring",
    "Ines",
    "player",
    "hall",
    "den",
    "red_attic",
    '"red attic"',
    '"key ring"',
    "crate_3",
]
numbers = st.one_of(
    st.integers(-3, 20).map(str), st.sampled_from(["0", "1", "2.5", "0.1", "9007199254740992", "1e-9", "3.0"])
)
words = st.sampled_from(
    [
        "a",
        "box",
        "BOX",
        "den",
        "Red_Attic",
        "nowhere",
        "Nowhere",
        "player",
        "Player",
        "",
        "at",
        "n",
        "2",
        "key  ring",
    ]
)
constants = st.one_of(
    numbers, words.map(json.dumps), st.sampled_from(["true", "false", "null", "nowhere", "True", "None"])
)


@st.composite
def expression(draw: st.DrawFn, variables: tuple[str, ...] = (), depth: int = 3) -> str:
    def inner(*more: str) -> str:
        return draw(expression((*variables, *more), depth - 1))

    if depth == 0 or draw(st.integers(0, 5)) == 0:
        return draw(
            st.one_of(
                constants,
                st.sampled_from([e for e in ENTITIES if e[0] != '"']),
                st.sampled_from([*variables, "turn", "items", "places", "always"]),
            )
        )
    form = draw(st.integers(0, 15))
    base = draw(st.one_of(st.sampled_from(ENTITIES), st.sampled_from([*variables] or ENTITIES)))
    if form <= 3:
        text = base
        for _ in range(draw(st.integers(1, 2))):
            if draw(st.integers(0, 3)):
                text += f".{draw(st.sampled_from(ATTRIBUTES))}"
            else:
                text += f"[{draw(st.one_of(st.sampled_from(KEYS).map(json.dumps), st.sampled_from(['0', '-1', 'turn', 'gem.word', *variables]), st.just(inner())))}]"
        return text
    if form == 4:
        return f"({inner()})[{inner()}]"
    if form == 5:
        return f"({inner()}).{draw(st.sampled_from(ATTRIBUTES))}"
    if form == 6:
        return f"(not {inner()})"
    if form == 7:
        return (
            "("
            + draw(st.sampled_from([" and ", " or "])).join(inner() for _ in range(draw(st.integers(2, 3))))
            + ")"
        )
    if form in (8, 9):
        text = inner()
        for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
            text += f" {draw(st.sampled_from(['==', '!=', '==', '<', '<=', '>', '>=', 'in', 'not in']))} {inner()}"
        return f"({text})"
    if form == 10:
        where = base + draw(st.sampled_from([".at", '["at"]']))
        return f"({where} {draw(st.sampled_from(['==', '!=', 'in', '<']))} {inner()})"
    if form == 11:
        return f"({inner()} {draw(st.sampled_from(['+', '-', '*', '//', '%']))} {inner()})"
    if form == 12:
        return "[" + ", ".join(inner() for _ in range(draw(st.integers(0, 3)))) + "]"
    if form == 13:
        variable = draw(st.sampled_from(["i", "j", "p"]))
        source = draw(
            st.one_of(
                st.sampled_from(
                    [
                        "items",
                        "places",
                        "people",
                        "crates",
                        "player.knows",
                        "ball.l",
                        "ball.m",
                        "[box, gem]",
                        '["nowhere", "Den", 1]',
                    ]
                ),
                st.just(inner()),
            )
        )
        condition = draw(
            st.sampled_from(
                [
                    "",
                    f" if {inner(variable)}",
                    f" if {variable}.n",
                    f" if {inner(variable)} if {inner(variable)}",
                ]
            )
        )
        body = draw(st.one_of(st.just(variable), st.just(inner(variable))))
        function = draw(st.sampled_from(["", "any", "all", "count", "sum", "min", "max"]))
        return (
            f"[{body} for {variable} in {source}{condition}]"
            if not function
            else f"{function}({body} for {variable} in {source}{condition})"
        )
    if form == 14:
        function = draw(
            st.sampled_from(
                ["place_of", "visible", "inside", "abs", "count", "sum", "min", "max", "any", "all"]
            )
        )
        arguments = (
            2
            if function == "inside"
            else draw(st.sampled_from([1, 1, 2]))
            if function in ("min", "max")
            else 1
        )
        if function in ("place_of", "visible", "inside") and draw(st.booleans()):
            return f"{function}({', '.join(draw(st.sampled_from(ENTITIES)) for _ in range(arguments))})"
        return f"{function}({', '.join(inner() for _ in range(arguments))})"
    name = draw(
        st.sampled_from(["near", "holder", "held", "crowd", "pairs", "twice", "always", "load", "most"])
    )
    arguments = {"held": 2, "always": 0}.get(name, 1)
    return f"{name}({', '.join(inner() for _ in range(arguments))})"


state_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 20),
    st.sampled_from([0.5, -2.5, 2**53, -(2**53)]),
    st.sampled_from(["box", "den", "a", "", "hall", "gem", "player", "BOX", "red attic", "zz", "nowhere"]),
    st.sampled_from([(), ("a", "box"), (1, True, None), ((1,), {"a": 0}), ("den", "hall")]),
    st.sampled_from([{}, {"a": 1, "2": "den"}, {"east": "den", "down": ("box",)}, {"at": "hall", "n": 1}]),
)
whereabouts = st.sampled_from(
    [None, "hall", "den", "box", "ball", "gem", "player", "key_ring", "Ines", "red attic"]
)


def any_state(draw: st.DrawFn, world: World) -> list[Value]:
    """A state of a world: what may change is anything."""
    values = list(world.layout.start)
    values[0] = draw(st.integers(0, 3))
    slots = [s for s in range(1, len(values)) if s not in world.layout.constant]
    for slot in draw(st.lists(st.sampled_from(slots), max_size=8)) if slots else []:
        values[slot] = draw(whereabouts if world.layout.names[slot][1] == "at" else state_values)
    return values


def legal(value: Value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and legal(v) for k, v in value.items())
    if isinstance(value, tuple):
        return len(value) <= 10_000 and all(map(legal, value))
    if isinstance(value, float):
        return not value.is_integer() and abs(value) <= 2**53
    return (
        value is None
        or (isinstance(value, str) and len(value) <= 10_000)
        or (type(value) in (int, bool) and abs(value) <= 2**53)
    )


arguments = st.sampled_from(
    ["box", "gem", "Ines", "player", "hall", "BOX", "nowhere", "at", "n", "a", 1, 0, True, 7, "anything"]
)


@settings(max_examples=600)
@given(data=st.data())
def test_a_compiled_expression_has_the_value_that_its_text_says(
    data: st.DataObject, worlds: dict[str, World]
) -> None:
    world = worlds[data.draw(st.sampled_from(sorted(REGIMES)))]
    text = data.draw(expression(("p", "q")))
    node = parsed(text, world)
    values = any_state(data.draw, world)
    names = {name: data.draw(arguments) for name in PARAMETERS}
    expected = Reference(world.program, as_dictionary(world.layout, values), values[0]).value(node, names)
    before = copy.deepcopy(values)
    compiler = Compiler(world.program, world.layout)
    for known in ((), ("p",), ("p", "q")):
        open_names = [n for n in PARAMETERS if n not in known]
        places = Names(
            {n: names[n] for n in known}, {n: i for i, n in enumerate(open_names, 1)}, 1 + len(open_names)
        )
        scope = (None, *[names[n] for n in open_names])
        got = compiler.expression(node, places)(values, scope)
        assert legal(got), (text, got)
        assert same(got, expected), (text, known, names, got, expected)
        code = compiler.condition(node, places)
        assert not code.constant or same(code.value, expected)
    assert all(map(same, values, before))


# Effects


@st.composite
def target(draw: st.DrawFn, variables: tuple[str, ...]) -> str:
    text = draw(st.sampled_from([*ENTITIES, *variables, *variables, *variables]))
    text += f".{draw(st.sampled_from(ATTRIBUTES))}"
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        if draw(st.booleans()):
            text += f".{draw(st.sampled_from(ATTRIBUTES))}"
        else:
            text += f"[{draw(st.one_of(st.sampled_from(KEYS).map(json.dumps), st.sampled_from(['0', '-1', 'gem.word', 'turn', *variables])))}]"
    return text


@st.composite
def effect(draw: st.DrawFn, variables: tuple[str, ...] = (), depth: int = 2) -> Any:
    def block(*more: str) -> list[Any]:
        return draw(st.lists(effect((*variables, *more), depth - 1), min_size=1, max_size=2))

    form = draw(st.integers(0, 6)) if depth else 0
    if form <= 3:
        return f"{draw(target(variables))} {draw(st.sampled_from(['=', '+=', '-=']))} {draw(expression(variables, 1))}"
    if form == 4:
        return {"when": draw(expression(variables, 1)), "then": block(), "else": block()}
    if form == 5:
        variable = draw(st.sampled_from(["i", "j", "p"]))
        source = draw(
            st.sampled_from(
                [
                    "items",
                    "places",
                    "people",
                    "player.knows",
                    "ball.l",
                    "ball.m",
                    "[box, gem]",
                    '["at", "den", 1]',
                ]
            )
        )
        condition = draw(st.sampled_from(["", f" if {draw(expression((*variables, variable), 1))}"]))
        return {"for": f"{variable} in {source}{condition}", "then": block(variable)}
    return {"say": f"a {{{draw(expression(variables, 1))}}} b {{{draw(expression(variables, 1))}}}"}


@settings(max_examples=160)
@given(data=st.data())
def test_compiled_effects_do_what_their_texts_say(
    data: st.DataObject, make_world: Callable[[Any], World]
) -> None:
    before, effects = (data.draw(st.lists(effect(("p", "q")), min_size=n, max_size=4)) for n in (0, 1))
    parameters = {"p": ["box", "gem", "den"], "q": ["ball", "player", 3, "n"]}
    try:
        world = make_world(
            {
                "goal": "g",
                "environment": ENVIRONMENT,
                "define": DEFINE,
                "completion_conditions": [{"when": "false"}],
                "available_actions": {
                    "do {p} {q}": {"parameters": parameters, "effects": effects, "observation": ""},
                    "prepare {p} {q}": {"parameters": parameters, "effects": before},
                    "check": {
                        "effects": [
                            {"say": f"{{[e.{a} for e in {k}]}}"}
                            for a in ATTRIBUTES
                            for k in ("items", "places", "people", "[player]")
                        ]
                    },
                },
            }
        )
    except ScriptError as error:
        assert "no entity is named" in str(error)
        reject()
    p, q = (data.draw(st.sampled_from(parameters[n])) for n in ("p", "q"))
    state = world.rule(world.begin(0), f"prepare {p} {q}", SeededFate(0, 0)).state
    values = state.values
    yardstick = Reference(world.program, as_dictionary(world.layout, values), values[0] + 1)
    action = world.program.actions[0]
    yardstick.carry_out(action.effects, {"p": p, "q": q})
    ruling = world.rule(state, f"do {p} {q}", SeededFate(0, 0))
    assert ruling.error is None
    got = as_dictionary(world.layout, ruling.state.values)
    for entity, attributes in yardstick.state.items():
        for attribute, value in attributes.items():
            assert same(got[entity].get(attribute), value), (effects, p, q, entity, attribute)
    assert (
        ruling.observation == " ".join(["", *yardstick.said]) if yardstick.said else ruling.observation == ""
    )
    assert ruling.state.hash == world.layout.hash(ruling.state.values)
    # What is read afterwards is what was written: nothing was taken for constant that is not.
    after = Reference(world.program, yardstick.state, values[0] + 2)
    after.carry_out(world.program.actions[2].effects, {})
    assert world.rule(ruling.state, "check", SeededFate(0, 0)).observation == " ".join(after.said)


@settings(max_examples=100)
@given(data=st.data())
def test_a_text_prints_what_its_expressions_are(data: st.DataObject, worlds: dict[str, World]) -> None:
    world = worlds[data.draw(st.sampled_from(sorted(REGIMES)))]
    source = "x{" + data.draw(expression((), 2)) + "}{{y"
    try:
        text = parse_text(source, scope_of(world, []))
    except ExpressionError as error:
        assert "no entity is named" in str(error)
        reject()
    values = any_state(data.draw, world)
    statements = Statements(Compiler(world.program, world.layout), world.layout)
    yardstick = Reference(world.program, as_dictionary(world.layout, values), values[0])
    parts = [p if isinstance(p, str) else reference.text_of(yardstick.value(p, {})) for p in text]
    assert statements.text(text, Names({}, {}))(values, (None,)) == "".join(parts)[:10_000]


@settings(max_examples=80)
@given(data=st.data())
def test_conditions_are_judged_as_if_all_were_read_anew_each_turn(
    data: st.DataObject, make_world: Callable[[Any], World]
) -> None:
    conditions = data.draw(st.lists(expression((), 2), min_size=2, max_size=4))
    script = {
        "goal": "g",
        "environment": ENVIRONMENT,
        "define": DEFINE,
        "completion_conditions": [{"when": text} for text in conditions[:2]],
        "milestones": [{"when": text} for text in conditions],
        "available_actions": {
            f"do {i} {{p}}": {
                "parameters": {"p": ["box", "gem", "den"]},
                "effects": [data.draw(effect(("p",), 1))],
            }
            for i in range(3)
        },
        "events": [{"when": data.draw(expression((), 1)), "effects": [data.draw(effect((), 0))]}],
    }
    try:
        world = make_world(script)
    except ScriptError as error:
        assert "no entity is named" in str(error)
        reject()
    state, reached = world.begin(0), set[int]()
    counted = set(state.pending)
    for _ in range(4):
        text = f"do {data.draw(st.integers(0, 2))} {data.draw(st.sampled_from(['box', 'gem', 'den']))}"
        ruling = world.rule(state, text, SeededFate(0, 0))
        state = ruling.state
        anew = world.judge(state.values)
        assert state.completed == anew.completed
        reached |= counted - set(anew.pending)
        assert set(state.pending) == counted - reached
        assert ruling.success == (len(anew.completed) == 2)
