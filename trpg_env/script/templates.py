"""Action templates: `put {thing} in {container}`, filled in and matched.

Matching a template is our own code on our own grammar (an author's pattern never runs here); its work is
bounded whatever the text.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trpg_env.script.names import fold

MAX_SPLITS = 20_000
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TemplateError(ValueError):
    """A template that cannot be read; the text says what to write instead."""


@dataclass(frozen=True)
class Template:
    """Literal texts with placeholders between them.

    Attributes:
        text: The template as the script writes it, blanks collapsed.
        literals: The texts around the placeholders, one more than there are placeholders.
        placeholders: The placeholders' names, in order.

    Example:
        >>> parse_template("put {thing} in {container}").fill(["tomato", "fridge"])
        'put tomato in fridge'
    """

    text: str
    literals: tuple[str, ...]
    placeholders: tuple[str, ...]

    def fill(self, spellings: Sequence[str]) -> str:
        """The action's text with one spelling for each placeholder."""
        parts = [self.literals[0]]
        for spelling, literal in zip(spellings, self.literals[1:], strict=True):
            parts += (spelling, literal)
        return "".join(parts)

    def match(self, text: str, valid: Sequence[Callable[[str], bool]]) -> tuple[str, ...] | None:
        """Split a text into the placeholders' values.

        Args:
            text: A player's text, blanks collapsed.
            valid: For each placeholder, whether a value is valid.

        Returns:
            The first split whose values are all valid, else the shortest one (the leftmost placeholder as
            short as it can be, and so on), or None where the literal words do not fit.
        """
        folded, positions = _fold_with_positions(text)
        literals = [literal.casefold() for literal in self.literals]
        if not self.placeholders:
            return () if folded == literals[0] else None
        if not folded.startswith(literals[0]):
            return None
        search = _Splits(text, folded, positions, literals)
        return search.first(valid) or search.first(None)


class _Splits:
    """Depth-first search over the splits of one text; a dead end is never entered twice."""

    def __init__(self, text: str, folded: str, positions: Sequence[int] | None, literals: list[str]) -> None:
        self._text, self._folded, self._positions, self._literals = text, folded, positions, literals

    def first(self, valid: Sequence[Callable[[str], bool]] | None) -> tuple[str, ...] | None:
        self._dead: set[tuple[int, int]] = set()
        self._left = MAX_SPLITS
        return self._from(0, len(self._literals[0]), valid)

    def _from(
        self, i: int, start: int, valid: Sequence[Callable[[str], bool]] | None
    ) -> tuple[str, ...] | None:
        if (i, start) in self._dead:
            return None
        literal = self._literals[i + 1]
        last = i + 2 == len(self._literals)
        end = start
        while self._left > 0:
            self._left -= 1
            end = self._end(literal, end, last=last)
            if end < 0:
                break
            value = self._value(start, end)
            if value and (valid is None or valid[i](value)):
                rest = () if last else self._from(i + 1, end + len(literal), valid)
                if rest is not None:
                    return (value, *rest)
            if last:
                break
        self._dead.add((i, start))
        return None

    def _end(self, literal: str, after: int, *, last: bool) -> int:
        if last:
            end = len(self._folded) - len(literal)
            return end if end > after and self._folded.endswith(literal) else -1
        return self._folded.find(literal, after + 1)

    def _value(self, start: int, end: int) -> str:
        if self._positions is not None:
            start, end = self._positions[start], self._positions[end]
        value = self._text[start:end]
        return "" if value != value.strip() else value


def _fold_with_positions(text: str) -> tuple[str, list[int] | None]:
    """The case-folded text and, where folding changed lengths, each of its positions in the text."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded, None
    positions: list[int] = []
    for i, character in enumerate(text):
        positions += [i] * len(character.casefold())
    return folded, [*positions, len(text)]


def parse_template(text: str) -> Template:
    """Read an action's key.

    Raises:
        TemplateError: Braces do not pair, a placeholder is empty or given twice, or two stand side by side.
    """
    text = normalise(text)
    if not text:
        raise TemplateError("an action's name is empty")
    placeholders = tuple(" ".join(name.split()) for name in _PLACEHOLDER.findall(text))
    literals = tuple(_PLACEHOLDER.split(text)[::2])
    if any(c in literal for literal in literals for c in "{}"):
        raise TemplateError("braces go in pairs, with a placeholder's name between them: `go {direction}`")
    if "" in placeholders:
        raise TemplateError("a placeholder has a name: `go {direction}`")
    if len({fold(p) for p in placeholders}) < len(placeholders):
        raise TemplateError("a placeholder is given twice; name each once")
    if "" in literals[1:-1]:
        raise TemplateError("two placeholders stand side by side; put a word or a blank between them")
    return Template(text, literals, placeholders)


def normalise(text: str) -> str:
    """A text stripped, each run of blanks made one, its characters composed."""
    return " ".join(text.split()) if text.isascii() else " ".join(unicodedata.normalize("NFC", text).split())
