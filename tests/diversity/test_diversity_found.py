"""What is found of sources: the same whatever the order, of bounded size, and read back as it was."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from thinking import thinking, topical

from trpg_env.diversity import (
    BY,
    Diversity,
    DiversityError,
    Section,
    heat_map,
    read_diversity,
    scatter,
    sections,
)
from trpg_env.diversity.environments import compare
from trpg_env.diversity.gathering import MAX_ENVIRONMENTS, MAX_SOURCES, Environment, Gatherer, told
from trpg_env.diversity.tables import environments_csv, lines, rows, thoughts_csv
from trpg_env.trajectory import Participant
from trpg_env.trajectory.sample import MAX_TEXT

EVIL = '</text><script>alert(1)</script>&"\x1b\u202e\0'


def of(trajectories: Any, **keywords: Any) -> Diversity:
    return Diversity.of(trajectories, **{"iterations": 60, **keywords})


def test_sources_with_no_word_in_common_lie_apart_in_map_and_heat_map() -> None:
    found = of(topical(), iterations=300)
    assert [source.name for source in found.sources] == ["kitchen", "office", "sea"]
    at = np.array([[p.x, p.y] for p in found.map.points])
    label = np.array([p.source for p in found.map.points])
    distances = ((at[:, None] - at) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :5]
    assert (label[nearest] == label[:, None]).mean() > 0.95
    heat = np.array(found.environments.similarity)
    assert (heat == heat.T).all()
    assert heat.diagonal().min() > 0.5
    assert heat[~np.eye(3, dtype=bool)].max() < 0.2


def test_the_order_of_trajectories_changes_nothing() -> None:
    played = topical()
    once = of(played, sample=9)
    assert once.text() == of([*reversed(played), *played[:4]], sample=9).text().replace(
        # An episode that comes twice is counted twice, and changes no sample.
        '"episodes": 10',
        '"episodes": 6',
    ).replace('"thoughts": 50', '"thoughts": 30')
    assert once.text() != of(played, sample=9, seed=1).text()


def test_sources_are_measured_at_the_same_number_of_thoughts() -> None:
    many = ("many", thinking("m", [f"thought {i}" for i in range(80)], "a"))
    some = ("some", thinking("s", [f"idea {i}" for i in range(40)], "b"))
    few = ("few", thinking("f", ["one", "two", "…"], "c"))
    found = {source.name: source for source in of([many, some, few]).sources}
    measured = {name: source.figures.measured for name, source in found.items() if source.figures}
    assert measured == {"many": 40, "some": 40, "few": 2}
    assert {name: source.thoughts for name, source in found.items()} == {"many": 80, "some": 40, "few": 2}
    alone = of([many], sample=50).sources[0].figures
    assert alone is not None
    assert alone.measured == 50


def test_figures_of_a_source_do_not_hang_on_its_company() -> None:
    first, *others = topical(each=7)
    alone = of([first]).sources[0]
    beside = of([first, *(one for one in others if one[0] != first[0])])
    assert alone == next(source for source in beside.sources if source.name == first[0])


def test_a_named_source_is_there_without_trajectories() -> None:
    found = of(topical(), order=["sea", "desert"])
    assert [source.name for source in found.sources] == ["sea", "desert", "kitchen", "office"]
    desert = found.sources[1]
    assert (desert.episodes, desert.thoughts, desert.figures) == (0, 0, None)
    assert found.environments.similarity[1] == [None] * 4
    assert rows(found)[1] == ["desert", "0", "0", "0", *["–"] * 8]


def test_an_environment_is_compared_once_whatever_was_played_in_it() -> None:
    played = [("a", thinking(f"{i}", ["x"], "the hall", script_hash="h")) for i in range(5)]
    found = of([*played, ("b", thinking("b", ["x"], "the hall", script_hash="h"))])
    assert found.environments.numbers == [1, 1]
    assert found.environments.similarity == [[1, 1], [1, 1]]


def test_pairs_are_of_different_environments() -> None:
    red, blue = Environment("r", ["red", "door"]), Environment("b", ["blue", "door"])
    found = compare([[red, blue], [red, blue]])
    apart = found.similarity[0][0]
    assert apart is not None
    assert 0 < apart < 1
    assert found.similarity == [[apart, apart], [apart, apart]]
    assert compare([[], [red]]).similarity == [[None, None], [None, 1]]


def test_memory_is_bounded_and_samples_do_not_hang_on_the_order() -> None:
    played = [thinking(f"{i}", [f"thought {i}"], f"place {i}", script_hash=f"{i % 400}") for i in range(800)]
    gathered = []
    for order in (played, played[::-1]):
        gatherer = Gatherer(20, np.random.default_rng(0))
        for trajectory in order:
            gatherer.add("all", trajectory)
        gathered += gatherer.gathered()
    assert gathered[0] == gathered[1]
    assert len(gathered[0].sampled) == 20
    assert len(gathered[0].environments) == MAX_ENVIRONMENTS
    assert len(told(thinking("x", ["y"], "long " * MAX_TEXT))) == MAX_TEXT


def test_too_many_sources_are_refused() -> None:
    with pytest.raises(DiversityError, match=f"more than {MAX_SOURCES} sources"):
        of((f"{i}", thinking(f"{i}", ["x"])) for i in range(MAX_SOURCES + 1))
    assert len(of((f"{i}", thinking(f"{i}", ["x"])) for i in range(MAX_SOURCES)).sources) == MAX_SOURCES


@pytest.mark.parametrize(
    "wrong",
    [{"seed": -1}, {"sample": 0}, {"iterations": 0}, {"perplexity": 0.5}, {"perplexity": float("nan")}],
)
def test_numbers_out_of_their_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        Diversity.of(topical(), **wrong)


def test_without_trajectories_there_is_nothing_to_tell() -> None:
    with pytest.raises(DiversityError, match="there are no trajectories"):
        of([], order=["a"])


def test_players_families_and_scripts_tell_trajectories_apart() -> None:
    one = thinking(
        "x", ["y"], player=Participant(kind="llm", model="m"), script="/a/b/ship.yaml", family="boats"
    )
    assert {by: name(one) for by, name in BY.items()} == {
        "player": "llm m",
        "family": "boats",
        "script": "ship",
    }
    two = thinking("x", ["y"], script_hash="0123456789abcdef")
    assert (BY["player"](two), BY["script"](two)) == ("random", "0123456789ab")


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    for found in (of(topical()), of([("none", thinking("n", []))])):
        (tmp_path / "diversity.json").write_text(found.text())
        assert read_diversity(tmp_path) == read_diversity(tmp_path / "diversity.json") == found
        assert list(json.loads(found.text())) == sorted(json.loads(found.text()))


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_something_else_is_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "diversity.json").write_bytes(data)
    with pytest.raises(DiversityError, match=r"is not what trpg-env diversity writes|cannot be read"):
        read_diversity(tmp_path)
    with pytest.raises(DiversityError, match="cannot be read"):
        read_diversity(tmp_path / "none")
    (tmp_path / "diversity.json").unlink()
    with pytest.raises(DiversityError, match=r"diversity\.json cannot be read: .*; name the folder that"):
        read_diversity(tmp_path)


def hostile() -> Diversity:
    found = [(f"{EVIL}{i}", thinking(f"={EVIL}{i}{j}", [f"{EVIL} {i} {j} {k}" for k in range(4)])) for i in range(3) for j in range(3)]  # fmt: skip
    return of([*found, ("=cmd()", thinking("-1", ["x"]))])


@pytest.mark.parametrize("draw", [scatter, heat_map])
def test_figures_are_sound_xml_that_no_text_gets_out_of(draw: Any) -> None:
    for found in (
        of(topical()),
        hostile(),
        of([("none", thinking("n", []))]),
        of(topical(1, 1), order=["x"]),
    ):
        drawn = draw(found)
        root = ET.fromstring(drawn)
        tags = {str(element.tag).rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "title", "desc", "style", "rect", "text", "path"}
        assert not {name for element in root.iter() for name in element.attrib if name.startswith("on")}
        assert "\u202e" not in drawn
        assert "prefers-color-scheme:dark" in drawn


def test_every_source_has_a_mark_of_its_own() -> None:
    found = of((f"{i:02}", thinking(f"{i}", ["a b"])) for i in range(MAX_SOURCES))
    marks = [
        path
        for path in ET.fromstring(scatter(found)).iter("{http://www.w3.org/2000/svg}path")
        if len(path) == 0
    ]
    assert len(marks) == MAX_SOURCES
    looks = {(mark.get("fill"), "".join(c for c in mark.get("d", "") if c.isalpha()), mark.get("d", "").count(" ")) for mark in marks}  # fmt: skip
    assert len(looks) > 20


def test_the_heat_map_shows_its_numbers() -> None:
    found = of(topical())
    shown = {
        element.text for element in ET.fromstring(heat_map(found)).iter("{http://www.w3.org/2000/svg}text")
    }
    for row in found.environments.similarity:
        assert {f"{value:.2f}" for value in row if value is not None} <= shown


def test_tables_for_spreadsheets_hold_no_formulas() -> None:
    found = hostile()
    assert "\n'=" in thoughts_csv(found)
    assert ",'=cmd()" in environments_csv(found)
    assert thoughts_csv(of(topical())).splitlines()[0] == "source,episode,turn,x,y"


def test_lines_for_people_tell_all_of_it() -> None:
    told_lines = lines(of(topical()))
    assert told_lines[0].split()[:4] == ["source", "episodes", "thoughts", "measured"]
    assert [line.split()[0] for line in told_lines[1:4]] == ["kitchen", "office", "sea"]
    assert any(line.startswith("map                 90 thoughts; ") for line in told_lines)
    assert [line.split()[0] for line in told_lines[-3:]] == ["kitchen", "office", "sea"]
    cells = [cell for line in told_lines[-3:] for cell in line.split()[1:]]
    assert all(re.fullmatch(r"[01]\.\d\d", cell) for cell in cells), cells


def test_sections_are_plain_data() -> None:
    found = sections(of(topical()))
    assert all(isinstance(section, Section) for section in found)
    assert [bool(section.svg) for section in found] == [True, False, True]
    assert all(len(row) == len(found[1].columns) for row in found[1].rows)
