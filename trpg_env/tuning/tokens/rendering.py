"""Where each reply stands in the text that a model reads, told by rendering prefixes of its conversation.

A reply's part of the text begins where the prompt for it ends, which is the text of all messages before it up to where the
next reply begins. It ends with the end-of-turn token that stands behind the reply in the text of all messages up to it.
Where all these are beginnings of the whole conversation's text, that is one record. Else the template rewrites history
(it drops earlier thoughts, say); each reply then has a text of its own, and its record is a prefix.

Rendering twice for every reply costs more than reading the tokens. It is done once for every sequence of roles, with
marks in the place of contents; that tells what stands around each content. Every conversation is rendered once, and must be
exactly what the marks say; where it is not, since the template looks into the contents, its own prefixes are rendered.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from trpg_env.tuning.conversation import Message
from trpg_env.tuning.options import ExportError
from trpg_env.tuning.tokens.template import ChatTemplate

REMEMBERED = 4_096
"""How many layouts are remembered."""

_BLANK = "\x0b"
"""Stands around marks, to tell whether contents are trimmed: a blank that no template writes itself."""

_SHOWN = 40
"""How much of a text an error shows, in characters."""


class Unsaid(Exception):
    """The chat template leaves out, or changes, what a message of the conversation says."""


class Span(NamedTuple):
    """A reply's part of a text, in characters: from `start` to before `end`, its end-of-turn token included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as a model reads it.

    Attributes:
        text: The text.
        spans: The part of each reply in it, by the message's index, in their order. A prefix record's text has the
            last reply's alone.
        cuts: Where in the text, outside of contents and of replies' parts, a special token begins.
    """

    text: str
    spans: dict[int, Span]
    cuts: tuple[int, ...] = ()


class Renderer:
    """Renders conversations and tells where the replies are.

    Args:
        template: The chat template.
        special: The tokenizer's special tokens, with which turns end.
        splits_at: Those of them at which it splits a text, whatever stands around them.
    """

    def __init__(
        self, template: ChatTemplate, special: Collection[str] = (), splits_at: Collection[str] = ()
    ) -> None:
        self._template = template
        self._special = tuple(special)
        self._splits_at = tuple(splits_at)
        self._layouts: dict[tuple[tuple[str, ...], bool], _Layout | None] = {}

    def whole(self, messages: Sequence[Message]) -> Rendered | None:
        """The conversation in one text; None where the template rewrites history.

        Raises:
            ExportError: The template refuses the conversation.
            Unsaid: It does not say what a message says.
        """
        return self._rendered(messages, last=False)

    def up_to(self, messages: Sequence[Message], reply: int) -> Rendered:
        """The conversation up to one of its replies, as it is read when that reply is the last.

        Args:
            messages: The conversation.
            reply: The reply's index.

        Raises:
            ExportError: The template refuses the conversation, or the prompt for the reply is not its beginning.
            Unsaid: It does not say what a message says.
        """
        rendered = self._rendered(messages[: reply + 1], last=True)
        assert rendered is not None
        return rendered

    def _rendered(self, messages: Sequence[Message], *, last: bool) -> Rendered | None:
        """The conversation with the parts of all replies, or of the last alone, for which there always is one."""
        roles = tuple(message.role for message in messages)
        if (roles, last) not in self._layouts:
            if len(self._layouts) >= REMEMBERED:
                self._layouts.clear()
            self._layouts[roles, last] = self._layout(messages, last=last)
        layout = self._layouts[roles, last]
        text = self._template.render(messages)
        if layout is not None:
            rendered = layout.filled(messages)
            if rendered.text == text:
                return rendered
        return self._by_prefixes(messages, text, last=last)

    def _by_prefixes(self, messages: Sequence[Message], text: str, *, last: bool) -> Rendered | None:
        spans: dict[int, Span] = {}
        seen = place = 0
        for i, message in enumerate(messages):
            if message.role != "assistant" or (last and i < len(messages) - 1):
                continue
            prompt = self._template.render(messages[:i], reply_next=True)
            if not text.startswith(prompt):
                if last:
                    raise ExportError(_asked_otherwise(prompt, text, messages[0].role))
                return None
            _all_said(messages[seen:i], prompt, place)
            upto = text if last else self._template.render(messages[: i + 1])
            behind = _behind(message, upto, len(prompt))
            end = self._end_of_turn(upto, behind, text)
            if not text.startswith(upto[: min(end, len(upto))]):
                return None
            spans[i] = Span(len(prompt), end)
            seen, place = i + 1, end
        return Rendered(text, spans)

    def _end_of_turn(self, upto: str, behind: int, text: str) -> int:
        """Where what the model says ends: with the first special token behind the reply.

        Args:
            upto: The text of all messages up to the reply.
            behind: Where the reply's own words end in it.
            text: The text of the whole conversation.
        """
        tail = upto[behind:]
        found = [(tail.index(token), -len(token)) for token in self._special if token in tail]
        if found:
            at, length = min(found)
            return behind + at - length
        if tail.strip():
            return behind + len(tail.rstrip())
        # In some templates the sign of whoever speaks next is what ends a turn, in others a blank is.
        following = text[len(upto) :] if text.startswith(upto) else ""
        signs = [len(token) for token in self._special if following.startswith(token)]
        return len(upto) + max(signs, default=0)

    def _layout(self, messages: Sequence[Message], *, last: bool) -> "_Layout | None":
        """What stands around the contents, told from marks in their places; None where marks do not tell it."""
        marks = [f"{_BLANK}mark{i}of{_BLANK}" for i in range(len(messages))]
        marked = [replace(message, content=mark) for message, mark in zip(messages, marks, strict=True)]
        try:
            rendered = self._by_prefixes(marked, self._template.render(marked), last=last)
        except (ExportError, Unsaid):  # what is wrong is said of the conversation itself
            return None
        return None if rendered is None else _layout(rendered, marks, self._splits_at, everywhere=last)


def _asked_otherwise(prompt: str, text: str, first_role: str) -> str:
    given = text[: len(prompt) + _SHOWN][-2 * _SHOWN :]
    hint = (
        "leave system_prompt out, or take a template in which a reply stands where it was asked for"
        if first_role == "system"
        else "take a template in which a reply stands where it was asked for"
    )
    return (
        "the chat template asks for a reply in one way (add_generation_prompt) and gives it in another: "
        f"…{prompt[-_SHOWN:]!r} is no beginning of …{given!r}; {hint}"
    )


def _all_said(messages: Sequence[Message], prompt: str, place: int) -> None:
    """See that a prompt says what messages say, one after another from a place on."""
    for message in messages:
        content = message.content.strip()
        place = prompt.find(content, place)
        if place < 0:
            raise Unsaid
        place += len(content)


def _behind(reply: Message, upto: str, start: int) -> int:
    """Where a reply's own words end in a text in which its part begins at a place."""
    for content in (reply.content, reply.content.strip()):
        at = upto.find(content, start)
        if at >= 0 and content:
            return at + len(content)
    raise Unsaid


