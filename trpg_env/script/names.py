"""Names: how they compare, which are taken, and what to suggest for one that is nothing."""

import difflib
import unicodedata
from collections.abc import Iterable

FUNCTIONS = frozenset({"any", "all", "count", "sum", "min", "max", "abs", "place_of", "inside", "visible"})
TAKEN = (
    frozenset({"player", "items", "places", "nowhere", "look", "turn", "true", "false", "null"}) | FUNCTIONS
)
"""Names that no entity, parameter or definition may have."""

_NORMALISED = 1_000
"""The longest name that is normalised, in characters: it takes a time that grows with the square of the marks in a row."""


def fold(name: str) -> str:
    """The form in which two spellings of one name are equal.

    Example:
        >>> fold("Drawer_1") == fold("drawer  1")
        True
    """
    if not name.isascii() and len(name) <= _NORMALISED:
        name = unicodedata.normalize("NFC", name)
    return " ".join(name.casefold().replace("_", " ").split())


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where a known name is near, else nothing."""
    by_fold = {fold(k): k for k in known}
    near = difflib.get_close_matches(fold(name), by_fold, n=1)
    return f"; did you mean {by_fold[near[0]]!r}?" if near else ""
