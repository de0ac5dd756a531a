"""Personas from a file: what is read, what is refused and where, and in which order they come."""

import csv
import io
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.synthesis import personas as module
from trpg_env.synthesis.composed import ComposedPersonas
from trpg_env.synthesis.persona_files import MAX_BYTES, MAX_CHARACTERS, MAX_RECORD, load_personas
from trpg_env.synthesis.personas import LoadedPersonas, Persona, Personas, PersonasError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "personas"
SUFFIXES = [".txt", ".jsonl", ".ndjson", ".csv"]


def loaded(path: Path, data: str | bytes, **keywords: str) -> list[Persona]:
    """The personas of a file with this content, by their texts."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    personas = load_personas(path, seed=0, **keywords)
    return sorted((personas.draw(item) for item in range(len(personas))), key=lambda persona: persona.text)


def texts(path: Path, data: str | bytes) -> list[str]:
    return [persona.text for persona in loaded(path, data)]


def test_each_line_of_a_text_is_a_persona(tmp_path: Path) -> None:
    data = "A cook\n\n   \n  A  piper\twho hums \r\n\x01\nA diver"
    assert texts(tmp_path / "x.txt", data) == ["A cook", "A diver", "A piper who hums"]


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".JSONL"])
@pytest.mark.parametrize("key", ["persona", "input persona", "Input_Persona", " PERSONA "])
def test_json_lines_name_the_persona_in_either_way(key: str, suffix: str, tmp_path: Path) -> None:
    data = f'{{"id": 7, "{key}": "A cook", "more": [{{"persona": 1}}]}}\n\n{{"{key}": "A piper"}}\n'
    assert texts(tmp_path / f"x{suffix}", data) == ["A cook", "A piper"]


def test_a_cell_of_csv_may_hold_commas_quotes_and_line_breaks(tmp_path: Path) -> None:
    data = 'id,Input Persona\r\n1,"A cook, who says ""soup""\r\nand means it"\r\n\r\n2,A piper,\r\n'
    assert texts(tmp_path / "x.csv", data) == ['A cook, who says "soup" and means it', "A piper"]


def test_a_persona_says_where_it_comes_from_or_the_file_does(tmp_path: Path) -> None:
    data = '{"persona": "A", "Source": "hub", "LICENSE": "MIT"}\n{"persona": "B", "source": null, "licence": " "}'
    path = tmp_path / "x.jsonl"
    assert loaded(path, data) == [Persona("A", "hub", "MIT"), Persona("B", "x.jsonl", None)]
    assert loaded(path, data, source="us", licence="CC0-1.0")[1] == Persona("B", "us", "CC0-1.0")
    assert loaded(tmp_path / "x.csv", "persona,source,licence\nA,hub,MIT\nB,,\nC\n") == [
        Persona("A", "hub", "MIT"),
        Persona("B", "x.csv"),
        Persona("C", "x.csv"),
    ]


def test_the_label_and_the_source_are_the_files_name_without_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "my crew.txt"
    assert loaded(path, "A cook") == [Persona("A cook", "my crew.txt")]
    assert load_personas(str(path), seed=0).label == "my crew.txt"


@pytest.mark.parametrize(
    ("suffix", "data"),
    [(".txt", "A cook\n"), (".jsonl", '{"persona": "A cook"}\n'), (".csv", "persona\nA cook\n")],
)
def test_a_byte_order_mark_and_crlf_are_nothing_of_the_personas(
    suffix: str, data: str, tmp_path: Path
) -> None:
    data = "\ufeff" + data.replace("\n", "\r\n")
    assert texts(tmp_path / f"x{suffix}", data) == ["A cook"]


def test_what_cannot_be_shown_or_written_goes(tmp_path: Path) -> None:
    data = r'{"persona": "A\u0000 \u001b[2Jcook\ud800\u202e \u2028\ufeff of \ud83d\ude00 and \u0646\u200c\u0647"}'
    assert texts(tmp_path / "x.jsonl", data) == ["A [2Jcook\ufffd of 😀 and \u0646\u200c\u0647"]
    assert texts(tmp_path / "x.txt", "A \x1b[2J\u200b cook\x85") == ["A [2J cook"]


def test_a_persona_that_comes_again_is_kept_once(tmp_path: Path) -> None:
    assert texts(tmp_path / "x.txt", "A Cook\nA piper\na  cook\nA PIPER\n") == ["A Cook", "A piper"]


LONG = "x" * (MAX_CHARACTERS + 1)

FAULTS: list[tuple[str, bytes, int, str]] = [
    (".txt", f"A cook\n{LONG}".encode(), 2, "the persona has 2,001 characters; at most 2,000"),
    (".txt", b"A cook\nA \xff piper", 2, "not UTF-8 text (byte 3 of the line); save the file as UTF-8"),
    (".txt", "A cook\n".encode("utf-16"), 1, "not UTF-8"),
    (".txt", b"A cook\n\nA \0 piper", 3, "a null character is no text"),
    (".txt", b"A cook\n" + b"x" * (MAX_RECORD + 1), 2, "more than 1,000,000 bytes make one record"),
    (".jsonl", b'{"persona": "A cook"}\n{"persona": }', 2, "not JSON: expecting value (character 13)"),
    (".jsonl", b'{"persona": "A', 1, "not JSON: unterminated string starting (character 13)"),
    (".jsonl", b'{\n"persona": "A cook"\n}', 1, "each line is a whole object"),
    (".jsonl", b'{"persona": "A cook"} {"persona": "B"}', 1, "not JSON: extra data"),
    (".jsonl", b"A cook", 1, "not JSON"),
    (".jsonl", b'\xef\xbb\xbf\xef\xbb\xbf{"persona": "A cook"}', 1, "not JSON"),
    (".jsonl", b'"A cook"', 1, 'each line is an object, such as {"persona": "A cook"}, and not a text'),
    (".jsonl", b'["A cook"]', 1, "not a list"),
    (".jsonl", b"null", 1, "not null"),
    (".jsonl", b"9" * 9_000, 1, "not a number"),
    (".jsonl", b"{}", 1, "the object names no persona; write the persona under `persona` or `input persona`"),
    (".jsonl", b'{"persona": 1e999}', 1, "the persona is a text, not a number"),
    (".jsonl", b'{"persona": ' + b"9" * 9_000 + b"}", 1, "the persona is a text, not a number"),
    (".jsonl", b'{"persona": ["A cook"]}', 1, "the persona is a text, not a list"),
    (".jsonl", b'{"persona": {"name": "A cook"}}', 1, "the persona is a text, not an object"),
    (".jsonl", b'{"persona": true}', 1, "the persona is a text, not true or false"),
    (".jsonl", b'{"persona": null}', 1, "the persona is blank"),
    (".jsonl", b'{"persona": "A"}\n\n{"persona": " \\u0000"}', 3, "the persona is blank; write who it is"),
    (".jsonl", b'{"persona": "A", "source": 5}', 1, "the source is a text, not a number"),
    (".jsonl", f'{{"persona": "A", "licence": "{LONG}"}}'.encode(), 1, "the licence has 2,001 characters"),
    (".jsonl", b'{"persona": "A", "persona": "B"}', 1, "'persona' and 'persona' both name the persona"),
    (".jsonl", b'{"Persona": "A", "input persona": "B"}', 1, "'Persona' and 'input persona' both name"),
    (
        ".jsonl",
        b'{"persona": "A", "licence": "a", "license": "b"}',
        1,
        "both name the licence; leave one out",
    ),
    (".jsonl", b'{"persona": "A", "x": NaN}', 1, "not JSON: NaN is not a number of JSON"),
    (".jsonl", b'{"persona": "A", "x": -Infinity}', 1, "-Infinity is not a number of JSON"),
    (".jsonl", b'{"persona": "A"}\n' + b"[" * 200_000, 2, "it is nested too deep"),
    (".jsonl", b'{"persona": ' * 70_000, 1, "it is nested too deep"),
    (".jsonl", b'{"persona": "\0"}', 1, "a null character is no text"),
    (".csv", b"name;persona\nA;B\n", 1, "the first line names no persona"),
    (".csv", b"\n\nname,source\nA,B\n", 3, "the first line names no persona"),
    (".csv", b"persona,license,licence\n", 1, "both name the licence"),
    (".csv", b'persona\n"A\ncook"\n"A\npiper', 4, "not CSV: unexpected end of data; put a cell in quotes"),
    (".csv", b'persona\n"A" cook\n', 2, "not CSV"),
    (".csv", b"persona\nA cook\rA piper\n", 2, "not CSV"),
    (".csv", b'persona,x\nA cook,"' + b"x\n" * 70_000 + b'"\n', 2, "not CSV: field larger than field limit"),
    (".csv", b'persona,x\nA,"' + b'y\n","' * 200_000, 2, "more than 1,000,000 bytes make one record"),
    (".csv", b"persona,x\n,B\n", 2, "the persona is blank"),
    (".csv", b"x,persona\nA\n", 2, "the persona is blank"),
    (".csv", b"persona\nA cook, who hums\n", 2, "2 cells stand here and 1 in the first line"),
    (".csv", b'persona\n"A\n\xff"\n', 3, "not UTF-8 text (byte 1 of the line)"),
    (".csv", b"persona\n\0\n", 2, "a null character"),
]


@pytest.mark.parametrize(
    ("suffix", "data", "line", "words"), FAULTS, ids=[f"{s} {words}"[:60] for s, _, _, words in FAULTS]
)
def test_what_is_no_persona_is_refused_with_its_line(
    suffix: str, data: bytes, line: int, words: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x{suffix}"
    with pytest.raises(PersonasError) as caught:
        loaded(path, data)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("name", "data"), [("x.txt", "\n \n"), ("x.jsonl", ""), ("x.csv", ""), ("x.csv", "persona\n\n")]
)
def test_a_file_without_personas_is_refused(name: str, data: str, tmp_path: Path) -> None:
    with pytest.raises(PersonasError, match=f"{name}: there is no persona in it; write one at least"):
        loaded(tmp_path / name, data)


@pytest.mark.parametrize("name", ["x", "x.json", "x.parquet", ".txt", "x.txt.gz"])
def test_another_suffix_is_refused_with_those_that_are_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(PersonasError, match=r"from \.txt, \.jsonl, \.ndjson and \.csv files; name one"):
        load_personas(tmp_path / name, seed=0)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    (tmp_path / "round.txt").symlink_to("round.txt")
    (tmp_path / "file").touch()
    for name, words in {
        "folder.txt": "is a folder; name a regular file",
        "pipe.txt": "is a pipe; name a regular file",
        "zero.txt": "is a device; name a regular file",
        "round.txt": "cannot be read",
        "none.txt": "there is no such file",
        "file/none.txt": "there is no such file",
        "\0.txt": "there is no such file",
        f"{'x' * 300}.txt": "cannot be read",
    }.items():
        with pytest.raises(PersonasError, match=words):
            load_personas(tmp_path / name, seed=0)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PersonasError, match="has 1,073,741,825 bytes; at most 1,073,741,824 are read"):
        load_personas(path, seed=0)


def test_too_many_personas_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PERSONAS", 2)
    assert texts(tmp_path / "x.txt", "A\nB\na\n") == ["A", "B"]
    with pytest.raises(PersonasError, match="more than 2 personas; take a part of them"):
        texts(tmp_path / "x.txt", "A\nB\nC\n")


@given(st.integers(1, 30), st.integers(0, 2**64), st.integers(0, 10**12))
def test_each_persona_is_used_equally_often(size: int, seed: int, start: int) -> None:
    personas = LoadedPersonas([Persona(f"Number {i}") for i in range(size)], seed=seed, label="some")
    drawn = Counter(personas.draw(item).text for item in range(start, start + 3 * size))
    assert set(drawn.values()) == {3}
    assert len(drawn) == size == len(personas)


def test_the_order_follows_from_the_seed() -> None:
    def order(seed: int) -> list[Persona]:
        personas = LoadedPersonas([Persona(f"Number {i}") for i in range(50)], seed=seed, label="some")
        return [personas.draw(item) for item in range(50)]

    assert order(1) == order(1) != order(2)
    assert sorted(order(1), key=str) == sorted(order(2), key=str)


def test_the_digest_tells_collections_and_seeds_apart() -> None:
    def digest(*personas: Persona, seed: int = 0, label: str = "some") -> str:
        return LoadedPersonas(personas, seed=seed, label=label).digest

    a, b = Persona("A", "us", "MIT"), Persona("B")
    different = [
        digest(a, b),
        digest(b, a),
        digest(a),
        digest(a, b, seed=1),
        digest(Persona("a", "us", "MIT"), b),
        digest(Persona("A", "them", "MIT"), b),
        digest(Persona("A", "us"), b),
        digest(Persona("A", None, "us"), b),
    ]
    assert len(set(different)) == len(different)
    assert digest(a, b) == digest(a, b, a, label="other")
    assert all(len(each) == 16 and int(each, 16) for each in different)


def test_loaded_and_composed_personas_are_what_generation_needs(tmp_path: Path) -> None:
    def first(personas: Personas) -> str:
        assert personas.digest
        return personas.draw(0).text

    path = tmp_path / "x.txt"
    path.write_text("A cook")
    assert first(load_personas(path, seed=0)) == "A cook"
    assert first(ComposedPersonas(seed=0)).startswith("A")


SCRAPS = [
    *('{"persona": ', '"A cook"', "}", "{", "[", "]", ",", ":", '"', "\\ud800", "\\u0000", "NaN", "1e999"),
    *("\n", "\r\n", "\r", "\0", "\ufeff", "\u2028", " ", "persona", "input_persona", "licence", "A cook"),
]
BYTES = st.binary(max_size=60) | st.lists(st.sampled_from(SCRAPS), max_size=20).map(
    lambda scraps: "".join(scraps).encode()
)


@given(st.sampled_from(SUFFIXES), st.lists(BYTES, max_size=4).map(b"".join))
def test_any_bytes_are_personas_or_a_personas_error(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"x{suffix}"
    try:
        personas = texts(path, data)
    except PersonasError as error:
        assert str(error).startswith((f"{path}:", f"{path.name}: "))
        return
    assert personas
    assert all(text and text == " ".join(text.split()) and text.encode() for text in personas)


TEXT = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=50)
PERSONAS = st.lists(
    TEXT.map(lambda text: " ".join(text.split())).filter(bool), min_size=1, max_size=8, unique_by=str.casefold
)


def as_csv(personas: list[str], ending: str, quoting: int) -> str:
    written = io.StringIO()
    rows = csv.writer(written, lineterminator=ending, quoting=quoting)
    rows.writerows([["id", "persona"], *([str(i), persona] for i, persona in enumerate(personas))])
    return written.getvalue()


@given(PERSONAS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_personas_that_were_written_are_read(
    tmp_path: Path, personas: list[str], ending: str, plain: bool
) -> None:
    lines = [json.dumps({"persona": persona}, ensure_ascii=plain) for persona in personas]
    files = {
        "x.txt": ending.join(personas),
        "x.jsonl": "".join(line + ending for line in lines),
        "x.csv": as_csv(personas, ending, csv.QUOTE_MINIMAL if plain else csv.QUOTE_ALL),
    }
    for name, data in files.items():
        assert texts(tmp_path / name, data) == sorted(personas)


def test_profiles_of_synthetic_persona_chat_are_read() -> None:
    path = SHARED / "synthetic_persona_chat_500.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    personas = load_personas(path, seed=1, source="Synthetic-Persona-Chat", licence="CC-BY-4.0")
    drawn = [personas.draw(item) for item in range(len(personas))]
    assert 400 < len({persona.text for persona in drawn}) == len(drawn) <= 500
    assert {(persona.source, persona.licence) for persona in drawn} == {
        ("Synthetic-Persona-Chat", "CC-BY-4.0")
    }
    assert all(len(persona.text) > 20 for persona in drawn)
