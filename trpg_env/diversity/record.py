"""What all that is written to `diversity.json` has in common: frozen, strict, no key that nobody knows of."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of `diversity.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="null")
