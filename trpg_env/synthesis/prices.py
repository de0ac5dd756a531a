"""What models cost, from a file of one's own: an estimate, since only the provider's bill is true.

The file is JSON or YAML, in a currency for a million tokens:

    currency: USD
    models:
      gpt-4o: {input: 2.50, cached_input: 1.25, output: 10.00}
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trpg_env.script import ScriptError
from trpg_env.script.source import MAX_CHARACTERS, Source
from trpg_env.trajectory.reading import reason, what_is_wrong

_MILLION = 1_000_000


class PricesError(ValueError):
    """A file of prices that cannot be read; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs for a million tokens.

    Attributes:
        input: Tokens sent.
        cached_input: Those of them that the server had in its cache.
        output: Tokens answered.
        currency: Of all three.
    """

    input: float
    cached_input: float
    output: float
    currency: str = "USD"

    def of(self, usage: Mapping[str, int]) -> float:
        """What a usage costs.

        Args:
            usage: Counts by the names of a trajectory's `usage`.

        Example:
            >>> Price(2.5, 1.25, 10.0).of({"prompt_tokens": 1_000_000, "cached_tokens": 400_000, "completion_tokens": 0})
            2.0
        """
        sent, cached = usage.get("prompt_tokens", 0), usage.get("cached_tokens", 0)
        cached = min(sent, cached)
        cost = (sent - cached) * self.input + cached * self.cached_input
        return (cost + usage.get("completion_tokens", 0) * self.output) / _MILLION

    def told(self, usage: Mapping[str, int]) -> str:
        """The same for people."""
        if usage.get("calls") and not usage.get("prompt_tokens") and not usage.get("completion_tokens"):
            return "cost not known, since the server counts no tokens"
        cost = self.of(usage)
        return f"{'less than 0.01' if 0 < cost < 0.01 else f'about {cost:,.2f}'} {self.currency}"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    input: float = Field(ge=0, allow_inf_nan=False)
    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    currency: str = Field(default="USD", pattern=r"^\S{1,10}$")
    models: dict[str, _Entry]


def load_price(path: str | os.PathLike[str], model: str) -> Price:
    """The price of a model.

    Args:
        path: The file of prices.
        model: What the model is called.

    Raises:
        PricesError: It cannot be read, or has no price for the model.
    """
    file = Path(path)
    try:
        if not file.is_file():
            raise PricesError(f"{file}: there is no such file; write one such as {_SUCH_AS}")
        if file.stat().st_size > MAX_CHARACTERS:
            raise PricesError(f"{file} is too large for a file of prices")
        text = file.read_bytes().decode("utf-8")
        if not text.strip():
            raise PricesError(f"{file} is empty; write {_SUCH_AS}")
        read = _File.model_validate(Source(text, file.name).data)
    except ValidationError as error:
        raise PricesError(f"{file}: {what_is_wrong(error)}; write {_SUCH_AS}") from None
    except ScriptError as error:
        raise PricesError(f"{file}: {error.faults[0].message}; write {_SUCH_AS}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PricesError(f"{file} cannot be read: {reason(error)}") from None
    entry = read.models.get(model)
    if entry is None:
        raise PricesError(f"{file} has no price for {model!r}; it has {', '.join(read.models) or 'none'}")
    cached = entry.input if entry.cached_input is None else entry.cached_input
    return Price(entry.input, cached, entry.output, read.currency)


_SUCH_AS = "{models: {gpt-4o: {input: 2.5, output: 10}}}, the prices for a million tokens"
