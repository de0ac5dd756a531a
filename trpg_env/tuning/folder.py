"""A dataset's folder: all files of a dataset take their places together, and only a dataset is ever replaced.

Files are written beside their places. They are renamed when all of them are whole, so that a run that dies before
leaves the earlier dataset as it was; only between one renaming and the next is there a mixture. The README says which
files are the dataset's, by which a later export knows what it may replace.
"""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from trpg_env.trajectory.reading import reason
from trpg_env.tuning.options import ExportError

README = "README.md"

SUBFOLDER = "tokenized"
"""The one folder that a dataset may have in its own."""

_OWN = re.compile(r"^trpg_env_files: (\[.*\])$", re.MULTILINE)
_DATA = (".jsonl", ".parquet", ".arrow")
_HEAD = 65_536
"""How much of a README is looked at for the files of its dataset, in bytes."""


def files_line(names: Collection[str]) -> str:
    """The line of YAML by which a README says which files are the dataset's."""
    return f"trpg_env_files: {json.dumps(sorted(names))}"


class Stage:
    """The files of a dataset while they are written. Made by `staged`."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._files: dict[str, tuple[IO[bytes], Path]] = {}

    def write(self, name: str, data: bytes) -> None:
        """Add to a file; the first call makes it.

        Raises:
            ExportError: The disk is full, or writing failed otherwise.
        """
        with _told(self._folder):
            if name not in self._files:
                self._files[name] = self._made(name)
            self._files[name][0].write(data)

    def store(self) -> "Store":
        """A nameless file for data that wait; it is gone when the stage is."""
        with _told(self._folder):
            file = self._stack.enter_context(_nameless(self._folder))
        return Store(self._folder, file)

    def take_places(self, earlier: Collection[str]) -> None:
        """Rename every file to its name, and remove what is left of the earlier dataset.

        The README goes first, so that a new folder is known as a dataset's even where a run dies right after.
        """
        with _told(self._folder):
            for file, path in self._files.values():
                file.flush()
                os.fsync(file.fileno())
                file.close()
                path.chmod(0o644)
            for name in sorted(self._files, key=lambda name: (name != README, name)):
                self._files[name][1].replace(self._folder / name)
            for name in set(earlier) - set(self._files):
                (self._folder / name).unlink(missing_ok=True)
            _remove_empty(self._folder / SUBFOLDER)

    def _made(self, name: str) -> tuple[IO[bytes], Path]:
        if name.startswith(f"{SUBFOLDER}/"):
            (self._folder / SUBFOLDER).mkdir(exist_ok=True)
            self._stack.callback(_remove_empty, self._folder / SUBFOLDER)
        descriptor, made = tempfile.mkstemp(dir=self._folder, prefix=f".{Path(name).name}.")
        path = Path(made)
        self._stack.callback(path.unlink, missing_ok=True)
        file = os.fdopen(descriptor, "wb")
        self._stack.callback(_close, file)
        return file, path


class Store:
    """Data that wait in a file, for whoever knows their places."""

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self._folder = folder
        self._file = file
        self._end = 0

    def append(self, data: bytes) -> int:
        """Keep data; gives its place."""
        with _told(self._folder):
            place = self._end
            self._file.seek(place)
            self._end += self._file.write(data)
            return place

    def read(self, place: int, length: int) -> bytes:
        """What was kept at a place."""
        with _told(self._folder):
            self._file.seek(place)
            return self._file.read(length)


@contextlib.contextmanager
def staged(folder: Path, names: Collection[str]) -> Iterator[Stage]:
    """Write a dataset: its files take their places at the end, all or none.

    Args:
        folder: The dataset's folder; it is made where it is missing, and taken away again where writing fails.
        names: The files that there will be.

    Raises:
        ExportError: The folder holds what is no part of a dataset, or cannot be written.
    """
    if "\0" in str(folder):
        raise ExportError(f"{str(folder)!r} cannot be a folder's name: there is a null character in it")
    with contextlib.ExitStack() as stack:
        with _told(folder):
            _make(folder, stack)
            earlier = dataset_files(folder)
            _refuse_other_files(folder, names, earlier)
        stage = Stage(folder, stack)
        yield stage
        stage.take_places(earlier)


def _make(folder: Path, stack: contextlib.ExitStack) -> None:
    """Make a folder and those on the way to it; they are taken away again if nothing comes of it."""
    if os.path.lexists(folder) and not folder.is_dir():
        what = "a file" if folder.is_file() else "no folder"
        raise ExportError(
            f"{folder} cannot be written: it is {what}, and a dataset is a folder; name a folder"
        )
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]

    def unmake(kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for path in missing:
                with contextlib.suppress(
                    OSError, ValueError
                ):  # not made, or somebody has put something there
                    path.rmdir()

    stack.push(unmake)
    folder.mkdir(parents=True, exist_ok=True)


def dataset_files(folder: Path) -> frozenset[str]:
    """The files of the dataset that is in a folder, by its README; none where there is no dataset."""
    try:
        with (folder / README).open("rb") as file:
            match = _OWN.search(file.read(_HEAD).decode(errors="replace"))
        names = json.loads(match[1]) if match else []
    except (OSError, ValueError, RecursionError):
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str) and _is_plain(folder, name))


def _is_plain(folder: Path, name: str) -> bool:
    """Whether a name is one of a file in the dataset's own folders: a README may have been written by anybody."""
    own = re.fullmatch(rf"({SUBFOLDER}/)?\w[\w.-]*", name)
    if own is None or (folder / name).is_dir():
        return False
    return own[1] is None or not (folder / SUBFOLDER).is_symlink()


def _refuse_other_files(folder: Path, names: Collection[str], earlier: Collection[str]) -> None:
    """Let a dataset go into a folder of its own only: trainers read every data file there."""
    own = {folder / name for name in earlier}
    data = [path for path in folder.rglob("*") if path.suffix in _DATA and path not in own]
    taken = [path for path in (folder / name for name in names) if path not in own and os.path.lexists(path)]
    if any(name.startswith(SUBFOLDER) for name in names) and (folder / SUBFOLDER).is_symlink():
        raise ExportError(
            f"{folder / SUBFOLDER} is a link, and a dataset's own folder is wanted there; remove it"
        )
    others = sorted(str(path.relative_to(folder)) for path in {*data, *taken})
    if others:
        raise ExportError(
            f"{folder} holds {others[0]}, which is no part of a dataset; remove it, or name a new or empty folder"
        )


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not there, or not empty
        folder.rmdir()


@contextlib.contextmanager
def _nameless(folder: Path) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            yield file
        finally:
            _close(file)


def _close(file: IO[bytes]) -> None:
    """Close a file in the end, even where what it holds no longer fits on the disk."""
    with contextlib.suppress(OSError):
        file.close()


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the system refuses is an error that names the folder."""
    try:
        yield
    except (OSError, UnicodeEncodeError) as error:
        raise ExportError(f"{folder} cannot be written: {reason(error)}") from None
