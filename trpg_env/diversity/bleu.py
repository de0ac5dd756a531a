"""Self-BLEU: how well a text can be put together from the others (Zhu et al., SIGIR 2018).

BLEU (Papineni et al., ACL 2002) of each text against all others, averaged: up to four-grams of equal weight, brevity penalty by the
reference whose length is closest, and 0.1 in the place of no match at all (Chen and Cherry, WMT 2014, method 1). A text of
fewer than four words is measured with what n-grams it has.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trpg_env.diversity.words import Gram

_ORDERS = 4
_NO_MATCH = 0.1


class _Most(NamedTuple):
    """How often a gram stands in the text that has it most often, and in the one after that."""

    first: int
    text: int
    second: int


def self_bleu(texts: Sequence[Sequence[str]]) -> float | None:
    """The mean BLEU of each text against all others, from 0 to 1: lower is more diverse.

    Args:
        texts: The words of each text; one or more.

    Returns:
        None where there are fewer than two texts.

    Example:
        >>> self_bleu([["we", "go", "east", "now"]] * 2)
        1.0
    """
    if len(texts) < 2:
        return None
    logs = [0.0] * len(texts)
    for n in range(1, _ORDERS + 1):
        counts = [Counter(zip(*(text[i:] for i in range(n)), strict=False)) for text in texts]
        most = _most(counts)
        for i, count in enumerate(counts):
            if count:
                matched = sum(min(times, _elsewhere(most[gram], i)) for gram, times in count.items())
                logs[i] += math.log((matched or _NO_MATCH) / count.total()) / min(_ORDERS, len(texts[i]))
    lengths = sorted(map(len, texts))
    scores = (math.exp(log) * _brevity(len(text), lengths) for log, text in zip(logs, texts, strict=True))
    return math.fsum(scores) / len(texts)


def _most(counts: Sequence[Counter[Gram]]) -> Mapping[Gram, _Most]:
    """One pass instead of a comparison of each text with each: the most that others have is the first, or the second."""
    most: dict[Gram, _Most] = {}
    for i, count in enumerate(counts):
        for gram, times in count.items():
            known = most.get(gram)
            if known is None:
                most[gram] = _Most(times, i, 0)
            elif times > known.first:
                most[gram] = _Most(times, i, known.first)
            elif times > known.second:
                most[gram] = known._replace(second=times)
    return most


def _elsewhere(most: _Most, text: int) -> int:
    return most.second if most.text == text else most.first


def _brevity(length: int, lengths: Sequence[int]) -> float:
    """The brevity penalty; of two lengths that are equally close, the shorter one counts."""
    at = bisect_left(lengths, length)  # its own, or another text of the same length
    others = [*lengths[max(0, at - 1) : at], *lengths[at + 1 : at + 2]]
    closest = min(others, key=lambda other: (abs(other - length), other))
    return 1.0 if length >= closest else math.exp(1 - closest / length)
