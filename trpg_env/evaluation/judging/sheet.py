"""A sheet for people who are to say which actions were right, and the key that tells what was said of them.

The sheet is a CSV file as RFC 4180 has it, in UTF-8 with the mark that spreadsheets know it by. It does not say what
anybody called the actions. What players and models have written stands in it, so a cell that a spreadsheet would take
for a formula begins with an apostrophe.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from trpg_env.evaluation.judging.drawing import Drawn, Verdicts
from trpg_env.trajectory import DMTurn, Participant, Trajectory
from trpg_env.trajectory.record import Record

SHEET: Final = "sheet.csv"
KEY: Final = "key.json"

ID: Final = "id"
RIGHT: Final = "action right?"
COMMENT: Final = "comment"
COLUMNS: Final = (ID, "script", "turn", "instruction", "before", "action", "answer", RIGHT, COMMENT)

RECENT: Final = 3
"""How many exchanges before the action are shown."""
LONGEST: Final = 30_000
"""The longest cell, in characters: spreadsheets take hardly more."""

Label = Literal["none", "parameter", "place", "logic"]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class KeyRow(Record):
    """One row of a sheet.

    Attributes:
        id: The row's.
        trajectory: The trajectory's id.
        turn: The number of the DM's turn that answers the action.
        script: The script's name.
        said: What the DM called the action.
        ruled: What the engine rules; None where it cannot be asked.
    """

    id: str
    trajectory: str
    turn: int
    script: str
    said: Label
    ruled: Label | None


class Key(Record):
    """What was said of the actions in a sheet.

    Attributes:
        schema_version: The format's version.
        dm: Who said it.
        seed: The seed that the turns were drawn with.
        wanted: How many turns of either kind were asked for.
        rows: The rows, in the sheet's order.
    """

    schema_version: Literal[1] = 1
    dm: Participant
    seed: int
    wanted: int
    rows: list[KeyRow]

    def text(self) -> str:
        """The text of `key.json`."""
        return self.model_dump_json(indent=1) + "\n"


def row_id(drawn: Drawn) -> str:
    """What a row is called: the same for the same turn, and nothing that a spreadsheet takes for a number.

    Example:
        >>> row_id(Drawn("3f", 2)) == row_id(Drawn("3f", 2)) != row_id(Drawn("3f", 4))
        True
    """
    return f"r{hashlib.blake2b(f'{drawn.id} {drawn.turn}'.encode(), digest_size=5).hexdigest()}"


def key_row(drawn: Drawn, script: str, said: Verdicts, ruled: Verdicts) -> KeyRow:
    """The key's row of a turn.

    Args:
        drawn: The turn.
        script: The script's name.
        said: What was said of the trajectory's turns.
        ruled: What the engine rules of them, as far as it can be asked.
    """
    return KeyRow(
        id=row_id(drawn),
        trajectory=drawn.id,
        turn=drawn.turn,
        script=script,
        said=said[drawn.turn] or "none",
        ruled=(ruled[drawn.turn] or "none") if drawn.turn in ruled else None,
    )


def sheet_row(row: KeyRow, trajectory: Trajectory, answer: str | None = None) -> list[str]:
    """The sheet's row of a turn: what the player knew, what it did, and what it was told.

    Args:
        row: The key's.
        trajectory: The trajectory.
        answer: The DM's answer to the action; the trajectory's own where left out.
    """
    turns = trajectory.turns[: row.turn - 1]
    player, dm = trajectory.turns[row.turn - 1], trajectory.turns[row.turn]
    assert player.role == "Player", "a DM's turn follows a player's"
    assert dm.role == "DM", "turns alternate"
    before = "\n\n".join(
        f"DM: {turn.observation}" if isinstance(turn, DMTurn) else f"Player: {turn.action}"
        for turn in turns[-2 * RECENT - 1 :]
    )
    told = dm.observation if answer is None else answer
    number = str(row.turn // 2)
    return [row.id, row.script, number, trajectory.instruction, before, player.action, told, "", ""]


def sheet_text(rows: Iterable[Iterable[str]]) -> bytes:
    r"""A sheet as the bytes of a file.

    Args:
        rows: Its rows, in the order of `COLUMNS`.

    Example:
        >>> sheet_text([["r1", "ship", "1", "Win.", "DM: Hello.", "=1+1", "What?", "", ""]]).splitlines()[1]
        b"r1,ship,1,Win.,DM: Hello.,'=1+1,What?,,"
    """
    text = io.StringIO(newline="")
    writer: Any = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: str) -> str:
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    if text.startswith(_FORMULA):
        text = f"'{text}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
