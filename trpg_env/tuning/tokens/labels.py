"""Tokens and labels of rendered conversations: each token of a reply that counts has a label, no other has.

The tokens before a reply must be those of the prompt for it, encoded by itself. Some templates and tokenizers have it
otherwise: a prompt that ends in a blank, which the tokenizer takes into the reply's first word, or in two line ends,
which it takes as one token only where nothing follows. Then the text is encoded in parts that meet where replies begin
and end. So it is in play: the model is given the prompt's tokens, and goes on with its own. Only what was said
earlier is then split as it was when it was new, where a server would read it anew.

A tokenizer splits a text at special tokens before it looks at anything else, so a text is encoded in pieces, and a piece
that comes again once: episodes of one script begin with the same instruction. The first conversations are encoded as a whole
too and compared token by token, and so is where replies are counted off with where the tokenizer itself sees them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trpg_env.tuning.options import ExportError
from trpg_env.tuning.tokens.pieces import Anchors, Piece, anchors, pieces, splitting
from trpg_env.tuning.tokens.rendering import Rendered, Span

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

IGNORED = -100
"""The label of a token without loss, as PyTorch's cross entropy has it."""

COMPARED = 20
"""How many conversations are encoded as a whole too."""

KEPT = 1 << 20
"""How many tokens are kept for pieces that come again."""

PROMPTS = 4_096
"""How many ends of prompts are remembered."""

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


class _Tokens(NamedTuple):
    """A piece's tokens, the replies' parts in them, and whether it was encoded in parts."""

    ids: Ids
    replies: tuple[Span, ...]
    apart: bool


@dataclass(frozen=True)
class Started:
    """Texts that are being encoded.

    Attributes:
        texts: The texts.
        pieces: The pieces of each.
        counted: The new ones among them in which replies can be counted off.
        others: The other new ones.
        awaited: Those that others, begun before, encode.
        ids: The tokens of those counted.
        tokens: What is known of the pieces; of all of them, once this is finished.
    """

    texts: Sequence[Rendered]
    pieces: Sequence[Sequence[Piece]]
    counted: Sequence[tuple[Piece, Anchors]]
    others: Sequence[Piece]
    awaited: "Mapping[Piece, Started]"
    ids: Future[list[list[int]]]
    tokens: dict[Piece, _Tokens]


