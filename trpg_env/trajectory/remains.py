"""What an interrupted run has left in its file, looked through before anything is changed."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from trpg_env.trajectory.reading import BadLine, Form, R, StoreError, unreadable


@dataclass
class Remains:
    """What is in a file.

    Attributes:
        ids: The records.
        end: Where the last whole line ends.
        ended: Whether it ends with a newline.
        torn: Whether half a line follows, as a process leaves that was killed while it wrote.
    """

    ids: set[str] = field(default_factory=set)
    end: int = 0
    ended: bool = True
    torn: bool = False


def look_through(file: int, path: Path, form: Form[R], take: Callable[[R], None]) -> Remains:
    """Read a file whose last line may be torn.

    Args:
        file: Its descriptor; it stays open.
        path: What it is called.
        form: What its lines are.
        take: Is given each record.

    Raises:
        StoreError: Another line is no record, or a record is there twice.
    """
    remains = Remains()
    size = os.fstat(file).st_size
    with open(file, "rb", closefd=False) as lines:
        lines.seek(0)
        for number, line in enumerate(lines, start=1):
            try:
                record = form.parse(line) if line.strip() else None
            except BadLine as error:
                if not error.whole and remains.end + len(line) == size and form.may_be_torn(line):
                    remains.torn = True
                    return remains
                raise unreadable(path, number, error) from None
            if record is not None:
                if record.id in remains.ids:
                    raise StoreError(
                        f"{path}:{number}: {form.one} {record.id} is here a second time; delete the line"
                    )
                remains.ids.add(record.id)
                take(record)
            remains.end += len(line)
            remains.ended = line.endswith(b"\n")
    return remains


def set_aside(file: int, end: int, torn: Path) -> None:
    """Move what is behind `end` to another file; it is safe there before it is taken away here.

    Raises:
        OSError: The system refused.
    """
    with open(file, "rb", closefd=False) as source, torn.open("ab") as aside:
        source.seek(end)
        shutil.copyfileobj(source, aside)
        aside.write(b"\n")
        aside.flush()
        os.fsync(aside.fileno())
    os.ftruncate(file, end)


def put(path: Path, data: bytes) -> None:
    """Write a small file beside its place, then rename it; both names in the folder are forced to the disk.

    Raises:
        OSError: The system refused.
    """
    draft = path.with_name(f".{path.name}")
    try:
        # A link that somebody has put there would have another file overwritten.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(draft, flags, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems do not offer it
            os.fsync(folder)
    finally:
        os.close(folder)
