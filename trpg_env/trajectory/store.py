"""Trajectories in files: JSON Lines, one episode a line, on disk as soon as it has ended."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from trpg_env.trajectory.model import Trajectory


class StoreError(ValueError):
    """A file of trajectories that cannot be read or written; the text names file and line."""


class Writer:
    """Writes trajectories to a new file.

    Args:
        path: The file; it must not hold anything yet. Folders on the way to it are made.

    Raises:
        StoreError: The file holds something, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
            if self._file.tell():
                self._file.close()
                raise StoreError(f"{path} exists already; name another file, or delete it first")
        except StoreError:
            raise
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} cannot be written: {_why(error)}") from None

    def write(self, trajectory: Trajectory) -> None:
        """Append one trajectory; it is in the file when this returns.

        Raises:
            StoreError: The disk is full, or writing failed otherwise.
        """
        try:
            self._file.write(trajectory.model_dump_json().encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {_why(error)}") from None

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as broken:
            if kind is None:
                raise StoreError(f"{self._path} cannot be written: {_why(broken)}") from None
        finally:
            with contextlib.suppress(OSError):
                self._file.close()


def read_trajectories(path: str | os.PathLike[str]) -> Iterator[Trajectory]:
    """The trajectories of a file, one by one.

    Raises:
        StoreError: The file cannot be read, or a line is not a trajectory.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _parse(line, path, number)
    except StoreError:
        raise
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {_why(error)}") from None


def _why(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _parse(line: bytes, path: Path, number: int) -> Trajectory:
    try:
        return Trajectory.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(
            f"{path}:{number}: not a trajectory: {f'{where}: ' if where else ''}{first['msg']}"
        ) from None
