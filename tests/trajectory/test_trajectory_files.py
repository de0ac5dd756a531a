"""Reading files of trajectories: what was written is read back, and what cannot be read is said with its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.script import Script
from trpg_env.trajectory import Store, StoreError, Trajectory, read_trajectories


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    return list(rollout(load("cool-tomato"), ErringAgent(), 3, sandbox=sandbox))


@pytest.fixture
def file(tmp_path: Path, played: list[Trajectory]) -> Path:
    with Store(tmp_path / "played.jsonl", {}, [t.id for t in played]) as store:
        for trajectory in played:
            store.append(trajectory.model_dump_json().encode() + b"\n")
    return tmp_path / "played.jsonl"


def test_what_was_written_is_read_back(file: Path, played: list[Trajectory]) -> None:
    assert list(read_trajectories(file)) == played
    assert list(read_trajectories(str(file))) == played
    assert file.read_bytes().count(b"\n") == 3


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