class Encoder:
    """Encodes rendered conversations, many at once on all cores.

    Args:
        tokenizer: The tokenizer.
        splits_at: The special tokens at which it splits a text, whatever stands around them.
    """

    def __init__(self, tokenizer: "Tokenizer", splits_at: Collection[str] = ()) -> None:
        self._tokenizer = tokenizer
        # Where a blank is put before whatever is encoded, the parts of a text are not what they are in it.
        first = tokenizer.encode("b", add_special_tokens=False).tokens[:1]
        self._adds_blanks = bool(first) and first[0][0] in "▁Ġ"
        added = tokenizer.get_added_tokens_decoder()
        self._special = np.array([number for number, token in added.items() if token.special], dtype=np.int32)
        self._numbers = {
            token.content: number for number, token in added.items() if token.content in splits_at
        }
        self._is_split = np.zeros(max([*added, tokenizer.get_vocab_size() - 1]) + 1, dtype=np.bool_)
        self._is_split[list(self._numbers.values())] = True
        self._at_splits = splitting(list(self._numbers))
        self._prompt_ids: dict[str, list[int]] = {}
        self._kept: dict[Piece, _Tokens] = {}
        self._size = 0
        self._coming: dict[Piece, Started] = {}
        self._left_to_compare = COMPARED
        self._splits = True

    def start(self, texts: Sequence[Rendered], executor: Executor) -> Started:
        """Begin to encode texts; `finish` gives what comes of them, in the order in which they were begun.

        Args:
            texts: The texts.
            executor: Where the tokenizer works.
        """
        self._compare(texts)
        each = [pieces(one, one.cuts if self._splits else ()) for one in texts]
        tokens: dict[Piece, _Tokens] = {}
        awaited: dict[Piece, Started] = {}
        counted: list[tuple[Piece, Anchors]] = []
        others: list[Piece] = []
        for piece in dict.fromkeys(piece for those in each for piece in those):
            if (known := self._kept.get(piece)) is not None:
                tokens[piece] = known
            elif (coming := self._coming.get(piece)) is not None:
                awaited[piece] = coming
            elif (found := self._anchors(piece)) is not None:
                counted.append((piece, found))
            else:
                others.append(piece)
        ids = executor.submit(self._ids, [piece.text for piece, _ in counted])
        started = Started(texts, each, counted, others, awaited, ids, tokens)
        self._coming.update(dict.fromkeys([*(piece for piece, _ in counted), *others], started))
        return started

    def finish(self, started: Started) -> list[Encoded]:
        """The tokens of texts, and which are whose.

        Raises:
            ExportError: A text must be encoded in parts, and the tokenizer does not let it be.
        """
        new: dict[Piece, _Tokens] = {}
        others = list(started.others)
        for (piece, found), ids in zip(started.counted, started.ids.result(), strict=True):
            tokens = self._counted_off(found, ids)
            if tokens is None:
                others.append(piece)
            else:
                new[piece] = tokens
        new |= self._placed_or_apart(others)
        for piece in new:
            del self._coming[piece]
        if self._size > KEPT:
            self._kept.clear()
            self._size = 0
        self._kept |= new
        self._size += sum(len(one.ids) for one in new.values())
        started.tokens.update(new)
        started.tokens.update({piece: earlier.tokens[piece] for piece, earlier in started.awaited.items()})
        return [
            _joined(one, [started.tokens[piece] for piece in those])
            for one, those in zip(started.texts, started.pieces, strict=True)
        ]

    def says_when_to_stop(self, token: int) -> bool:
        """Whether a token is one of those with which models are stopped: a special one."""
        return bool((self._special == token).any())

    def _compare(self, texts: Sequence[Rendered]) -> None:
        """See whether the quick ways give what the whole gives; where they do not, they are not taken."""
        compared = list(texts[: self._left_to_compare])
        self._left_to_compare -= len(compared)
        for one, whole in zip(compared, self._encodings([one.text for one in compared]), strict=True):
            apart = pieces(one, one.cuts)
            encodings = list(self._encodings([piece.text for piece in apart]))
            self._splits = self._splits and [i for each in encodings for i in each.ids] == whole.ids
            for piece, encoding in zip(apart, encodings, strict=True):
                found = self._anchors(piece)
                if found is None:
                    continue
                counted = self._counted_off(found, encoding.ids)
                placed = self._placed(piece, encoding)
                if counted is not None and (placed is None or placed.replies != counted.replies):
                    self._at_splits = None

    def _encodings(self, texts: Sequence[str]) -> "Iterator[Encoding]":
        """What the tokenizer makes of texts; it has so many at once that memory holds what it makes of them."""
        for some in _at_once(texts):
            try:
                yield from self._tokenizer.encode_batch(some, add_special_tokens=False)
            except TypeError as error:
                raise _no_text(error) from None

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens alone, which cost less."""
        found: list[list[int]] = []
        for some in _at_once(texts):
            try:
                found += [
                    one.ids for one in self._tokenizer.encode_batch_fast(some, add_special_tokens=False)
                ]
            except TypeError as error:
                raise _no_text(error) from None
        return found

    def _counted_off(self, found: Anchors, listed: list[int]) -> _Tokens | None:
        """The tokens of a piece; None where its special tokens are not those in its text, or a prompt has others by itself."""
        ids = np.array(listed, dtype=np.int32)
        at = np.flatnonzero(self._is_split[ids]).tolist()
        if [listed[place] for place in at] != [self._numbers[token] for token in found.tokens]:
            return None
        replies = []
        for before, prompt, after, inside in found.replies:
            begin = at[before] if before >= 0 else 0
            alone = self._prompt(prompt)
            first = begin + len(alone)
            end = at[after] + inside
            if first >= end or listed[begin:first] != alone:
                return None
            replies.append(Span(first, end))
        return _Tokens(ids, tuple(replies), apart=False)

    def _prompt(self, text: str) -> list[int]:
        """The tokens of a prompt's end by itself: nearly all end in the same words, a role's name behind a special token."""
        if text not in self._prompt_ids:
            if len(self._prompt_ids) >= PROMPTS:
                self._prompt_ids.clear()
            (self._prompt_ids[text],) = self._ids([text])
        return self._prompt_ids[text]

    def _placed_or_apart(self, new: Sequence[Piece]) -> dict[Piece, _Tokens]:
        """Pieces in tokens whose replies the tokenizer must show itself."""
        kept: dict[Piece, _Tokens] = {}
        for piece, encoding in zip(new, self._encodings([piece.text for piece in new]), strict=True):
            tokens = self._placed(piece, encoding)
            if tokens is None or not self._prompts_alone(piece, tokens, encoding):
                tokens = self._in_parts(piece)
            kept[piece] = tokens
        return kept

    def _anchors(self, piece: Piece) -> Anchors | None:
        return None if self._at_splits is None else anchors(piece, self._at_splits)

    def _placed(self, piece: Piece, encoding: "Encoding") -> _Tokens | None:
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

    def _prompts_alone(self, piece: Piece, tokens: _Tokens, encoding: "Encoding") -> bool:
        """Whether the prompts for a piece's replies, each from the last special token on, have these tokens by themselves."""
        special = np.flatnonzero(np.isin(tokens.ids, self._special))
        before = np.searchsorted(special, [first for first, _ in tokens.replies])
        for span, (first, _), place in zip(piece.replies, tokens.replies, before.tolist(), strict=True):
            begin = int(special[place - 1]) if place else 0
            chars = encoding.token_to_chars(begin)
            if begin < first and chars is not None:
                prompt = self._prompt(piece.text[chars[0] if place else 0 : span.start])
                if prompt != tokens.ids[begin:first].tolist():
                    return False
        return True

    def _in_parts(self, piece: Piece) -> _Tokens:
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


def _joined(rendered: Rendered, those: Sequence[_Tokens]) -> Encoded:
    position, spans = 0, []
    for one in those:
        spans += [Span(position + start, position + end) for start, end in one.replies]
        position += len(one.ids)
    parts = dict(zip(rendered.spans, spans, strict=True))
    return Encoded(np.concatenate([one.ids for one in those]), parts, any(one.apart for one in those))


def _at_once(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in batches of so many that memory holds what is made of them."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= AT_ONCE:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def _no_text(error: TypeError) -> ExportError:
    """Half a character, which only a template writes."""
    return ExportError(f"the chat template writes what is no text: {error}")
