"""Texts as words and as n-grams of words, in the convention of `trpg_env.trajectory.similarity`."""

import re
from collections.abc import Sequence

MAX_WORDS = 400
"""How many words of a thought are looked at."""

_WORD = re.compile(r"\w+")

Gram = tuple[str, ...]


def words(text: str, limit: int | None = MAX_WORDS) -> list[str]:
    """The words of a text, case-folded.

    Args:
        text: The text.
        limit: How many at most; None for all.

    Example:
        >>> words("I take the RED key.")
        ['i', 'take', 'the', 'red', 'key']
    """
    found = _WORD.findall(text.casefold())
    return found if limit is None else found[:limit]


def grams(of: Sequence[str], n: int) -> list[Gram]:
    """The n-grams of words; a text of fewer words is one gram of all its words.

    Example:
        >>> grams(["go", "to", "hall"], 2), grams(["go"], 2)
        ([('go', 'to'), ('to', 'hall')], [('go',)])
    """
    if len(of) <= n:
        return [tuple(of)] if of else []
    return list(zip(*(of[i:] for i in range(n)), strict=False))
