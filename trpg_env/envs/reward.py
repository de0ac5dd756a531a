"""Rewards: what a ruling is worth, term by term."""

from collections.abc import Callable, Mapping

from trpg_env.world import Ruling

RewardSpec = str | Mapping[str, float]

TERMS: Mapping[str, Callable[[Ruling], float]] = {
    "success": lambda r: float(r.success),
    "failure": lambda r: float(r.failure),
    "progress": lambda r: r.progress - r.before,
    "error": lambda r: float(r.error is not None),
    "parameter_error": lambda r: float(r.error == "parameter"),
    "place_error": lambda r: float(r.error == "place"),
    "logic_error": lambda r: float(r.error == "logic"),
    "turn": lambda r: 1.0,
}
"""Every term's amount for one turn, before its weight."""

_NAMED = {"progress": {"progress": 1.0}, "sparse": {"success": 1.0}}


class Reward:
    """A weighted sum of terms.

    Args:
        spec: `"progress"` (the increase of progress, summing to 1), `"sparse"` (1 on success), or a mapping from
            terms to weights.

    Raises:
        ValueError: The spec names no such reward or term.

    Example:
        >>> sorted(Reward({"success": 1, "turn": -0.01}).zero)
        ['success', 'turn']
    """

    def __init__(self, spec: RewardSpec) -> None:
        if isinstance(spec, str):
            if spec not in _NAMED:
                raise ValueError(
                    f'reward={spec!r} is not "progress", "sparse" or a mapping of {", ".join(TERMS)}'
                )
            spec = _NAMED[spec]
        if not isinstance(spec, Mapping) or not spec:
            raise ValueError(
                f'a reward is "progress", "sparse" or a mapping of {", ".join(TERMS)} to weights'
            )
        for term, weight in spec.items():
            if term not in TERMS:
                raise ValueError(f"{term!r} is no term of a reward; the terms are {', '.join(TERMS)}")
            if (
                isinstance(weight, bool)
                or not isinstance(weight, int | float)
                or not abs(weight) < float("inf")
            ):
                raise ValueError(f"the weight of {term!r} is a finite number, not {weight!r}")
        self._terms = [(term, float(weight), TERMS[term]) for term, weight in spec.items()]
        self.score: Callable[[Ruling], tuple[float, dict[str, float]]] = self._weighted
        """The reward for a ruling, and what each term gives of it."""
        if spec == _NAMED["progress"]:
            self.score = _progress

    @property
    def zero(self) -> dict[str, float]:
        """Every term of this reward, at 0."""
        return {term: 0.0 for term, _, _ in self._terms}

    def _weighted(self, ruling: Ruling) -> tuple[float, dict[str, float]]:
        terms = {}
        for term, weight, amount in self._terms:
            terms[term] = weight * amount(ruling)
        return sum(terms.values()), terms


def _progress(ruling: Ruling) -> tuple[float, dict[str, float]]:
    increase = ruling.progress - ruling.before
    return increase, {"progress": increase}
