"""PDDL's text as nested forms: brackets and words, each with its line.

One pass, no recursion: a file may be of any size up to a limit and nest to a limit, whatever it holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from trpg_env.pddl.faults import PddlError, shown

MAX_CHARACTERS = 4_000_000
MAX_DEPTH = 60
_PIECES = re.compile(r";[^\n]*|\n|[()]|\?*[^\s();?]+|\?+")
"""A question mark begins a word even where no blank stands before it: `?l - level?l1 - level`, as published domains have it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word between blanks and brackets, in small letters: PDDL tells no case apart.

    Attributes:
        text: The word.
        line: Where it stands, counted from 1.
        file: In which file; None for a text that came from none.
    """

    text: str
    line: int = field(default=0, compare=False)
    file: str | None = field(default=None, compare=False)

    def refuse(self, message: str) -> NoReturn:
        """Say what is wrong here.

        Raises:
            PddlError: Always.
        """
        raise PddlError(message, file=self.file, line=self.line)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Form:
    """A pair of brackets and what is in it.

    Attributes:
        parts: What is in it.
        line: Where it opens, counted from 1.
        file: In which file; None for a text that came from none.
    """

    parts: tuple["Word | Form", ...]
    line: int = field(default=0, compare=False)
    file: str | None = field(default=None, compare=False)

    def refuse(self, message: str) -> NoReturn:
        """Say what is wrong here.

        Raises:
            PddlError: Always.
        """
        raise PddlError(message, file=self.file, line=self.line)

    @property
    def head(self) -> str:
        """The word that it begins with; empty where it begins with none."""
        return self.parts[0].text if self.parts and isinstance(self.parts[0], Word) else ""

    @property
    def rest(self) -> tuple["Word | Form", ...]:
        """All but its first part."""
        return self.parts[1:]

    def __str__(self) -> str:
        # Without recursion: forms may be made deeper than any that is read.
        pieces: list[str] = []
        waiting: list[Word | Form | str] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Form):
                pieces.append("(")
                waiting += [")", *reversed(part.parts)]
            else:
                pieces.append(str(part))
        return " ".join(pieces).replace("( ", "(").replace(" )", ")")


def read_form(text: str, file: str | None = None) -> Form:
    """Read a text that holds one form, as PDDL's files do.

    Args:
        text: The text.
        file: The name that faults give the file.

    Raises:
        PddlError: Brackets that do not pair, words outside them, a text that is too long or nests too deep.

    Example:
        >>> form = read_form("(on ?X b) ; a comment")
        >>> form.head, str(form)
        ('on', '(on ?x b)')
    """
    if len(text) > MAX_CHARACTERS:
        raise PddlError(
            f"has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read", file=file, line=None
        )
    found: Form | None = None
    above: list[tuple[int, list[Word | Form]]] = []
    for piece, line in _pieces(text.removeprefix("\ufeff")):
        if found is not None:
            raise PddlError(
                f"{shown(piece)} stands after the end of (define …); a file holds one", file=file, line=line
            )
        if piece == "(":
            if len(above) >= MAX_DEPTH:
                raise PddlError(f"brackets nest more than {MAX_DEPTH} deep", file=file, line=line)
            above.append((line, []))
        elif not above:
            raise PddlError(f"{shown(piece)} stands outside of (define …)", file=file, line=line)
        elif piece == ")":
            opened, parts = above.pop()
            form = Form(tuple(parts), opened, file)
            if above:
                above[-1][1].append(form)
            else:
                found = form
        else:
            above[-1][1].append(Word(piece.lower(), line, file))
    if above:
        raise PddlError("this bracket is not closed", file=file, line=above[-1][0])
    if found is None:
        raise PddlError("is empty; a domain or a problem begins with (define", file=file, line=None)
    return found


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """Every bracket and word, with its line."""
    line = 1
    for match in _PIECES.finditer(text):
        piece = match[0]
        if piece == "\n":
            line += 1
        elif piece[0] != ";":
            yield piece, line
