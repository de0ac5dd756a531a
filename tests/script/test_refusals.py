"""What `load_script` refuses: one change to a tiny script each, with the place and words of the one fault."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.script import Script, ScriptError

Load = Callable[[Any], Script]
Change = tuple[str, Any]

ACT = 'available_actions["win"]'
EFFECT = f"{ACT}.effects[0]"
WHEN = "completion_conditions[0].when"
REMOVED = object()


def effect(value: Any) -> Change:
    return "available_actions/win/effects", [value]


def when(value: Any) -> Change:
    return "completion_conditions", [{"when": value}]


def ball(**attributes: Any) -> Change:
    return "environment/items/ball", attributes


def action(key: str, **parts: Any) -> Change:
    return "available_actions", {"win": {"effects": ["player.won = true"]}, key: parts}


CHANGES: list[tuple[Change, str, str]] = [
    # Keys
    (("gaol", "g"), "gaol", "unknown key 'gaol'; did you mean 'goal'?"),
    (("zzz", 1), "zzz", "keys of your own begin with x-"),
    (("available_actions/win/efects", []), f"{ACT}.efects", "did you mean 'effects'?"),
    (("completion_conditions", [{"whn": "true"}]), "completion_conditions[0].whn", "did you mean 'when'?"),
    (("events", [{"when": "true", "efects": []}]), "events[0].efects", "did you mean 'effects'?"),
    (("provenance", {"autor": "me"}), "provenance.autor", "did you mean 'author'?"),
    (
        ("available_actions/win/preconditions", [{"when": "true", "eror": "place"}]),
        f"{ACT}.preconditions[0].eror",
        "did you mean 'error'?",
    ),
    (("Goal", "g"), "", "'goal' is given twice"),
    (("max turns", 0), "max_turns", "from 1 to"),
    # Types
    (("goal", 5), "goal", "a text is expected here, not a number"),
    (("goal", ["g"]), "goal", "a text is expected here, not a list"),
    (("goal", ""), "goal", "is empty"),
    (("name", ""), "name", "is empty"),
    (("title", None), "title", "a text is expected here, not null"),
    (("max_turns", "30"), "max_turns", "a whole number is expected here, not a text"),
    (("max_turns", True), "max_turns", "a whole number is expected here, not true/false"),
    (("max_turns", 1.5), "max_turns", "a whole number"),
    (("define", ["a"]), "define", "a mapping is expected here, not a list"),
    (
        ("completion_conditions", {"when": "true"}),
        "completion_conditions",
        "a list is expected here, not a mapping",
    ),
    (("completion_conditions", [5]), "completion_conditions[0]", "a mapping is expected here, not a number"),
    (("completion_conditions", [{}]), "completion_conditions[0]", "a condition is a sentence, or has `when`"),
    (
        ("completion_conditions", [" "]),
        "completion_conditions[0]",
        "a condition is a sentence, or has `when`",
    ),
    (("available_actions", []), "available_actions", "a mapping is expected here, not a list"),
    (("available_actions/win", "player.won = true"), ACT, "a mapping is expected here, not a text"),
    (
        ("available_actions/win/effects", "player.won = true"),
        f"{ACT}.effects",
        "a list is expected here, not a text",
    ),
    (
        ("available_actions/win/verification_code", ["^win$"]),
        f"{ACT}.verification_code",
        "a text is expected here",
    ),
    (("available_actions/win/preconditions", [{}]), f"{ACT}.preconditions[0]", "`when` is missing"),
    (
        ("available_actions/win/preconditions", [{"when": "true", "error": "time"}]),
        f"{ACT}.preconditions[0].error",
        "'time' is not one of",
    ),
    (("events", [{}]), "events[0]", "`when` is missing"),
    (("variations", "ball.at"), "variations", "a mapping `path: [values]` or a list of mappings"),
    (("variations", {"ball.at": "den"}), 'variations["ball.at"]', "a list is expected here, not a text"),
    (("variations", ["ball.at"]), "variations[0]", "a mapping is expected here, not a text"),
    # Versions, and what every script has
    (("schema_version", 2), "schema_version", "unknown schema_version 2; this version reads 1"),
    (("schema_version", "1"), "schema_version", "unknown schema_version '1'"),
    (("goal", REMOVED), "", "`goal` is missing"),
    (("environment", REMOVED), "", "`environment` is missing"),
    (("available_actions", REMOVED), "", "`available_actions` is missing"),
    (("available_actions", {}), "available_actions", "is empty"),
    # Conditions
    (
        ("milestones", [{"text": "Half way."}]),
        "milestones[0]",
        "conditions with and without `when` are mixed",
    ),
    (("completion_conditions", [{"when": "true"}, "A sentence."]), "completion_conditions[1]", "are mixed"),
    (("failure_conditions", ["You are lost."]), "failure_conditions[0]", "are mixed"),
    # Names
    (("environment", ["hall"]), "environment", "a mapping of kinds to entities"),
    (("environment/items", ["ball"]), "environment.items", "items are a mapping from each name"),
    (("environment/player", "hall"), "environment.player", "player is a mapping"),
    (("environment/items/player", {}), "environment.items.player", "is taken by the language"),
    (("environment/items/Nowhere", {}), "environment.items.Nowhere", "is taken by the language"),
    (("environment/items/TURN", {}), "environment.items.TURN", "is taken by the language"),
    (("environment/items/any", {}), "environment.items.any", "is taken by the language"),
    (("environment/items/HALL", {}), "environment.items.HALL", "is given twice"),
    (("environment/people", {"Ball": {"mood": 1}}), "environment.people.Ball", "is given twice"),
    (
        ("environment/items", {"red_ball": {}, "Red  Ball": {}}),
        'environment.items["Red  Ball"]',
        "is given twice",
    ),
    (("environment/items/a{b", {}), 'environment.items["a{b"]', "without braces"),
    (("environment/items/ ", {}), 'environment.items[" "]', "1 to 200 printable characters"),
    (
        ("environment/items/" + "x" * 201, {}),
        "environment.items." + "x" * 201,
        "1 to 200 printable characters",
    ),
    (("environment/turn", {"a": {"b": 1}}), "environment.turn", "is taken by the language"),
    (when("bal.weight"), WHEN, "'bal' is no parameter, entity, kind or definition; did you mean 'ball'?"),
    (when("xyzzy"), WHEN, "a text stands in quotes"),
    (when('"bal".weight'), WHEN, "no entity is named 'bal'; did you mean 'ball'?"),
    (when("visible(lamp)"), WHEN, "'lamp' is no parameter"),
    (when("any(x.a for x in item)"), WHEN, "did you mean 'items'?"),
    (when("near(ball)"), WHEN, "there is no function 'near'"),
    (when("visibl(ball)"), WHEN, "did you mean 'visible'?"),
    (when("thing.at"), WHEN, "'thing' is no parameter"),
    (effect("bal.weight = 1"), EFFECT, "'bal' is no parameter"),
    (
        action("drop {thing}", observation="You drop the {thng}."),
        'available_actions["drop {thing}"].observation',
        "did you mean 'thing'?",
    ),
    (
        action("drop {thing}", preconditions=[{"when": "true", "message": "{thng}"}]),
        'available_actions["drop {thing}"].preconditions[0].message',
        "did you mean 'thing'?",
    ),
    # Where things are
    (
        ball(at="dem"),
        "environment.items.ball.at",
        "'dem' is no place, entity, player or nowhere; did you mean 'den'?",
    ),
    (ball(at=5), "environment.items.ball.at", "5 is no place"),
    (ball(at="ball"), "environment.items.ball.at", "'ball' is, through its `at`, inside itself"),
    (
        ("environment/items", {"box": {"at": "ball"}, "ball": {"at": "box"}}),
        "environment.items.box.at",
        "inside itself",
    ),
    (("environment/player", {"at": "attic"}), "environment.player.at", "'attic' is no place"),
    (
        ("environment/places/hall/exits", ["attic"]),
        "environment.places.hall.exits[0]",
        "an exit leads to 'attic', which is no place",
    ),
    (
        ("environment/places/hall/exits", {"up": "dn"}),
        "environment.places.hall.exits.up",
        "did you mean 'den'?",
    ),
    (
        ("environment/places/hall/exits", {"up": "box"}),
        "environment.places.hall.exits.up",
        "'box', which is no place",
    ),
    (
        ("environment/places/hall/exits", {"up": None}),
        "environment.places.hall.exits.up",
        "which is no place",
    ),
    (
        ("environment/places/hall/exits", "den"),
        "environment.places.hall.exits",
        "exits are a list of places, or a mapping",
    ),
    # Variations
    (("variations", {"ball.at": ["dem"]}), 'variations["ball.at"][0]', "did you mean 'den'?"),
    (("variations", {"ball.at": ["den", "ball"]}), 'variations["ball.at"][1]', "inside itself"),
    (("variations", {"box.at": ["hall", "ball"]}), 'variations["box.at"][1]', "inside itself"),
    (("variations", {"ball.at": []}), 'variations["ball.at"]', "at least one value"),
    (("variations", {"ball": [1]}), "variations.ball", "cannot be set"),
    (("variations", {"bal.at": ["den"]}), 'variations["bal.at"]', "did you mean 'ball'?"),
    (("variations", {"ball.m[turn]": [1]}), 'variations["ball.m[turn]"]', "a path names each key in quotes"),
    (("variations", {"items.at": ["den"]}), 'variations["items.at"]', "begins with an entity"),
    (("variations", {"ball.at +": ["den"]}), 'variations["ball.at +"]', "is not an expression"),
    (
        ("variations", [{"ball.at": "den"}, {"bal.at": "den"}]),
        'variations[1]["bal.at"]',
        "did you mean 'ball'?",
    ),
    # Definitions
    (("define", {"near": "bal.at"}), "define.near", "'bal' is no parameter"),
    (("define", {"near(x": "true"}), 'define["near(x"]', "a definition is named such as"),
    (("define", {"near(x, x)": "true"}), 'define["near(x, x)"]', "named alike"),
    (("define", {"near(turn)": "true"}), 'define["near(turn)"]', "a name of the language"),
    (("define", {"any(x)": "true"}), 'define["any(x)"]', "is taken"),
    (("define", {"ball": "true"}), "define.ball", "is taken"),
    (("define", {"near": "true", "near(x)": "x"}), 'define["near(x)"]', "is defined twice"),
    (("define", {"near(x)": "near(x)"}), 'define["near(x)"]', "itself"),
    (("define", {"a": "b", "b": "a"}), "define.a", "itself"),
    (("define", {"near(x)": ["true"]}), 'define["near(x)"]', "an expression is a text, not a list"),
    (("define", {"big": " + ".join(["1"] * 500)}), "define.big", "too large"),
    (
        (
            "define",
            {"d0": "[turn, turn, turn, turn]"}
            | {f"d{i}": f"[{', '.join([f'd{i - 1}'] * 8)}]" for i in range(1, 5)},
        ),
        "define.d4",
        "parts; at most 10,000",
    ),
    # Actions
    (action("drop {thing"), 'available_actions["drop {thing"]', "braces go in pairs"),
    (action("drop {}"), 'available_actions["drop {}"]', "a placeholder has a name"),
    (action("put {a} in {a}"), 'available_actions["put {a} in {a}"]', "given twice; name each once"),
    (action("put {a}{b}"), 'available_actions["put {a}{b}"]', "side by side"),
    (action("  "), 'available_actions["  "]', "an action's name is empty"),
    (action("WIN"), 'available_actions["WIN"]', "the action is given twice"),
    (action("look at {player}"), 'available_actions["look at {player}"]', "a name of the language"),
    (action(" ".join(f"{{p{i}}}" for i in range(13))), "available_actions[", "at most 12 placeholders"),
    (
        action("drop {thing}", parameters={"thng": ["a"]}),
        'available_actions["drop {thing}"].parameters.thng',
        "the action has no placeholder {thng}; did you mean 'thing'?",
    ),
    (
        action("drop {thing}", parameters={"what": ["a"]}),
        'available_actions["drop {thing}"].parameters.what',
        "write {what} into the action's name",
    ),
    (
        action("drop {thing}", parameters={"thing": []}),
        'available_actions["drop {thing}"].parameters.thing',
        "the list of valid values is empty",
    ),
    (
        action("drop {thing}", parameters={"thing": "itmes"}),
        'available_actions["drop {thing}"].parameters.thing',
        "did you mean 'items'?",
    ),
    (
        action("drop {thing}", parameters={"thing": "9..1"}),
        'available_actions["drop {thing}"].parameters.thing',
        "a range goes upwards",
    ),
    (
        action("drop {thing}", parameters={"thing": "1..1000000"}),
        'available_actions["drop {thing}"].parameters.thing',
        "at most 200,000",
    ),
    (
        action("drop {thing}", parameters={"thing": ["a b", "A_B"]}),
        'available_actions["drop {thing}"].parameters.thing',
        "'A_B' is given twice",
    ),
    (
        action("drop {thing}", parameters={"thing": [None]}),
        'available_actions["drop {thing}"].parameters.thing',
        "a valid value is a text, a number, true or false",
    ),
    (
        action("drop {thing}", parameters={"thing": [" "]}),
        'available_actions["drop {thing}"].parameters.thing',
        "a valid value is not empty",
    ),
    (
        action("drop {thing}", parameters={"thing": {"all": []}}),
        'available_actions["drop {thing}"].parameters.thing',
        "{any: [examples]}",
    ),
    (
        action("drop {thing}", parameters={"thing": {"any": "a"}}),
        'available_actions["drop {thing}"].parameters.thing',
        "a list of examples",
    ),
    (
        action("drop {thing}", parameters={"thing": 5}),
        'available_actions["drop {thing}"].parameters.thing',
        "a list, a kind, 1..40",
    ),
    (
        action("call {who}", parameters={"who": "people"}),
        'available_actions["call {who}"].parameters.who',
        "is no kind",
    ),
    # Patterns and code
    (("available_actions/win/verification_code", "^win("), f"{ACT}.verification_code", "cannot be used"),
    (
        ("available_actions/win/verification_code", "a{99999999999}"),
        f"{ACT}.verification_code",
        "cannot be used",
    ),
    (
        action("go {way}", verification_code="^go (?P<wya>.+)$"),
        'available_actions["go {way}"].verification_code',
        "the group 'wya' of the pattern has no placeholder; did you mean 'way'?",
    ),
    (
        ("available_actions/win/verification_code", "def validate(action, params):\n    return (\n"),
        f"{ACT}.verification_code",
        "line",
    ),
    (
        (
            "available_actions/win/verification_code",
            "import os\ndef validate(action, params, state):\n    return True\n",
        ),
        f"{ACT}.verification_code",
        "os",
    ),
    (
        ("available_actions/win/verification_code", "def check(action, params, state):\n    return True\n"),
        f"{ACT}.verification_code",
        "validate",
    ),
    # Effects and texts
    (effect("player.won"), EFFECT, "is no effect; write `x.attribute = …`"),
    (effect("player.won == true"), EFFECT, "is no effect"),
    (effect("player.won *= 2"), EFFECT, "is no effect"),
    (effect("player.won = "), EFFECT, "is not an effect"),
    (effect("player.a = player.b = 1"), EFFECT, "is no effect"),
    (effect("player.a = 1; player.b = 2"), EFFECT, "more than one effect"),
    (effect("won = true"), EFFECT, "cannot be set; set an attribute"),
    (effect('ball["weight"] = 1'), EFFECT, "name an attribute first"),
    (effect("items.weight = 1"), EFFECT, "a target begins with an entity or a parameter"),
    (effect("place_of(ball).lit = true"), EFFECT, "a target begins with an entity or a parameter"),
    (effect(""), EFFECT, "is empty"),
    (effect(5), EFFECT, "an effect is a text"),
    (effect(None), EFFECT, "an effect is a text"),
    (effect({}), EFFECT, "an effect's mapping has say, when, chance or for, not nothing"),
    (effect({"wen": "true", "then": []}), EFFECT, "an effect's mapping has say, when, chance or for"),
    (effect({"when": "true"}), EFFECT, "'when' wants `then: […]`"),
    (effect({"when": "true", "then": [], "esle": []}), EFFECT, "did you mean 'else'?"),
    (effect({"when": "bal.at", "then": []}), EFFECT, "'bal' is no parameter"),
    (effect({"when": "true", "then": ["bal.at = den"]}), f"{EFFECT}.then[0]", "'bal' is no parameter"),
    (
        effect({"when": "true", "then": [], "else": ["bal.at = den"]}),
        f"{EFFECT}.else[0]",
        "'bal' is no parameter",
    ),
    (effect({"when": "true", "then": "ball.at = den"}), f"{EFFECT}.then", "effects are a list"),
    (effect({"chance": 2, "then": []}), EFFECT, "a chance is a number from 0 to 1"),
    (effect({"chance": "0.5", "then": []}), EFFECT, "a chance is a number from 0 to 1"),
    (effect({"chance": True, "then": []}), EFFECT, "a chance is a number from 0 to 1"),
    (effect({"for": "items", "then": []}), EFFECT, "`for` is written such as"),
    (effect({"for": "i in items", "then": [], "else": []}), EFFECT, "'else' does not go with 'for'"),
    (effect({"for": "i, j in items", "then": []}), EFFECT, "a loop has one variable"),
    (effect({"for": "turn in items", "then": []}), EFFECT, "is taken"),
    (effect({"for": "i in items", "then": ["j.at = den"]}), f"{EFFECT}.then[0]", "'j' is no parameter"),
    (effect({"for": 5, "then": []}), EFFECT, "`for` is a text"),
    (effect({"say": "You {win."}), EFFECT, "is not closed"),
    (effect({"say": "You {} win."}), EFFECT, "nothing stands between"),
    (effect({"say": ["a"]}), EFFECT, "a text is expected here"),
    (effect("player.view = look"), EFFECT, "{look} is a text"),
    (when("look"), WHEN, "{look} is a text"),
    (
        ("events", [{"when": "true", "effects": ["bal.at = den"]}]),
        "events[0].effects[0]",
        "'bal' is no parameter",
    ),
    (
        ("events", [{"when": "true", "observation": "{bal}"}]),
        "events[0].observation",
        "'bal' is no parameter",
    ),
    (("events", [{"when": "bal.at"}]), "events[0].when", "'bal' is no parameter"),
]


def changed(script: dict[str, Any], change: Change) -> dict[str, Any]:
    path, value = change
    *way, key = path.split("/")
    at = script
    for step in way:
        at = at.setdefault(step, {})
    if value is REMOVED:
        del at[key]
    else:
        at[key] = value
    return script


@pytest.mark.parametrize(
    ("change", "place", "words"), CHANGES, ids=[f"{place}: {words}"[:80] for _, place, words in CHANGES]
)
def test_a_faulty_script_is_refused_at_its_place(
    change: Change, place: str, words: str, tiny: dict[str, Any], load: Load
) -> None:
    with pytest.raises(ScriptError) as raised:
        load(changed(tiny, change))
    fault = raised.value.faults[0]
    assert (fault.place == place) or (place.endswith("[") and fault.place.startswith(place)), str(
        raised.value
    )
    assert words in fault.message
    assert len(raised.value.faults) == 1, str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        ("define", {"near(x)": "x.at"}),
        ("events", [{"when": "true"}]),
        ("variations", {"ball.at": ["den"]}),
        ("available_actions/win/effects", ["player.won = true"]),
        ("available_actions/win/preconditions", [{"when": "true"}]),
        ("available_actions/win/observation", "You win."),
    ],
)
def test_a_narrative_script_has_nothing_for_the_engine(
    change: Change, tiny: dict[str, Any], load: Load
) -> None:
    tiny["completion_conditions"] = ["You have won."]
    tiny["available_actions"] = {"win": {}}
    assert not load(tiny).grounded
    with pytest.raises(ScriptError, match="no condition has a `when`"):
        load(changed(tiny, change))


def test_a_milestone_needs_a_goal_beside_it(tiny: dict[str, Any], load: Load) -> None:
    tiny["milestones"] = tiny.pop("completion_conditions")
    with pytest.raises(ScriptError, match="no condition says when the goal is reached"):
        load(tiny)


def test_the_unchanged_script_loads(tiny: dict[str, Any], load: Load) -> None:
    assert load(tiny).grounded


def test_an_error_names_the_way_out_on_every_line(tiny: dict[str, Any], load: Load) -> None:
    tiny["environment"]["items"]["ball"]["at"] = "dem"
    tiny["available_actions"]["win"]["effects"] = ["wim"]
    with pytest.raises(ScriptError) as raised:
        load(tiny)
    assert str(raised.value).count("\n") == 1 == len(raised.value.faults) - 1
