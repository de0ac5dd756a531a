"""Trajectories in files: JSON Lines, one episode a line, on disk as soon as it has ended."""

import contextlib
import os
from pathlib import Path
from types import TracebackType

from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.reading import StoreError, reason


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
            raise StoreError(f"{path} cannot be written: {reason(error)}") from None

    def write(self, trajectory: Trajectory) -> None:
        """Append one trajectory; it is in the file when this returns.

        Raises:
            StoreError: The disk is full, or writing failed otherwise.
        """
        try:
            self._file.write(trajectory.model_dump_json().encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {reason(error)}") from None

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
                raise StoreError(f"{self._path} cannot be written: {reason(broken)}") from None
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
