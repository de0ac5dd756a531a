"""A recording that somebody else wrote: a miss is told as one whatever stands in the file."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.llm.questions import SAID, question
from trpg_env.llm.errors import ModelUnavailable, NotRecorded, ServerFailed
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


GOOD = '{"content": "a", "reasoning": null, "finish": "stop", "usage": {"calls": 1}}'
OUTCOMES: list[tuple[Any, Any]] = [
    (None, DEEP),
    (None, "[]"),
    (None, GOOD.replace('"a"', "5")),
    (None, GOOD.replace("null", "[]")),
    (None, GOOD.replace('"stop"', "1")),
    (None, GOOD.replace("1}", '"1"}')),
    (None, GOOD.replace("1}", "-1}")),
    (None, GOOD.replace("1}", f"{10**30}}}")),
    (None, GOOD.replace("1}", "true}")),
    (None, GOOD.replace("calls", "coins")),
    ("ServerFailed", '{"message": 5, "usage": {}}'),
    ("SystemExit", '{"message": "out", "usage": {}}'),
]


@pytest.mark.parametrize(("error", "value"), OUTCOMES, ids=lambda text: str(text)[:40])
def test_an_answer_that_is_none_is_no_answer(error: Any, value: Any, file: Path) -> None:
    replay = tampered(file, "UPDATE exchange SET error = ?, value = ?", (error, value))
    with pytest.raises(NotRecorded, match="damaged"):
        replay.answer(question())


def test_what_a_terminal_would_obey_is_not_in_an_error(file: Path) -> None:
    replay = tampered(
        file,
        "UPDATE exchange SET error = 'ServerFailed', value = ?",
        ('{"message": "\\u001b[2Jgone\\u202e", "usage": {}}',),
    )
    with pytest.raises(ServerFailed) as raised:
        replay.answer(question())
    assert str(raised.value).isprintable()


PROGRAMS = [
    "CREATE TRIGGER t AFTER INSERT ON exchange BEGIN DELETE FROM exchange; END",
    "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT * FROM c",
    "CREATE INDEX i ON exchange (abs(number))",
    "ALTER TABLE exchange ADD COLUMN more TEXT",
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda text: text[:14])
def test_programs_in_a_recording_are_refused_and_never_run(program: str, file: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not those of a recording"):
        tampered(file, program)
    with pytest.raises(ModelUnavailable, match="not those of a recording"):
        Recorder(file)
