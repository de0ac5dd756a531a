"""The file of a run: JSON Lines, appended to as episodes end, taken up again where a run was interrupted.

Each trajectory is written with one call as soon as it is given, so that a process that is killed loses nothing that it
has finished; at most the last line is torn. Taking the file up again sets such a line aside (`FILE.torn`) and says which
episodes are there already. What the run is stands beside it (`FILE.run`): another run is refused.
"""

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from trpg_env.trajectory.commit import GroupCommit
from trpg_env.trajectory.reading import BadLine, StoreError, parse_line, reason
from trpg_env.trajectory.statistics import Statistics


class Store:
    """Appends the trajectories of one run to a file.

    `episode_id in store` tells whether an episode was there when the file was opened. A pipe or a device is
    written to and nothing else.

    Args:
        path: The file. Folders on the way to it are made.
        run: What tells this run from another, as JSON-like data.
        ids: The ids of all its episodes.

    Attributes:
        found: What was there when the file was opened, counted.
        torn: Where a torn last line was set aside; None where there was none.

    Raises:
        StoreError: The file cannot be written, somebody writes it now, or it holds something else.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with Store(f"{folder}/episodes.jsonl", {"seed": 0}, ids=["3f2a"]) as store:
        ...         "3f2a" in store
        False
    """

    def __init__(self, path: str | os.PathLike[str], run: Mapping[str, Any], ids: Iterable[str]) -> None:
        self.path = Path(path)
        self.found = Statistics()
        self.torn: Path | None = None
        self._there: set[int] = set()
        self._commit: GroupCommit | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.path} cannot be written: {reason(error)}") from None
        try:
            self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
            if self._regular:
                self._lock()
                self._take_up(json.loads(json.dumps(run)), ids)
                self._commit = GroupCommit(self._file)
        except BaseException as error:
            os.close(self._file)
            if isinstance(error, OSError):
                raise StoreError(f"{self.path} cannot be written: {reason(error)}") from None
            raise

    def __contains__(self, episode: str) -> bool:
        return int(episode, 16) in self._there

    def append(self, line: bytes) -> None:
        """Append one trajectory; it is in the file when this returns, and whole or not at all.

        Args:
            line: The trajectory as JSON on one line, with the newline.

        Raises:
            StoreError: The disk is full, or writing failed otherwise.
        """
        try:
            self._write(line)
            if self._commit is not None:
                self._commit.ask()
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {reason(error)}") from None

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._file, rest) :]
            except OSError:
                if self._regular and len(rest) < len(data):
                    # Half a line is worth nothing, and the next one would be glued to it.
                    end = os.fstat(self._file).st_size - (len(data) - len(rest))
                    os.ftruncate(self._file, end)
                raise

    def close(self) -> None:
        """Force everything to the disk and let go of the file.

        Raises:
            StoreError: The disk refused.
        """
        try:
            if self._commit is not None:
                self._commit.close()
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {reason(error)}") from None
        finally:
            os.close(self._file)

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.nullcontext() if kind is None else contextlib.suppress(StoreError):
            self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{self.path} is being written by another process; wait for it, or name another file"
            ) from None

    def _take_up(self, run: dict[str, Any], ids: Iterable[str]) -> None:
        beside = self.path.with_name(f"{self.path.name}.run")
        if os.fstat(self._file).st_size:
            self._refuse_another(run, beside)
            self._read()
            self._refuse_strangers(ids)
        if not (self._there and beside.exists()):
            _put(beside, json.dumps(run, indent=1, ensure_ascii=False).encode())

    def _refuse_another(self, run: dict[str, Any], beside: Path) -> None:
        try:
            earlier = json.loads(beside.read_bytes())
        except FileNotFoundError:
            return  # the ids alone will tell
        except ValueError:
            raise StoreError(
                f"{beside} does not say which run {self.path} holds; delete one or both"
            ) from None
        if not isinstance(earlier, dict) or earlier != run:
            differing = [key for key in run if not isinstance(earlier, dict) or earlier.get(key) != run[key]]
            raise StoreError(
                f"{self.path} holds another run ({' and '.join(differing) or 'it has more arguments'} differ); "
                "name another file, or give the arguments it was begun with"
            )

    def _read(self) -> None:
        """Learn what is there; a torn last line is set aside."""
        end = number = 0
        with open(self._file, "rb", closefd=False) as file:
            file.seek(0)
            size = os.fstat(self._file).st_size
            for number, line in enumerate(file, start=1):
                try:
                    if line.strip():
                        trajectory = parse_line(line)
                        self._there.add(int(trajectory.id, 16))
                        self.found.add(trajectory)
                except (BadLine, ValueError) as error:
                    if end + len(line) < size:
                        raise StoreError(f"{self.path}:{number}: {error}") from None
                    self._set_aside(line, end)
                    return
                end += len(line)
        if not line.endswith(b"\n"):
            self._write(b"\n")

    def _set_aside(self, line: bytes, end: int) -> None:
        self.torn = self.path.with_name(f"{self.path.name}.torn")
        with self.torn.open("ab") as file:
            file.write(line.rstrip(b"\n") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(self._file, end)

    def _refuse_strangers(self, ids: Iterable[str]) -> None:
        if self._there - {number for number in (int(i, 16) for i in ids) if number in self._there}:
            raise StoreError(
                f"{self.path} holds episodes of another run; name another file, or give the arguments it was begun with"
            )


def _put(path: Path, data: bytes) -> None:
    """Write a small file beside its place, then rename it."""
    draft = path.with_name(f".{path.name}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
