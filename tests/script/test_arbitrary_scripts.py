"""Whatever stands anywhere in a script: it loads, or a `ScriptError` says why not."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptError, load_script
from trpg_env.script.source import Source
from trpg_env.world import SeededFate, World

Load = Callable[[Any], Script]

WHOLE: dict[str, Any] = {
    "schema_version": 1,
    "name": "whole",
    "title": "A whole script",
    "family": "f",
    "provenance": {
        "author": "me",
        "licence": "Apache-2.0",
        "source": "s",
        "model": "m",
        "persona_source": "p",
    },
    "persona": "A cook",
    "goal": "g",
    "environment": {
        "note": "Rain.",
        "places": {"hall": {"description": "d", "exits": {"east": "den"}}, "den": {"exits": ["hall"]}},
        "items": {
            "box": {"at": "hall", "container": True, "open": True},
            "ball": {"at": "box", "n": 1.5, "l": ["a", 1]},
        },
        "people": {"Ines": {"at": "hall", "replies": {"cold": "c"}}},
        "player": {"at": "hall"},
    },
    "define": {"near(x)": "visible(x) and place_of(x) == player.at", "far": "not near(ball)"},
    "completion_conditions": [{"text": "t", "when": "player.won"}],
    "failure_conditions": [{"text": "t", "when": "player.lost"}],
    "milestones": [{"text": "t", "when": "ball.at == player"}, {"text": "u", "when": "player.won"}],
    "available_actions": {
        "put {thing} in {container}": {
            "description": "d",
            "verification_code": "^put (?P<thing>.+) in (?P<container>.+)$",
            "parameters": {"thing": ["ball", "box"], "container": "items"},
            "preconditions": [{"when": "near(thing)", "error": "place", "message": "No {thing}."}],
            "effects": [
                "thing.at = container",
                {"chance": 0.5, "then": ["player.won = true"], "else": [{"say": "{look}"}]},
                {"for": "i in items if i.at == thing", "then": ["i.n += 1"]},
                {"when": "thing.n > 1", "then": ["player.m[thing] = 1"], "else": []},
            ],
            "observation": "You put {thing} in {container}: {i for i in items}.",
        },
        "wait {n}": {"parameters": {"n": "1..3"}, "effects": ["player.n -= n"]},
        "say {what}": {
            "verification_code": "def validate(action, params, state):\n    return len(params['what']) < 9\n",
            "parameters": {"what": {"any": ["hi", "ho"]}},
            "effects": ["player.l += what"],
        },
    },
    "events": [{"when": "turn % 2 == 0", "effects": ["box.open = not box.open"], "observation": "o {turn}"}],
    "variations": {"ball.at": ["box", "hall"], "player.m": [{"a": 1}, None]},
    "max_turns": 9,
}


def paths(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from paths(part, (*way, key))


PATHS = [path for path in paths(WHOLE) if path]

texts = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="{}[]().,:=+-*%<>!&|\\'\"#@ _ax1\n\t\0\ud800ßİ", max_size=30),
    st.sampled_from(
        [
            "{",
            "}}",
            "ball.at",
            "x" * 20_000,
            "def validate(a, b, c):",
            "(?P<thing>a)",
            "\udfff",
            "İ",
            "near(x)",
            "place_of(ball)",
        ]
    ),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**400), 10**400), st.floats(), texts
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)


def replaced(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    script = copy.deepcopy(WHOLE)
    at: Any = script
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return script


def accepts_or_explains(script: Any, sandbox: Sandbox) -> Script | None:
    try:
        return load_script(script, sandbox=sandbox)
    except ScriptError as error:
        assert error.faults
        assert all(fault.message for fault in error.faults)
        return None


def test_the_script_that_is_changed_here_is_sound(load: Load) -> None:
    assert load(WHOLE).grounded


@settings(max_examples=400)
@given(path=st.sampled_from(PATHS), value=values)
def test_any_value_anywhere_is_accepted_or_explained(
    path: tuple[Any, ...], value: Any, sandbox: Sandbox
) -> None:
    script = accepts_or_explains(replaced(path, value), sandbox)
    if script is not None and script.grounded and script.program.variation_count < 10_000:
        world = World(script, sandbox)
        state = world.begin(0)
        for text in ("put ball in box", "wait 2", "say hi", "say \ud800", ""):
            state = world.rule(state, text, SeededFate(1, 0)).state
        world.look(state.values)
        assert world.load(json.loads(json.dumps(world.save(state)))) == state


@settings(max_examples=150)
@given(path=st.sampled_from(PATHS), key=texts, value=values)
def test_any_key_anywhere_is_accepted_or_explained(
    path: tuple[Any, ...], key: str, value: Any, sandbox: Sandbox
) -> None:
    script = copy.deepcopy(WHOLE)
    at: Any = script
    for step in path[:-1]:
        at = at[step]
    if isinstance(at, dict):
        at[key] = value
    accepts_or_explains(script, sandbox)


@settings(max_examples=100)
@given(script=st.dictionaries(st.one_of(st.sampled_from(sorted(WHOLE)), texts), values, max_size=6))
def test_any_mapping_is_accepted_or_explained(script: dict[str, Any], sandbox: Sandbox) -> None:
    accepts_or_explains(script, sandbox)


@settings(max_examples=300)
@given(
    text=st.one_of(st.text(), st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t", max_size=60)),
    json_file=st.booleans(),
)
def test_any_text_is_read_or_explained(text: str, json_file: bool) -> None:
    try:
        Source(text, "a.json" if json_file else "a.yaml")
    except ScriptError as error:
        assert all(fault.file for fault in error.faults)


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_read_or_explained(data: st.DataObject) -> None:
    whole = json.dumps(WHOLE, indent=data.draw(st.sampled_from([None, 1])))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    text = whole[:start] + data.draw(st.text(max_size=5)) + whole[end:]
    try:
        Source(text, data.draw(st.sampled_from(["a.json", "a.yaml"])))
    except ScriptError as error:
        assert all(fault.file for fault in error.faults)


@pytest.mark.parametrize(
    "name",
    [
        "naïve",
        "ÅÄÖ",
        "東京",
        "مرحبا",
        "e\u0301",
        "ﬁsh",
        "Ǆ",
        "ß",
        "İ",
        "ΑΣ",
        "🫖",
        "a\u200db",
        "x" * 200,
        "it's",
        'say "x"',
        "a[0]",
        "#",
        "-",
    ],
)
def test_a_name_in_any_writing_is_a_name(name: str, tiny: dict[str, Any], load: Load) -> None:
    tiny["environment"]["items"][name] = {"at": "hall"}
    tiny["available_actions"]["rub {thing}"] = {
        "parameters": {"thing": [name]},
        "effects": [
            f"{name!r}.rubbed = true" if "'" not in name else f'"{name}".rubbed = true'.replace("\\", "")
        ],
    }
    if not name.isprintable():
        with pytest.raises(ScriptError, match="printable"):
            load(tiny)
        return
    assert load(tiny).program.spellings
