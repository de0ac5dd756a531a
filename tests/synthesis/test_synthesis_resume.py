"""A run of synthesis that ends too early goes on where it was: nothing is lost, nothing is there twice, and no question that
had an answer is asked again."""

import asyncio
import errno
import json
import os
import random
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Outcome, Status
from running import LIMIT, all_gone, command, interrupt, kill, needs_proc, size, start, until
from writing_models import (
    GOOD,
    KINDS,
    by_item,
    draft,
    in_the_papers_form,
    made,
    outcomes_of,
    own,
    sampling,
    sent,
    turns,
    whose,
)

from trpg_env.cli import main
from trpg_env.synthesis.run import JOURNAL, RECORDING
from trpg_env.trajectory import Journal, Store, read_trajectories

kinds = pytest.mark.parametrize("kind", KINDS)

N = 40
CONCURRENCY = 4


def arguments(kind: str, url: str, *more: str, n: int = N) -> list[str]:
    """The command, to be run in the folder."""
    scripts = [] if kind == "scripts" else ["--scripts", "bell.json"]
    out = "s" if kind == "scripts" else "x.jsonl"
    return [
        *("generate", kind, *scripts, "-n", str(n), "--model", "m", "--base-url", url, "--out", out),
        *more,
    ]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder but for a script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bell.json").write_text(json.dumps({**in_the_papers_form(), "name": "bell"}))
    return tmp_path


def writing(kind: str) -> Callable[[int, int], Outcome]:
    """A model some of whose items need several calls, and some all of them in vain; each of its scripts is another."""

    def say(item: int, number: int) -> Outcome:
        if number < item % 6:
            return sent(turns()[: 3 + number]) if kind == "trajectories" else "Hm."
        return json.dumps(draft(f"Bell {item}")) if kind == "scripts" else sent(turns())

    return say


CALLS = sum(min(item % 6 + 1, 4) for item in range(N))
KEPT = sum(item % 6 < 4 for item in range(N))


def recorded(file: Path, aside: Path) -> set[int]:
    """The seeds of the questions whose answers a killed process has left in its recording; the file stays as it is."""
    if not file.exists():
        return set()
    aside.mkdir()
    for part in file.parent.glob(f"{file.name}*"):
        shutil.copy(part, aside)
    try:
        with closing(sqlite3.connect(aside / file.name)) as connection:
            rows = connection.execute("SELECT asked FROM exchange WHERE error IS NULL").fetchall()
    except sqlite3.OperationalError:  # killed before there were tables
        return set()
    return {json.loads(asked)["seed"] for (asked,) in rows}


# Killed.


