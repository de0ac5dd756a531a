"""Figures of conversations of which none tells how it ended: that nothing is known is not that nothing succeeded."""

from collections.abc import Mapping

from trpg_env.evaluation import Estimate, Results

_OF_ENDINGS = ("success", "progress")


def without_endings(results: Results) -> Results:
    """Results whose success and progress are not known; of how many episodes they would be stays.

    Args:
        results: What was measured.
    """
    return results.model_copy(
        update={
            "metrics": _unknown(results.metrics),
            "families": {name: _unknown(each) for name, each in results.families.items()},
        }
    )


def _unknown(metrics: Mapping[str, Estimate]) -> dict[str, Estimate]:
    nothing = {"value": None, "low": None, "high": None}
    return {
        name: one.model_copy(update=nothing) if name in _OF_ENDINGS else one for name, one in metrics.items()
    }
