"""Reading a sheet back that somebody has filled in, in whatever way their spreadsheet has written it.

Spreadsheets separate cells by commas, semicolons or tabs, write UTF-8 with or without its mark or UTF-16, and leave
empty cells and rows at the end. The id and the answer are all that is read; anything else in a sheet may have been changed.
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from trpg_env.evaluation.judging.sheet import ID, KEY, RIGHT, Key
from trpg_env.trajectory.reading import kind_of, reason, what_is_wrong
from trpg_env.trajectory.wording import shown

MAX_SHEET = 64 << 20
"""The largest file that is read, in bytes."""

_ANSWERS: Final = {
    **dict.fromkeys(("yes", "y", "true", "right", "1"), True),
    **dict.fromkeys(("no", "n", "false", "wrong", "0"), False),
}
_SEPARATORS: Final = (",", ";", "\t")


class SheetError(ValueError):
    """A sheet or a key that cannot be read; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A sheet that was filled in.

    Attributes:
        name: What it is called.
        right: Whether an action was called right, by the row's id.
        unanswered: How many of the key's rows have no answer, those that are not in the sheet included.
    """

    name: str
    right: dict[str, bool]
    unanswered: int


def read_key(path: Path) -> Key:
    """Read a key.

    Args:
        path: The file.

    Raises:
        SheetError: There is none.
    """
    try:
        key = Key.model_validate_json(_bytes(path))
    except ValidationError as error:
        raise SheetError(f"{path} is no key of a sheet: {what_is_wrong(error)}") from None
    if len({row.id for row in key.rows}) < len(key.rows):
        raise SheetError(f"{path} is no key of a sheet: two of its rows have the same id")
    return key


def read_sheet(path: Path, key: Key, name: str | None = None) -> Filled:
    """Read a sheet that was filled in.

    Args:
        path: The file.
        key: The key that was written with it.
        name: What to call it; the file's name where left out.

    Raises:
        SheetError: It is no such sheet, has a row of another sheet or the same row twice, or an answer that is none.
    """
    known = {row.id for row in key.rows}
    lines: dict[str, int] = {}
    right: dict[str, bool] = {}
    for number, id, answer in _answers(path, known):
        if id in lines:
            raise SheetError(
                f"{path}:{number}: row {id} is here a second time, line {lines[id]} has it too; keep one"
            )
        lines[id] = number
        if answer:
            said = _ANSWERS.get(answer.lower().rstrip("."))
            if said is None:
                raise SheetError(
                    f"{path}:{number}: {shown(answer)} is no answer; write yes or no, or leave the cell empty"
                )
            right[id] = said
    return Filled(name or path.name, right, len(known) - len(right))


def _answers(path: Path, known: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Line, id and answer of each row."""
    text = _text(path)
    separator, width, at_id, at_answer = _header(path, text)
    for number, row in _rows(path, text, separator):
        while len(row) > width and not row[-1].strip():
            row.pop()
        if number == 1 or not any(cell.strip() for cell in row):
            continue
        if len(row) > width:
            raise SheetError(
                f"{path}:{number}: {len(row)} cells stand here, the first line has {width}; quote cells with a separator in them"
            )
        if len(row) <= at_id or (id := row[at_id].strip()) not in known:
            what = shown(row[at_id].strip()) if len(row) > at_id else "nothing"
            raise SheetError(
                f"{path}:{number}: {what} stands for the id, which is no row of this key's sheet"
            )
        yield number, id, row[at_answer].strip() if len(row) > at_answer else ""


def _header(path: Path, text: str) -> tuple[str, int, int, int]:
    """How cells are separated, how many there are, and where id and answer stand."""
    for separator in _SEPARATORS:
        try:
            _, names = next(_rows(path, text, separator), (1, []))
        except SheetError:  # with another separator the quotation marks may be in place
            continue
        while names and not names[-1].strip():
            names.pop()
        folded = [" ".join(name.split()).lower() for name in names]
        if folded.count(ID) == 1 and folded.count(RIGHT) == 1:
            return separator, len(names), folded.index(ID), folded.index(RIGHT)
    raise SheetError(
        f'{path}:1: the first line has to name the columns, "{ID}" and "{RIGHT}" among them, each once, as the sheet was written'
    )


def _rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for row in reader:
            yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise SheetError(f"{path}:{number}: this row cannot be read: {error}") from None


def _text(path: Path) -> str:
    data = _bytes(path)
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if utf16:
            raise SheetError(f"{path} is cut short: it ends within a character; save it again") from None
        number = data.count(b"\n", 0, error.start) + 1
        raise SheetError(f'{path}:{number}: this is no UTF-8; save the sheet as "CSV UTF-8"') from None


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            what = kind_of(path.stat().st_mode) if path.exists() else "not there"
            hint = (
                f"; {KEY} was written beside the sheet, name it with --judge-key" if path.name == KEY else ""
            )
            raise SheetError(f"{path} is {what}{hint}")
        with path.open("rb") as file:
            data = file.read(MAX_SHEET + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, SheetError):
            raise
        raise SheetError(f"{path} cannot be read: {reason(error)}") from None
    if len(data) > MAX_SHEET:
        raise SheetError(f"{path} has more than {MAX_SHEET >> 20} MiB; it is no sheet of {KEY}")
    return data
