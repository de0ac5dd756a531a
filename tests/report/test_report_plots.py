import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.report import Drawing, ReportError, foreign
from trpg_env.report.plots import WIDTH, Bar, Dot, Group, Line, bars, dots, lines
from trpg_env.report.texts import line, visible

HOSTILE = "</script><b onclick=\"x\" a='&'>\u202e\x00\x1b\u2028"
SHARES = st.floats(0, 1)


def numbers(svg: str) -> list[float]:
    return [float(x) for x in re.findall(r'(?:cx|cy|x|y|width|height)="(-?[\d.]+)"', svg)]


@given(st.lists(st.tuples(st.text(max_size=30), SHARES, SHARES, SHARES), max_size=8))
def test_dots_stay_on_their_scale(rows: list[tuple[str, float, float, float]]) -> None:
    svg = dots("t", [Group(label, [Dot(i, *sorted(each))]) for i, (label, *each) in enumerate(rows)])
    root = ET.fromstring(svg)
    height = float(root.attrib["viewBox"].split()[3])
    assert all(-1 <= x <= max(WIDTH, height) for x in numbers(svg))


def test_long_labels_stand_whole_above_their_dots() -> None:
    names = ["chemistry-mix-paint-secondary-color", "chemistry-mix-paint-tertiary-color"]
    svg = dots("t", [Group(name, [Dot(0, 0.5)]) for name in names])
    assert all(f">{name}</text>" in svg for name in names)
    assert 'text-anchor="end" class="label"' not in svg


def test_what_is_not_known_is_a_dash_and_no_dot() -> None:
    svg = dots("Success", [Group("a", [Dot(0, None)])])
    assert ">–</text>" in svg
    assert "circle" not in svg


def test_intervals_have_their_ends() -> None:
    assert dots("t", [Group("a", [Dot(0, 0.5, 0.4, 0.6)])]).count("whisker") == 3


@given(st.lists(st.lists(SHARES, min_size=4, max_size=4), max_size=4))
def test_bars_are_as_long_as_their_shares(rows: list[list[float]]) -> None:
    rows = [[share / max(1.0, sum(row)) for share in row] for row in rows]
    svg = bars("Errors", [Bar(str(i), row) for i, row in enumerate(rows)])
    ET.fromstring(svg)
    assert all(-1 <= x <= max(WIDTH, 36 * len(rows) + 20) for x in numbers(svg))


def test_a_kind_of_error_is_told_in_letters_too() -> None:
    svg = bars("Errors", [Bar("a", [0.3, 0.2, 0.1, 0.0])])
    assert [code in svg for code in (">Pa<", ">Pl<", ">Lo<", ">Fo<")] == [True, True, True, False]
    assert "parameter error 30.0%" in svg


@given(st.lists(st.tuples(st.integers(1, 500), st.none() | SHARES, st.integers(0, 20)), max_size=12))
def test_lines_stay_in_their_frame(points: list[tuple[int, float | None, int]]) -> None:
    svg = lines("t", [Line(0, sorted(points, key=lambda point: point[0]))], "turn")
    ET.fromstring(svg)
    assert all(-1 <= x <= WIDTH + 1 for x in numbers(svg))


def test_a_share_of_few_is_hollow() -> None:
    assert lines("t", [Line(0, [(1, 0.5, 9), (2, 0.5, 10)])], "turn").count("hollow") == 1


def test_runs_differ_in_shape_and_not_in_colour_alone() -> None:
    shapes = set()
    for run in range(6):
        svg = lines("t", [Line(run, [(1, 0.5, 99)])], "turn")
        element = re.search(r'<(circle|path)[^>]*class="mark', svg)
        assert element is not None
        shapes.add(re.sub(r"[\d.]+", "", element[0].split("class")[0]))
    assert len(shapes) == 6


@pytest.mark.parametrize(
    "svg", [dots(HOSTILE, [Group(HOSTILE, [])]), bars(HOSTILE, [Bar(HOSTILE, [1, 0, 0, 0])])]
)
def test_texts_in_drawings_are_escaped(svg: str) -> None:
    root = ET.fromstring(svg)
    assert {element.tag for element in root.iter()} <= {"svg", "g", "title", "path", "rect", "text"}
    assert "<b" not in svg.replace("<body", "")


def test_a_drawing_has_words_for_those_who_cannot_see_it() -> None:
    assert 'role="img" aria-label="Success. a: 50.0%"' in dots("Success", [Group("a", [Dot(0, 0.5)])])
    assert 'aria-hidden="true"' in Drawing(1, 1).svg()


def test_what_a_browser_would_obey_is_replaced() -> None:
    assert visible("a\x00\x1b[2J\u202eb\tc\r\nd\ud800") == "a␀␛[2J\ufffdb\tc\nd\ufffd"
    assert visible("שלום 🙂") == "שלום 🙂"
    assert line("  a \n b " + "c" * 10**6, 10) == "a b ccccc…"


def test_a_drawing_of_others_keeps_its_shapes_and_loses_all_else() -> None:
    given_ = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="x()">'
        '<style>@import "http://example.org/a.css";</style><a href="javascript:x()"><text>in</text></a>'
        '<image href="http://example.org/"/><use xlink:href="#a"/><foreignObject><p>x</p></foreignObject>'
        '<g fill="red" style="fill:url(http://example.org)"><rect width="3" height="4" fill="url(http://example.org)"/>'
        "<text x='1'>a &lt;b&gt;<title>whole</title></text></g></svg>"
    )
    kept = foreign(given_)
    assert kept == (
        '<svg viewBox="0 0 9 9"><g fill="red"><rect width="3" height="4" /><text x="1">a &lt;b&gt;<title>whole</title></text></g></svg>'
    )
    assert foreign(kept) == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<svg viewBox='0 0 1 1'>", "is no SVG"),
        ("<p viewBox='0 0 1 1'/>", "no <svg> element with a viewBox"),
        ("<svg/>", "no <svg> element with a viewBox"),
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg viewBox='0 0 1 1'>&a;</svg>", "has declarations"),
        ("<svg viewBox='0 0 1 1'>" + " " * (4 << 20) + "</svg>", "longer than"),
    ],
)
def test_what_is_no_drawing_is_refused(text: str, why: str) -> None:
    with pytest.raises(ReportError, match=why):
        foreign(text)


def test_a_drawing_of_others_may_be_deep() -> None:
    deep = "<g>" * 3_000 + "</g>" * 3_000
    assert foreign(f"<svg viewBox='0 0 1 1'>{deep}</svg>").count("<g") < 100
