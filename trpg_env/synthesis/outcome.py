"""What became of one item of a run: of one persona's script, or of one trajectory."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trpg_env.llm import Answer, ContextTooLong, ModelError, Usage
from trpg_env.llm.words import shown
from trpg_env.trajectory import Form
from trpg_env.trajectory.reading import BadLine, what_is_wrong

BUDGET: Final = "budget"
"""Refused, since the script has spent all calls."""
CONTEXT: Final = "context"
"""Refused, since prompt and answer are too long for the model."""
CODE: Final = "code"
"""Refused, since the script's own code does not answer."""
_FAILED: Final = "model:"

_LONGEST: Final = 500


class Outcome(BaseModel):
    """What became of an item.

    Attributes:
        item: Its number in the run, from 0.
        kept: What it is called where it is kept: a script's file, a trajectory's id. None where it was refused.
        reason: Why it was refused: the rule of the verifier that was broken last, or `budget`, `context`, `code`; where
            the model failed `model:` and what became of it, such as `model:timeout`.
        fault: The last fault, in one line.
        usage: What the item has cost, by the names of `Usage`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    item: int = Field(ge=0)
    kept: str | None = None
    reason: str | None = Field(default=None, max_length=40)
    fault: str | None = None
    usage: dict[str, Annotated[int, Field(ge=0, le=2**53)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "Outcome":
        if (self.kept is None) is (self.reason is None):
            raise ValueError("an item is kept, or refused for a reason")
        return self

    @property
    def id(self) -> str:
        """The item's number as text, as a journal knows it."""
        return str(self.item)

    @property
    def failed(self) -> bool:
        """Whether a model failed: nothing is decided, and the same command asks again."""
        return self.reason is not None and self.reason.startswith(_FAILED)

    @property
    def calls(self) -> int:
        """How many calls were answered."""
        return self.usage.get("calls", 0)

    @classmethod
    def made(cls, item: int, kept: str, usage: Usage) -> "Outcome":
        """An item that is kept."""
        return cls(item=item, kept=kept, usage=usage.as_dict())

    @classmethod
    def refused(
        cls,
        item: int,
        reason: str,
        fault: str,
        usage: Usage = Usage(),  # noqa: B008  (frozen)
        last: Answer | None = None,
    ) -> "Outcome":
        """An item that is not kept.

        Args:
            item: Its number.
            reason: Why.
            fault: The last fault.
            usage: What it has cost.
            last: The last answer; whoever pays is to know where it was cut off.
        """
        if last is not None and last.finish == "length":
            fault = f"the last answer was cut off after {last.usage.completion_tokens:,} tokens (max_tokens): {fault}"
        return cls(item=item, reason=reason, fault=shown(fault, _LONGEST), usage=usage.as_dict())

    @classmethod
    def too_long(cls, item: int, error: ContextTooLong, usage: Usage) -> "Outcome":
        """An item that does not fit into the model's context.

        Where no call was answered nothing is decided: the same model may be served with a larger one.
        """
        return (
            cls.refused(item, CONTEXT, str(error), usage) if usage.calls else cls.broken(item, error, usage)
        )

    @classmethod
    def broken(cls, item: int, error: ModelError, usage: Usage) -> "Outcome":
        """An item whose model did not answer for good."""
        return cls.refused(item, f"{_FAILED}{error.kind}", str(error), usage)


def _parse(line: bytes) -> Outcome:
    try:
        outcome = Outcome.model_validate_json(line)
    except ValidationError as error:
        whole = all(one["type"] != "json_invalid" for one in error.errors())
        raise BadLine(f"not an item of a synthesis: {what_is_wrong(error)}", whole=whole) from None
    if outcome.failed:
        raise BadLine(f"not an item of a synthesis: {outcome.reason} decides nothing")
    return outcome


OUTCOMES: Final = Form(_parse, b'{"item":', "item", "items")
"""The lines of a run's journal."""
