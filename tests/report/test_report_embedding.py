import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile import ATTACKS, LONG, TEXT, attacked
from hypothesis import given
from hypothesis import strategies as st
from pages import erring, evaluation, page_of, played, written

from trpg_env.report import Figure, Section, Table, foreign
from trpg_env.report.embedding import json_block, policy
from trpg_env.report.transcript import MOST_CHARACTERS, MOST_TURNS, slug_of, transcript


class Elements(HTMLParser):
    """The elements of a page, and what stands in its scripts, as a browser would take them apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._within = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._within = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts[-1] += data


@given(st.text() | st.sampled_from(ATTACKS))
def test_data_come_out_of_their_block_as_they_went_in(text: str) -> None:
    block = json_block({text: [text]})
    assert json.loads(block) == {text: [text]}
    assert not set("<>&\u2028\u2029") & set(block)


def test_hostile_texts_add_no_element(tmp_path: Path) -> None:
    calm = evaluation(tmp_path / "calm", erring())
    hostile = [attacked(t, i) for i, t in enumerate(erring())]
    loud = written(tmp_path / "loud.jsonl", hostile)
    elements = Elements(page_of(calm, loud).html)
    assert [
        tag
        for tag, _ in elements.found
        if tag in ("script", "img", "iframe", "object", "link", "base", "use")
    ] == [
        "script",
        "script",
    ]
    for tag, attributes in elements.found:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "src", "srcdoc")
        ], tag
        assert not (attributes.get("href") or "#").strip().lower().startswith(("javascript", "http", "data"))
    data = json.loads(elements.scripts[0])
    assert sum(episode["run"] == 1 for episode in data["episodes"]) == len(hostile)
    assert "</script><script>" in data["episodes"][-1]["turns"][0]["thought"]


def test_sections_that_are_handed_in_are_escaped(tmp_path: Path) -> None:
    drawing = foreign("<svg viewBox='0 0 1 1'><text>&lt;b&gt;</text></svg>")
    more = Section(TEXT, TEXT, [Figure(TEXT, drawing, TEXT)], [Table(TEXT, [TEXT], [[TEXT]])])
    path = written(tmp_path / "a.jsonl", erring()[:2])
    html = page_of(path, sections=[more, more]).html
    assert "<img" not in html
    assert "<b>" not in html.replace("<b></b>", "")
    assert drawing in html


def test_style_and_program_are_allowed_by_their_hashes_alone() -> None:
    allowed = policy("a {}", "run()")
    assert allowed.startswith("default-src 'none'; ")
    assert "unsafe" not in allowed
    assert allowed.count("'sha256-") == 2


def test_a_very_long_text_is_cut_and_what_is_left_out_is_told() -> None:
    episode = attacked(played("p."), 1)
    shown = transcript(episode)["turns"][0]["observation"]
    left_out = len(TEXT + LONG) - MOST_CHARACTERS
    assert shown.endswith(f"… ({left_out:,} more characters are in the file)")
    assert len(shown) < MOST_CHARACTERS + 100


def test_an_episode_of_very_many_turns_is_cut() -> None:
    data = transcript(played("." * (MOST_TURNS + 7)))
    assert (len(data["turns"]), data["played"]) == (MOST_TURNS, MOST_TURNS + 7)


def test_errors_and_the_turns_that_correct_them_are_linked() -> None:
    turns = transcript(played(".pl.o"))["turns"]
    assert [(turn.get("kind"), turn.get("corrected"), turn.get("corrects")) for turn in turns] == [
        (None, None, None),
        ("parameter", 4, None),
        ("place", 4, None),
        (None, None, [2, 3]),
        ("logic", None, None),
    ]


@pytest.mark.parametrize("id", ["3f2a9c", "a-b_C", TEXT, "", "x" * 65, "a.5", "é"])
def test_an_episode_has_an_address_of_plain_letters(id: str) -> None:
    taken: set[str] = set()
    slugs = [slug_of(id, taken) for _ in range(3)]
    assert len(set(slugs)) == 3
    assert all(slug.replace("-", "").replace("_", "").isalnum() and slug.isascii() for slug in slugs)
    assert (slugs[0] == id) == (id in ("3f2a9c", "a-b_C"))
