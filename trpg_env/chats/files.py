"""Files of conversations: JSON Lines, one JSON array, a single conversation, or Parquet.

Which it is follows from what is in the file, not from its name. JSON Lines and Parquet are read piece by piece; a JSON
array has to be in memory whole.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from trpg_env.chats.messages import BadRecord, looks_like_messages
from trpg_env.trajectory.reading import StoreError, count_lines, read_lines, reason

_PARQUET: Final = b"PAR1"
_MARK: Final = b"\xef\xbb\xbf"
"""What some programs begin a text in UTF-8 with."""
_BATCH: Final = 64
"""How many rows of a Parquet file are in memory at once."""


class ChatError(ValueError):
    """A file of which nothing can be read; the text names it and says why."""


class Records:
    r"""The records of a file, in their order. They can be gone through several times.

    Args:
        path: The file.

    Raises:
        ChatError: It cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "chats.jsonl")
        ...     _ = file.write_text('{"messages": []}\nnothing\n')
        ...     [record for _, record in Records(file)]
        [{'messages': []}, BadRecord('no JSON: Expecting value at character 0')]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._whole: list[Any] | None = None
        self._parquet = False
        try:
            with self.path.open("rb") as file:
                first = file.readline().removeprefix(_MARK)
                while first and not first.strip():
                    first = file.readline()
                self._parquet = first.startswith(_PARQUET)
                if not self._parquet:
                    self._whole = _whole(first, file.read(1) == b"", self.path)
        except (OSError, ValueError) as error:
            raise ChatError(f"{path} cannot be read: {reason(error)}") from None
        if self._parquet:
            self._rows = _parquet_rows(self.path)

    def __len__(self) -> int:
        """How many records there are."""
        if self._parquet:
            return self._rows
        if self._whole is not None:
            return len(self._whole)
        try:
            return count_lines(self.path)
        except StoreError as error:
            raise ChatError(str(error)) from None

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Each record with its place in the file; a `BadRecord` for a line that is no JSON.

        Raises:
            ChatError: The file can no longer be read.
        """
        if self._parquet:
            yield from _parquet(self.path)
        elif self._whole is not None:
            for number, record in enumerate(self._whole, start=1):
                yield f"{self.path}: record {number:,}", record
        else:
            try:
                for number, line in read_lines(self.path):
                    yield f"{self.path}:{number}", _parsed(line)
            except StoreError as error:
                raise ChatError(str(error)) from None


def _whole(first: bytes, alone: bool, path: Path) -> list[Any] | None:
    """What a file holds that is one piece of JSON; None for JSON Lines.

    Args:
        first: Its first line that is not blank.
        alone: Whether there is nothing behind that.
        path: The file.
    """
    begins = first.lstrip()[:1]
    found = _parsed(first)
    if isinstance(found, BadRecord) and begins in (b"[", b"{") and not alone:
        found = _parsed(path.read_bytes())  # it may go on over several lines
        return None if isinstance(found, BadRecord) else _records(found)
    if begins != b"[" or isinstance(found, BadRecord):
        return None
    if alone:
        return _records(found)
    whole = _parsed(path.read_bytes())
    return None if isinstance(whole, BadRecord) else _records(whole)


def _records(found: Any) -> list[Any]:
    return [found] if not isinstance(found, list) or looks_like_messages(found) else found


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data.removeprefix(_MARK))
    except json.JSONDecodeError as error:
        return BadRecord(f"no JSON: {error.msg} at character {error.pos}")
    except UnicodeDecodeError:
        return BadRecord("no JSON: it is no text in UTF-8")
    except (ValueError, RecursionError):
        return BadRecord("no JSON that can be read: it is nested too deeply, or has a number too long")


def _parquet_rows(path: Path) -> int:
    file = _opened(path)
    with file:
        return int(file.metadata.num_rows)


def _parquet(path: Path) -> Iterator[tuple[str, Any]]:
    number = 0
    with _opened(path) as file:
        batches = file.iter_batches(batch_size=_BATCH)
        while True:
            try:
                rows = next(batches, None)
                records = None if rows is None else rows.to_pylist()
            except (OSError, ValueError, NotImplementedError, OverflowError) as error:
                raise ChatError(f"{path} cannot be read behind record {number:,}: {_first(error)}") from None
            if records is None:
                return
            for record in records:
                number += 1
                yield f"{path}: record {number:,}", record


def _opened(path: Path) -> Any:
    try:
        import pyarrow.parquet as pq  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ChatError(
            f"{path} is Parquet, which needs an extra that is not installed; run: pip install 'trpg-env[tokens]'"
        ) from None
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError, NotImplementedError) as error:
        raise ChatError(f"{path} cannot be read as Parquet: {_first(error)}") from None


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
