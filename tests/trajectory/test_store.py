"""The file of a run: appended to, taken up again, and never to be mixed with another run's."""

import errno
import gc
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.script import Script
from trpg_env.trajectory import Statistics, Store, StoreError, Trajectory, read_trajectories
from trpg_env.trajectory.commit import GroupCommit
from trpg_env.trajectory.journal import WriteFailed

RUN = {"seed": 0, "n": 4, "scripts": [{"name": "tea 茶", "hash": "ab"}]}


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    return list(rollout(load("cool-tomato"), ErringAgent(), 4, sandbox=sandbox))


@pytest.fixture(scope="module")
def lines(played: list[Trajectory]) -> list[bytes]:
    return [t.model_dump_json().encode() + b"\n" for t in played]


@pytest.fixture
def opened(tmp_path: Path, played: list[Trajectory]) -> Callable[..., Store]:
    def opened(run: dict[str, Any] = RUN, ids: list[str] | None = None) -> Store:
        return Store(tmp_path / "x.jsonl", run, [t.id for t in played] if ids is None else ids)

    return opened


@pytest.fixture
def begun(opened: Callable[..., Store], lines: list[bytes], tmp_path: Path) -> Path:
    """A file with the first two of four episodes."""
    with opened() as store:
        store.append(lines[0])
        store.append(lines[1])
    return tmp_path / "x.jsonl"


def test_what_is_appended_is_in_the_file_at_once_in_order_and_can_be_read(
    tmp_path: Path, played: list[Trajectory], lines: list[bytes]
) -> None:
    file = tmp_path / "new" / "folder" / "x.jsonl"
    with Store(file, RUN, [t.id for t in played]) as store:
        for i, line in enumerate(lines, start=1):
            store.append(line)
            assert (store.episodes, list(read_trajectories(file))) == (i, played[:i])
    assert file.read_bytes() == b"".join(lines)
    assert store.episodes == 4


def test_a_file_that_is_taken_up_says_what_is_there_and_is_appended_to(
    begun: Path, opened: Callable[..., Store], played: list[Trajectory], lines: list[bytes]
) -> None:
    with opened() as store:
        assert [t.id in store for t in played] == [True, True, False, False]
        assert store.found == Statistics.of(played[:2])
        assert (store.episodes, store.torn) == (2, None)
        store.append(lines[2])
        assert store.episodes == 3
        assert played[2].id not in store  # only what was there before is told
    assert begun.read_bytes() == b"".join(lines[:3])


def test_what_the_run_is_stands_beside_the_file(begun: Path) -> None:
    assert json.loads((begun.parent / "x.jsonl.run").read_text()) == RUN
    assert sorted(p.name for p in begun.parent.iterdir()) == ["x.jsonl", "x.jsonl.run"]


@given(cut=st.integers(0, 30_000), tail=st.sampled_from([b"", b"\0", b"\0" * 5_000]))
def test_wherever_a_file_is_cut_it_is_made_whole_again(
    cut: int,
    tail: bytes,
    tmp_path_factory: pytest.TempPathFactory,
    played: list[Trajectory],
    lines: list[bytes],
) -> None:
    file = tmp_path_factory.mktemp("cut") / "x.jsonl"
    whole = b"".join(lines)
    cut %= len(whole) + 1
    file.write_bytes(whole[:cut] + tail)
    with Store(file, RUN, [t.id for t in played]) as store:
        there = [t.id in store for t in played]
        for t, line in zip(played, lines, strict=True):
            if t.id not in store:
                store.append(line)
    assert file.read_bytes() == whole
    # A whole line is kept, with its newline or without it, unless something else is glued to it.
    ends = [sum(map(len, lines[: i + 1])) - (not tail) for i in range(4)]
    assert there == [cut >= end for end in ends]
    torn = file.parent / "x.jsonl.torn"
    assert torn.exists() == (store.torn is not None)
    if store.torn is not None:
        assert whole[:cut].endswith(torn.read_bytes().rstrip(b"\n").rstrip(b"\0"))


def test_every_torn_line_is_kept(begun: Path, opened: Callable[..., Store], lines: list[bytes]) -> None:
    for length in (40, 50):
        with begun.open("ab") as file:
            file.write(lines[2][:length])
        opened().close()
    assert (begun.parent / "x.jsonl.torn").read_bytes() == lines[2][:40] + b"\n" + lines[2][:50] + b"\n"
    assert begun.read_bytes() == b"".join(lines[:2])


def test_blank_lines_do_not_matter(begun: Path, opened: Callable[..., Store], lines: list[bytes]) -> None:
    begun.write_bytes(b"\n" + begun.read_bytes().replace(b"\n", b"\n\n \r\n"))
    with opened() as store:
        assert (store.episodes, store.torn) == (2, None)


