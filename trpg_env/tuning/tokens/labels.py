"""Tokens and labels of rendered conversations: each token of a reply that counts has a label, no other has.

The tokens before a reply must be those of the prompt for it, encoded by itself. Some templates and tokenizers have it
otherwise: a prompt that ends in a blank, which the tokenizer takes into the reply's first word, or in two line ends,
which it takes as one token only where nothing follows. Then the text is encoded in parts that meet where replies begin
and end. So it is in play: the model is given the prompt's tokens, and goes on with its own. Only what was said
earlier is then split as it was when it was new, where a server would read it anew.

A tokenizer splits a text at special tokens before it looks at anything else, so what stands between them is encoded by
itself, and once: episodes of one script begin with the same instruction, and are often told the same. The first
conversations are encoded as a whole too, and compared token by token.
"""

from collections.abc import Collection, Iterator, Sequence
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

COMPARED = 50
"""How many conversations are encoded as a whole too."""

KEPT = 1 << 23
"""How many tokens are kept for the texts that come again."""

AT_ONCE = 1 << 21
"""How many characters are encoded at once."""

Ids = NDArray[np.int32]


class Encoded(NamedTuple):
    """A text in tokens.

    Attributes:
        ids: The tokens.
        parts: Each reply's tokens, from the first to behind the last, by the message's index.
        apart: Whether prompts and replies are encoded apart, for read together they would have other tokens.
    """

    ids: Ids
    parts: dict[int, Span]
    apart: bool

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


class _Tokens(NamedTuple):
    """A piece's tokens, the replies' parts in them, and whether it was encoded in parts."""

    ids: Ids
    replies: tuple[Span, ...]
    apart: bool


class _Prompt(NamedTuple):
    """The end of a prompt, from a special token on, and the bytes of the tokens that the whole has there."""

    text: str
    ids: bytes


class Encoder:
    """Encodes rendered conversations, many at once on all cores.

    Args:
        tokenizer: The tokenizer.
    """

    def __init__(self, tokenizer: "Tokenizer") -> None:
        self._tokenizer = tokenizer
        # Where a blank is put before whatever is encoded, the parts of a text are not what they are in it.
        first = tokenizer.encode("b", add_special_tokens=False).tokens[:1]
        self._adds_blanks = bool(first) and first[0][0] in "▁Ġ"
        added = tokenizer.get_added_tokens_decoder()
        self._special = np.array([number for number, token in added.items() if token.special], dtype=np.int32)
        self._kept: dict[_Piece, _Tokens] = {}
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
        self._keep([piece for those in pieces for piece in those])
        return [self._joined(one, those) for one, those in zip(texts, pieces, strict=True)]

    def says_when_to_stop(self, token: int) -> bool:
        """Whether a token is one of those with which models are stopped: a special one."""
        return bool((self._special == token).any())

    def _compare(self, texts: Sequence[Rendered]) -> None:
        """See whether pieces give the tokens that the whole gives; where they do not, nothing is encoded in pieces."""
        compared = [one for one in texts if one.cuts][: self._left_to_compare]
        self._left_to_compare -= len(compared)
        for one, whole in zip(compared, self._encodings([one.text for one in compared]), strict=True):
            pieces = self._encodings([piece.text for piece in _pieces(one, one.cuts)])
            self._splits = self._splits and [i for piece in pieces for i in piece.ids] == whole.ids

    def _encodings(self, texts: Sequence[str]) -> "Iterator[Encoding]":
        """What the tokenizer makes of texts; it has so many at once that memory holds what it makes of them."""
        waiting: list[str] = []
        size = 0
        for text in texts:
            waiting.append(text)
            size += len(text)
            if size >= AT_ONCE:
                yield from self._batch(waiting)
                waiting, size = [], 0
        yield from self._batch(waiting)

    def _batch(self, texts: list[str]) -> "list[Encoding]":
        try:
            return self._tokenizer.encode_batch(texts, add_special_tokens=False)
        except TypeError as error:  # half a character, which only a template writes
            raise ExportError(f"the chat template writes what is no text: {error}") from None

    def _keep(self, pieces: Sequence[_Piece]) -> None:
        """Encode the pieces that are new."""
        new = list(dict.fromkeys(piece for piece in pieces if piece not in self._kept))
        apart = []
        prompts: dict[_Prompt, list[_Piece]] = {}
        for piece, encoding in zip(new, self._encodings([piece.text for piece in new]), strict=True):
            tokens = self._placed(piece, encoding)
            if tokens is None:
                apart.append(piece)
                continue
            self._kept[piece] = tokens
            for prompt in self._prompts(piece, tokens, encoding):
                prompts.setdefault(prompt, []).append(piece)
        # Nearly all prompts end in the same words: a role's name behind a special token.
        for prompt, alone in zip(prompts, self._encodings([prompt.text for prompt in prompts]), strict=True):
            if np.array(alone.ids, dtype=np.int32).tobytes() != prompt.ids:
                apart += prompts[prompt]
        for piece in apart:
            self._kept[piece] = self._in_parts(piece)
        self._size += sum(len(self._kept[piece].ids) for piece in new)

    def _placed(self, piece: _Piece, encoding: "Encoding") -> _Tokens | None:
        """The tokens of a piece; None where one of them lies across a reply's beginning or end."""
        ids = np.array(encoding.ids, dtype=np.int32)
        replies = []
        for start, end in piece.replies:
            first, last = encoding.char_to_token(start), encoding.char_to_token(end - 1)
            if first is None or last is None:
                return None
            begins, ends = encoding.token_to_chars(first), encoding.token_to_chars(last)
            if begins is None or ends is None or begins[0] < start:
                return None
            # Some special tokens take the blanks behind them for their own.
            if ends[1] > end and (
                not self.says_when_to_stop(int(ids[last])) or piece.text[end : ends[1]].strip()
            ):
                return None
            # The last character may be several tokens.
            while last + 1 < len(ids) and encoding.token_to_chars(last + 1) == ends:
                last += 1
            replies.append(Span(first, last + 1))
        return _Tokens(ids, tuple(replies), apart=False)

    def _prompts(self, piece: _Piece, tokens: _Tokens, encoding: "Encoding") -> Iterator[_Prompt]:
        """The prompts for a piece's replies, each from the last special token before the reply on."""
        if not piece.replies:
            return
        special = np.flatnonzero(np.isin(tokens.ids, self._special))
        before = np.searchsorted(special, [first for first, _ in tokens.replies])
        for span, (first, _), place in zip(piece.replies, tokens.replies, before.tolist(), strict=True):
            begin = int(special[place - 1]) if place else 0
            chars = encoding.token_to_chars(begin)
            if begin < first and chars is not None:
                text = piece.text[chars[0] if place else 0 : span.start]
                yield _Prompt(text, tokens.ids[begin:first].tobytes())

    def _in_parts(self, piece: _Piece) -> _Tokens:
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
        replies = tuple(Span(tokens[start], tokens[end]) for start, end in piece.replies)
        return _Tokens(ids, replies, apart=True)

    def _joined(self, rendered: Rendered, pieces: Sequence[_Piece]) -> Encoded:
        position, spans = 0, []
        tokens = [self._kept[piece] for piece in pieces]
        for one in tokens:
            spans += [Span(position + start, position + end) for start, end in one.replies]
            position += len(one.ids)
        parts = dict(zip(rendered.spans, spans, strict=True))
        return Encoded(np.concatenate([one.ids for one in tokens]), parts, any(one.apart for one in tokens))


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
