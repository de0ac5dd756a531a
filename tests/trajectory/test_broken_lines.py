"""A line that is no trajectory: what is said of it, and whether it is taken for a torn one."""

from pathlib import Path

import pytest

from trpg_env import rollout
from trpg_env.agents import PlannerAgent
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import StoreError, read_trajectories


@pytest.fixture(scope="module")
def line(sandbox: Sandbox) -> bytes:
    """A trajectory's line."""
    [played] = rollout("cool-tomato", PlannerAgent(), 1, sandbox=sandbox)
    return played.model_dump_json().encode() + b"\n"


def complaint(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        list(read_trajectories(path))
    return str(caught.value).removeprefix(f"{path}:")


TORN = "the last line is torn; the command that wrote it, called again, sets it aside and goes on"


@pytest.mark.parametrize("length", [1, 10, 19, 500, -2])
@pytest.mark.parametrize("zeros", [0, 1, 4_096])
def test_half_a_trajectory_on_the_last_line_is_torn(
    length: int, zeros: int, line: bytes, tmp_path: Path
) -> None:
    told = complaint(tmp_path / "x.jsonl", line + b"\n" + line[:length] + b"\0" * zeros)
    assert told == f"3: not a trajectory: {TORN}"


def test_zeros_that_a_power_cut_leaves_are_torn(line: bytes, tmp_path: Path) -> None:
    assert complaint(tmp_path / "x.jsonl", line + b"\0" * 4_096) == f"2: not a trajectory: {TORN}"


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (b'{"torn', "invalid JSON: EOF while parsing a string"),
        (b"not text", "invalid JSON: expected ident"),
        (b'{"schema_version":1}', "id: Field required"),
        (
            b'{"schema_version":2}',
            "its schema_version is not 1, the only one that this version of trpg_env reads",
        ),
        (b"[]", "input should be an object"),
    ],
    ids=str,
)
def test_another_last_line_is_wrong_for_what_it_says_and_may_be_deleted(
    last: bytes, told: str, line: bytes, tmp_path: Path
) -> None:
    said = complaint(tmp_path / "x.jsonl", line + last)
    assert said == f"2: not a trajectory: {told}; delete the line if all others are sound"


def test_a_line_within_the_file_is_not_torn_and_named_by_the_files_line_alone(
    line: bytes, tmp_path: Path
) -> None:
    said = complaint(tmp_path / "x.jsonl", line + line[:300] + b"\n" + line)
    assert said.startswith("2: not a trajectory: invalid JSON: ")
    assert said.endswith("; delete the line if all others are sound")
    assert "column" not in said
