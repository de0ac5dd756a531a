"""Was the player trained on what it is evaluated on? What a dataset's card says of its families and scripts.

A card is the README that `export` writes. An item counts as shared where its family was trained on, for a family's scripts
are alike, or where its very script was, by hash, whatever its family is called. What the dataset's own split holds out
stands in the tables too, and was not trained on. Cards of earlier versions name no scripts.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from trpg_env.evaluation.suite import Item
from trpg_env.trajectory.reading import kind_of, reason
from trpg_env.trajectory.record import Record

MAX_CARD = 4 << 20
"""The largest card that is read, in bytes."""

HeldOut = Callable[[str, float], bool]
"""Whether a split with this share holds a family out: `trpg_env.tuning.subset.is_held_out`."""

_README = "README.md"
_CELL = r"((?:\\.|[^\\|])*)"
_RECORDS_CELL = r"(?P<records>[0-9]{1,15})"
_FAMILY = re.compile(rf"\| {_CELL} \| {_RECORDS_CELL} \|")
_SCRIPT = re.compile(rf"\| {_CELL} \| {_CELL} \| {_CELL} \| (?P<split>train|test|) \| {_RECORDS_CELL} \|")
_FAMILIES_HEAD = "\n## Families\n\n| family | records |\n| --- | --- |\n"
_SCRIPTS_HEAD = "\n\n| script | family | SHA-256 | split | records |\n| --- | --- | --- | --- | --- |\n"
_SPLIT = re.compile(r"^\| share of families to be held out \| (0\.\d+|\d(?:\.\d+)?e-\d+) \|$", re.MULTILINE)
_RECORDS = re.compile(r"^\| records \| ([0-9]{1,15})\b", re.MULTILINE)
_MORE = re.compile(r"and \d+ more")
_NAMED = 200
"""How many families and scripts a card names; a row behind them tells how many more there are."""
_LONGEST = 2_000
"""How long a family's name may be in a card, in characters."""
_LONGEST_HASH = 100
"""How long a script's hash may be in a card, in characters."""
_ESCAPED = re.compile(r"\\(.)|&lt;")


class CardError(ValueError):
    """A dataset card that cannot be read; the text says why and what to name instead."""


class Card(Record):
    """What a dataset's card says of what is in the dataset.

    Attributes:
        name: What its folder is called.
        sha256: Of the card itself, in hexadecimal digits.
        families: The families that it names, as it writes them, in alphabetical order.
        complete: Whether it names all; a card names 200 at most.
        held_out: The share of families that the dataset holds out of training; None where it is not split.
        scripts: The hashes of the scripts that it names and that are not held out, in alphabetical order.
        scripts_complete: Whether it names all of them; a card names 200 scripts at most, and one of an earlier version none.
    """

    name: str
    sha256: str
    families: list[str]
    complete: bool
    held_out: float | None
    scripts: list[str] = Field(default_factory=list)
    scripts_complete: bool = False


class Contamination(Record):
    """What the player was trained on of what it is evaluated on.

    Attributes:
        contaminated: Whether a family or a script was trained on; None where a card does not name all of its families and
            scripts, and none of those named is shared.
        basis: What the answer is read off; `families` where no card names scripts.
        trained_on: The cards.
        families: The families of the suite that were trained on.
        scripts: The items that were trained on themselves, by their hash, whatever their family is called.
        items: The items of these families, and these scripts.
    """

    contaminated: bool | None
    basis: Literal["families", "families and scripts"]
    trained_on: list[Card]
    families: list[str]
    scripts: list[str] = Field(default_factory=list)
    items: list[str]

    @classmethod
    def of(cls, cards: Sequence[Card], items: Iterable[Item], held_out: HeldOut) -> Self:
        """Find what of a suite was trained on.

        Args:
            cards: The cards of the datasets that the player was trained on.
            items: What it is evaluated on.
            held_out: Whether a split holds a family out.

        Example:
            >>> card = Card(name="data", sha256="", families=["shop", "ship"], complete=True, held_out=None)
            >>> items = [Item(name="ark", hash="1", family="ship"), Item(name="den", hash="2", family="cave")]
            >>> Contamination.of([card], items, lambda family, share: False).items
            ['ark']
        """
        played = list(items)
        families = {item.family for item in played if _trained(item.family, cards, held_out)}
        hashes = {one for card in cards for one in card.scripts}
        scripts = [item for item in played if _as_written(item.hash, _LONGEST_HASH) in hashes]
        very = {item.hash for item in scripts}
        shared = [item for item in played if item.family in families or item.hash in very]
        named = any(card.scripts or card.scripts_complete for card in cards)
        complete = all(card.complete and card.scripts_complete for card in cards)
        return cls(
            contaminated=True if shared else False if complete else None,
            basis="families and scripts" if named else "families",
            trained_on=list(cards),
            families=sorted(families),
            scripts=sorted(item.name for item in scripts),
            items=sorted(item.name for item in shared),
        )


