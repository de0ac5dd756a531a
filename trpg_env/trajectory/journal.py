"""A file of a run: JSON Lines, appended to as work is finished, taken up again where a run was interrupted.

Each record is written with one call as soon as it is given, so that a process that is killed loses nothing that it
has finished; at most the last line is torn. Taking the file up again sets such a line aside (`FILE.torn`) and says which
records are there already. What the run is stands beside it (`FILE.run`): another run is refused.
"""

import errno
import fcntl
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Generic, Self

from trpg_env.trajectory.commit import GroupCommit
from trpg_env.trajectory.reading import Form, R, StoreError, reason
from trpg_env.trajectory.remains import Remains, look_through, put, set_aside

_FAILURES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class WriteFailed(StoreError):
    """The disk is full or broken: no wrong use. What was appended before stands."""


class Journal(Generic[R]):
    """Appends the records of one run to a file.

    `id in journal` tells whether a record was there when the file was opened. A pipe or a device is written to and
    nothing else.

    Args:
        path: The file. Folders on the way to it are made.
        form: What its lines are.
        run: What tells this run from another, as JSON-like data.
        ids: The ids of all its records.
        take: Is given each record that was there when the file was opened.
        called: What people call it, where they have named something else: a folder that it is in.
        words: What people call keys of `run`, where that is something else.

    Attributes:
        path: The file.
        torn: Where a torn last line was set aside; None where there was none.

    Raises:
        StoreError: The file cannot be written, somebody writes it now, or it holds something else.
        WriteFailed: It cannot be written because the disk is full or broken.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        form: Form[R],
        run: Mapping[str, Any],
        ids: Iterable[str],
        take: Callable[[R], None],
        called: str | os.PathLike[str] | None = None,
        words: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.path = Path(path)
        self._called, self._another = (path, "another file") if called is None else (called, "another")
        self._words = words
        self.torn: Path | None = None
        self._form, self._take = form, take
        self._there: set[str] = set()
        self._commit: GroupCommit | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _opened(self.path)
        except (OSError, ValueError) as error:
            raise self._failed(error) from None
        try:
            self._regular = stat.S_ISREG(os.fstat(self._file).st_mode)
            if self._regular:
                self._lock()
                self._take_up(json.loads(json.dumps(run)), ids)
                self._commit = GroupCommit(self._file)
            # How many records are in the file, and its length with them.
            self._kept = len(self._there), os.fstat(self._file).st_size
        except BaseException as error:
            os.close(self._file)
            if isinstance(error, OSError):
                raise self._failed(error) from None
            raise

    def __contains__(self, id: str) -> bool:
        return id in self._there

    @property
    def records(self) -> int:
        """How many records the file holds; exact also where `append` was interrupted by a signal."""
        known, length = self._kept
        more = self._regular and self._file >= 0 and os.fstat(self._file).st_size > length
        return known + more

    def append(self, line: bytes) -> None:
        """Append one record; it is in the file when this returns, and whole or not at all.

        Args:
            line: The record as JSON on one line, with the newline.

        Raises:
            WriteFailed: The disk is full, or writing failed otherwise.
        """
        try:
            self._write(line)
            records, length = self._kept
            self._kept = records + 1, length + len(line)
            if self._commit is not None:
                self._commit.ask()
        except OSError as error:
            raise WriteFailed(f"{self.path} cannot be written: {reason(error)}") from None

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except BaseException:
            if self._regular and 0 < len(rest) < len(data):
                # Half a line is worth nothing, and the next one would be glued to it.
                end = os.fstat(self._file).st_size - (len(data) - len(rest))
                os.ftruncate(self._file, end)
            raise

    def close(self) -> None:
        """Force everything to the disk and let go of the file.

        Raises:
            WriteFailed: The disk refused.
        """
        if self._file < 0:
            return
        self._kept = self.records, 0
        try:
            if self._commit is not None:
                self._commit.close()
        except OSError as error:
            raise WriteFailed(f"{self.path} cannot be written: {reason(error)}") from None
        finally:
            file, self._file = self._file, -1
            os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except WriteFailed as failed:
            if error is None or isinstance(error, GeneratorExit):
                raise
            error.add_note(str(failed))

    def _failed(self, error: OSError | ValueError) -> StoreError:
        kind = WriteFailed if getattr(error, "errno", None) in _FAILURES else StoreError
        return kind(f"{self.path} cannot be written: {reason(error)}")

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{self._called} is being written by another process; wait for it, or name {self._another}"
            ) from None

    def _take_up(self, run: dict[str, Any], ids: Iterable[str]) -> None:
        # Beside the file itself, by whatever link it was named.
        real = Path(os.path.realpath(self.path))
        described = real.with_name(f"{real.name}.run")
        if os.fstat(self._file).st_size:
            self._refuse_another(run, described)
            remains = look_through(self._file, self.path, self._form, self._take)
            self._refuse_strangers(remains.ids, ids)
            self._there = remains.ids
            self._mend(remains, real.with_name(f"{real.name}.torn"))
        if not (self._there and described.exists()):
            put(described, json.dumps(run, indent=1).encode())

    def _mend(self, remains: Remains, torn: Path) -> None:
        if remains.torn:
            set_aside(self._file, remains.end, torn)
            self.torn = torn
        elif not remains.ended:
            self._write(b"\n")

    def _refuse_another(self, run: dict[str, Any], described: Path) -> None:
        try:
            earlier = json.loads(described.read_bytes())
            if not isinstance(earlier, dict):
                raise ValueError
        except FileNotFoundError:
            return  # the ids alone will tell
        except (ValueError, RecursionError, OSError):
            raise StoreError(
                f"{described} does not say which run {self.path} holds; delete it, and the {self._form.many} themselves tell"
            ) from None
        differing = [
            _told(self._words.get(key, key), earlier.get(key), run.get(key))
            for key in run | earlier
            if earlier.get(key) != run.get(key)
        ]
        if differing:
            raise StoreError(
                f"{self._called} holds another run: {', '.join(differing)} "
                f"{'differs' if len(differing) == 1 else 'differ'}; name {self._another}, or give the arguments it was begun with"
            )

    def _refuse_strangers(self, there: set[str], ids: Iterable[str]) -> None:
        strangers = set(there)
        for known in ids:
            strangers.discard(known)
            if not strangers:  # a run has many more records than a file that was just begun
                return
        if strangers:
            raise StoreError(
                f"{self._called} holds {self._form.many} of another run; name {self._another}, or give the arguments it was begun "
                "with"
            )


def _told(name: str, there: Any, here: Any) -> str:
    """What differs; numbers, which are short, with both values."""
    if all(value is None or isinstance(value, int) for value in (there, here)):
        return f"{name} ({json.dumps(there)} there, {json.dumps(here)} here)"
    return name


def _opened(path: Path) -> int:
    flags = os.O_APPEND | os.O_CLOEXEC
    try:
        elsewhere = not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        elsewhere = False
    # A pipe that is opened for reading, too, would not notice that its reader has gone away.
    flags |= os.O_WRONLY if elsewhere else os.O_RDWR | os.O_CREAT
    return os.open(path, flags, 0o666)
