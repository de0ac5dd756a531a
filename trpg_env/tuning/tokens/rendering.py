"""Where each reply stands in the text that a model reads: found by rendering, never by searching.

A reply's part of the text lies between two renderings: of all messages before it, up to where the next reply begins, and
of all messages up to it. Both are prefixes of the whole conversation's text, or the template rewrites history (it
drops earlier thoughts, say); each reply then has a text of its own, and its records are prefix records.

Rendering twice for every reply costs more than reading the tokens. It is done once for every shape, which is a
sequence of roles, with marks in the place of contents; that tells what stands around each content, and where in it
a reply's part begins and ends. Every conversation is rendered once, and must be exactly what its shape says; where
it is not, since the template looks into the contents, its own prefixes are rendered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from trpg_env.tuning.conversation import Message
from trpg_env.tuning.options import ExportError
from trpg_env.tuning.tokens.template import ChatTemplate

SHAPES = 4_096
"""How many shapes are remembered."""

_BLANK = "\x0b"
"""Stands around marks, to tell whether contents are trimmed: a blank that no template writes itself."""

_SHOWN = 40
"""How much of a text an error shows, in characters."""


class Span(NamedTuple):
    """A reply's part of a text, in characters: from `start` to before `end`, its end-of-turn token included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as a model reads it.

    Attributes:
        text: The text.
        spans: The part of each reply in it, by the message's index, in their order. A text of a template that
            rewrites history has the last reply's alone.
        cuts: Where in the text, outside of contents and of replies' parts, a special token begins.
    """

    text: str
    spans: dict[int, Span]
    cuts: tuple[int, ...] = ()


class Renderer:
    """Renders conversations and tells where the replies are.

    Args:
        template: The chat template.
        special: The tokenizer's special tokens at which it splits a text.
    """

    def __init__(self, template: ChatTemplate, special: Collection[str] = ()) -> None:
        self._template = template
        self._special = tuple(special)
        self._shapes: dict[tuple[str, ...], _Shape | None] = {}

    def whole(self, messages: Sequence[Message]) -> Rendered | None:
        """The conversation in one text; None where the template rewrites history.

        Raises:
            ExportError: The template refuses the conversation, or a reply's beginning is not to be found.
        """
        roles = tuple(message.role for message in messages)
        if roles not in self._shapes:
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()
            self._shapes[roles] = self._shape(messages)
        shape = self._shapes[roles]
        text = self._template.render(messages)
        if shape is not None:
            rendered = shape.filled(messages)
            if rendered.text == text:
                return rendered
        return self._by_prefixes(messages, text)

    def up_to(self, messages: Sequence[Message], reply: int) -> Rendered:
        """The conversation up to one of its replies, as it is read when that reply is the last.

        Args:
            messages: The conversation.
            reply: The reply's index.

        Raises:
            ExportError: The template refuses the conversation, or the reply's beginning is not to be found.
        """
        text = self._template.render(messages[: reply + 1])
        start = self._start(messages, reply, text)
        return Rendered(text, {reply: Span(start, _said(text, messages[reply].content))})

    def _by_prefixes(self, messages: Sequence[Message], text: str) -> Rendered | None:
        spans: dict[int, Span] = {}
        for i, message in enumerate(messages):
            if message.role == "assistant":
                upto = self.up_to(messages, i)
                if not text.startswith(upto.text):
                    return None
                spans |= upto.spans
        return Rendered(text, spans)

    def _start(self, messages: Sequence[Message], reply: int, text: str) -> int:
        before = self._template.render(messages[:reply], reply_next=True)
        if not text.startswith(before):
            given = text[: len(before) + _SHOWN]
            raise ExportError(
                "the chat template asks for a reply in one way (add_generation_prompt) and gives it in another: "
                f"…{before[-_SHOWN:]!r} is no beginning of …{given[-2 * _SHOWN :]!r}; take a template in which a reply "
                "stands where it was asked for"
            )
        return len(before)

    def _shape(self, messages: Sequence[Message]) -> "_Shape | None":
        """What stands around the contents, told from marks in their places; None where marks do not tell it."""
        marks = [f"{_BLANK}mark{i}of{_BLANK}" for i in range(len(messages))]
        marked = [replace(message, content=mark) for message, mark in zip(messages, marks, strict=True)]
        text = self._template.render(marked)
        rendered = self._by_prefixes(marked, text)
        return None if rendered is None else _shape(rendered, marks, self._special)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a template puts around the contents of a sequence of roles.

    Attributes:
        frames: What stands before each content, and after the last.
        trims: Whether each content's outer blanks are left out.
        leads: By how many characters each reply's part begins before its content.
        tails: By how many it ends behind it.
        cuts: In each frame, how far from its end its last special token begins, if that is in no reply's part; 0 where
            there is none.
    """

    frames: tuple[str, ...]
    trims: tuple[bool, ...]
    leads: dict[int, int]
    tails: dict[int, int]
    cuts: tuple[int, ...]

    def filled(self, messages: Sequence[Message]) -> Rendered:
        pieces = [self.frames[0]]
        position = len(self.frames[0])
        spans, cuts = {}, []
        for i, message in enumerate(messages):
            if self.cuts[i]:
                cuts.append(position - self.cuts[i])
            content = message.content.strip() if self.trims[i] else message.content
            behind = position + len(content)
            if i in self.leads:
                spans[i] = Span(position - self.leads[i], behind + self.tails[i])
            pieces += (content, self.frames[i + 1])
            position = behind + len(self.frames[i + 1])
        return Rendered("".join(pieces), spans, tuple(cuts))


def _shape(marked: Rendered, marks: Sequence[str], special: Sequence[str]) -> _Shape | None:
    frames, trims, places, position = [], [], [], 0
    for mark in marks:
        kept = mark if mark in marked.text else mark.strip()
        if marked.text.count(kept) != 1:
            return None
        at = marked.text.index(kept)
        if at < position:
            return None
        frames.append(marked.text[position:at])
        trims.append(kept != mark)
        position = at + len(kept)
        places.append(Span(at, position))
    leads = {i: places[i].start - span.start for i, span in marked.spans.items()}
    tails = {i: span.end - places[i].end for i, span in marked.spans.items()}
    if any(least < 0 for least in (*leads.values(), *tails.values())):
        return None
    frames.append(marked.text[position:])
    cuts = []
    for i, frame in enumerate(frames):
        # A reply before the frame ends in it, and one behind it begins in it.
        own = frame[tails.get(i - 1, 0) : len(frame) - leads.get(i, 0)]
        begins = max((own.rfind(token) for token in special), default=-1)
        cuts.append(len(own) - begins + leads.get(i, 0) if begins > 0 or (begins == 0 and i) else 0)
    return _Shape(tuple(frames), tuple(trims), leads, tails, tuple(cuts))


def _said(text: str, content: str) -> int:
    """Where what the model says ends: with its end-of-turn token, without the blanks that a template puts behind that.

    A template that ends a turn with blanks alone has them as its sign that the turn is over.
    """
    said = text.rstrip()
    return len(text) if said.endswith(content.rstrip()) else len(said)
