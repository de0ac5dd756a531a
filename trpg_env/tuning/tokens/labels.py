"""Tokens and labels of rendered conversations: each token of a reply that counts has a label, no other has.

The tokens before a reply must be those of the prompt for it, encoded by itself, and those up to its end what the same text
gives that ends there. Some templates and tokenizers have it otherwise: a prompt that ends in a blank, which the tokenizer
takes into the reply's first word, or in two line ends, which it takes as one token only where nothing follows. Then
the text is encoded in parts that meet where replies begin and end. So it is in play: the model is given the prompt's
tokens, and goes on with its own.

A tokenizer splits a text at special tokens before it looks at anything else, so what stands between them is encoded by
itself, and once: episodes of one script begin with the same instruction, and are often told the same. The first
conversations are encoded as a whole too, and compared token by token.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trpg_env.tuning.options import ExportError
from trpg_env.tuning.tokens.rendering import Rendered, Span

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

IGNORED = -100
"""The label of a token without loss, as PyTorch's cross entropy has it."""

COMPARED = 200
"""How many conversations are encoded as a whole too."""

KEPT = 1 << 23
"""How many tokens are kept for the texts that come again."""

Ids = NDArray[np.int32]


class Encoded(NamedTuple):
    """A text in tokens.

    Attributes:
        ids: The tokens.
        parts: Each reply's tokens, from the first to behind the last, by the message's index.
    """

    ids: Ids
    parts: dict[int, Span]

    def labels(self, trained: Collection[int]) -> Ids:
        """The labels where these replies count towards the loss."""
        labels = np.full(len(self.ids), IGNORED, dtype=np.int32)
        for reply in trained:
            start, end = self.parts[reply]
            labels[start:end] = self.ids[start:end]
        return labels


class _Piece(NamedTuple):
    """What is encoded by itself: a text, and the replies' parts in it, in characters."""

    text: str
    replies: tuple[Span, ...]


class _Read(NamedTuple):
    """A piece's tokens, and the replies' parts in them."""

    ids: Ids
    replies: tuple[Span, ...]


