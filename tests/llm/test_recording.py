"""Recordings keep every exchange, whatever happens to who writes them, and play it back exactly."""

import asyncio
import gc
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import ModelServer

from tests.llm.questions import SAID, SCHEMA, question, record_them
from trpg_env.llm import (
    Answer,
    At,
    BadAnswer,
    ContextTooLong,
    Limits,
    Model,
    ModelError,
    ModelUnavailable,
    NotRecorded,
    RateLimited,
    Request,
    RequestRefused,
    ServerFailed,
    TimedOut,
    Unreachable,
    Usage,
)
from trpg_env.llm.errors import RecordingFailed
from trpg_env.llm.question import Question
from trpg_env.llm.recording import Recorder, Replay


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


def test_an_answer_is_found_again_and_replayed(file: Path) -> None:
    recorder = Recorder(file)
    assert recorder.find(question()) is None
    assert recorder.keep(question(), SAID) == SAID
    assert recorder.find(question()) == SAID
    assert Replay(file).answer(question()) == SAID


@pytest.mark.parametrize(
    "other",
    [
        question("Hello!"),
        question(seed=8),
        question(number=1),
        question(model="n"),
        question(temperature=0.5),
        question(max_tokens=21),
        question(seed=7, schema=SCHEMA),
        Question(Request("m", question().request.messages, 0.0, 20, 2), At(7, 0)),
    ],
)
def test_an_exchange_goes_by_the_request_the_seed_and_the_number(file: Path, other: Question) -> None:
    recorder = Recorder(file)
    recorder.keep(question(), SAID)
    assert recorder.find(other) is None
    with pytest.raises(NotRecorded):
        Replay(file).answer(other)


@pytest.mark.parametrize("seed", [0, -1, 2**63, 10**40])
def test_any_whole_number_is_a_seed(file: Path, seed: int) -> None:
    Recorder(file).keep(question(seed=seed), SAID)
    assert Replay(file).answer(question(seed=seed)) == SAID


KINDS = [
    Unreachable,
    TimedOut,
    RateLimited,
    ServerFailed,
    RequestRefused,
    BadAnswer,
    ContextTooLong,
    ModelError,
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_replayed_as_it_was_and_asked_again_by_who_records(
    file: Path, kind: type[ModelError]
) -> None:
    recorder = Recorder(file)
    error = kind("it broke: 🍅", Usage(retries=2))
    assert recorder.keep(question(), error) is error
    assert recorder.find(question()) is None
    with pytest.raises(ModelError) as replayed:
        Replay(file).answer(question())
    assert type(replayed.value) is kind
    assert (str(replayed.value), replayed.value.kind) == (str(error), kind.kind)
    assert replayed.value.usage == error.usage
    assert recorder.keep(question(), SAID) == SAID
    assert Replay(file).answer(question()) == SAID


def test_the_first_answer_stands(file: Path) -> None:
    one, other = Recorder(file), Recorder(file)
    one.keep(question(), SAID)
    assert other.keep(question(), Answer("Too late.")) == SAID
    assert other.keep(question(), ServerFailed("too late")) == SAID
    assert Replay(file).answer(question()) == SAID


@pytest.fixture(scope="module")
def shared() -> Iterator[Recorder]:
    with tempfile.TemporaryDirectory() as folder:
        yield Recorder(Path(folder) / "run.db")
        gc.collect()


texts = st.text(st.characters(exclude_categories=[]))


@given(said=texts, reasoning=st.none() | texts, finish=st.none() | texts, number=st.integers(0, 2**40))
def test_any_text_comes_back_as_it_was(
    shared: Recorder, said: str, reasoning: str | None, finish: str | None, number: int
) -> None:
    answer = Answer(said, reasoning, finish, Usage(number, 1, 2, 3, 4))
    asked = question(said, number=number, model=finish or "m")
    if shared.find(asked) is None:
        assert shared.keep(asked, answer) == answer
        assert shared.find(asked) == answer


def test_a_huge_text_comes_back_as_it_was(file: Path) -> None:
    answer = Answer("\ud800\x00🍅" * 500_000)
    Recorder(file).keep(question("x" * 3_000_000), answer)
    assert Replay(file).answer(question("x" * 3_000_000)) == answer


def test_what_a_chat_repeats_is_kept_once(file: Path) -> None:
    recorder = Recorder(file)
    messages = [{"role": "system", "content": "A long prompt. " * 1_000}]
    for number in range(50):
        messages = [*messages, {"role": "user", "content": f"Number {number}."}]
        recorder.keep(question(number=number, messages=tuple(messages), schema=SCHEMA), Answer("Well."))
    del recorder
    assert file.stat().st_size < 200_000


# What a miss tells.


def missing(file: Path, asked: Question) -> str:
    with pytest.raises(NotRecorded) as caught:
        Replay(file).answer(asked)
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_a_miss_names_what_was_asked(file: Path) -> None:
    Recorder(file).keep(question(number=2), SAID)
    told = missing(file, question("Open\nthe \x1b[31mdoor.", number=3))
    assert told == (
        "run.db has no answer of 'm' for question 3 of the episode with seed 7, which ends "
        '"Open the  [31mdoor."; of that seed it has 1 other question'
    )
    assert missing(file, question(seed=99)).endswith("of that seed it has no other questions")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": 0.5}, "which differs in temperature (0.0 there, 0.5 here)"),
        (
            {"model": "n", "max_tokens": 5},
            'differs in model ("m" there, "n" here), max_tokens (20 there, 5 here)',
        ),
        ({"schema": SCHEMA}, "which differs in the schema of its answer"),
        ({"messages": ({"role": "system", "content": "Be brief."},)}, "with 2 messages there and 1 here"),
        ({"messages": ()}, "with 2 messages there and 0 here"),
        (
            {"messages": ({"role": "user", "content": "Be brief."},)},
            "which differs first in message 0, which is the system's there and the user's here",
        ),
        (
            {"text": "Hello, my dear old friend!"},
            'first in message 1, at character 5: "Hello." there, "Hello, my dear old friend!" here',
        ),
        (
            {"text": "Hello, my dear old world!"},
            'first in message 1, at character 19: "Hello, my dear old friend!" there, "Hello, my dear old world!" here',
        ),
    ],
)
def test_a_miss_tells_where_the_recording_goes_another_way(
    file: Path, changes: dict[str, Any], words: str
) -> None:
    recorder = Recorder(file)
    recorder.keep(question(messages=({"role": "user", "content": "Of another participant."},)), SAID)
    recorder.keep(question("Hello, my dear old friend!" if "19" in words else "Hello."), SAID)
    assert words in missing(file, question(**changes))


