"""Reading personas from a file: plain text, JSON Lines, CSV.

Such a file may come from anywhere, and any bytes may be in it: what cannot be read is a `PersonasError` that names the
line, and what is read is one line of printable text.
"""

import codecs
import csv
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from trpg_env.script.names import fold
from trpg_env.synthesis.personas import LoadedPersonas, Persona, PersonasError
from trpg_env.trajectory import writable
from trpg_env.trajectory.reading import kind_of, reason

MAX_CHARACTERS: Final = 2_000
"""Of a persona."""

MAX_ORIGIN: Final = 200
"""Of a source or a licence, in characters."""

MAX_RECORD: Final = 1_000_000
"""Of a line, or of a row of CSV, in bytes: it is held in memory whole."""

MAX_BYTES: Final = 2**30
"""Of a file."""

# The rest of what is not printable belongs to the text: the joiners of Persian or of an emoji, for one.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e00ff]"
)
_COLUMNS: Final = {
    "persona": "persona",
    "input persona": "persona",
    "source": "source",
    "licence": "licence",
    "license": "licence",
}
_TYPES: Final = {bool: "true or false", float: "a number", list: "a list", tuple: "an object"}


def load_personas(
    path: str | os.PathLike[str], *, seed: int, source: str | None = None, licence: str | None = None
) -> LoadedPersonas:
    r"""Personas from a file: plain text, JSON Lines or CSV, in UTF-8, as its suffix says.

    In `.txt` each line is a persona. In `.jsonl` (or `.ndjson`) each line is an object, and `.csv` begins with a line that
    names its columns: `persona` or `input persona`, and, if you like, `source` and `licence`. Other columns are ignored, so
    that the files of Persona Hub are read as they are.

    Args:
        path: The file.
        seed: Another seed is another order. A whole number, 0 or more.
        source: Where the personas come from that do not say so themselves; the file's name where left out.
        licence: The licence of the personas that name none themselves.

    Returns:
        The personas, each once, under the file's name.

    Raises:
        PersonasError: The file cannot be read, or something in it is no persona; says where.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> file = Path(folder.name, "crew.jsonl")
        >>> written = file.write_text('{"persona": "A cook  who hums\\n"}\n{"persona": "A piper", "source": "fair"}\n')
        >>> personas = load_personas(file, seed=7, licence="CC0-1.0")
        >>> for persona in sorted((personas.draw(i) for i in range(2)), key=str):
        ...     persona
        Persona(text='A cook who hums', source='crew.jsonl', licence='CC0-1.0')
        Persona(text='A piper', source='fair', licence='CC0-1.0')
        >>> folder.cleanup()
    """
    path = Path(path)
    rows = _FORMATS.get(path.suffix.lower())
    if rows is None:
        *others, last = _FORMATS
        raise PersonasError(
            f"{path}: personas are read from {', '.join(others)} and {last} files; name one of these"
        )
    name = _one_line(path.name)
    defaults = {
        "source": _one_line(source or "") or name,
        "licence": _one_line(licence or "") or None,
    }
    try:
        _require_file(path)
        with path.open("rb") as file:
            lines = _Lines(file, str(path))
            personas = (_persona(row, defaults, lines) for row in rows(lines))
            return LoadedPersonas(personas, seed=seed, label=name)
    except OSError as error:
        raise PersonasError(f"{path} cannot be read: {reason(error)}") from None


def _require_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise PersonasError(f"{path}: there is no such file; name a file of personas") from None
    if not stat.S_ISREG(found.st_mode):
        # A pipe or a device might never end.
        raise PersonasError(f"{path} is {kind_of(found.st_mode)}; name a regular file of personas")
    if found.st_size > MAX_BYTES:
        raise PersonasError(
            f"{path} has {found.st_size:,} bytes; at most {MAX_BYTES:,} are read: take a part of it"
        )


