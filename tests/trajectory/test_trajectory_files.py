"""Files of trajectories: what is written is read back, and what cannot be read is said with its line."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.script import Script
from trpg_env.trajectory import StoreError, Trajectory, Writer, read_trajectories

as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    return list(rollout(load("cool-tomato"), ErringAgent(), 3, sandbox=sandbox))


@pytest.fixture
def file(tmp_path: Path, played: list[Trajectory]) -> Path:
    with Writer(tmp_path / "played.jsonl") as writer:
        for trajectory in played:
            writer.write(trajectory)
    return tmp_path / "played.jsonl"


def test_what_was_written_is_read_back(file: Path, played: list[Trajectory]) -> None:
    assert list(read_trajectories(file)) == played
    assert list(read_trajectories(str(file))) == played
    assert file.read_bytes().count(b"\n") == 3


def test_each_trajectory_is_in_the_file_as_soon_as_it_is_written(
    tmp_path: Path, played: list[Trajectory]
) -> None:
    path = tmp_path / "new" / "folder" / "played.jsonl"
    with Writer(path) as writer:
        for i, trajectory in enumerate(played, start=1):
            writer.write(trajectory)
            assert len(list(read_trajectories(path))) == i


def test_blank_lines_do_not_matter(file: Path, played: list[Trajectory]) -> None:
    file.write_bytes(b"\n" + file.read_bytes().replace(b"\n", b"\n\n  \r\n"))
    assert list(read_trajectories(file)) == played


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b'"text"',
        b"\xff\xfe\x00",
        b"\0\0\0\0",
        b"[" * 100_000,
        b'{"schema_version": 1}',
        b"\x1f\x8b\x08\x00binary",
    ],
    ids=lambda line: ascii(line[:12]),
)
def test_a_line_that_is_no_trajectory_is_named_with_file_and_line(
    line: bytes, file: Path, played: list[Trajectory]
) -> None:
    file.write_bytes(file.read_bytes() + line + b"\n")
    found = []
    with pytest.raises(StoreError, match=r"played\.jsonl:4: not a trajectory") as caught:
        for trajectory in read_trajectories(file):
            found.append(trajectory)
    assert found == played
    assert len(str(caught.value)) < 1_000
    assert "\n" not in str(caught.value)


def test_a_torn_last_line_is_named(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(StoreError, match=r"played\.jsonl:3: not a trajectory"):
        list(read_trajectories(file))


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"outcome": "won"},
        {"turns": []},
        {"turns": [{"role": "Narrator"}]},
        {"seed": "x"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_key_with_a_wrong_value_is_named(
    change: dict[str, Any], tmp_path: Path, played: list[Trajectory]
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(json.loads(played[0].model_dump_json()) | change))
    with pytest.raises(StoreError, match=next(iter(change))):
        list(read_trajectories(path))


@pytest.mark.parametrize(
    "path", ["missing.jsonl", ".", "missing/x.jsonl", "nul\0l.jsonl", "x" * 5_000], ids=lambda p: ascii(p[:9])
)
def test_a_file_that_cannot_be_read_is_a_store_error(path: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        list(read_trajectories(tmp_path / path))


@pytest.mark.parametrize(
    "path", [".", "nul\0l.jsonl", "x" * 5_000, "file/x.jsonl"], ids=lambda p: ascii(p[:9])
)
def test_a_file_that_cannot_be_written_is_a_store_error(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Writer(tmp_path / path)


@as_root
def test_a_folder_without_permission_is_a_store_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        Writer(tmp_path / "x.jsonl")


def test_a_file_that_holds_something_is_refused_and_kept(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(StoreError, match="exists already; name another file"):
        Writer(file)
    assert file.read_bytes() == before


def test_an_empty_file_may_be_written_to(tmp_path: Path, played: list[Trajectory]) -> None:
    path = tmp_path / "x.jsonl"
    path.touch()
    with Writer(path) as writer:
        writer.write(played[0])
    assert list(read_trajectories(path)) == played[:1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_store_error(played: list[Trajectory]) -> None:
    with pytest.raises(StoreError, match="No space left"), Writer(Path("/dev/full")) as writer:
        writer.write(played[0])