def test_long_texts_are_shown_where_they_come_apart(file: Path) -> None:
    Recorder(file).keep(question("a" * 5_000 + "b" * 500), SAID)
    told = missing(file, question("a" * 5_000 + "c" * 500))
    assert f'at character 5000: "…{"a" * 20}{"b" * 60}…" there, "…{"a" * 20}{"c" * 60}…" here' in told


# Files.


@pytest.mark.parametrize("mode", ["record", "replay"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{}\n" * 100, "is no recording; name another file"),
        (b"SQLite format 3\0" + b"\0" * 100, "is no recording; name another file"),
        ("table", "is no recording; name another file"),
        ("newer", "is a recording of version 2, and only version 1 is known here; record anew"),
        ("folder", "is no recording; name another file"),
        ("fifo", "is no recording; name another file"),
    ],
)
def test_what_is_no_recording_is_refused_and_not_touched(
    file: Path, mode: str, content: bytes | str, words: str
) -> None:
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content == "table":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE mine (x)")
    elif content == "newer":
        Recorder(file).keep(question(), SAID)
        gc.collect()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA user_version = 2")
    elif content == "folder":
        file.mkdir()
    else:
        os.mkfifo(file)
    before = file.read_bytes() if file.is_file() else b""
    with pytest.raises(ModelUnavailable, match=words) as caught:
        Model("m", base_url="http://127.0.0.1:9/v1", **{mode: file})
    assert "\n" not in str(caught.value)
    assert (file.read_bytes() if file.is_file() else b"") == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("empty", [True, False])
def test_a_replay_needs_a_recording(file: Path, empty: bool) -> None:
    if empty:
        file.touch()
    with pytest.raises(ModelUnavailable, match=r"run\.db is (no recording|not there)"):
        Replay(file)
    assert file.exists() == empty


def test_a_recording_is_begun_in_an_empty_file_and_in_a_new_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for path in (tmp_path / "empty.db", tmp_path / "new" / "folder" / "run 1?#%.db"):
        Recorder(path).keep(question(), SAID)
        assert Replay(path).answer(question()) == SAID


