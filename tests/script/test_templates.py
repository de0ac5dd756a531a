"""Action templates and the values of placeholders."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trpg_env.script.domains import DomainError, Free, Range, Value, iterate, parse_domain
from trpg_env.script.names import fold
from trpg_env.script.templates import TemplateError, normalise, parse_template

Valid = Callable[[str], bool]


def anything(_: str) -> bool:
    return True


def one_of(*values: str) -> Valid:
    return lambda text: fold(text) in map(fold, values)


@pytest.mark.parametrize(
    ("template", "text", "valid", "values"),
    [
        ("wait", "wait", [], ()),
        ("wait", "WAIT", [], ()),
        ("wait", "wait a bit", [], None),
        ("go {d}", "go east", [anything], ("east",)),
        ("go {d}", "Go East", [anything], ("East",)),
        ("go {d}", "go", [anything], None),
        ("go {d}", "go far away", [anything], ("far away",)),
        ("{who} waits", "Ines waits", [anything], ("Ines",)),
        ("put {a} in {b}", "put tin in tin in tin", [anything, anything], ("tin", "tin in tin")),
        ("put {a} in {b}", "put tin in tin in tin", [one_of("tin in tin"), anything], ("tin in tin", "tin")),
        ("put {a} in {b}", "put tin in tin in tin", [anything, one_of("tin")], ("tin in tin", "tin")),
        ("put {a} in {b}", "put tin in tin in tin", [one_of("x"), one_of("y")], ("tin", "tin in tin")),
        ("put {a} in {b}", "put in in in", [anything, anything], ("in", "in")),
        ("put {a} in {b}", "put in in", [anything, anything], None),
        ("say {what}!", "say ho!", [anything], ("ho",)),
        ("say {what}!", "say ho", [anything], None),
        ("{a}-{b}", "x-y-z", [anything, anything], ("x", "y-z")),
        ("gieß {ding}", "GIESS Wasser", [anything], ("Wasser",)),
        ("GIESS {ding}", "gieß Wasser", [anything], ("Wasser",)),
        ("{a} straße {b}", "Große STRASSE ß", [anything, anything], ("Große", "ß")),
        ("git {x} al", "GİT İİ AL", [anything], None),
        ("al {x} sat", "AL İİ SAT", [anything], ("İİ",)),
        ("take {a} (gently)", "take [a-z]* (gently)", [anything], ("[a-z]*",)),
    ],
)
def test_a_template_splits_a_text(
    template: str, text: str, valid: list[Valid], values: tuple[str, ...] | None
) -> None:
    assert parse_template(template).match(text, valid) == values


def splits(literals: Sequence[str], text: str) -> Iterator[tuple[str, ...]]:
    """Every way in which a text is literals and values by turns, the leftmost value shortest first."""
    for cut in range(len(text) + 1):
        if text[:cut].casefold() == literals[0].casefold():
            if len(literals) == 1:
                if cut == len(text):
                    yield ()
                continue
            for end in range(cut + 1, len(text) + 1):
                value = text[cut:end]
                if value == value.strip():
                    yield from ((value, *rest) for rest in splits(literals[1:], text[end:]))


letters = st.text(alphabet="aAbB ßSsİi̇ıKK", min_size=1, max_size=6).map(normalise).filter(bool)


@settings(max_examples=300)
@given(
    literals=st.lists(st.text(alphabet="aAbsSßi ", min_size=1, max_size=3), min_size=1, max_size=4),
    values=st.lists(letters, min_size=3, max_size=3),
    data=st.data(),
)
def test_a_filled_template_gives_values_back(
    literals: list[str], values: list[str], data: st.DataObject
) -> None:
    names = [f"{{p{i}}}" for i in range(len(literals) - 1)]
    key = "".join(part for pair in zip(literals, [*names, ""], strict=True) for part in pair)
    try:
        template = parse_template(key)
    except TemplateError:
        return
    values = values[: len(names)]
    text = data.draw(st.sampled_from([str, str.upper, str.lower]))(template.fill(values))
    assume(normalise(text) == text)
    expected = list(splits(template.literals, text))
    chosen = [one_of(data.draw(st.sampled_from([v, "a", "b"]))) for v in values]
    everywhere = [anything] * len(values)
    assert template.match(text, everywhere) == (expected[0] if expected else None)
    best = next((s for s in expected if all(ok(v) for ok, v in zip(chosen, s, strict=True))), None)
    if best is None and expected:
        best = expected[0]
    assert template.match(text, chosen) == best
    if text == template.fill(values):
        assert tuple(values) in expected
        assert template.match(text, [one_of(v) for v in values]) is not None


def test_a_split_of_any_text_is_quick() -> None:
    template = parse_template(" a ".join(f"{{p{i}}}" for i in range(12)))
    text = "a " * 2_000 + "b"
    assert template.match(text, [one_of("no such value")] * 12) is not None


@pytest.mark.parametrize(
    ("spec", "accepted", "refused"),
    [
        (["east", "west"], ["east", "EAST", "East"], ["", "north", "eas"]),
        (["Red Ball"], ["red ball", "red_ball", "RED  BALL", "Red_Ball"], ["redball"]),
        (["Straße"], ["straße", "STRASSE"], []),
        (["e\u0301"], ["\u00e9", "É"], []),
        ([1, 2.5, True], ["1", "2.5", "true", "TRUE"], ["1.0", "yes", "false"]),
        ("1..40", ["1", "40", "07", "+3"], ["0", "41", "1.0", "one", "", "-1", "٣", "1e1", "9" * 30]),
        ("-3 .. 3", ["-3", "0", "-0"], ["4"]),
        ("items", ["ball", "BALL"], ["hall"]),
        ("Items", ["ball"], []),
        ({"any": ["a"]}, ["a", "anything at all"], [""]),
        ({"any": []}, ["x"], [""]),
        (None, ["x"], [""]),
    ],
)
def test_a_domain_accepts_its_values_in_any_spelling(
    spec: object, accepted: list[str], refused: list[str]
) -> None:
    domain = parse_domain(spec, "thing", {"items": ["ball", "box"]}, {"ball": "ball", "box": "box"})
    assert [text for text in accepted if domain.parse(text) is None] == []
    assert [text for text in refused if domain.parse(text) is not None] == []


def test_the_scripts_spelling_holds_and_entities_are_meant_by_any_spelling() -> None:
    domain = parse_domain(["Red_Ball", 1.0, "2"], "thing", {}, {"red ball": "red ball"})
    assert domain.parse("RED ball") == Value("Red_Ball", "red ball")
    assert domain.parse("1") == Value("1", 1)
    assert type(domain.samples[1].value) is int
    assert domain.parse("2") == Value("2", "2")


def test_numbers_of_a_range_are_numbers() -> None:
    domain = parse_domain("1..3", "n", {}, {})
    assert isinstance(domain, Range)
    assert domain.parse("03") == Value("3", 3)
    assert [v.value for v in domain.samples] == [1, 2, 3]
    assert domain.describe(5) == "a whole number from 1 to 3"


def test_a_free_text_without_examples_has_the_placeholders_name_for_one() -> None:
    domain = parse_domain(None, "thing", {}, {})
    assert isinstance(domain, Free)
    assert [v.spelling for v in domain.samples] == ["thing"]


def test_many_values_are_described_by_the_first_few() -> None:
    domain = parse_domain([f"v{i}" for i in range(1, 2_001)], "v", {}, {})
    assert domain.describe(3) == "v1, v2, v3 and 1,997 more"


def test_combinations_come_with_the_last_placeholder_fastest() -> None:
    domains = [parse_domain(spec, "x", {}, {}) for spec in (["a", "b"], "1..2")]
    assert [tuple(v.spelling for v in c) for c in iterate(domains)] == [
        ("a", "1"),
        ("a", "2"),
        ("b", "1"),
        ("b", "2"),
    ]
    assert list(iterate([])) == [()]


@pytest.mark.parametrize("spec", ["", "a..b", "1...3", {"any": [None]}, {"some": ["a"]}, [[]], [{}], 3, True])
def test_what_is_no_domain_is_refused(spec: Any) -> None:
    with pytest.raises(DomainError):
        parse_domain(spec, "x", {"items": ["ball"]}, {})


def test_blanks_of_a_template_are_as_one() -> None:
    template = parse_template("  put {a thing}\t in  {b}\n")
    assert template.text == "put {a thing} in {b}"
    assert template.placeholders == ("a thing", "b")
    assert re.fullmatch(r"put x in y", template.fill(["x", "y"]))