@dataclass(frozen=True, slots=True)
class _Layout:
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


def _layout(
    marked: Rendered, marks: Sequence[str], splits_at: Sequence[str], *, everywhere: bool
) -> _Layout | None:
    """The layout that marks show; None where one of them is missing, or stands elsewhere than it should.

    Args:
        marked: The marks, rendered as contents.
        marks: The marks.
        splits_at: The special tokens at which texts may be cut.
        everywhere: Whether they are cut before every message, as prefixes of one another are; or once, before the first
            reply: what stands before it is often the same, and many small texts cost more than a long one.
    """
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
    frames.append(marked.text[position:])
    leads = {i: places[i].start - span.start for i, span in marked.spans.items()}
    tails = {i: span.end - places[i].end for i, span in marked.spans.items()}
    cuts = []
    for i, frame in enumerate(frames):
        if not everywhere and i != min(leads, default=-1):
            cuts.append(0)
            continue
        # A reply before the frame ends in it, and one behind it begins in it.
        own = frame[tails.get(i - 1, 0) : len(frame) - leads.get(i, 0)]
        begins = max((own.rfind(token) for token in splits_at), default=-1)
        cuts.append(len(own) - begins + leads.get(i, 0) if begins > 0 or (begins == 0 and i) else 0)
    return _Layout(tuple(frames), tuple(trims), leads, tails, tuple(cuts))
