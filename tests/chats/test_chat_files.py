"""Files of conversations: JSON Lines, arrays, single conversations, Parquet; and damaged ones."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.chats import Again, BadRecord, ChatError, Records, import_chats
from trpg_env.trajectory import Trajectory

CHAT = [{"role": "user", "content": "A hall."}, {"role": "assistant", "content": "Action: go east"}]
OTHER = [{"role": "user", "content": "A den."}, {"role": "assistant", "content": "Action: go west"}]
FIRST, SECOND = {"messages": CHAT}, {"messages": OTHER}


def read(path: Path, data: str | bytes) -> list[tuple[str, Any]]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    records = Records(path)
    found = list(records)
    assert len(records) == len(found)
    assert len(list(records)) == len(found)
    return [(place.removeprefix(str(path)), record) for place, record in found]


@pytest.mark.parametrize(
    ("data", "places"),
    [
        (f"{json.dumps(FIRST)}\n\n{json.dumps(SECOND)}\n", [":1", ":3"]),
        (f"\n{json.dumps(FIRST)}\n{json.dumps(SECOND)}", [":2", ":3"]),
        (f"\ufeff{json.dumps(FIRST)}\n{json.dumps(SECOND)}", [":1", ":2"]),
        (json.dumps([FIRST, SECOND]), [": record 1", ": record 2"]),
        (json.dumps([FIRST, SECOND], indent=2), [": record 1", ": record 2"]),
    ],
)
def test_lines_and_arrays_hold_the_same_records(tmp_path: Path, data: str, places: list[str]) -> None:
    assert read(tmp_path / "a.json", data) == list(zip(places, [FIRST, SECOND], strict=True))


@pytest.mark.parametrize("data", [json.dumps(FIRST), json.dumps(FIRST, indent=2), json.dumps(CHAT, indent=2)])
def test_one_conversation_may_stand_alone(tmp_path: Path, data: str) -> None:
    ((_, record),) = read(tmp_path / "a.json", data)
    assert record in (FIRST, CHAT)


def test_a_line_may_be_a_bare_list_of_messages(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", f"{json.dumps(CHAT)}\n{json.dumps(OTHER)}\n")
    assert found == [(":1", CHAT), (":2", OTHER)]


def test_a_bad_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    good = json.dumps(FIRST).encode()
    deep = b"[" * 200_000
    lines = [b"{", good, b"\xff\xfe", deep, b'{"id": ' + b"9" * 5_000 + b"}", good]
    found = read(tmp_path / "a.jsonl", b"\n".join(lines))
    assert [isinstance(record, BadRecord) for _, record in found] == [True, False, True, True, True, False]
    assert str(found[0][1]) == "no JSON: Expecting property name enclosed in double quotes at character 2"
    assert str(found[2][1]) == "no JSON: it is no text in UTF-8"


def test_parquet_is_read_where_pyarrow_is_installed(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [{"id": str(i), "messages": CHAT} for i in range(150)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train-00000-of-00001")
    found = list(Records(tmp_path / "train-00000-of-00001"))
    assert [record for _, record in found] == rows
    assert found[149][0].endswith(": record 150")
    data = (tmp_path / "train-00000-of-00001").read_bytes()
    (tmp_path / "torn").write_bytes(data[:-30])
    with pytest.raises(ChatError, match=r"torn cannot be read as Parquet: [^\n]*$"):
        Records(tmp_path / "torn")


def test_without_pyarrow_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and so on")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ChatError, match=r"run: pip install 'trpg-env\[tokens\]'"):
        Records(tmp_path / "a.parquet")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, Path("a\0b")):
        with pytest.raises(ChatError, match="cannot be read"):
            Records(path)


def outcomes(path: Path, *records: Any) -> list[Any]:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return [found for _, found in import_chats(Records(path), "rooms")]


def test_a_conversation_that_stands_there_twice_is_imported_once(tmp_path: Path) -> None:
    for record in (FIRST, {"id": "a", **FIRST}):
        found = outcomes(tmp_path / "a.jsonl", record, SECOND, record)
        assert isinstance(found[2], Again)
        assert found[2].id == found[0].id


def test_another_conversation_of_the_same_id_is_called_by_its_content(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "a.jsonl", {"id": "a", **FIRST}, {"id": "a", **SECOND}, {"id": "a", **SECOND})
    (nameless,) = outcomes(tmp_path / "b.jsonl", SECOND)
    assert [found[0].id, found[1].id] == ["a", nameless.id]
    assert found[2] == Again(nameless.id)


@given(data=st.binary(max_size=60) | st.text('[]{}":,\n a1rolemsguc', max_size=60).map(str.encode))
def test_whatever_is_in_a_file_there_is_no_traceback(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("chats") / "a"
    path.write_bytes(data)
    try:
        for _, found in import_chats(Records(path), "rooms"):
            assert isinstance(found, Trajectory | BadRecord | Again)
    except ChatError as error:
        assert "\n" not in str(error)
