"""A trajectory as a model writes it, both sides in one answer: the form it is asked for, and the way back into a prompt."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from trpg_env.dm.verdict import LENGTHS, Thought, Told, each_once
from trpg_env.llm.schema import schema_of
from trpg_env.trajectory import DMTurn, PlayerTurn

DM: Final = "DM"
PLAYER: Final = "Player"

_MOST_TURNS: Final = 121


def _an_action(text: str) -> str:
    if not text:
        raise ValueError("it is blank; write an action")
    return text


Done = Annotated[Thought, AfterValidator(_an_action)]


class PlayerSaid(BaseModel):
    """A player's turn."""

    model_config = ConfigDict(strict=True, frozen=True)

    turn: int
    role: Literal["Player"]
    thought: Thought
    action: Done


class DMSaid(BaseModel):
    """A DM's turn.

    Attributes:
        completed: The completion conditions that are met by now, by index.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    turn: int
    role: Literal["DM"]
    thought: Thought
    observation: Told
    parameter_error: bool
    place_error: bool
    logic_error: bool
    completed: Annotated[list[int], BeforeValidator(each_once)]


@cache
def turns_schema(conditions: int, max_turns: int, lengths: tuple[int, int] = LENGTHS) -> Mapping[str, Any]:
    """The schema of a trajectory for a script.

    Args:
        conditions: How many completion conditions it has.
        max_turns: How many actions the player may take.
        lengths: The longest thought and observation, in characters.

    Example:
        >>> turn = turns_schema(2, 20)["properties"]["turns"]["items"]["anyOf"][0]
        >>> turn["properties"]["completed"]["items"]
        {'enum': [0, 1], 'type': 'integer'}
    """
    thought: dict[str, Any] = {"maxLength": lengths[0]}
    told: dict[str, Any] = {"maxLength": lengths[1]}
    number: Any = Literal[tuple(range(conditions))]
    dm: Any = create_model(
        "DMTurn",
        __base__=DMSaid,
        thought=(str, Field(json_schema_extra=thought)),
        observation=(str, Field(json_schema_extra=told)),
        completed=(list[number], Field(max_length=conditions)),
    )
    player: Any = create_model(
        "PlayerTurn",
        __base__=PlayerSaid,
        thought=(str, Field(json_schema_extra=thought)),
        action=(str, Field(max_length=200)),
    )
    most = min(2 * max_turns + 1, _MOST_TURNS)
    form = create_model("Turns", turns=(list[dm | player], Field(max_length=most)))
    return schema_of(form)


def as_written(turns: Sequence[DMTurn | PlayerTurn]) -> list[dict[str, Any]]:
    """Turns as a model is to write them."""
    return [_dm(turn) if isinstance(turn, DMTurn) else _player(turn) for turn in turns]


def _dm(turn: DMTurn) -> dict[str, Any]:
    return {name: getattr(turn, name) for name in DMSaid.model_fields}


def _player(turn: PlayerTurn) -> dict[str, Any]:
    return {name: getattr(turn, name) for name in PlayerSaid.model_fields}
