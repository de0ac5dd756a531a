"""`paper`: the wire format of the paper's figure, turn by turn as the episode was played, without loss.

The script's part of that format is the script's own file, which a record names; what the player was told of it (goal,
actions, limit of turns) is the record's `instruction`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from trpg_env.trajectory import DMTurn, PlayerTurn
from trpg_env.trajectory.model import Turn
from trpg_env.tuning.formats.base import Columns, Episode, Format, Record, one_by_one
from trpg_env.tuning.names import public_script
from trpg_env.tuning.options import Options

_ABOUT = """\
The wire format of the AgentRefine paper: one JSON object a line, whose `trajectory` is the list of all turns, the DM's
and the player's in turn as they were played, and the episode's `id`, `script`, `family` and `instruction` (goal,
actions with their values, places, limit of turns: what the player was told before the first turn). A player's turn has
`Thought` and `Action`, a DM's `Thought`, `Observation`, `parameter_error`, `place_error` and `logic_error`; a DM's
turn assesses the player's turn before it. Nothing says what counts towards a loss."""

_COLUMNS: Columns = {
    "trajectory": {
        "turn": "int64",
        "role": "string",
        "Thought": "string",
        "Action": "string",
        "Observation": "string",
        "parameter_error": "bool",
        "place_error": "bool",
        "logic_error": "bool",
    },
    "id": "string",
    "script": "string",
    "family": "string",
    "instruction": "string",
}

_KEYS = {"thought": "Thought", "observation": "Observation", "action": "Action"}
_FLAGS = ("parameter_error", "place_error", "logic_error")
_UNTOLD = {"message": "", "progress": 0.0, "completed": [], "state_hash": ""}

_turns: TypeAdapter[list[DMTurn | PlayerTurn]] = TypeAdapter(list[Turn])


def read_paper(record: Mapping[str, Any]) -> list[DMTurn | PlayerTurn]:
    """The turns of a record.

    What the wire format does not tell is blank: a DM's `message`, `progress`, `completed` and `state_hash`, a
    player's `reasoning` and `reply`. What the player was told before them is `record["instruction"]`.

    Args:
        record: An object of the `paper` format.

    Raises:
        ValueError: It is none; the text says where.

    Example:
        >>> turn = {"turn": 0, "role": "DM", "Thought": "", "Observation": "A hall.", "parameter_error": False}
        >>> turn |= {"place_error": False, "logic_error": False}
        >>> read_paper({"trajectory": [turn]})[0].observation
        'A hall.'
    """
    try:
        read = _Wire.model_validate(record).trajectory
        return _turns.validate_python([_ours(turn) for turn in read])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"not a record of the paper's format: {where}: {first['msg']}") from None


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")

    trajectory: list[dict[str, Any]] = Field(min_length=1)


def _ours(turn: Mapping[str, Any]) -> dict[str, Any]:
    theirs = {key: ours for ours, key in _KEYS.items()}
    named = {theirs.get(key, key): value for key, value in turn.items()}
    return _UNTOLD | named if named.get("role") == "DM" else named


def _records(episode: Episode, options: Options) -> Iterator[Record]:
    trajectory = episode.trajectory
    yield {
        "trajectory": [_theirs(turn) for turn in trajectory.turns],
        "id": trajectory.id,
        "script": public_script(trajectory.script),
        "family": trajectory.family,
        "instruction": trajectory.instruction,
    }


def _theirs(turn: DMTurn | PlayerTurn) -> dict[str, Any]:
    told = ("thought", "observation", *_FLAGS) if isinstance(turn, DMTurn) else ("thought", "action")
    return {"turn": turn.turn, "role": turn.role} | {_KEYS.get(key, key): getattr(turn, key) for key in told}


PAPER = Format("paper", _ABOUT, _COLUMNS, one_by_one(_records), has_loss=False, takes=frozenset())
