"""Reading files of trajectories: JSON Lines, one episode a line."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from pydantic import ValidationError

from trpg_env.trajectory.model import Trajectory

_WITHIN = re.compile(r" at line \d+ column \d+$")
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class StoreError(ValueError):
    """A file of trajectories that cannot be read or written; the text names file and line."""


class BadLine(StoreError):
    """A line that is not a trajectory; the text says why.

    Attributes:
        whole: Whether it is JSON all the same.
    """

    def __init__(self, message: str, *, whole: bool = True) -> None:
        super().__init__(message)
        self.whole = whole


class TornLine(BadLine):
    """A last line that is half a trajectory, as a process leaves that was killed while it wrote."""

    def __init__(self) -> None:
        super().__init__(
            "not a trajectory: the last line is torn; the command that wrote it, called again, sets it aside and goes on",
            whole=False,
        )


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
        whole = all(one["type"] != "json_invalid" for one in error.errors())
        raise BadLine(f"not a trajectory: {what_is_wrong(error)}", whole=whole) from None


def what_is_wrong(error: ValidationError) -> str:
    """The first thing that is wrong with a record, with its place in the record."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    if where == "schema_version":
        return "its schema_version is not 1, the only one that this version of trpg_env reads"
    # A line of JSON has no lines of its own that a reader would know of.
    message = _WITHIN.sub("", first["msg"])
    return f"{where}: {message}" if where else f"{message[:1].lower()}{message[1:]}"


class Record(Protocol):
    """What stands on a line."""

    @property
    def id(self) -> str:
        """Tells it from the others of the file."""
        ...


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Form(Generic[R]):
    """What the lines of a file are.

    Attributes:
        parse: Reads a line; raises `BadLine` where it is no record.
        beginning: What each line begins with.
        one: What people call a record.
        many: What they call several.
    """

    parse: Callable[[bytes], R]
    beginning: bytes
    one: str
    many: str

    def may_be_torn(self, line: bytes) -> bool:
        """Whether a last line that is no JSON is the beginning of a record, or what a power cut leaves in its place."""
        return line.startswith((self.beginning, b"\0")) or self.beginning.startswith(line.rstrip(b"\0"))


TRAJECTORIES: Final = Form(parse_line, b'{"schema_version":', "episode", "episodes")
"""The lines of a file of trajectories."""


def parsed_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, Trajectory | BadLine]]:
    """Each line of a file that is not blank, with its number: its trajectory, or why it is none.

    Raises:
        StoreError: The file cannot be read.
    """
    lines = read_lines(path)
    here = next(lines, None)
    while here is not None:
        (number, line), here = here, next(lines, None)
        try:
            parsed: Trajectory | BadLine = parse_line(line)
        except BadLine as error:
            torn = here is None and not error.whole and TRAJECTORIES.may_be_torn(line)
            parsed = TornLine() if torn else error
        yield number, parsed


def read_trajectories(path: str | os.PathLike[str]) -> Iterator[Trajectory]:
    """The trajectories of a file, one by one.

    Raises:
        StoreError: The file cannot be read, or a line is not a trajectory.
    """
    for number, parsed in parsed_lines(path):
        if isinstance(parsed, TornLine):
            raise StoreError(f"{path}:{number}: {parsed}")
        if isinstance(parsed, BadLine):
            raise unreadable(path, number, parsed)
        yield parsed


def unreadable(path: str | os.PathLike[str], number: int, error: BadLine) -> StoreError:
    """What to say of a file of which one line is no record."""
    return StoreError(f"{path}:{number}: {error}; delete the line if all others are sound")


def reason(error: OSError | ValueError) -> str:
    """Why the system refused, in its own words."""
    return getattr(error, "strerror", None) or str(error)


def kind_of(mode: int) -> str:
    """What people call what is no regular file.

    Args:
        mode: As `stat` gives it.

    Example:
        >>> kind_of(Path().stat().st_mode)
        'a folder'
    """
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")
