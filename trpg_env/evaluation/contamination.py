"""Was the player trained on what it is evaluated on? What a dataset's card says of its families.

A card is the README that `export` writes. It names families and not scripts, so that an item counts as shared where its
family was trained on: a dataset of the same family may hold another script, and whoever wants to know looks there. Families
that the dataset's own split holds out are in its table, and were not trained on.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, Self

from trpg_env.evaluation.record import Record
from trpg_env.evaluation.suite import Item
from trpg_env.trajectory.reading import kind_of, reason

MAX_CARD = 4 << 20
"""The largest card that is read, in bytes."""

HeldOut = Callable[[str, float], bool]
"""Whether a split with this share holds a family out: `trpg_env.tuning.subset.is_held_out`."""

_README = "README.md"
_ROW = re.compile(r"\| (.*) \| (\d+) \|")
_SPLIT = re.compile(r"^\| share of families to be held out \| (0\.\d+|\d(?:\.\d+)?e-\d+) \|$", re.MULTILINE)
_RECORDS = re.compile(r"^\| records \| (\d+)\b", re.MULTILINE)
_MORE = re.compile(r"and \d+ more")
_NAMED = 200
"""How many families a card names; a row behind them tells how many more there are."""
_LONGEST = 2_000
"""How long a family's name may be in a card, in characters."""
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
    """

    name: str
    sha256: str
    families: list[str]
    complete: bool
    held_out: float | None


class Contamination(Record):
    """What the player was trained on of what it is evaluated on.

    Attributes:
        contaminated: Whether a family was trained on; None where a card does not name all of its families, and none of those
            named is shared.
        basis: What the answer is read off: cards name families and not scripts.
        trained_on: The cards.
        families: The families of the suite that were trained on.
        items: The items of these families.
    """

    contaminated: bool | None
    basis: Literal["families"] = "families"
    trained_on: list[Card]
    families: list[str]
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
        shared = [item for item in items if any(_trained(item.family, card, held_out) for card in cards)]
        complete = all(card.complete for card in cards)
        return cls(
            contaminated=True if shared else False if complete else None,
            trained_on=list(cards),
            families=sorted({item.family for item in shared}),
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
    return Card(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        families=sorted(families if complete else families[:-1]),
        complete=complete,
        held_out=float(split[1]) if split else None,
    )


def _trained(family: str, card: Card, held_out: HeldOut) -> bool:
    if _as_written(family) not in card.families:
        return False
    return card.held_out is None or not held_out(family, card.held_out)


def _as_written(family: str) -> str:
    """A family's name as it can be read in a card: on one line, of a length that fits a table."""
    line = " ".join(family.split())
    line = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _families(text: str, file: Path) -> list[str] | None:
    """The families in a card's table, in the order in which they stand there; None where there is no such table.

    Raises:
        CardError: The table is not as it was written. A family that cannot be read must not pass for one that is not there.
    """
    before, found, rest = text.partition("\n## Families\n\n| family | records |\n| --- | --- |\n")
    if not found:
        return None
    names, records = [], 0
    first = (before + found).count("\n") + 1
    for number, line in enumerate(rest.split("\n\n")[0].split("\n"), start=first):
        row = _ROW.fullmatch(line)
        if row is None and line.strip():
            raise CardError(
                f"{file}:{number}: this row of the families cannot be read; export the dataset again"
            )
        if row is not None:
            names.append(_ESCAPED.sub(lambda match: match[1] or "<", row[1]))
            records += int(row[2])
    told = _RECORDS.search(before)
    if told is not None and int(told[1]) != records:
        raise CardError(
            f"{file} tells of {told[1]} records, and its families have {records}; export the dataset again"
        )
    return names
