"""Personas: whom scripts are made for, and what generation needs of a collection of them."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

MAX_PERSONAS: Final = 5_000_000


class PersonasError(ValueError):
    """A file of personas that cannot be read; the text says file, line, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Whom a script is made for.

    Attributes:
        text: Who it is, on one line.
        source: Where the persona comes from.
        licence: Under which licence it stands, where that is known.
    """

    text: str
    source: str | None = None
    licence: str | None = None


class Personas(Protocol):
    """A collection of personas in the order of a run: what generation needs of one."""

    @property
    def digest(self) -> str:
        """Tells one collection and seed from another; becomes part of what a run is."""
        ...

    def draw(self, item: int) -> Persona:
        """The persona of a script.

        Args:
            item: The script's number in its run, from 0.
        """
        ...


class LoadedPersonas:
    """Personas of one's own, in an order that a seed decides; each is used as often as any other.

    Of personas that differ in case alone the first is kept.

    Args:
        personas: The personas.
        seed: Another seed is another order. A whole number, 0 or more.
        label: What people call the collection.

    Attributes:
        digest: Tells one collection and seed from another.
        label: What people call the collection.

    Raises:
        PersonasError: There is no persona, or there are too many.

    Example:
        >>> pair = LoadedPersonas([Persona("A cook"), Persona("A piper")], seed=7, label="two")
        >>> sorted(pair.draw(item).text for item in range(4))
        ['A cook', 'A cook', 'A piper', 'A piper']
    """

    def __init__(self, personas: Iterable[Persona], *, seed: int, label: str) -> None:
        self.label: Final = label
        # As UTF-8: one character beyond Latin-1 would make a text of Python's up to four times as large.
        self._texts: list[bytes] = []
        self._origins: list[tuple[str | None, str | None]] = []
        origins: dict[tuple[str | None, str | None], tuple[str | None, str | None]] = {}
        known: set[bytes] = set()
        identity = hashlib.sha256(f"{seed}\n".encode())
        for persona in personas:
            folded = persona.text.casefold().encode("utf-8", "surrogatepass")
            key = hashlib.blake2b(folded, digest_size=16).digest()
            if key in known:
                continue
            if len(known) == MAX_PERSONAS:
                raise PersonasError(f"{label}: more than {MAX_PERSONAS:,} personas; take a part of them")
            known.add(key)
            origin = (persona.source, persona.licence)
            self._texts.append(persona.text.encode("utf-8", "surrogatepass"))
            self._origins.append(origins.setdefault(origin, origin))
            identity.update(json.dumps([persona.text, *origin]).encode() + b"\n")
        if not known:
            raise PersonasError(f"{label}: there is no persona in it; write one at least")
        self.digest: Final = identity.hexdigest()[:16]
        self._order = np.random.default_rng(seed).permutation(len(known))

    def __len__(self) -> int:
        return len(self._texts)

    def draw(self, item: int) -> Persona:
        """The persona of a script.

        Args:
            item: The script's number in its run, from 0.
        """
        i = int(self._order[item % len(self)])
        return Persona(self._texts[i].decode("utf-8", "surrogatepass"), *self._origins[i])
