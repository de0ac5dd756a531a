"""What a perturbation is, before it is known what it changes: a kind, a seed, a table; plain data, which can be pickled."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

NAMES = ("preposition", "verb", "order", "spacing", "paraphrase", "entities")
"""The kinds: the paper's four, then paraphrases of actions, and renamed entities."""

WITH_TABLE = ("paraphrase", "entities")
"""The kinds that take a table of one's own."""


class PerturbationError(ValueError):
    """A perturbation that cannot be had; the text says why in one line."""


class NotApplicable(PerturbationError):
    """An environment in which a perturbation finds nothing to change."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A change of wording that keeps the meaning; `perturbation` makes one and checks it.

    Attributes:
        kind: One of `NAMES`.
        seed: Draws the names of `entities`.
        table: Pairs of one's own, what stands there and what is to stand there instead: action templates for
            `paraphrase`, names for `entities`. None for the usual ones.
    """

    kind: str
    seed: int = 0
    table: tuple[tuple[str, str], ...] | None = None

    @property
    def label(self) -> str:
        """What it is called where it must be told from every other, as in a trajectory.

        Example:
            >>> Perturbation("verb").label, Perturbation("entities", seed=3).label
            ('verb', 'entities-3')
            >>> Perturbation("paraphrase", table=(("go {way}", "head {way}"),)).label
            'paraphrase-table-aceb4b0b'
        """
        if self.table is not None:
            told = json.dumps(sorted(self.table), ensure_ascii=False)
            return f"{self.kind}-table-{hashlib.sha256(told.encode(errors='surrogatepass')).hexdigest()[:8]}"
        return f"{self.kind}-{self.seed}" if self.seed else self.kind


def labelled(label: str) -> Perturbation | None:
    """The perturbation that a label names; None where it is made from a table, or is none of this version.

    Example:
        >>> labelled("entities-3"), labelled("paraphrase-table-aceb4b0b")
        (Perturbation(kind='entities', seed=3, table=None), None)
    """
    kind, _, seed = label.partition("-")
    if kind not in NAMES or len(seed) > 20 or not (label == kind or (seed.isascii() and seed.isdecimal())):
        return None
    if seed and kind != "entities":
        return None
    found = Perturbation(kind, int(seed or 0))
    return found if found.label == label else None


def perturbation(name: str, *, seed: int = 0, table: Mapping[str, str] | None = None) -> Perturbation:
    """A perturbation by its name.

    Args:
        name: One of `NAMES`.
        seed: Draws the names of `entities`, 0 or more; another seed gives other names.
        table: For `paraphrase` templates and for `entities` names, each with what is to stand there instead; see
            `trpg_env.envs.perturbations.own.read_table`. The usual ones where left out.

    Raises:
        PerturbationError: There is none of that name, or it takes no such seed or table.

    Example:
        >>> perturbation("verb")
        Perturbation(kind='verb', seed=0, table=None)
    """
    if name not in NAMES:
        raise PerturbationError(f"{name!r} is no perturbation; the perturbations are {', '.join(NAMES)}")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise PerturbationError(f"seed={seed!r} is not a whole number, 0 or more")
    if seed and (name != "entities" or table is not None):
        raise PerturbationError(f"a seed draws the names of entities; {name} is the same for every seed")
    if table is None:
        return Perturbation(name, seed)
    if name not in WITH_TABLE:
        raise PerturbationError(f"{name} takes no table; {' and '.join(WITH_TABLE)} do")
    return Perturbation(name, table=tuple(table.items()))
