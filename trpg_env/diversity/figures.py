"""How diverse thoughts are, in figures that need no model."""

from collections.abc import Sequence

import numpy as np

from trpg_env.diversity.bleu import self_bleu
from trpg_env.diversity.vectors import Floats, cosines, numbered
from trpg_env.diversity.words import grams
from trpg_env.trajectory.record import Record


class Figures(Record):
    """Figures over thoughts; a figure is None where there is too little to measure it.

    Attributes:
        measured: How many thoughts they are over.
        words: How many words these have.
        vocabulary: How many different words.
        distinct_1: The share of different words among all.
        distinct_2: The share of different pairs of words.
        distinct_3: The share of different trigrams of words.
        self_bleu: How well a thought can be put together from the others, 0 to 1.
        similarity: The mean cosine over pairs of thoughts from different episodes, 0 to 1.
        effective: The Vendi score: how many thoughts that have nothing in common would be as diverse; from 1 to `measured`.
    """

    measured: int
    words: int
    vocabulary: int
    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    self_bleu: float | None
    similarity: float | None
    effective: float | None


def measure(thoughts: Sequence[Sequence[str]], episodes: Sequence[str]) -> Figures:
    """Measure thoughts.

    Args:
        thoughts: The words of each; one or more.
        episodes: From which episode each is.

    Example:
        >>> found = measure([["go", "east"], ["go", "west"]], ["a", "b"])
        >>> found.vocabulary, found.distinct_1, round(found.similarity, 3)
        (3, 0.75, 0.333)
    """
    alike = cosines(thoughts, rarity=False)
    return Figures(
        measured=len(thoughts),
        words=sum(map(len, thoughts)),
        vocabulary=len({word for thought in thoughts for word in thought}),
        distinct_1=distinct(thoughts, 1),
        distinct_2=distinct(thoughts, 2),
        distinct_3=distinct(thoughts, 3),
        self_bleu=self_bleu(thoughts),
        similarity=_mean(alike, episodes),
        effective=effective_number(alike) if len(thoughts) else None,
    )


def distinct(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """Distinct-n (Li et al., NAACL 2016): the share of different n-grams among all n-grams of texts.

    Example:
        >>> distinct([["go", "east"], ["go", "east"]], 2)
        0.5
    """
    found = [gram for text in texts for gram in grams(text, n)]
    return len(set(found)) / len(found) if found else None


def effective_number(similarities: Floats) -> float:
    """The Vendi score (Friedman and Dieng, TMLR 2023): the exponential of the entropy of the eigenvalues of K / n.

    Args:
        similarities: K: symmetric, positive semidefinite, with ones on its diagonal.

    Returns:
        1 where all is the same, n where nothing has anything in common.

    Example:
        >>> round(effective_number(np.eye(3)), 6), round(effective_number(np.ones((3, 3))), 6)
        (3.0, 1.0)
    """
    shares = np.linalg.eigvalsh(similarities / len(similarities))
    shares = shares[shares > 1e-12]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _mean(similarities: Floats, episodes: Sequence[str]) -> float | None:
    """The mean over pairs from different episodes."""
    codes = numbered(episodes)
    apart = codes[:, None] != codes[None, :]
    return float(similarities[apart].mean()) if apart.any() else None
