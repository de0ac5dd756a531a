"""The file of trajectories of a run, with counts over what was in it when it was taken up."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trpg_env.trajectory.journal import Journal
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.reading import TRAJECTORIES
from trpg_env.trajectory.statistics import Statistics


class Store(Journal[Trajectory]):
    """Appends the trajectories of one run to a file.

    `episode_id in store` tells whether an episode was there when the file was opened. A pipe or a device is
    written to and nothing else.

    Args:
        path: The file. Folders on the way to it are made.
        run: What tells this run from another, as JSON-like data.
        ids: The ids of all its episodes.

    Attributes:
        found: What was there when the file was opened, counted.

    Raises:
        StoreError: The file cannot be written, somebody writes it now, or it holds something else.
        WriteFailed: It cannot be written because the disk is full or broken.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with Store(f"{folder}/episodes.jsonl", {"seed": 0}, ids=["3f2a"]) as store:
        ...         "3f2a" in store
        False
    """

    def __init__(self, path: str | os.PathLike[str], run: Mapping[str, Any], ids: Iterable[str]) -> None:
        self.found: Final = Statistics()
        super().__init__(path, TRAJECTORIES, run, ids, self.found.add)

    @property
    def episodes(self) -> int:
        """How many episodes the file holds; exact also where `append` was interrupted by a signal."""
        return self.records
