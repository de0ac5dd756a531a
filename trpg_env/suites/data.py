"""The data that a user brings: benchmarks' files below the folder that `TRPG_DATA` names. None of it is shipped here."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VARIABLE = "TRPG_DATA"
"""The environment variable that names the folder."""

MAX_LINE = 16 << 20
"""The longest line that is read, in bytes."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a character that JSON writes as two; alone it is none."""


class DataError(ValueError):
    """Data that is not there or cannot be read; the text says where to get it and where to put it."""


class Data:
    """A folder of benchmarks' data.

    Args:
        folder: The folder; what `TRPG_DATA` names where left out.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        named = os.environ.get(VARIABLE) if folder is None else os.fspath(folder)
        self._folder = Path(named) if named else None

    def path(self, below: str, source: str) -> Path:
        """A file or folder of the data.

        Args:
            below: Its path below the folder.
            source: Where it is to be had, for whoever has not got it.

        Raises:
            DataError: It is not there.
        """
        if self._folder is None:
            raise DataError(
                f"{below} is wanted, and {VARIABLE} names no folder of benchmarks' data; get it from {source}, put it into a folder "
                f"as {below}, and set {VARIABLE} to that folder"
            )
        path = self._folder / below
        try:
            there = path.exists()
        except (OSError, ValueError):
            there = False
        if not there:
            raise DataError(f"{path} is not there; get it from {source}, and put it there ({VARIABLE})")
        return path

    def lines(self, below: str, source: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects of a file of JSON Lines, each with its place (`file:line`).

        Args:
            below: The file's path below the folder.
            source: Where it is to be had.

        Raises:
            DataError: It is not there, or a line is no JSON object.
        """
        path = self.path(below, source)
        try:
            with path.open("rb") as file:
                for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
                    if line.strip():
                        yield f"{path}:{number}", _object(line, f"{path}:{number}")
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        read = json.loads(line) if len(line) <= MAX_LINE else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise DataError(f"{place} is no JSON object; get the file again")
    if _HALF.search(line) and not _is_text(read):
        raise DataError(f"{place} has half a character in its text (\\ud800 to \\udfff); get the file again")
    return read


def _is_text(read: dict[str, Any]) -> bool:
    """Whether all of it can be written down again, in results for one."""
    try:
        json.dumps(read, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def field(record: dict[str, Any], key: str, kind: type, place: str) -> Any:
    """A value of a record.

    Args:
        record: The record.
        key: Its key.
        kind: The value's type.
        place: Where the record stands.

    Raises:
        DataError: It has no such value.
    """
    value = record.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise DataError(f"{place}: {key!r} is to be a {kind.__name__}, and is not; get the file again")
    return value
