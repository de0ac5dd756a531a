"""Story files of the Z-machine: which there are, and whether a file is one at all, before an emulator in C reads it."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from trpg_env.suites.data import DataError

VERSIONS = (3, 4, 5, 8)
"""The versions of the Z-machine whose games can be played."""

SUFFIXES = tuple(f".z{version}" for version in VERSIONS)
"""How the names of story files end."""

_HEADER = 64
_LARGEST = 1 << 20
_UNIT = {3: 2, 4: 4, 5: 4, 8: 8}


class Story(NamedTuple):
    """A story file.

    Attributes:
        path: Where it is.
        sha256: What is in it.
    """

    path: Path
    sha256: str


def stories(folder: Path) -> list[Story]:
    """The story files of a folder, in the order of their names.

    Raises:
        DataError: A file that is named like one is none, or cannot be read.
    """
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()
        )
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from None
    return [_story(path) for path in paths]


def _story(path: Path) -> Story:
    if not path.name.isprintable():
        raise DataError(f"{str(path)!r} has a name that cannot be printed; give it another")
    try:
        content = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if wrong := _wrong(content):
        raise DataError(f"{path} is no story file of the Z-machine ({wrong}); get it again, or take it away")
    return Story(path, hashlib.sha256(content).hexdigest())


def _wrong(content: bytes) -> str | None:
    """What in a file's header cannot be, as the Z-Machine Standards Document 1.1 has it (section 11); None where all can."""
    if len(content) < _HEADER:
        return f"it has not the size of one, {_HEADER} bytes to 1 MiB"

    def word(at: int) -> int:
        return int.from_bytes(content[at : at + 2])

    version = content[0]
    if version not in VERSIONS:
        return f"its first byte is to be its version, one of {', '.join(map(str, VERSIONS))}"
    high, dictionary, objects, variables, static = (word(at) for at in (0x04, 0x08, 0x0A, 0x0C, 0x0E))
    if not _HEADER <= static <= min(len(content), 0xFFFF):
        return "its static memory begins nowhere in it"
    if not (_HEADER <= objects < static and _HEADER <= variables < static):
        return "its objects or global variables are not in its dynamic memory"
    if not (_HEADER <= dictionary < len(content) and static <= high <= len(content)):
        return "its dictionary or high memory is not in it"
    length = word(0x1A) * _UNIT[version]
    if length > len(content):
        return "it has been cut short"
    if length and word(0x1C) and sum(content[_HEADER:length]) & 0xFFFF != word(0x1C):
        return "its checksum is another"
    return None
