"""The kinds of errors, as the figures of an evaluation and the reader of episodes tell them apart."""

from collections.abc import Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of error.

    Attributes:
        name: As results call it.
        label: As people do.
        code: Two letters, where there is no room for more.
    """

    name: str
    label: str
    code: str


KINDS = (
    Kind("parameter", "parameter error", "Pa"),
    Kind("place", "place error", "Pl"),
    Kind("logic", "logic error", "Lo"),
    Kind("format", "unreadable reply", "Fo"),
)


def corrections(kinds: Sequence[str | None]) -> list[int | None]:
    """For each erroneous turn the correct one that ended its row of errors, by index; None for all others.

    Example:
        >>> corrections([None, "place", "logic", None, "place"])
        [None, 3, 3, None, None]
    """
    found: list[int | None] = [None] * len(kinds)
    following: int | None = None
    for i in range(len(kinds) - 1, -1, -1):
        if kinds[i] is None:
            following = i
        else:
            found[i] = following
    return found
