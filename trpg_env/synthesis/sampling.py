"""How a model is asked for scripts and trajectories, and how often."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trpg_env.llm import Limits, Model
from trpg_env.llm.client import model_name
from trpg_env.synthesis.run import RECORDING
from trpg_env.synthesis.scripts import longest_answer

MAX_CALLS: Final = 4
"""The calls that a script and its trajectory may take together (paper, data construction)."""
TEMPERATURE: Final = 1.0


@dataclass(frozen=True)
class Sampling:
    """How a model is asked.

    Attributes:
        model: `local`, or what it is called where it is served.
        base_url: Where it is served; `OPENAI_BASE_URL` or OpenAI's own where left out.
        record: A file that keeps every exchange; one in the run's own folder where left out.
        replay: Such a file, which answers instead of the model.
        limits: Time limits, retries and calls in flight.
        temperature: From 0, the likeliest answer, to 2.
        max_tokens: The longest answer in tokens; what suits the model where left out.
        max_calls: The calls that a script and its trajectory may take together.

    Raises:
        ValueError: A number is out of range, or the model's name is no text that a file can hold.
        TypeError: A number is none.
    """

    model: str
    base_url: str | None = None
    record: str | os.PathLike[str] | None = None
    replay: str | os.PathLike[str] | None = None
    limits: Limits = field(default_factory=Limits)
    temperature: float = TEMPERATURE
    max_tokens: int | None = None
    max_calls: int = MAX_CALLS

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not self.model.isprintable():
            # It stands in every script and trajectory; a server would not know such a name either.
            raise ValueError(f"model={self.model!r} is no model's name: a text without control characters is")
        if isinstance(self.temperature, bool) or not 0 <= self.temperature <= 2:
            raise ValueError(f"temperature={self.temperature!r} is not a number from 0 to 2")
        require_whole("max_calls", self.max_calls, 1)
        if self.max_tokens is not None:
            require_whole("max_tokens", self.max_tokens, 1)

    @property
    def name(self) -> str:
        """What the model is called."""
        return model_name(self.model)

    @property
    def tokens(self) -> int:
        """The longest answer in tokens."""
        return longest_answer(self.name) if self.max_tokens is None else self.max_tokens

    def as_dict(self) -> dict[str, Any]:
        """What of it tells one run from another."""
        return {
            "model": self.name,
            "temperature": self.temperature,
            "max_tokens": self.tokens,
            "max_calls": self.max_calls,
        }

    def made(self, own: Path | None) -> Model:
        """The model.

        Args:
            own: The run's own folder, where answers are recorded unless that is done elsewhere; None for a model that is
                not asked yet, which finds out what can never work before there is such a folder.

        Raises:
            ModelUnavailable: It can never be asked; the text says what to do.
        """
        record = self.record
        if record is None and self.replay is None and own is not None:
            record = own / RECORDING
        return Model(
            self.model, base_url=self.base_url, record=record, replay=self.replay, limits=self.limits
        )


def require_whole(name: str, value: object, least: int | None) -> None:
    """Find a number that is none, or too small.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is less than the least there may be.
    """
    if type(value) is not int:
        raise TypeError(f"{name}={value!r} is not a whole number")
    if least is not None and value < least:
        raise ValueError(f"{name}={value} is too few: it is {least} or more")
