"""The form of a language model's reply as dungeon master: think, tell, judge, in the paper's order."""

import re
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from trpg_env.dm.protocol import Judgement

LENGTHS = (500, 1_200)
"""What the schema says of the longest thought and observation, in characters: room for what is asked for, and an end for
a model that finds none."""
BRIEF = (120, 240)
"""The same for the embedded model, which goes on as long as it may."""
LONGEST = 8_000
"""What is taken all the same, where nothing holds a model to the schema: some are wordy, and no worse for it."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def cleaned(text: str) -> str:
    """A text that any terminal and file can take."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()


def _not_endless(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters; be brief")
    return text


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("it is blank; tell the player something")
    return text


def each_once(numbers: Any) -> Any:
    """A condition may be reported twice; only what is no list of numbers at all is left to be refused."""
    whole = isinstance(numbers, list) and all(type(number) is int for number in numbers)
    return sorted(set(numbers)) if whole else numbers


Thought = Annotated[str, AfterValidator(_not_endless), AfterValidator(cleaned)]
Told = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(_not_endless),
    AfterValidator(cleaned),
    AfterValidator(_not_blank),
]


class Verdict(BaseModel):
    """A DM's reply. The order of the fields is the order in which they are asked for.

    Attributes:
        thought: What the DM makes of the player's state.
        observation: What the player is told.
        parameter_error: Whether the action is no valid one.
        place_error: Whether it was tried in the wrong place.
        logic_error: Whether it was tried at the wrong time.
        completed: The completion conditions that are met now, by index.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    thought: Thought
    observation: Told
    parameter_error: bool
    place_error: bool
    logic_error: bool
    completed: list[int]

    @property
    def judgement(self) -> Judgement:
        """What was judged."""
        return Judgement(self.parameter_error, self.place_error, self.logic_error, tuple(self.completed))


@cache
def verdict_form(conditions: int, lengths: tuple[int, int] = LENGTHS) -> type[Verdict]:
    """The reply's form for a script with so many completion conditions: no other numbers than theirs.

    Args:
        conditions: How many there are.
        lengths: The longest thought and observation that the schema tells of.

    Example:
        >>> verdict_form(2).model_json_schema()["properties"]["completed"]["items"]["enum"]
        [0, 1]
    """
    number: Any = Literal[tuple(range(conditions))]
    completed: Any = Annotated[list[number], Field(max_length=conditions), BeforeValidator(each_once)]
    thought: dict[str, Any] = {"maxLength": lengths[0]}
    told: dict[str, Any] = {"maxLength": lengths[1]}
    return create_model(
        "Verdict",
        __base__=Verdict,
        thought=(Thought, Field(json_schema_extra=thought)),
        observation=(Told, Field(json_schema_extra=told)),
        completed=(completed, ...),
    )
