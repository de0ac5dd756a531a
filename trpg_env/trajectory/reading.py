"""Reading files of trajectories: JSON Lines, one episode a line."""

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from trpg_env.trajectory.model import Trajectory


class StoreError(ValueError):
    """A file of trajectories that cannot be read or written; the text names file and line."""


class BadLine(StoreError):
    """A line that is not a trajectory; the text says why."""


def read_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, each with its number from 1.

    Raises:
        StoreError: The file cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}") from None


def count_lines(path: str | os.PathLike[str]) -> int:
    """How many lines a file has that are not blank.

    Raises:
        StoreError: The file cannot be read.
    """
    return sum(1 for _ in read_lines(path))


def parse_line(line: bytes) -> Trajectory:
    """The trajectory on a line.

    Raises:
        BadLine: There is none.
    """
    try:
        return Trajectory.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadLine(f"not a trajectory: {f'{where}: ' if where else ''}{first['msg']}") from None


def read_trajectories(path: str | os.PathLike[str]) -> Iterator[Trajectory]:
    """The trajectories of a file, one by one.

    Raises:
        StoreError: The file cannot be read, or a line is not a trajectory.
    """
    for number, line in read_lines(path):
        try:
            trajectory = parse_line(line)
        except BadLine as error:
            raise StoreError(f"{path}:{number}: {error}") from None
        yield trajectory


def reason(error: OSError | ValueError) -> str:
    """Why the system refused, in its own words."""
    return getattr(error, "strerror", None) or str(error)
