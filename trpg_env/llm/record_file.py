"""The SQLite file of a recording: opening it, refusing what is none, and connections that survive a fork.

While it is written the file is in SQLite's write-ahead mode: many processes may write at once, readers never wait, a
process that is killed loses nothing that it has written, and only one write in many waits for the disk. The last one to close it
puts it back into a single file that can be read anywhere. A recording that was left behind by a killed process has its
last writes in `FILE-wal`, beside it, until somebody opens it to record.
"""

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trpg_env.llm.errors import ModelUnavailable

APPLICATION: Final = int.from_bytes(b"TRPG")
"""SQLite's `application_id`: tells a recording from other people's databases."""

VERSION: Final = 1
"""SQLite's `user_version`: of the tables."""

_TABLES: Final = (
    """CREATE TABLE exchange (
        seed TEXT NOT NULL,      -- of the episode; any whole number
        number INTEGER NOT NULL, -- how many questions the same participant had asked before
        request BLOB NOT NULL,   -- SHA-256 of all that is sent
        error TEXT,              -- the class of the error it ended with; NULL where there is an answer
        value TEXT NOT NULL,     -- the answer or the error, as JSON
        asked TEXT NOT NULL,     -- the request as JSON, with the names of `part` for messages and schema
        PRIMARY KEY (seed, number, request)
    )""",
    "CREATE TABLE part (name INTEGER PRIMARY KEY, value TEXT NOT NULL)",  # a message or a schema, as JSON
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_HEADER = 100
_PAGES: Final = 8_000
"""How many pages of 4 KB `FILE-wal` takes before they are put into the file, which waits for the disk."""
_WAIT: Final = 60.0
"""Seconds to wait for another process that writes; each of its writes takes a fraction of a millisecond."""


@dataclass(eq=False)
class Opened:
    """A connection, whose it is, and the lock for more than one statement at a time."""

    connection: sqlite3.Connection
    process: int = field(default_factory=os.getpid)
    lock: threading.RLock = field(default_factory=threading.RLock)


class RecordFile:
    """A recording's file. Any thread may use it; a forked child opens it anew for itself.

    Args:
        path: The file.
        opening: `open_to_write` or `open_to_read`.

    Raises:
        ModelUnavailable: The file cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str], opening: Callable[[Path], sqlite3.Connection]) -> None:
        self.path = Path(path).absolute()
        self._opening = opening
        self._opened = self._open()

    def _open(self) -> Opened:
        opened = Opened(self._opening(self.path))
        weakref.finalize(self, _close, opened)
        return opened

    @property
    def opened(self) -> Opened:
        """The connection of this process."""
        if self._opened.process != os.getpid():
            self._opened = self._open()
        return self._opened


def _close(opened: Opened) -> None:
    if opened.process != os.getpid():
        # The connection is the parent's, and closing it here could take the file from under it: it is kept for good.
        weakref.finalize(_close, _close, opened).atexit = False
        return
    for statement in (
        "PRAGMA busy_timeout = 0",
        "PRAGMA wal_checkpoint",
        "PRAGMA journal_mode = DELETE",  # refused where others have it open
    ):
        with suppress(sqlite3.Error):
            opened.connection.execute(statement).fetchall()
    opened.connection.close()


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a recording, or begin one where there is no file or an empty one. Folders on the way to it are made.

    Raises:
        ModelUnavailable: It is something else, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_strangers(path, needed=False)
        connection = _connect(path, "rwc")
    except (OSError, ValueError, sqlite3.Error) as error:
        raise _unavailable(path, "cannot be written", error) from None
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            # SQLite opens what cannot be written, too, and says so when it writes.
            connection.execute(_TABLES[-1])
            if not connection.execute("PRAGMA application_id").fetchone()[0]:
                for statement in _TABLES:
                    connection.execute(statement)
        _require_tables(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        # Not everywhere, and not while somebody closes it: slower, no less safe.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}").fetchone()
    except sqlite3.Error as error:
        connection.close()
        raise _unavailable(path, "cannot be written", error) from None
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a recording that is there; the file and its folder may be read-only.

    Raises:
        ModelUnavailable: It is not there, is something else, or cannot be read.
    """
    try:
        _refuse_strangers(path, needed=True)
        connection = _connect(path, "ro")
    except (OSError, ValueError, sqlite3.Error) as error:
        raise _unavailable(path, "cannot be read", error) from None
    try:
        _require_tables(connection)
    except sqlite3.Error as error:
        connection.close()
        left = path.with_name(f"{path.name}-wal")
        if left.exists():
            raise ModelUnavailable(
                f"{path} was not closed by who recorded it, and its last writes are still in {left.name}: put both "
                "into a folder that can be written"
            ) from None
        raise _unavailable(path, "cannot be read", error) from None
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    if "\0" in str(path):  # SQLite's names end there
        raise ValueError("its name holds a null character")
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _require_tables(connection: sqlite3.Connection) -> None:
    """Refuse tables that are not ours: views and triggers are programs, and may run for ever.

    Raises:
        sqlite3.DatabaseError: There are some.
    """
    found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL LIMIT 9").fetchall()
    if {sql for (sql,) in found} != set(_TABLES[:2]):
        raise sqlite3.DatabaseError("its tables are not those of a recording")


def _refuse_strangers(path: Path, *, needed: bool) -> None:
    """Look at a file before SQLite does, which would mend what is not ours."""
    if not path.exists():
        if needed:
            raise ModelUnavailable(f"{path} is not there; record first, or name the file that was recorded")
        return
    header = b""
    if path.is_file():
        with path.open("rb") as file:
            header = file.read(_HEADER)
        if not header and not needed:
            return
    if header[:16] != b"SQLite format 3\0" or int.from_bytes(header[68:72]) != APPLICATION:
        raise ModelUnavailable(f"{path} is no recording; name another file")
    version = int.from_bytes(header[60:64])
    if version != VERSION:
        raise ModelUnavailable(
            f"{path} is a recording of version {version}, and only version {VERSION} is known here; record anew"
        )


def _unavailable(path: Path, what: str, error: Exception) -> ModelUnavailable:
    if isinstance(error, ModelUnavailable):
        return error
    return ModelUnavailable(f"{path} {what}: {getattr(error, 'strerror', None) or error}")
