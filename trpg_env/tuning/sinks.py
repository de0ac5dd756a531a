"""What writes records into a data file."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from trpg_env.tuning.folder import Stage


class Sink(Protocol):
    """Where the records of a data file go; it is whole when its context has ended without an error."""

    def __enter__(self) -> Self:
        """Begin the file."""

    def __exit__(self, kind: type[BaseException] | None, error: object, where: object) -> None:
        """Write what is still held back; where there was an error, nothing more."""

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records."""


class JsonLines:
    """A record a line.

    Args:
        stage: Where the file is written.
        name: Its name.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._name = name

    def __enter__(self) -> Self:
        """Begin the file, which is there without a record too."""
        self._stage.write(self._name, b"")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: object) -> None:
        """Nothing is held back."""

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records."""
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        self._stage.write(self._name, "".join(f"{line}\n" for line in lines).encode())
