"""Files: JSON and YAML into data, and what is said of files that are neither."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from trpg_env.script import Script, ScriptError, load_script
from trpg_env.script.source import MAX_CHARACTERS, MAX_DEPTH, Source

Load = Callable[[Any], Script]


def data(text: str, file: str = "a.yaml") -> Any:
    return Source(text, file).data


def fault_of(text: str, file: str = "a.yaml") -> str:
    with pytest.raises(ScriptError) as raised:
        data(text, file)
    (fault,) = raised.value.faults
    assert fault.file == file
    return str(fault)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("tRUE", "tRUE"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2001-12-14", "2001-12-14"),
        ("1_000", "1_000"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", None),
        ("none", "none"),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("1.", 1),
        ("1.2.3", "1.2.3"),
        ("'true'", "true"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("[a, 'b c', {d: 1}]", ["a", "b c", {"d": 1}]),
        ("<<", "<<"),
        ("=", "="),
        ("naïve 茶 🫖", "naïve 茶 🫖"),
    ],
)
def test_a_yaml_scalar_means_what_the_core_schema_says(written: str, read: object) -> None:
    got = data(f"key: {written}\n")["key"]
    assert got == read
    assert isinstance(got, bool) == isinstance(read, bool)


def test_yaml_and_json_of_the_same_script_are_the_same_data(
    tmp_path: Path, tiny: dict[str, Any], load: Load
) -> None:
    as_json, as_yaml = tmp_path / "tiny.json", tmp_path / "tiny.yaml"
    as_json.write_text(json.dumps(tiny, indent=1), encoding="utf-8")
    as_yaml.write_text(json.dumps(tiny), encoding="utf-8")
    assert load(as_json).hash == load(as_yaml).hash == load(tiny).hash
    assert load(as_json).name == "tiny"
    assert load(as_json).origin == str(as_json)
    assert load(tiny).origin is None


def test_keys_of_a_yaml_mapping_are_texts_as_written() -> None:
    assert data("true: 1\n12: 2\n~: 3\n") == {"true": 1, "12": 2, "~": 3}


def test_aliases_stand_for_what_their_anchors_hold() -> None:
    assert data("a: &x [1, {b: 2}]\nc: *x\n") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    assert data("\ufeffa: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}
    assert data('\ufeff{"a": 1,\r\n"b": 2}', "a.json") == {"a": 1, "b": 2}


def test_a_yaml_file_may_begin_with_a_brace() -> None:
    assert data("{a: 1, b: [x, y]}") == {"a": 1, "b": ["x", "y"]}


@pytest.mark.parametrize(
    ("text", "file", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml", 3, "'a' is given twice"),
        ("a:\n  b: 1\n  b: 1\n", "a.yaml", 3, "'b' is given twice"),
        ("'a': 1\na: 3\n", "a.yaml", 2, "'a' is given twice"),
        ('{"a": {"b": 1, "b": 2}}', "a.json", None, "'b' is given twice"),
        ("", "a.yaml", 1, "the file is empty"),
        ("# nothing\n", "a.yaml", 1, "the file is empty"),
        ("   \n\n", "a.json", 1, "the file is empty"),
        ("a: 1\n---\nb: 2\n", "a.yaml", 2, "one document"),
        ("a: {b: c\n", "a.yaml", 2, "quote a text"),
        ("a: b: c\n", "a.yaml", 1, "quote a text"),
        ("a: 'b\n", "a.yaml", 2, "quote"),
        ("a:\n\t- b\n", "a.yaml", 2, ""),
        ("a: 1\n  b: 2\n", "a.yaml", 2, ""),
        ("a: !!python/object:os.system x\n", "a.yaml", 1, "the tag"),
        ("a: !!binary aGk=\n", "a.yaml", 1, "the tag"),
        ("a: !!set {b}\n", "a.yaml", 1, "the tag"),
        ("a: !mine {b: 1}\n", "a.yaml", 1, "the tag"),
        ("a: .nan\n", "a.yaml", 1, "not a number of a script"),
        ("a: 1\nb: -.inf\n", "a.yaml", 2, "not a number of a script"),
        ("a: 1e999\n", "a.yaml", 1, "±2**53"),
        ("a: 9007199254740993\n", "a.yaml", 1, "±2**53"),
        ("a: 123456789012345678901234567890\n", "a.yaml", 1, "±2**53"),
        ("a: *b\n", "a.yaml", 1, ""),
        ("a: &a [*a]\n", "a.yaml", 1, "within its own anchor"),
        ("? [a]\n: b\n", "a.yaml", 1, "a key is a text"),
        ("a: 1\n\x07b: 2\n", "a.yaml", None, ""),
        ("a: \x00\n", "a.yaml", None, ""),
        ('{"a": 1,\n"b": }', "a.json", 2, "not JSON"),
        ('{"a": NaN}', "a.json", None, "NaN"),
        ('{"a": Infinity}', "a.json", None, "Infinity"),
        ('{"a": 1e999}', "a.json", None, "±2**53"),
        ('{"a": -9007199254740993}', "a.json", None, "±2**53"),
        ('{"a": ' + "9" * 5000 + "}", "a.json", None, "±2**53"),
        ('{"a": "b\x00"}', "a.json", 1, "not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(
    text: str, file: str, line: int | None, words: str
) -> None:
    with pytest.raises(ScriptError) as raised:
        data(text, file)
    (fault,) = raised.value.faults
    assert fault.file == file
    assert words in fault.message
    if line is not None:
        assert fault.line == line


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="open brackets"),
        pytest.param("{" * 100_000, id="open braces"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, id="mappings in mappings"),
        pytest.param('{"a":' + "[" * 900 + "]" * 900 + "}", id="lists in lists"),
        pytest.param("a: " + "[" * 5_000 + "]" * 5_000, id="flow lists of YAML"),
        pytest.param("".join(" " * i + f"k{i}:\n" for i in range(1_500)), id="block mappings of YAML"),
        pytest.param("- " * 30_000 + "x", id="block lists of YAML"),
        pytest.param("? " * 30_000 + "x", id="keys of keys"),
        pytest.param("x: &a " * 10_000, id="anchors of anchors"),
        pytest.param("!" * 50_000, id="tags"),
        pytest.param(
            "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
            id="billion laughs",
        ),
        pytest.param(
            "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 500)),
            id="aliases nested deeply",
        ),
        pytest.param(
            '{"k":1,' + ",".join(f'"k{i}":1' for i in range(40_000)) + ',"k":2}', id="key twice among many"
        ),
        pytest.param("a: " + "x" * MAX_CHARACTERS, id="too long"),
    ],
)
def test_a_bomb_is_refused_quickly(text: str) -> None:
    began = process_time()
    for file in ("a.yaml", "a.json"):
        with pytest.raises(ScriptError):
            data(text, file)
    assert process_time() - began < 5


def test_nesting_is_allowed_up_to_its_limit() -> None:
    deep = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert data(deep)
    assert "deep" in fault_of("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_an_alias_brings_the_depth_of_its_anchor() -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, MAX_DEPTH + 5))
    assert "deep" in fault_of(chain)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"\x80abc", b"goal: \xed\xa0\x80", b"\x1f\x8b\x08\x00\xff"]
)
def test_a_file_that_is_not_utf8_is_refused_by_its_name(tmp_path: Path, content: bytes, load: Load) -> None:
    file = tmp_path / "noise.yaml"
    file.write_bytes(content)
    with pytest.raises(ScriptError, match=r"noise\.yaml.*UTF-8"):
        load(file)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"just text", b"- a\n- b\n", b"12", b"null", b"[]", b'"x"']
)
@pytest.mark.parametrize("suffix", [".yaml", ".json", ".txt"])
def test_a_file_that_holds_no_mapping_is_no_script(
    tmp_path: Path, content: bytes, suffix: str, load: Load
) -> None:
    file = tmp_path / f"a{suffix}"
    file.write_bytes(content)
    with pytest.raises(ScriptError) as raised:
        load(file)
    assert all(fault.file == str(file) for fault in raised.value.faults)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "/",
        "no-such-script",
        "cool tomato",
        "a\0b",
        "x" * 5_000,
        "../nowhere.yaml",
        "naïve.json",
        "\ud800",
        "cool-tomato/",
    ],
)
def test_a_name_that_is_no_script_is_refused_as_such(name: str, load: Load) -> None:
    with pytest.raises(ScriptError) as raised:
        load(name)
    assert raised.value.faults[0].file is not None


def test_a_misspelled_library_name_is_corrected(load: Load) -> None:
    with pytest.raises(ScriptError, match="did you mean 'cool-tomato'"):
        load("cool-tomatoe")


@pytest.mark.parametrize("thing", [None, 5, [], object(), b"cool-tomato"])
def test_what_is_no_kind_of_script_is_a_type_error(thing: Any) -> None:
    with pytest.raises(TypeError, match="library name, a path, a mapping or a Script"):
        load_script(thing)


def test_a_loaded_script_loads_as_itself(load: Load, tiny: dict[str, Any]) -> None:
    script = load(tiny)
    assert load(script) is script


def cyclic() -> dict[str, Any]:
    knot: dict[str, Any] = {"goal": "g"}
    knot["environment"] = knot
    return knot


def deep() -> Any:
    nest: Any = 1
    for _ in range(100_000):
        nest = [nest]
    return {"goal": "g", "environment": nest}


@pytest.mark.parametrize(
    "script",
    [
        {},
        cyclic(),
        deep(),
        {"goal": math.nan},
        {"goal": math.inf},
        {"goal": 10**400},
        {"goal": {1, 2}},
        {"goal": b"g"},
        {"goal": object()},
        {1: 2, None: 3, (1, 2): 4},
        {"goal": ["x"] * 600_000},
    ],
    ids=[
        "empty",
        "cyclic",
        "deep",
        "nan",
        "infinite",
        "huge number",
        "set",
        "bytes",
        "object",
        "odd keys",
        "huge list",
    ],
)
def test_a_mapping_that_is_not_like_json_is_refused(script: dict[Any, Any], load: Load) -> None:
    with pytest.raises(ScriptError):
        load(script)


def test_a_script_is_left_as_it_was(load: Load, tiny: dict[str, Any]) -> None:
    before = json.dumps(tiny)
    load(tiny)
    assert json.dumps(tiny) == before


YAML = """\
goal: Win.
environment:
  items:
    lamp: {at: nowhere,
           lit: false}
    oil: {at: lampp}