class _Lines:
    """A file's lines as text. One or more of them make a record, and no record is without end."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._number = self._taken = 0
        self._first = 1

    def begin(self) -> None:
        """The next line begins a record."""
        self._first, self._taken = self._number + 1, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_RECORD - self._taken + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._taken += len(line)
        if self._taken > MAX_RECORD:
            raise self.wrong(
                f"more than {MAX_RECORD:,} bytes make one record here; each line or row is one persona's"
            )
        if self._number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise self._wrong_at(
                self._number, f"not UTF-8 text (byte {error.start + 1} of the line); save the file as UTF-8"
            ) from None
        if "\0" in text:
            raise self._wrong_at(self._number, "a null character is no text; save the file as UTF-8 text")
        return text

    def wrong(self, message: str) -> PersonasError:
        """What to say of a record that is no persona: it is found by its first line."""
        return self._wrong_at(self._first, message)

    def _wrong_at(self, line: int, message: str) -> PersonasError:
        return PersonasError(f"{self._name}:{line}: {message}")


_Row = dict[str, object]
"""What a record has in the columns that count."""


def _text_rows(lines: _Lines) -> Iterator[_Row]:
    lines.begin()
    for line in lines:
        if persona := _one_line(line):
            yield {"persona": persona}
        lines.begin()


def _json_rows(lines: _Lines) -> Iterator[_Row]:
    lines.begin()
    for line in lines:
        if line.strip():
            # An object is a tuple of its pairs here, so that a key that is given twice is seen.
            record = _json(line, lines)
            if not isinstance(record, tuple):
                raise lines.wrong(
                    f'each line is an object, such as {{"persona": "A cook"}}, and not {_type(record)}'
                )
            columns = _columns([key for key, _ in record], lines, "the object")
            yield {column: record[i][1] for column, i in columns.items()}
        lines.begin()


def _json(line: str, lines: _Lines) -> object:
    try:
        return json.loads(
            line,
            object_pairs_hook=tuple,
            parse_constant=_refuse_constant,
            # No column that counts is a number; the time to read one may grow with the square of its digits.
            parse_int=_some_number,
            parse_float=_some_number,
        )
    except json.JSONDecodeError as error:
        what = f"{error.msg[:1].lower()}{error.msg[1:].removesuffix(' at')}"
        raise lines.wrong(
            f"not JSON: {what} (character {error.pos + 1}); each line is a whole object"
        ) from None
    except RecursionError:
        raise lines.wrong("not JSON that can be read: it is nested too deep") from None
    except ValueError as error:
        raise lines.wrong(f"not JSON: {error}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON; write null or leave it out")


def _some_number(digits: str) -> float:
    return 0.0


def _csv_rows(lines: _Lines) -> Iterator[_Row]:
    reader = csv.reader(lines, strict=True)
    header = _cells(reader, lines)
    if header is None:
        return
    columns = _columns(header, lines, "the first line")
    while (cells := _cells(reader, lines)) is not None:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise lines.wrong(
                f"{len(cells)} cells stand here and {len(header)} in the first line; put what holds a comma in quotes"
            )
        yield {column: cells[i] for column, i in columns.items() if i < len(cells)}


def _cells(reader: Iterator[list[str]], lines: _Lines) -> list[str] | None:
    """The next row that is not blank; None where there is none."""
    while True:
        lines.begin()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise lines.wrong(f"not CSV: {error}; put a cell in quotes and double the quotes in it") from None
        if cells != []:
            return cells


def _columns(names: Sequence[str], lines: _Lines, where: str) -> dict[str, int]:
    """Which of the names are those of the columns that count."""
    found: dict[str, int] = {}
    for i, name in enumerate(names):
        column = _COLUMNS.get(fold(name))
        if column is None:
            continue
        if column in found:
            raise lines.wrong(
                f"{names[found[column]][:40]!r} and {name[:40]!r} both name the {column}; leave one out"
            )
        found[column] = i
    if "persona" not in found:
        raise lines.wrong(f"{where} names no persona; write the persona under `persona` or `input persona`")
    return found


def _persona(row: _Row, defaults: dict[str, str | None], lines: _Lines) -> Persona:
    text = _text(row.get("persona"), "persona", MAX_CHARACTERS, lines)
    if text is None:
        raise lines.wrong("the persona is blank; write who it is, or leave it out")
    of_its_own = {column: _text(row.get(column), column, MAX_ORIGIN, lines) for column in defaults}
    return Persona(text, **{column: given or defaults[column] for column, given in of_its_own.items()})


def _text(value: object, column: str, longest: int, lines: _Lines) -> str | None:
    """A column's text; None where it is blank."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise lines.wrong(f"the {column} is a text, not {_type(value)}")
    text = _one_line(value)
    if len(text) > longest:
        raise lines.wrong(
            f"the {column} has {len(text):,} characters; at most {longest:,} are read: shorten it"
        )
    return text or None


def _type(value: object) -> str:
    return _TYPES.get(type(value), "a text" if isinstance(value, str) else "null")


def _one_line(text: str) -> str:
    if not text.isprintable():
        text = _UNPRINTABLE.sub(" ", writable(text))
    return " ".join(text.split())


_FORMATS: Final[dict[str, Callable[[_Lines], Iterator[_Row]]]] = {
    ".txt": _text_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".csv": _csv_rows,
}