@needs_proc
@kinds
def test_a_run_that_is_killed_again_and_again_asks_nothing_twice_that_had_an_answer(
    kind: str, here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    draws, places, kills = random.Random(3), whose(KINDS[kind], 0, N), 3
    say = writing(kind)
    times: Counter[int] = Counter()
    lost = 0

    async def reply(request: dict[str, Any]) -> Outcome:
        await asyncio.sleep(0.02)
        return say(*places[request["seed"]])

    with ModelServer(reply) as server:
        run = command(*arguments(kind, server.url, "--concurrency", str(CONCURRENCY)))
        answered: set[int] = set()
        for left in range(kills, 0, -1):
            begun = len(server.requests)
            process = start(run, here)
            try:
                # Also before anything is asked, and while a call of an item is answered whose others were.
                target = begun + draws.uniform(0, 1.5) * max(CALLS - begun, 0) / left
                until(lambda: len(server.requests) >= target or process.poll() is not None)  # noqa: B023
            finally:
                started = kill(process)
            assert until(partial(all_gone, started), limit=10)
            asked = [request["seed"] for request in server.requests[begun:]]
            assert not answered & set(asked), "what was recorded is not asked again"
            times.update(asked)
            answered |= recorded(own(kind, here) / RECORDING, tmp_path_factory.mktemp("aside") / "copy")
            unanswered = set(times) - answered
            assert len(unanswered) <= CONCURRENCY, "only what was in flight is without an answer"
            lost += len(unanswered)
        begun = len(server.requests)
        process = start(run, here)
        _, said = process.communicate(timeout=LIMIT)
        asked = [request["seed"] for request in server.requests[begun:]]
        assert not answered & set(asked)
        times.update(asked)
    assert (process.returncode, b"Traceback" in said) == (0, False)
    assert len(times) == CALLS
    assert times.total() <= CALLS + lost
    lines = (own(kind, here) / JOURNAL).read_bytes().splitlines()
    assert len({json.loads(line)["item"] for line in lines}) == len(lines) == N

    resumed = made(kind, here)
    assert len(resumed) == KEPT
    (here / "undisturbed").mkdir()
    with ModelServer(by_item(say, KINDS[kind])) as server:
        calls = sum(
            outcome.calls for outcome in outcomes_of(kind, here / "undisturbed", N, sampling(server.url))
        )
    assert calls == len(server.requests) == CALLS
    undisturbed = made(kind, here / "undisturbed")
    assert resumed == [line.replace(b"/undisturbed/", b"/") for line in undisturbed]


# Torn, deleted, unknown.


def whole_run(kind: str, n: int = 8) -> list[bytes]:
    """A run that came to its end, and whose server is gone; what it has made."""
    with ModelServer(by_item(writing(kind), KINDS[kind])) as server:
        assert main(arguments(kind, server.url, n=n)) == 0
    return made(kind, Path())


GONE = "http://127.0.0.1:1/v1"
"""Where nobody answers: what is asked there fails."""


@kinds
@pytest.mark.parametrize("part", [0.0, 0.5, 0.99], ids=str)
def test_a_torn_line_of_the_journal_is_set_aside_and_its_item_taken_from_the_recording(
    kind: str, part: float, capsys: pytest.CaptureFixture[str]
) -> None:
    before, journal = whole_run(kind), own(kind, Path()) / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    torn = lines[-1][: max(1, int(part * len(lines[-1])))]
    journal.write_bytes(b"".join(lines[:-1]) + torn)
    capsys.readouterr()
    assert main(arguments(kind, GONE, n=8)) == 0
    out, err = capsys.readouterr()
    assert f"a last line was torn; it is set aside in {journal.resolve()}.torn\n" in err
    assert Path(f"{journal}.torn").read_bytes() == torn + b"\n"
    assert journal.read_bytes() == b"".join(lines)
    assert made(kind, Path()) == before
    assert out.startswith("items               8\n")


def test_a_torn_line_of_the_trajectories_is_set_aside_and_written_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, file = whole_run("trajectories"), Path("x.jsonl")
    data = file.read_bytes()
    file.write_bytes(data[:-500])
    capsys.readouterr()
    assert main(arguments("trajectories", GONE, n=8)) == 0
    torn = file.resolve().with_name("x.jsonl.torn")
    assert f"a last line was torn; it is set aside in {torn}\n" in capsys.readouterr().err
    assert made("trajectories", Path()) == before


@pytest.mark.parametrize("which", [0, -1])
def test_a_script_that_was_deleted_is_written_again_without_a_call(
    which: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before, files = whole_run("scripts"), sorted(Path("s").glob("*.json"))
    files[which].unlink()
    capsys.readouterr()
    assert main(arguments("scripts", GONE, n=8)) == 0
    out, err = capsys.readouterr()
    assert "s: 7 of 8 scripts are decided already" in err
    assert "kept                6" in out
    assert made("scripts", Path()) == before
    assert len((own("scripts", Path()) / JOURNAL).read_bytes().splitlines()) == 8


@pytest.mark.parametrize("which", [[1, 3], [0, 1, 2, 3, 4, 5]], ids=len)
def test_a_trajectory_that_was_deleted_is_written_again_without_a_call(which: list[int]) -> None:
    before, file = whole_run("trajectories"), Path("x.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(line for i, line in enumerate(lines) if i not in which))
    assert main(arguments("trajectories", GONE, n=8)) == 0
    assert made("trajectories", Path()) == before
    assert len((own("trajectories", Path()) / JOURNAL).read_bytes().splitlines()) == 8


@kinds
def test_a_product_that_was_kept_before_its_item_was_noted_is_there_once(kind: str) -> None:
    before, journal = whole_run(kind), own(kind, Path()) / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]))
    assert main(arguments(kind, GONE, n=8)) == 0
    assert made(kind, Path()) == before
    assert sorted(journal.read_bytes().splitlines(keepends=True)) == sorted(lines)


