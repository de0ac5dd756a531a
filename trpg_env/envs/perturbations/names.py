"""Names in a text exchanged for others, there and back.

A name is found where it stands as whole words, the longest first; a name that begins with a capital letter is found with
one alone, so that `Fern` the dog is not fern the plant. What is found already in the new wording stays as it is, so that
saying a thing twice changes nothing more. Plurals and other forms of a name are other words, and stay.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_BLANK = re.compile(r"[ _]+")
_BEFORE = re.compile(r"[\w@/=.-]\Z")
"""What a name cannot follow: it would be part of an address, a path, a file's name or another word."""
_AFTER = re.compile(r"\w|[@=]|[-/.:](?=\w)|['’](?!s\b)(?=\w)")
"""What a name cannot be followed by; the mark of the genitive is none of it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name: how it is found, and what it becomes; None where it is not to be there."""

    name: str
    pattern: re.Pattern[str]
    to: str | None
    capital: bool


class Names:
    """Exchanges names.

    Args:
        table: Names with what they become. A name begins and ends with a letter or a digit.

    Example:
        >>> names = Names({"engine room": "engineroom", "hold": "bay"})
        >>> names.forward("From the engine room to the hold; hold on, household.")
        'From the engineroom to the bay; bay on, household.'
        >>> names.backward("go to the bay"), names.backward("go to the hold")
        ('go to the hold', None)
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self.table = dict(table)
        stay = {new: new for new in self.table.values()}
        self._there = _entries(self.table, stay)
        self._back = _entries({new: old for old, new in self.table.items()}, dict.fromkeys(self.table))
        self._home = _entries({new: old for old, new in self.table.items()}, {})

    def forward(self, text: str) -> str:
        """The text with the new names."""
        return _exchanged(text, self._there) or text

    def backward(self, text: str) -> str | None:
        """The text with the names that were there before; None where it has one of those already."""
        return _exchanged(text, self._back)

    def freed(self, text: str) -> str:
        """The same for a text that may have any name in it, which then stays."""
        return _exchanged(text, self._home) or text


_Entries = dict[str, list[_Entry]]


def _entries(*tables: Mapping[str, str | None]) -> _Entries:
    """Names by their first word, the longest first; of a name in two tables the first counts."""
    found: dict[str, _Entry] = {}
    for table in tables:
        for name, to in table.items():
            parts = _BLANK.split(name)
            pattern = re.compile("[ _]+".join(map(re.escape, parts)), re.IGNORECASE)
            found.setdefault(name, _Entry(name, pattern, to, name[:1].isupper()))
    entries: _Entries = {}
    for entry in sorted(found.values(), key=lambda entry: -len(entry.name)):
        first = _WORD.search(entry.name)
        if first is not None:
            entries.setdefault(first[0].casefold(), []).append(entry)
    return entries


def _exchanged(text: str, entries: _Entries) -> str | None:
    if not entries:
        return text
    parts: list[str] = []
    end = 0
    for word in _WORD.finditer(text):
        start = word.start()
        candidates = entries.get(word[0].casefold())
        if start < end or candidates is None or _BEFORE.search(text[max(0, start - 1) : start]):
            continue
        for entry in candidates:
            match = entry.pattern.match(text, start)
            if (
                match is None
                or (entry.capital and not match[0][:1].isupper())
                or _AFTER.match(text, match.end())
            ):
                continue
            if entry.to is None:
                return None
            parts += (text[end:start], _cased(match[0], entry.name, entry.to))
            end = match.end()
            break
    return "".join(parts) + text[end:]


def _cased(found: str, name: str, new: str) -> str:
    """The new name with a capital letter where the old one has one that is not its own."""
    return new[:1].upper() + new[1:] if found[:1].isupper() and not name[:1].isupper() else new
