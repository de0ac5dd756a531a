"""What writes records into a data file."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from trpg_env.tuning.folder import Stage


class Sink(Protocol):
    """Where the records of a data file go."""

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records."""

    def close(self) -> None:
        """Write what is still held back."""


class JsonLines:
    """A record a line.

    Args:
        stage: Where the file is written.
        name: Its name.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name
        stage.write(name, b"")

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records."""
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        self._stage.write(self._name, "".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        """Nothing is held back."""