class Encoder:
    """Encodes rendered conversations, many at once on all cores.

    Args:
        tokenizer: The tokenizer.
    """

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        first = tokenizer.encode("b", add_special_tokens=False).tokens[:1]
        self._adds_blanks = bool(first) and first[0][0] in "▁Ġ"
        added = tokenizer.get_added_tokens_decoder()
        self._special = {number for number, token in added.items() if token.special}
        self._kept: dict[_Piece, _Read] = {}
        self._size = 0
        self._left_to_compare = COMPARED
        self._splits = True

    def encode(self, texts: Sequence[Rendered]) -> list[Encoded]:
        """The tokens of texts, and which are whose.

        Raises:
            ExportError: A text must be encoded in parts, and the tokenizer does not let it be.
        """
        self._compare(texts)
        if self._size > KEPT:
            self._kept.clear()
            self._size = 0
        pieces = [_pieces(one, one.cuts if self._splits else ()) for one in texts]
        self._read([piece for those in pieces for piece in those])
        return [self._joined(one, those) for one, those in zip(texts, pieces, strict=True)]

    def _compare(self, texts: Sequence[Rendered]) -> None:
        """See whether pieces give the tokens that the whole gives; where they do not, nothing is encoded in pieces."""
        compared = [one for one in texts[: self._left_to_compare] if one.cuts]
        self._left_to_compare -= len(compared)
        for one, whole in zip(compared, self._encodings([one.text for one in compared]), strict=True):
            pieces = self._encodings([piece.text for piece in _pieces(one, one.cuts)])
            self._splits = self._splits and [i for piece in pieces for i in piece.ids] == whole.ids

    def _encodings(self, texts: Sequence[str]) -> "list[Encoding]":
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)

    def _read(self, pieces: Sequence[_Piece]) -> None:
        new = list(dict.fromkeys(piece for piece in pieces if piece not in self._kept))
        found = [
            _placed(piece, one)
            for piece, one in zip(new, self._encodings([p.text for p in new]), strict=True)
        ]
        apart = self._apart(new, found)
        for i, (piece, read) in enumerate(zip(new, found, strict=True)):
            kept = self._in_parts(piece) if read is None or i in apart else read
            self._kept[piece] = kept
            self._size += len(kept.ids)

    def _apart(self, pieces: Sequence[_Piece], found: "Sequence[_Read | None]") -> set[int]:
        """Which pieces have other tokens before a reply, or up to its end, than the text has that ends there."""
        ends: dict[str, list[tuple[int, Ids]]] = {}
        for i, (piece, read) in enumerate(zip(pieces, found, strict=True)):
            for span, tokens in zip(piece.replies, read.replies if read else (), strict=False):
                assert read is not None
                ends.setdefault(piece.text[: span.start], []).append((i, read.ids[: tokens.start]))
                if read.ids[tokens.end - 1] not in self._special:
                    ends.setdefault(piece.text[: span.end], []).append((i, read.ids[: tokens.end]))
        apart = set()
        for alone, those in zip(self._encodings(list(ends)), ends.values(), strict=True):
            ids = np.array(alone.ids, dtype=np.int32)
            apart |= {i for i, others in those if not np.array_equal(ids, others)}
        return apart

    def _in_parts(self, piece: _Piece) -> _Read:
        """The tokens of a piece that is split where replies begin and end."""
        if self._adds_blanks:
            across = piece.replies[0].start
            raise ExportError(
                "the tokenizer reads the prompt for a reply in one way by itself and in another with the reply behind it, "
                f"near {piece.text[max(0, across - 20) : across + 20]!r}; end the prompt for a reply with a special token "
                "or a line's end in the chat template"
            )
        places = sorted({0, len(piece.text), *(place for span in piece.replies for place in span)})
        parts = [encoding.ids for encoding in self._encodings([piece.text[a:b] for a, b in pairwise(places)])]
        tokens = dict(zip(places, np.cumsum([0, *map(len, parts)]).tolist(), strict=True))
        ids = np.array([i for part in parts for i in part], dtype=np.int32)
        return _Read(ids, tuple(Span(tokens[start], tokens[end]) for start, end in piece.replies))

    def _joined(self, rendered: Rendered, pieces: Sequence[_Piece]) -> Encoded:
        position, spans = 0, []
        read = [self._kept[piece] for piece in pieces]
        for one in read:
            spans += [Span(position + start, position + end) for start, end in one.replies]
            position += len(one.ids)
        parts = dict(zip(rendered.spans, spans, strict=True))
        return Encoded(np.concatenate([one.ids for one in read]), parts)


def _pieces(rendered: Rendered, cuts: Sequence[int]) -> list[_Piece]:
    """A text in the pieces between cuts; no reply's part lies across one."""
    pieces = []
    spans = list(rendered.spans.values())
    following = 0
    for start, end in pairwise((0, *cuts, len(rendered.text))):
        first = following
        while following < len(spans) and spans[following].end <= end:
            following += 1
        inside = tuple(Span(a - start, b - start) for a, b in spans[first:following])
        pieces.append(_Piece(rendered.text[start:end], inside))
    return pieces


def _placed(piece: _Piece, encoding: "Encoding") -> _Read | None:
    """The tokens of a piece; None where one of them lies across a reply's beginning or end."""
    replies = []
    for start, end in piece.replies:
        first, last = encoding.char_to_token(start), encoding.char_to_token(end - 1)
        if first is None or last is None:
            return None
        starts, ends = encoding.token_to_chars(first), encoding.token_to_chars(last)
        if starts is None or ends is None or starts[0] != start or ends[1] != end:
            return None
        # The last character may be several tokens.
        while last + 1 < len(encoding) and encoding.token_to_chars(last + 1) == ends:
            last += 1
        replies.append(Span(first, last + 1))
    return _Read(np.array(encoding.ids, dtype=np.int32), tuple(replies))