completion_conditions:
  - {text: a,
     when: lamp.lit}
  - when: lamq.lit
available_actions:
  "rub the {thing}":
    parameters: {thing: [lamp]}
    effects:
      - "thing.lit = true"
      - "thing.lit == true"
  polish:
    effects: [
      "lamp.lit = (1",
    ]
    obserwation: x
"""


def test_faults_of_a_yaml_file_name_line_and_place(tmp_path: Path, load: Load) -> None:
    file = tmp_path / "lamp.yaml"
    file.write_text(YAML, encoding="utf-8")
    with pytest.raises(ScriptError) as raised:
        load(file)
    assert [(f.line, f.place) for f in raised.value.faults] == [
        (6, "environment.items.oil.at"),
        (10, "completion_conditions[1].when"),
        (16, 'available_actions["rub the {thing}"].effects[1]'),
        (19, 'available_actions["polish"].effects[0]'),
        (21, 'available_actions["polish"].obserwation'),
    ]
    assert str(raised.value.faults[0]).startswith(f"{file}:6: environment.items.oil.at: ")


def test_faults_of_a_json_file_name_line_and_place(tmp_path: Path, tiny: dict[str, Any], load: Load) -> None:
    tiny["environment"]["items"]["ball"]["at"] = "bx"
    tiny["Available Actions"] = tiny.pop("available_actions")
    tiny["Available Actions"]["win"]["effects"] = ["player.won = true", "wim"]
    file = tmp_path / "a.json"
    text = json.dumps(tiny, indent="\t")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScriptError) as raised:
        load(file)
    lines = text.splitlines()
    assert [(f.line, f.place) for f in raised.value.faults] == [
        (next(i for i, line in enumerate(lines, 1) if '"bx"' in line), "environment.items.ball.at"),
        (
            next(i for i, line in enumerate(lines, 1) if '"wim"' in line),
            'available_actions["win"].effects[1]',
        ),
    ]
    assert "did you mean 'box'" in raised.value.faults[0].message


def test_all_faults_are_found_at_once_but_not_more_than_anyone_reads(
    load: Load, tiny: dict[str, Any]
) -> None:
    tiny["environment"]["items"] = {f"item{i}": {"at": f"place{i}"} for i in range(3_000)}
    began = process_time()
    with pytest.raises(ScriptError) as raised:
        load(tiny)
    assert 100 <= len(raised.value.faults) <= 500
    assert process_time() - began < 10


def test_the_papers_own_format_loads_unchanged(load: Load) -> None:
    script = load(
        {
            "Environment": {"documents": {"info.txt": {}}},
            "Goal": "Navigate to and edit the config.cfg file to set 'mode=on'.",
            "Completion Conditions": ["The mode is on."],
            "Available Actions": {
                "cd {path}": {
                    "verification code": "^\\s*cd\\s+(.*?)\\s*$",
                    "parameters": {"path": ["home", "user"]},
                }
            },
        }
    )
    assert not script.grounded
    assert script.environment == {"documents": {"info.txt": {}}}
    assert script.completion_conditions[0].text == "The mode is on."
    assert list(script.available_actions) == ["cd {path}"]
    assert (script.max_turns, script.schema_version, script.name) == (30, 1, "script")
    assert script.family == script.title == "script"


@pytest.mark.parametrize("environment", ["A dark cave.", 5, None, [], ["a", {"b": 1}], True])
def test_a_narrative_scripts_environment_is_any_json(environment: object, load: Load) -> None:
    script = load({"goal": "g", "environment": environment, "available_actions": {"look": {}}})
    assert script.environment == environment
    assert not script.grounded


@pytest.mark.parametrize(
    "spell", [str.upper, str.title, lambda k: k.replace("_", " "), lambda k: k.replace("_", "  ")]
)
def test_keys_are_written_in_any_case_and_with_blanks(
    spell: Callable[[str], str], tiny: dict[str, Any], load: Load
) -> None:
    script = {spell(key): value for key, value in tiny.items()}
    actions = script[spell("available_actions")]
    actions["win"] = {spell("verification_code"): "^win$", spell("effects"): ["player.won = true"]}
    assert load(script).grounded
    assert load(script).available_actions["win"].verification_code == "^win$"


def test_keys_of_ones_own_begin_with_x_anywhere(tiny: dict[str, Any], load: Load) -> None:
    tiny["x-note"] = {"any": ["thing"]}
    tiny["X-Note"] = 1
    tiny["available_actions"]["win"]["x-why"] = None
    tiny["completion_conditions"][0]["x-id"] = 7
    tiny["available_actions"]["win"]["effects"] = [{"say": "Hurrah.", "x-loud": True}, "player.won = true"]
    tiny["provenance"] = {"author": "me", "x-mood": "fine"}
    tiny["events"] = [{"when": "false", "x-a": 1}]
    assert load(tiny).grounded
