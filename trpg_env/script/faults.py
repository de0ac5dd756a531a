"""What is wrong with a script, and where: the one shape in which every reader and checker reports.

A `Fault` is data. `ScriptError` carries all the faults that loading found, not only the first, so that a
script is mended in one go.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and indices from the top of a script down to one of its values."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and what to write instead.

    Attributes:
        message: The fault in a sentence.
        place: Where in the data, such as `available_actions["eat oats"].effects[1]`; empty for the whole.
        file: The file's name, where there is a file.
        line: The line in that file, counted from 1.

    Example:
        >>> print(Fault("the goal is missing", file="oats.yaml", line=1))
        oats.yaml:1: the goal is missing
    """

    message: str
    place: str = ""
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = [self.file if self.line is None else f"{self.file}:{self.line}"] if self.file else []
        return ": ".join([*where, *([self.place] if self.place else []), self.message])


class ScriptError(ValueError):
    """A script that cannot be loaded.

    Attributes:
        faults: Everything that was found, in the order of the file where that is known.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type["ScriptError"], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class ScriptNotFound(ScriptError):
    """There is no such library script or file."""


def place_of_path(path: Path) -> str:
    """A path as people read it.

    Example:
        >>> place_of_path(("available_actions", "eat oats", "effects", 1))
        'available_actions["eat oats"].effects[1]'
    """
    text = ""
    for i, key in enumerate(path):
        if isinstance(key, int):
            text += f"[{key}]"
        elif key.isidentifier() and not (i == 1 and path[0] == "available_actions"):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text
