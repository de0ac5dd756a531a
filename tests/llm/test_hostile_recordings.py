"""A recording that somebody else wrote: a miss is told as one whatever stands in the file."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.llm.questions import SAID, question
from trpg_env.llm.errors import NotRecorded
from trpg_env.llm.recording import Recorder, Replay


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "r.sqlite"


def tampered(file: Path, *statement: Any) -> Replay:
    """A recording of one question in which something was changed."""
    recorder = Recorder(file)
    recorder.keep(question(), SAID)
    del recorder
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(*statement)
    connection.close()
    return Replay(file)


DEEP = "[" * 100_000
REQUESTS: list[Any] = [
    "{", "[]", "null", "{}", DEEP, b"\xff", '{"messages": 5, "schema": 0}', '{"messages": [{}], "schema": 0}',
    '{"messages": [1000000000000000000000000000000, 2], "schema": 0}', '{"messages": [1e999, 2], "schema": 0}',
]  # fmt: skip


@pytest.mark.parametrize("asked", REQUESTS)
def test_a_miss_is_told_beside_a_request_that_is_none(asked: Any, file: Path) -> None:
    replay = tampered(file, "UPDATE exchange SET asked = ?", (asked,))
    with pytest.raises(NotRecorded, match=r"r\.sqlite") as raised:
        replay.answer(question("Another."))
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("part", ["[", "[]", "5", '"text"', DEEP, '{"content": 5, "role": []}'])
def test_a_miss_is_told_beside_a_message_that_is_none(part: str, file: Path) -> None:
    replay = tampered(file, "UPDATE part SET value = ?", (part,))
    with pytest.raises(NotRecorded, match="no answer of 'm'"):
        replay.answer(question("Another."))


def test_a_setting_of_any_length_is_shown_in_short(file: Path) -> None:
    replay = tampered(
        file, "UPDATE exchange SET asked = replace(asked, '\"m\"', ?)", (f'"\\u001b[31m{"m" * 100_000}"',)
    )
    with pytest.raises(NotRecorded, match="differs in model") as raised:
        replay.answer(question(model="other"))
    assert len(str(raised.value)) < 500
    assert str(raised.value).isprintable()