@pytest.mark.parametrize("path", ["/proc/nowhere/run.db", "/dev/null/run.db", "/dev/full", "nul\0.db"])
def test_where_nothing_can_be_written_is_said_at_once(path: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"cannot be written: |is no recording") as caught:
        Recorder(path)
    assert "\n" not in str(caught.value)


def test_a_recording_that_was_begun_holds_no_place(file: Path) -> None:
    with ModelServer("Good day.") as server:
        model = Model("m", base_url=server.url, record=file)
        asyncio.run(model.ask(question().request, At(7, 0)))
        port = server.url.rpartition(":")[2]
    del model
    gc.collect()
    content = file.read_bytes()
    for place in (str(file), file.parent.name, f":{port}", "127.0.0.1"):
        assert place.encode() not in content


def test_a_closed_recording_is_one_file(file: Path) -> None:
    recorders = [Recorder(file), Recorder(file)]
    recorders[0].keep(question(), SAID)
    recorders.clear()
    gc.collect()
    assert list(file.parent.iterdir()) == [file]
    assert file.read_bytes()[18] == 1  # no write-ahead log: it can be read from anywhere


def test_recorders_and_replays_close_without_a_warning(file: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recorder(file).keep(question(), SAID)
        Replay(file).answer(question())
        gc.collect()


def test_a_replay_changes_nothing(file: Path) -> None:
    Recorder(file).keep(question(), SAID)
    gc.collect()
    before = file.read_bytes()
    replay = Replay(file)
    replay.answer(question())
    missing(file, question(number=1))
    del replay
    gc.collect()
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder that cannot be written: by nobody but root, who is nobody for so long."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        user = os.geteuid()
        yield path
        if user == 0:
            os.seteuid(0)
        for inner in (path, *path.rglob("*")):
            inner.chmod(0o755)


def lock(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65_534)


def test_a_replay_works_where_nothing_can_be_written(nobodys: Path) -> None:
    Recorder(nobodys / "run.db").keep(question(), SAID)
    gc.collect()
    lock(nobodys)
    assert Replay(nobodys / "run.db").answer(question()) == SAID
    with pytest.raises(ModelUnavailable, match="cannot be written"):
        Recorder(nobodys / "run.db")
    with pytest.raises(ModelUnavailable, match="cannot be written"):
        Recorder(nobodys / "another.db")


RECORD = """
import os, signal, sys
from tests.llm.questions import SAID, question
from trpg_env.llm.recording import Recorder
recorder = Recorder(sys.argv[1])
for number in range(10_000):
    recorder.keep(question(number=number), SAID)
    if number >= 20: print(number, flush=True)
"""


def killed(file: Path) -> int:
    """Let a process record into a file and kill it; gives the last number that it has said it recorded."""
    command = [sys.executable, "-c", RECORD, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        last = [process.stdout.readline() for _ in range(30)][-1]
        process.kill()
    assert process.returncode == -signal.SIGKILL
    return int(last)


def test_what_a_killed_process_recorded_is_there(file: Path) -> None:
    last = killed(file)
    replay = Replay(file)
    assert all(replay.answer(question(number=number)) == SAID for number in range(last + 1))
    recorder = Recorder(file)
    assert recorder.find(question(number=last)) == SAID
    recorder.keep(question(seed=8), SAID)
    del replay, recorder
    gc.collect()
    assert list(file.parent.iterdir()) == [file]
    assert Replay(file).answer(question(number=last)) == SAID


def test_what_a_killed_process_left_is_replayed_where_nothing_can_be_written(nobodys: Path) -> None:
    last = killed(nobodys / "run.db")
    shutil.copytree(nobodys, nobodys / "copy")
    (nobodys / "copy" / "run.db-shm").unlink()
    lock(nobodys)
    assert Replay(nobodys / "run.db").answer(question(number=last)) == SAID
    with pytest.raises(ModelUnavailable, match="was not closed by who recorded it"):
        Replay(nobodys / "copy" / "run.db")


def test_processes_that_record_the_same_get_the_same_answers(file: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(3), spawn.Queue()
    processes = [spawn.Process(target=record_them, args=(file, name, barrier, results)) for name in "abc"]
    for process in processes:
        process.start()
    answers = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert answers[0] == answers[1] == answers[2]
    results.close()
    results.join_thread()
    replay = Replay(file)
    assert [replay.answer(question(number=number)).content for number in range(150)] == answers[0]
    assert file.read_bytes()[:15] == b"SQLite format 3"


def test_recorders_that_come_and_go_at_once_lose_nothing(file: Path) -> None:
    def run(name: int) -> None:
        try:
            for number in range(12):
                Recorder(file).keep(question(seed=name, number=number), SAID)
        except Exception as error:
            failures.append(error)

    failures: list[Exception] = []
    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    replay = Replay(file)
    for name in range(4):
        for number in range(12):
            assert replay.answer(question(seed=name, number=number)) == SAID


def test_threads_share_a_recorder(file: Path) -> None:
    def run(name: str) -> None:
        for number in range(100):
            kept = recorder.keep(question(number=number), Answer(name))
            assert isinstance(kept, Answer)
            answers[name].append(kept.content)

    recorder = Recorder(file)
    answers: dict[str, list[str]] = {name: [] for name in "abcd"}
    threads = [threading.Thread(target=run, args=(name,)) for name in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers["a"]) == 100
    assert answers["a"] == answers["b"] == answers["c"] == answers["d"]


def test_a_forked_child_records_with_a_connection_of_its_own(file: Path) -> None:
    program = f"""
import os, sys
from tests.llm.questions import SAID, question
from trpg_env.llm.recording import Recorder, Replay
recorder = Recorder({str(file)!r})
recorder.keep(question(number=0), SAID)
replay = Replay({str(file)!r})
replay.answer(question(number=0))
child = os.fork()
recorder.keep(question(number=1 if child else 2), SAID)
replay.answer(question(number=0))
if not child:
    del recorder, replay
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
recorder.keep(question(number=3), SAID)
assert recorder.find(question(number=2)) == SAID
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], timeout=60, check=True)
    replay = Replay(file)
    assert all(replay.answer(question(number=number)) == SAID for number in range(4))
    del replay
    gc.collect()
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_is_said_and_what_could_not_be_written_is_written_later(file: Path) -> None:
    program = f"""
import json, resource
from tests.llm.questions import SAID, question
from trpg_env.llm.exchange import Answer
from trpg_env.llm.errors import RecordingFailed
from trpg_env.llm.recording import Recorder, Replay
recorder = Recorder({str(file)!r})
recorder.keep(question(), SAID)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
told = []
for number in range(1, 20):
    try:
        if recorder.find(question(number=number)) is None:
            recorder.keep(question(number=number), Answer(str(number) * 40_000))
    except RecordingFailed as failed:
        told.append((number, str(failed), failed.kind))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
first = told[0][0]
assert recorder.find(question(number=first)) == Answer(str(first) * 40_000)
assert recorder.find(question(number=first + 1)) is None
replay = Replay({str(file)!r})
for number in range(1, first + 1):
    assert replay.answer(question(number=number)) == Answer(str(number) * 40_000)
assert replay.answer(question()) == SAID
print(json.dumps(told))
"""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        timeout=60,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = json.loads(ran.stdout)
    numbers = [number for number, _, _ in told]
    assert numbers == list(range(numbers[0], 20))
    assert all(
        "the recording run.db cannot be written: " in said and kind == "record" for _, said, kind in told
    )


def test_a_recording_that_cannot_be_written_costs_one_question_and_no_more(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ModelServer(lambda body: body["messages"][-1]["content"]) as server:
        model = Model("m", base_url=server.url, record=file, limits=Limits(retries=0))
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            assert model._recorder is not None
            model._recorder._file.opened.connection.execute("PRAGMA busy_timeout = 10")
            other.execute("BEGIN IMMEDIATE")
            for number in range(3):
                with pytest.raises(RecordingFailed, match="database is locked"):
                    asyncio.run(model.ask(question(str(number)).request, At(7, number)))
            assert len(server.requests) == 1
            other.execute("ROLLBACK")
        assert asyncio.run(model.ask(question("0").request, At(7, 0))).content == "0"
        assert len(server.requests) == 1


def test_a_damaged_recording_is_said_to_be(file: Path) -> None:
    recorder = Recorder(file)
    for number in range(50):
        recorder.keep(question("x" * 2_000, number=number), SAID)
    del recorder
    gc.collect()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE exchange SET value = '{}' WHERE number = 3")
        connection.commit()
    with pytest.raises(NotRecorded, match="cannot be read: an exchange in it is damaged"):
        Replay(file).answer(question("x" * 2_000, number=3))
    content = bytearray(file.read_bytes())
    content[4096:-4096] = b"\xff" * (len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises((NotRecorded, ModelUnavailable), match="cannot be read: database disk image"):
        Replay(file).answer(question("x" * 2_000, number=4))