@pytest.mark.parametrize(
    "content",
    [
        b"My notes.\n",
        b"My notes.",
        b"\x89PNG\r\n\x1a\n",
        b"{}",
        b'{"a": 1}\n{"a": 2}\n',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda content: ascii(content[:12]),
)
def test_a_file_of_something_else_is_refused_and_kept(
    content: bytes, tmp_path: Path, opened: Callable[..., Store]
) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(StoreError, match=r"x\.jsonl:1: not a trajectory") as caught:
        opened()
    assert not isinstance(caught.value, WriteFailed)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"x.jsonl": content}


def test_a_bad_line_before_others_is_named_and_kept(
    begun: Path, opened: Callable[..., Store], lines: list[bytes]
) -> None:
    begun.write_bytes(before := lines[0] + lines[1][:99] + b"\n" + lines[2])
    with pytest.raises(StoreError, match=r"x\.jsonl:2: not a trajectory"):
        opened()
    assert begun.read_bytes() == before


def test_an_episode_that_is_there_twice_is_named(
    begun: Path, opened: Callable[..., Store], lines: list[bytes]
) -> None:
    begun.write_bytes(before := lines[0] + lines[1] + lines[0])
    with pytest.raises(StoreError, match=r"x\.jsonl:3: episode [0-9a-f]{16} is here a second time"):
        opened()
    assert begun.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, r"seed \(0 there, 1 here\) differs"),
        ({"seed": 1, "n": 5}, r"seed \(0 there, 1 here\), n \(\d there, 5 here\) differ"),
        ({"scripts": [{"name": "tea 茶", "hash": "cd"}]}, "scripts differs"),
        ({"luck": 1}, r"luck \((0|null) there, 1 here\) differs"),
    ],
    ids=str,
)
def test_another_run_is_refused_with_what_differs(
    change: dict[str, Any], named: str, begun: Path, opened: Callable[..., Store]
) -> None:
    before = {p.name: p.read_bytes() for p in begun.parent.iterdir()}
    with pytest.raises(StoreError, match=f"holds another run: {named}; name another file"):
        opened(RUN | change)
    with pytest.raises(StoreError, match=named):
        opened({key: value for key, value in RUN.items() if key not in change} | change)
    assert {p.name: p.read_bytes() for p in begun.parent.iterdir()} == before


def test_without_what_the_run_is_the_episodes_themselves_tell(
    begun: Path, opened: Callable[..., Store], played: list[Trajectory], lines: list[bytes]
) -> None:
    (begun.parent / "x.jsonl.run").unlink()
    begun.write_bytes(before := lines[0] + lines[1] + lines[2][:50])
    with pytest.raises(StoreError, match="holds episodes of another run"):
        opened(ids=[played[0].id])
    assert begun.read_bytes() == before
    assert [p.name for p in begun.parent.iterdir()] == ["x.jsonl"]
    with opened() as store:
        assert store.episodes == 2
    assert json.loads((begun.parent / "x.jsonl.run").read_text()) == RUN


def test_ids_of_any_kind_tell(tmp_path: Path, played: list[Trajectory]) -> None:
    """Not every trajectory is a rollout's; one that is not is no torn line."""
    (tmp_path / "x.jsonl").write_text(played[0].model_copy(update={"id": "made up"}).model_dump_json() + "\n")
    with pytest.raises(StoreError, match="another run"):
        Store(tmp_path / "x.jsonl", RUN, [t.id for t in played])
    with Store(tmp_path / "x.jsonl", RUN, ["made up"]) as store:
        assert "made up" in store


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000], ids=lambda c: ascii(c[:5]))
def test_what_does_not_say_which_run_is_there_is_named(
    content: bytes, begun: Path, opened: Callable[..., Store]
) -> None:
    (begun.parent / "x.jsonl.run").write_bytes(content)
    with pytest.raises(StoreError, match=r"x\.jsonl\.run does not say which run"):
        opened()


def test_what_stands_beside_an_empty_file_is_replaced(
    opened: Callable[..., Store], tmp_path: Path, lines: list[bytes]
) -> None:
    opened(RUN | {"seed": 9}).close()
    with opened() as store:
        store.append(lines[0])
    opened().close()


def test_a_link_stands_for_its_file(
    begun: Path, played: list[Trajectory], tmp_path_factory: pytest.TempPathFactory
) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "link.jsonl"
    link.symlink_to(begun)
    with Store(link, RUN, [t.id for t in played]) as store:
        assert store.episodes == 2
    assert [p.name for p in link.parent.iterdir()] == ["link.jsonl"]


def test_only_one_writes_a_file(opened: Callable[..., Store]) -> None:
    with opened(), pytest.raises(StoreError, match="is being written by another process"):
        opened()
    opened().close()


