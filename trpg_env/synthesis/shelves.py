"""Where what a model wrote is kept: a folder of scripts, a file of trajectories."""

import re
from pathlib import Path
from typing import Final

from trpg_env.synthesis.outcome import Outcome
from trpg_env.synthesis.scripts import WrittenScript
from trpg_env.trajectory import Store, StoreError, Trajectory, WriteFailed
from trpg_env.trajectory.reading import reason
from trpg_env.trajectory.remains import put

_NAME = re.compile(r"[0-9]{5,}-[a-z0-9-]+\.json", re.ASCII)


class ScriptFolder:
    """A folder of scripts, a file each.

    Args:
        path: The folder.
        own: The folder in it that says which run its scripts are of.

    Raises:
        StoreError: It holds scripts of which nothing says where they come from.
    """

    torn: Final = None

    def __init__(self, path: Path, own: Path) -> None:
        self._path = path
        try:
            strangers = path.is_dir() and not own.exists() and any(map(_is_generated, path.iterdir()))
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {reason(error)}") from None
        if path.exists() and not path.is_dir():
            raise StoreError(f"{path} is no folder; name one for the scripts")
        if strangers:
            raise StoreError(
                f"{path} holds generated scripts, and {own.name} is not there to say of which run; name another folder"
            )

    def keep(self, product: WrittenScript) -> None:
        """Write a script's file, whole or not at all.

        Raises:
            WriteFailed: The disk is full or broken.
        """
        file = self._path / f"{product.name}.json"
        try:
            put(file, product.text.encode())
        except OSError as error:
            raise WriteFailed(f"{file} cannot be written: {reason(error)}") from None

    def has(self, outcome: Outcome) -> bool:
        """Whether an outcome's script is there, under a name that is the item's."""
        name = outcome.kept or ""
        return (
            _NAME.fullmatch(name) is not None
            and int(name.partition("-")[0]) == outcome.item
            and (self._path / name).is_file()
        )


class TrajectoryFile:
    """A file of trajectories.

    Args:
        store: The file, open.
        own: The folder that says what became of the run's items.

    Raises:
        StoreError: It holds trajectories, and the folder is not there: all of them would be paid for once more.
    """

    def __init__(self, store: Store, own: Path) -> None:
        if store.records and not own.exists():
            raise StoreError(
                f"{store.path} holds trajectories, and {own.name} is not there to say what became of the others; name "
                "another file"
            )
        self._store = store
        self._kept: set[str] = set()

    @property
    def torn(self) -> Path | None:
        """Where half a trajectory was set aside; None where there was none."""
        return self._store.torn

    def keep(self, product: Trajectory) -> None:
        """Append a trajectory, unless it is there.

        Raises:
            WriteFailed: The disk is full or broken.
        """
        if product.id not in self._store and product.id not in self._kept:
            self._store.append(product.model_dump_json().encode() + b"\n")
            self._kept.add(product.id)

    def has(self, outcome: Outcome) -> bool:
        """Whether an outcome's trajectory is there."""
        return outcome.kept is not None and outcome.kept in self._store


def _is_generated(path: Path) -> bool:
    return _NAME.fullmatch(path.name) is not None
