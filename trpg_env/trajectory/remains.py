"""What an interrupted run has left in its file, looked through before anything is changed."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from trpg_env.trajectory.reading import BadLine, StoreError, may_be_torn, parse_line, unreadable
from trpg_env.trajectory.statistics import Statistics


@dataclass
class Remains:
    """What is in a file.

    Attributes:
        ids: The episodes.
        statistics: The same, counted.
        end: Where the last whole line ends.
        ended: Whether it ends with a newline.
        torn: Whether half a line follows, as a process leaves that was killed while it wrote.
    """

    ids: set[str] = field(default_factory=set)
    statistics: Statistics = field(default_factory=Statistics)
    end: int = 0
    ended: bool = True
    torn: bool = False


def look_through(file: int, path: Path) -> Remains:
    """Read a file of trajectories whose last line may be torn.

    Args:
        file: Its descriptor; it stays open.
        path: What it is called.

    Raises:
        StoreError: Another line is no trajectory, or an episode is there twice.
    """
    remains = Remains()
    size = os.fstat(file).st_size
    with open(file, "rb", closefd=False) as lines:
        lines.seek(0)
        for number, line in enumerate(lines, start=1):
            try:
                trajectory = parse_line(line) if line.strip() else None
            except BadLine as error:
                if not error.whole and remains.end + len(line) == size and may_be_torn(line):
                    remains.torn = True
                    return remains
                raise unreadable(path, number, error) from None
            if trajectory is not None:
                if trajectory.id in remains.ids:
                    raise StoreError(
                        f"{path}:{number}: episode {trajectory.id} is here a second time; delete the line"
                    )
                remains.ids.add(trajectory.id)
                remains.statistics.add(trajectory)
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
        with draft.open("wb") as file:
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