@kinds
def test_where_the_recording_was_deleted_too_only_what_is_missing_is_asked_again(kind: str) -> None:
    before = whole_run(kind)
    (own(kind, Path()) / RECORDING).unlink()
    if kind == "scripts":
        sorted(Path("s").glob("*.json"))[0].unlink()
    else:
        Path("x.jsonl").write_bytes(b"".join(Path("x.jsonl").read_bytes().splitlines(keepends=True)[1:]))
    with ModelServer(by_item(writing(kind), KINDS[kind])) as server:
        assert main(arguments(kind, server.url, n=8)) == 0
        assert len(server.requests) == 1
    assert made(kind, Path()) == before


@kinds
def test_without_its_journal_and_recording_what_was_made_is_not_paid_for_again(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = whole_run(kind)
    shutil.rmtree(own(kind, Path()))
    capsys.readouterr()
    with ModelServer(by_item(writing(kind), KINDS[kind])) as server:
        assert main(arguments(kind, server.url, n=8)) == 2
        assert server.requests == []
    assert ".synthesis is not there" in capsys.readouterr().err
    assert made(kind, Path()) == before
    assert not own(kind, Path()).exists()


@kinds
def test_a_journal_that_holds_something_else_is_refused_and_stays(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, journal = whole_run(kind, n=2), own(kind, Path()) / JOURNAL
    whole = journal.read_bytes()
    for line in (
        '{"item": 99, "kept": "00099-x.json", "usage": {}}',
        '{"item": 0, "reason": "json", "usage": {}}',
        '{"item": -1}',
        '{"item": 0, "kept": 3}',
        "[]",
        '{"item": 0, "whatever": 1}',
    ):
        journal.write_bytes(f"{line}\n".encode() + whole)
        held = journal.read_bytes()
        capsys.readouterr()
        assert main(arguments(kind, GONE, n=2)) == 2, line
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1), line
        assert (journal.read_bytes(), made(kind, Path())) == (held, before), line


@pytest.mark.parametrize("name", ["../bell.json", "/etc/passwd", ".synthesis/items.jsonl", ""])
def test_a_name_in_the_journal_leads_nowhere_outside(name: str) -> None:
    whole_run("scripts")
    journal = own("scripts", Path()) / JOURNAL
    first, *lines = journal.read_bytes().splitlines(keepends=True)
    held = json.loads(first)
    (Path("s") / held["kept"]).unlink()
    journal.write_bytes(json.dumps(held | {"kept": name}).encode() + b"\n" + b"".join(lines))
    assert main(arguments("scripts", GONE, n=8)) == 0
    assert (Path("s") / held["kept"]).is_file()


# Other runs, and others who run.

CHANGES = {
    "--seed": ["--seed", "1"],
    "-n": ["-n", "9"],
    "--model": ["--model", "other"],
    "--temperature": ["--temperature", "0"],
    "--max-tokens": ["--max-tokens", "77"],
    "--max-calls": ["--max-calls", "3"],
}
CHANGES_OF = {
    "scripts": {"--grounded": ["--grounded"], "--personas": ["--personas", "p.txt"]},
    "trajectories": {
        "--min-refinements": ["--min-refinements", "1"],
        "--scripts": ["--scripts", "cool-tomato"],
    },
}


@kinds
def test_a_run_with_other_arguments_is_refused_in_a_line_and_all_stays(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("p.txt").write_text("A cook.\n")
    before = whole_run(kind, n=2)
    capsys.readouterr()
    with ModelServer(GOOD[kind]) as server:
        for name, change in (CHANGES | CHANGES_OF[kind]).items():
            assert main([*arguments(kind, server.url, n=2), *change]) == 2, name
            out, err = capsys.readouterr()
            assert (out, err.count("\n")) == ("", 1), name
            assert "holds another run" in err, name
            assert made(kind, Path()) == before, name
        assert server.requests == []


@kinds
def test_how_a_run_is_carried_out_may_change(kind: str) -> None:
    before = whole_run(kind, n=2)
    for change in (["--concurrency", "3"], ["--timeout", "7"], ["--json"], ["--record", "r.sqlite"]):
        assert main([*arguments(kind, GONE, n=2), *change]) == 0, change
        assert made(kind, Path()) == before


@kinds
def test_a_run_that_another_process_carries_out_is_refused(kind: str, here: Path) -> None:
    with ModelServer(GOOD[kind]) as server:
        outcomes = outcomes_of(kind, here, 5, sampling(server.url))
        with closing(outcomes):
            next(outcomes)
            asked = len(server.requests)
            process = start(command(*arguments(kind, server.url, n=5)), here)
            out, err = process.communicate(timeout=LIMIT)
            assert (process.returncode, out, err.count(b"\n")) == (2, b"", 1)
            assert b"is being written by another process" in err
            assert len(server.requests) <= asked + 1, "one more by the first of them"
            rest = list(outcomes)
    assert len(rest) == 4
    assert len(made(kind, here)) == 5


# Interrupted.


@needs_proc
@kinds
def test_an_interrupt_is_told_in_a_line_and_the_run_goes_on_from_there(kind: str, here: Path) -> None:
    places = whose(KINDS[kind], 0, 12)
    waits = True

    async def reply(request: dict[str, Any]) -> Outcome:
        if waits and places[request["seed"]][0] >= 5:
            await asyncio.sleep(60)
        return GOOD[kind]

    with ModelServer(reply) as server:
        run = arguments(kind, server.url, "--concurrency", "3", n=12)
        process = start(command(*run), here)
        journal = own(kind, here) / JOURNAL
        assert until(
            lambda: (size(journal) and journal.read_bytes().count(b"\n") == 5) or process.poll() is not None
        )
        assert until(lambda: len(server.requests) == 8)
        code, said, started = interrupt(process)
        last = said.splitlines()[-1]
        assert (code, last) == (
            130,
            f"trpg-env: interrupted; 5 of 12 {kind} are decided: the same command goes on from there",
        )
        assert "Traceback" not in said
        assert until(partial(all_gone, started), limit=10)
        waits = False
        assert main(run) == 0
        seeds = Counter(request["seed"] for request in server.requests)
    assert len(made(kind, here)) == 12
    assert {seed for seed, times in seeds.items() if times > 1} == {
        seed for seed, (item, number) in places.items() if item in (5, 6, 7) and number == 0
    }


@kinds
def test_items_at_which_the_model_failed_are_not_told_as_decided_when_interrupted(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(item: int, number: int) -> Outcome:
        return Status(401) if item % 2 else GOOD[kind]

    append = Journal.append

    def interrupted(journal: Journal[Any], line: bytes) -> None:
        if line.startswith(b'{"item":4'):
            raise KeyboardInterrupt
        append(journal, line)

    monkeypatch.setattr(Journal, "append", interrupted)
    with ModelServer(by_item(say, KINDS[kind])) as server:
        assert main(arguments(kind, server.url, n=8)) == 130
    out, err = capsys.readouterr()
    assert f"interrupted; 2 of 8 {kind} are decided" in err
    assert "kept                2" in out
    assert "failed              2 (model:request 2)" in out


# A full disk.


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@kinds
def test_a_disk_that_is_full_is_told_in_a_line_and_the_run_goes_on_when_it_is_not(
    kind: str, here: Path
) -> None:
    with ModelServer(by_item(writing(kind), KINDS[kind])) as server:
        run = arguments(kind, server.url)
        limited = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *command(*run)]
        process = start(limited, here)
        out, err = process.communicate(timeout=LIMIT)
        told = err.decode()
        assert process.returncode == 1
        assert "Traceback" not in told
        assert "model:record" in told
        assert b"written to" in out
        answered = len(server.requests)
        kept = made(kind, here)
        assert 0 < len(kept) < KEPT
        assert main(run) == 0
        # What was answered when nothing could be recorded any more was the last.
        assert len(server.requests) <= CALLS + 1
    assert answered < CALLS
    assert len(made(kind, here)) == KEPT
    assert set(kept) <= set(made(kind, here))


@pytest.fixture
def small_disk(here: Path) -> Iterator[Path]:
    disk = here / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@kinds
def test_a_real_disk_that_is_full_is_told_and_nothing_is_lost(
    kind: str, small_disk: Path, here: Path
) -> None:
    out = {"scripts": "disk/s", "trajectories": "disk/x.jsonl"}[kind]
    with ModelServer(by_item(writing(kind), KINDS[kind])) as server:
        run = [*arguments(kind, server.url), "--out", out]
        process = start(command(*run), here)
        _, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, b"Traceback" in err) == (1, False)
        kept = made(kind, small_disk)
        subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
        assert main(run) == 0
    assert len(made(kind, small_disk)) == KEPT
    assert set(kept) <= set(made(kind, small_disk))
    assert len(server.requests) <= CALLS + 1


@kinds
@pytest.mark.parametrize("what", ["product", "journal"])
def test_what_cannot_be_kept_ends_the_run_in_a_line_and_is_not_paid_for_again(
    kind: str, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    calls = 0

    def third(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= 3:
            raise full
        return real(*given)

    if what == "journal":
        real: Any = Journal._write
        name = "trpg_env.trajectory.Journal._write"
    elif kind == "scripts":
        real = __import__("trpg_env.synthesis.shelves", fromlist=["put"]).put
        name = "trpg_env.synthesis.shelves.put"
    else:
        real = Store._write
        name = "trpg_env.trajectory.Store._write"
    with ModelServer(GOOD[kind]) as server:
        with monkeypatch.context() as patched:
            patched.setattr(name, third)
            assert main(arguments(kind, server.url, n=6)) == 1
        out, err = capsys.readouterr()
        complaints = [line for line in err.splitlines() if line.startswith("trpg-env: ")]
        assert len(complaints) == 1
        assert (
            "cannot be written: No space left on device; put that right, then the same command"
            in complaints[0]
        )
        assert out.startswith("items ")
        assert main(arguments(kind, server.url, n=6)) == 0
        seeds = [request["seed"] for request in server.requests]
    assert len(seeds) == len(set(seeds)) == 6
    assert len(made(kind, Path())) == 6


@kinds
def test_a_disk_that_does_not_keep_what_it_took_is_told_in_a_line(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trpg_env.trajectory.commit.INTERVAL", 60)
    for module in ("trpg_env.trajectory.journal", "trpg_env.synthesis.shelves"):
        monkeypatch.setattr(f"{module}.put", lambda *_: None)

    def fail(file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    with ModelServer(GOOD[kind]) as server:
        assert main(arguments(kind, server.url, n=2)) == 1
    err = capsys.readouterr().err
    assert "cannot be written: Input/output error" in err
    assert "Traceback" not in err


# Recorded and replayed.


@kinds
def test_what_was_recorded_is_replayed_byte_for_byte_without_a_server(
    kind: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(item: int, number: int) -> Outcome:
        return Status(401, "no") if (item, number) == (7, 1) else writing(kind)(item, number)

    with ModelServer(by_item(say, KINDS[kind])) as server:
        run = arguments(kind, server.url, "--record", "r.sqlite", "--concurrency", "2", n=12)
        capsys.readouterr()
        assert main(run) == 1
        summary = capsys.readouterr().out
    assert not (own(kind, here) / RECORDING).exists()
    files = {path: path.read_bytes() for path in (here / "s").glob("*.json")} or made(kind, here)
    for path in [*here.glob("s*"), *here.glob("x.jsonl*")]:
        path.rename(path.with_name(f"first-{path.name}"))
    assert main([*arguments(kind, GONE, n=12), "--replay", "r.sqlite"]) == 1
    assert capsys.readouterr().out == summary
    assert ({path: path.read_bytes() for path in (here / "s").glob("*.json")} or made(kind, here)) == files
    with closing(sqlite3.connect("r.sqlite")) as file:
        dump = "\n".join(file.iterdump())
    assert "127.0.0.1" not in dump.replace("m at 127.0.0.1", "")
    assert str(here) not in dump


@kinds
def test_the_runs_own_recording_can_be_replayed_elsewhere(kind: str, here: Path) -> None:
    before = whole_run(kind)
    out = {"scripts": "again/s", "trajectories": "again/x.jsonl"}[kind]
    replay = str(own(kind, Path()) / RECORDING)
    assert main([*arguments(kind, GONE, n=8), "--replay", replay, "--out", out]) == 0
    assert made(kind, here / "again") == before


@kinds
def test_a_question_that_was_not_recorded_fails_its_item_and_names_the_recording(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ModelServer(GOOD[kind]) as server:
        assert main(arguments(kind, server.url, "--record", "r.sqlite", n=1)) == 0
    out = {"scripts": "again", "trajectories": "again.jsonl"}[kind]
    assert main([*arguments(kind, GONE, n=2), "--replay", "r.sqlite", "--out", out]) == 1
    said = capsys.readouterr()
    assert "model:replay" in said.err
    assert "r.sqlite" in said.err


@kinds
def test_two_runs_may_record_into_one_file(kind: str) -> None:
    with ModelServer(GOOD[kind]) as server:
        assert main(arguments(kind, server.url, "--record", "r.sqlite", n=3)) == 0
        out = {"scripts": "again", "trajectories": "again.jsonl"}[kind]
        assert main([*arguments(kind, server.url, "--record", "r.sqlite", n=3), "--out", out]) == 0
        assert len(server.requests) == 3


def test_what_a_killed_put_leaves_behind_is_cleared_away_when_the_script_is_written(here: Path) -> None:
    with ModelServer(GOOD["scripts"]) as server:
        assert main(arguments("scripts", server.url, n=1)) == 0
    (file,) = Path("s").glob("*.json")
    whole = file.read_bytes()
    file.rename(file.with_name(f".{file.name}"))
    assert main(arguments("scripts", GONE, n=1)) == 0
    assert file.read_bytes() == whole
    assert sorted(path.name for path in Path("s").iterdir()) == [".synthesis", file.name]


def test_trajectories_that_are_kept_stay_while_others_are_added(here: Path) -> None:
    """As a reader sees it who follows the file."""
    with ModelServer(GOOD["trajectories"]) as server:
        outcomes = outcomes_of("trajectories", here, 5, sampling(server.url))
        seen = b""
        for number, outcome in enumerate(outcomes, start=1):
            now = (here / "x.jsonl").read_bytes()
            assert now.startswith(seen)
            assert now.count(b"\n") == number
            assert outcome.kept in {t.id for t in read_trajectories(here / "x.jsonl")}
            seen = now
    assert size(here / "x.jsonl") == len(seen)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_cannot_be_taken_up_and_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe")
    for out in ("pipe", "/dev/null"):
        assert main([*arguments("trajectories", GONE, n=1), "--out", out]) == 2
        err = capsys.readouterr().err
        assert f"{out} is no regular file; name one, which the run can be taken up from" in err
    assert {path.name for path in here.iterdir()} == {"bell.json", "pipe"}
