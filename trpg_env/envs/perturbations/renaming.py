"""Which names a perturbation changes, and into what."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from trpg_env.envs.perturbations.perturbation import Perturbation, PerturbationError
from trpg_env.envs.perturbations.tables import EVERYDAY
from trpg_env.envs.perturbations.words import WORDS
from trpg_env.script.names import fold

_NUMBERED = re.compile(r"(.*[^\W\d_])[ _]+\d+")
_PLAIN = re.compile(r"[^\W\d_](?:[\w '’-]*[^\W\d_])?")
"""A name without digits and signs; others have a meaning in their form, as grids, addresses and files do."""


def renamed(
    perturbation: Perturbation, entities: Sequence[str], values: Sequence[str], heads: Iterable[str]
) -> dict[str, str]:
    """Names with what they are under a perturbation; those that stay are left out.

    Args:
        perturbation: The perturbation.
        entities: The names of an environment's entities.
        values: What else may stand for a placeholder.
        heads: The words that actions begin with; a name that is one of them is left as it is, or it would change the verb.

    Raises:
        PerturbationError: The perturbation's own table makes one name of two.

    Example:
        >>> renamed(Perturbation("spacing"), ["cabinet 10", "hall", "engine room"], [], [])
        {'cabinet 10': 'cabinet10', 'engine room': 'engineroom'}
        >>> renamed(Perturbation("entities"), ["cabinet 1", "cabinet 2", "can"], [], [])
        {'cabinet': 'cabinet nakem'}
    """
    if perturbation.table is not None:
        return _own(perturbation.table, [*entities, *values]) if perturbation.kind == "entities" else {}
    if perturbation.kind == "spacing":
        return _without_blanks([*entities, *values])
    if perturbation.kind == "entities":
        return _marked(entities, perturbation.seed, {fold(head) for head in heads})
    return {}


def _without_blanks(names: Sequence[str]) -> dict[str, str]:
    taken = {fold(name) for name in names}
    found: dict[str, str] = {}
    for name in names:
        new = "".join(name.split())
        if new != name and fold(new) not in taken and new[0].isalnum() and new[-1].isalnum():
            found[name] = new
            taken.add(fold(new))
    return found


def _marked(names: Sequence[str], seed: int, heads: set[str]) -> dict[str, str]:
    """Each name with a word of its own behind it: it says what the thing is, and is another name."""
    bases = dict.fromkeys(base_of(name) for name in names)
    known = {word for name in names for word in fold(name).split()}
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in bases:
        if _PLAIN.fullmatch(name) and fold(name) not in EVERYDAY | heads:
            word = _word(name, seed, taken | known)
            taken.add(word)
            found[name] = f"{name} {word.capitalize() if name[0].isupper() else word}"
    return found


def base_of(name: str) -> str:
    """A name without its number: things that are told apart by number alone go by one word."""
    match = _NUMBERED.fullmatch(name)
    return match[1] if match else name


def _word(name: str, seed: int, taken: set[str]) -> str:
    """A word that hangs on name and seed alone, as long as no other name has it: tasks with a thing in common agree."""
    rng = np.random.default_rng([seed, *fold(name).encode(errors="replace")])
    for word in rng.permutation(WORDS):
        if word not in taken:
            return str(word)
    number = len(taken)
    while f"{WORDS[number % len(WORDS)]}{number}" in taken:
        number += 1
    return f"{WORDS[number % len(WORDS)]}{number}"


def _own(table: Sequence[tuple[str, str]], names: Sequence[str]) -> dict[str, str]:
    known = {fold(name): name for name in names} | {fold(base_of(name)): base_of(name) for name in names}
    found = {known[fold(old)]: " ".join(new.split()) for old, new in table if fold(old) in known}
    for old, new in found.items():
        taken = known.get(fold(new))
        if taken is not None and taken != old:
            raise PerturbationError(f"the table calls {old!r} {new!r}, which something is called already")
    if len({fold(new) for new in found.values()}) < len(found):
        raise PerturbationError("the table gives two names the same new name; give each its own")
    return {old: new for old, new in found.items() if old != new}
