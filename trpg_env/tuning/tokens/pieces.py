"""What is encoded by itself: a text between cuts, with the replies in it and the special tokens that show where they are.

A tokenizer splits a text at special tokens before it looks at anything else. Where a reply's part ends at one, and the
tokens before the reply are those of its prompt alone, the reply's tokens can be counted off; no token's place in the text is
needed, which would cost the tokenizer a fifth of its time.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from trpg_env.tuning.tokens.rendering import Rendered, Span


class Piece(NamedTuple):
    """A text, and the replies' parts in it, in characters."""

    text: str
    replies: tuple[Span, ...]


class Anchor(NamedTuple):
    """What shows where a reply is.

    Attributes:
        before: Which special token begins the prompt for it, counted through the piece; -1 where none is before it.
        prompt: The prompt's text from there on.
        after: Which special token its part ends at.
        inside: Whether that token belongs to the part.
    """

    before: int
    prompt: str
    after: int
    inside: bool


class Anchors(NamedTuple):
    """The special tokens of a piece, by their texts, and an anchor for each reply."""

    tokens: tuple[str, ...]
    replies: tuple[Anchor, ...]


def pieces(rendered: Rendered, cuts: Sequence[int]) -> list[Piece]:
    """A text in the pieces between cuts; no reply's part lies across one."""
    found = []
    spans = list(rendered.spans.values())
    following = 0
    for start, end in pairwise((0, *cuts, len(rendered.text))):
        first = following
        while following < len(spans) and spans[following].end <= end:
            following += 1
        inside = tuple(Span(a - start, b - start) for a, b in spans[first:following])
        found.append(Piece(rendered.text[start:end], inside))
    return found


def splitting(tokens: Sequence[str]) -> re.Pattern[str] | None:
    """What finds the special tokens at which a tokenizer splits a text, the longest first; None where there is none."""
    longest_first = sorted((token for token in tokens if token), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def anchors(piece: Piece, splits: re.Pattern[str]) -> Anchors | None:
    """What shows where the replies of a piece are; None where one of them does not end at a special token.

    Args:
        piece: The piece.
        splits: Finds the special tokens at which its tokenizer splits a text.
    """
    found = [(match.start(), match.end(), match[0]) for match in splits.finditer(piece.text)]
    starts = [start for start, _, _ in found]
    ends = [end for _, end, _ in found]
    replies = []
    for start, end in piece.replies:
        before = bisect_right(ends, start) - 1
        after = bisect_right(starts, end - 1) - 1
        if after > before and ends[after] == end:
            inside = True
        elif after + 1 < len(starts) and starts[after + 1] == end:
            after, inside = after + 1, False
        else:
            return None
        replies.append(
            Anchor(before, piece.text[starts[before] if before >= 0 else 0 : start], after, inside)
        )
    return Anchors(tuple(text for _, _, text in found), tuple(replies))
