"""Personas that are composed from lists of words: no two alike for as long as any run lasts, and no file needed.

A persona takes one entry of each of four lists. As no two lists' lengths have a common divisor, walking through all of
them at once comes back to where it began only after the product of their lengths (the Chinese remainder theorem), and
until then each pair of entries of two lists is met equally often. The lists are the project's own.
"""

import hashlib
import json
import math
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib import resources
from itertools import combinations
from typing import Final

import numpy as np

from trpg_env.synthesis.personas import Persona

SOURCE: Final = "trpg_env"
LICENCE: Final = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The lists that personas are composed of.

    Attributes:
        traits: What a persona is like, with the article before it: "an unlucky".
        occupations: What it does: "lock keeper".
        settings: Where it is: "on a night train".
        aims: What it wants to do: "repay an old debt".

    Raises:
        ValueError: A list is empty, an entry is given twice, or two lists' lengths have a common divisor.
    """

    traits: tuple[str, ...]
    occupations: tuple[str, ...]
    settings: tuple[str, ...]
    aims: tuple[str, ...]

    def __post_init__(self) -> None:
        lists: dict[str, tuple[str, ...]] = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, entries in lists.items():
            if not entries:
                raise ValueError(f"the list of {name} is empty; write an entry a line")
            twice = next((entry for entry in entries if entries.count(entry) > 1), None)
            if twice is not None:
                raise ValueError(f"{twice!r} stands twice in the list of {name}; leave one out")
        for (one, some), (other, more) in combinations(lists.items(), 2):
            if (common := math.gcd(len(some), len(more))) > 1:
                raise ValueError(
                    f"{len(some)} {one} and {len(more)} {other} are both divisible by {common}, and personas would come "
                    "again too soon; add or leave out entries until no two lists' lengths have a common divisor"
                )

    @property
    def size(self) -> int:
        """How many personas can be composed."""
        return math.prod(map(len, astuple(self)))


@cache
def vocabulary() -> Vocabulary:
    """The lists that come with the package."""
    folder = resources.files("trpg_env.synthesis").joinpath("vocabulary")

    def entries(name: str) -> tuple[str, ...]:
        lines = folder.joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines()
        return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))

    return Vocabulary(**{each.name: entries(each.name) for each in fields(Vocabulary)})


class ComposedPersonas:
    """Personas composed of the package's lists, in an order that a seed decides.

    Args:
        seed: Another seed is another order, and other personas. A whole number, 0 or more.

    Attributes:
        digest: Tells the personas of one seed and of one revision of the lists from others.

    Example:
        >>> personas = ComposedPersonas(seed=7)
        >>> personas.draw(0).text
        'A...who wants to...'
        >>> personas.draw(1).source, personas.draw(1).licence
        ('trpg_env', 'Apache-2.0')
    """

    def __init__(self, seed: int) -> None:
        words = vocabulary()
        generator = np.random.default_rng(seed)
        self._lists = [
            [entries[i] for i in generator.permutation(len(entries))] for entries in astuple(words)
        ]
        self._offset = int(generator.integers(words.size))
        self.digest: Final = hashlib.sha256(json.dumps([seed, astuple(words)]).encode()).hexdigest()[:16]

    def draw(self, item: int) -> Persona:
        """The persona of a script.

        Args:
            item: The script's number in its run, from 0.
        """
        at = self._offset + item
        trait, occupation, setting, aim = (entries[at % len(entries)] for entries in self._lists)
        return Persona(
            f"{trait[:1].upper()}{trait[1:]} {occupation} {setting}, who wants to {aim}", SOURCE, LICENCE
        )