def read_card(path: str | Path) -> Card:
    """Read the card of a dataset.

    Args:
        path: The dataset's folder, or its README.md.

    Raises:
        CardError: There is none, or it is no card that `export` wrote.
    """
    path = Path(path)
    try:
        file = path / _README if path.is_dir() else path
        if not file.is_file():
            what = kind_of(file.stat().st_mode) if file.exists() else "not there"
            raise CardError(
                f"{file} is {what}; name the folder of a dataset that trpg-env export wrote, or its README.md"
            )
        with file.open("rb") as opened:
            data = opened.read(MAX_CARD + 1)
        name = file.resolve().parent.name
    except (OSError, ValueError) as error:
        if isinstance(error, CardError):
            raise
        raise CardError(f"{path} cannot be read: {reason(error)}") from None
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    families = _families(text, file) if len(data) <= MAX_CARD else None
    if families is None:
        raise CardError(
            f"{file} has no table of families: it is no card that trpg-env export wrote; name the folder that it wrote"
        )
    complete = not (len(families) > _NAMED and _MORE.fullmatch(families[-1]))
    split = _SPLIT.search(text)
    scripts, scripts_complete = _scripts(text, file)
    return Card(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        families=sorted(families if complete else families[:-1]),
        complete=complete,
        held_out=float(split[1]) if split else None,
        scripts=scripts,
        scripts_complete=scripts_complete,
    )


def _trained(family: str, cards: Iterable[Card], held_out: HeldOut) -> bool:
    written = _as_written(family, _LONGEST)
    return any(
        written in card.families and (card.held_out is None or not held_out(family, card.held_out))
        for card in cards
    )


def _as_written(text: str, longest: int) -> str:
    """A text as it can be read in a card: on one line, of a length that fits a table."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _plain(cell: str) -> str:
    """What a cell says, without the marks that keep it from being markup."""
    return _ESCAPED.sub(lambda match: match[1] or "<", cell)


def _families(text: str, file: Path) -> list[str] | None:
    """The families in a card's table, in the order in which they stand there; None where there is no such table.

    Raises:
        CardError: The table is not as it was written.
    """
    rows = _rows(text, _FAMILIES_HEAD, _FAMILY, "families", file)
    return None if rows is None else [_plain(row[1]) for _, row in rows]


def _scripts(text: str, file: Path) -> tuple[list[str], bool]:
    """The hashes of the scripts that a card says were trained on, and whether it names all.

    Raises:
        CardError: The table is not as it was written.
    """
    rows = _rows(text, _SCRIPTS_HEAD, _SCRIPT, "scripts", file)
    if rows is None:
        before, title, _ = text.partition("\n## Scripts\n")
        if title:
            raise _unreadable(file, before.count("\n") + 2, "the table of the scripts")
        return [], False
    hashes, complete = set(), True
    for number, row in rows:
        if row["split"] == "train":
            hashes.add(_plain(row[3]))
        elif not row["split"]:
            # Only the row that tells how many more there are is of no split.
            if number != rows[-1][0] or not _MORE.fullmatch(row[1]):
                raise _unreadable(file, number, "this row of the scripts")
            complete = False
    return sorted(hashes), complete


def _rows(
    text: str, head: str, pattern: re.Pattern[str], what: str, file: Path
) -> list[tuple[int, re.Match[str]]] | None:
    """The rows of a card's table with their lines' numbers; None where there is no such table.

    Raises:
        CardError: The table is not as it was written. What cannot be read must not pass for what is not there.
    """
    before, found, rest = text.partition(head)
    if not found:
        return None
    rows = []
    first = (before + found).count("\n") + 1
    for number, line in enumerate(rest.split("\n\n")[0].split("\n"), start=first):
        row = pattern.fullmatch(line)
        if row is not None:
            rows.append((number, row))
        elif line.strip():
            raise _unreadable(file, number, f"this row of the {what}")
    told = _RECORDS.search(before)
    records = sum(int(row["records"]) for _, row in rows)
    if told is not None and int(told[1]) != records:
        raise CardError(
            f"{file} tells of {told[1]} records, and its {what} have {records}; export the dataset again"
        )
    return rows


def _unreadable(file: Path, line: int, what: str) -> CardError:
    return CardError(f"{file}:{line}: {what} cannot be read; export the dataset again")