@pytest.mark.parametrize(
    "path", [".", "nul\0l.jsonl", "x" * 5_000, "file/x.jsonl"], ids=lambda p: ascii(p[:9])
)
def test_a_file_that_cannot_be_written_is_a_store_error(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Store(tmp_path / path, RUN, [])
    assert not isinstance(caught.value, WriteFailed)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_a_store_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "x.jsonl", RUN, [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_told(lines: list[bytes]) -> None:
    with Store("/dev/full", RUN, []) as store, pytest.raises(WriteFailed, match="No space left"):
        store.append(lines[0])
    assert not Path("/dev/full.run").exists()


def test_a_pipe_is_written_to_and_notices_that_its_reader_has_gone(
    tmp_path: Path, lines: list[bytes]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []

    def reader() -> None:
        with (tmp_path / "pipe").open("rb") as pipe:
            read.append(pipe.readline())

    thread = threading.Thread(target=reader)
    thread.start()
    with Store(tmp_path / "pipe", RUN, []) as store:
        store.append(lines[0])
        thread.join()
        with pytest.raises(WriteFailed, match="Broken pipe"):
            store.append(lines[1])
        assert store.episodes == 1
    assert (read, [p.name for p in tmp_path.iterdir()]) == ([lines[0]], ["pipe"])


class Limited:
    """`os.write` on a disk that has room for so many bytes; then `error` is raised."""

    def __init__(self, room: int, error: BaseException) -> None:
        self.room, self.error, self.write = room, error, os.write

    def __call__(self, file: int, data: Any) -> int:
        if self.room <= 0:
            raise self.error
        written = self.write(file, bytes(data[: self.room]))
        self.room -= written
        return written


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), WriteFailed),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=["disk full", "interrupt"],
)
def test_half_a_line_is_taken_back(
    error: BaseException,
    raised: type[BaseException],
    begun: Path,
    opened: Callable[..., Store],
    lines: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with opened() as store:
        with monkeypatch.context() as patched:
            patched.setattr("os.write", Limited(100, error))
            with pytest.raises(raised):
                store.append(lines[2])
            assert store.episodes == 2
            assert begun.read_bytes() == b"".join(lines[:2])
        store.append(lines[2])
        assert store.episodes == 3
    assert begun.read_bytes() == b"".join(lines[:3])


def test_an_episode_counts_whose_append_was_interrupted_when_it_was_written(
    opened: Callable[..., Store], lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def interrupted(file: int, data: Any) -> int:
        real(file, data)
        raise KeyboardInterrupt

    with opened() as store:
        store.append(lines[0])
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr("os.write", interrupted)
            store.append(lines[1])
        assert store.episodes == 2


@pytest.fixture
def failing_fsync(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    def fail(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    yield lambda: monkeypatch.setattr("os.fsync", fail)


def test_a_disk_that_does_not_keep_what_it_took_is_told_when_the_file_is_closed(
    opened: Callable[..., Store], lines: list[bytes], failing_fsync: Callable[[], None]
) -> None:
    store = opened()
    failing_fsync()
    store.append(lines[0])
    with pytest.raises(WriteFailed, match="Input/output error"):
        store.close()
    store.close()  # and then it is closed


def test_a_disk_that_does_not_keep_what_it_took_is_told_soon(
    opened: Callable[..., Store], lines: list[bytes], failing_fsync: Callable[[], None]
) -> None:
    store = opened()
    failing_fsync()
    with pytest.raises(WriteFailed, match="Input/output error"):
        for _ in range(10_000):
            store.append(lines[0])
    with pytest.raises(WriteFailed):
        store.close()


def test_a_disk_that_fails_is_told_beside_another_error_and_to_a_caller_who_stops(
    opened: Callable[..., Store], lines: list[bytes], failing_fsync: Callable[[], None]
) -> None:
    def appending() -> Iterator[None]:
        with opened() as store:
            failing_fsync()
            store.append(lines[0])
            yield

    stopped = appending()
    next(stopped)
    with pytest.raises(WriteFailed):
        stopped.close()  # type: ignore[attr-defined]

    broken = appending()
    next(broken)
    with pytest.raises(RuntimeError) as caught:
        broken.throw(RuntimeError("another"))  # type: ignore[attr-defined]
    assert any("Input/output error" in note for note in caught.value.__notes__)


def test_all_is_forced_to_the_disk_before_the_file_is_closed(
    opened: Callable[..., Store], lines: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lengths: list[int] = []
    monkeypatch.setattr("os.fsync", lambda file: lengths.append(os.fstat(file).st_size))
    with opened() as store:
        for line in lines:
            store.append(line)
    assert lengths[-1] == (tmp_path / "x.jsonl").stat().st_size


def test_appends_share_their_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    commit = GroupCommit(7)
    for _ in range(1_000):
        commit.ask()
    commit.close()
    assert 1 <= len(synced) < 100
    assert set(synced) == {7}


def test_no_thread_is_left(opened: Callable[..., Store]) -> None:
    with opened():
        assert any(t.name == "trpg_env-commit" for t in threading.enumerate())
    assert not any(t.name == "trpg_env-commit" for t in threading.enumerate())
    gc.collect()
