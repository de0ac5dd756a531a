"""What figures of trajectories are written as: frozen, strict, no key that nobody knows of."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of a file of figures, such as `results.json` and `diversity.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="null")
