"""How good is an agent? What is measured of episodes, how sure it is, and how two agents compare.

Episodes come from `trpg_env.rollout`, or from any other play that is kept as trajectories.
"""

from trpg_env.evaluation.comparison import Comparison, Difference, compare
from trpg_env.evaluation.contamination import Card, CardError, Contamination, read_card
from trpg_env.evaluation.intervals import Interval, differences, ratios
from trpg_env.evaluation.measures import Measures, measure
from trpg_env.evaluation.metrics import METRICS, Estimate
from trpg_env.evaluation.results import Results, ResultsError, read_results
from trpg_env.evaluation.suite import Item, Part, Suite

__all__ = [
    "METRICS",
    "Card",
    "CardError",
    "Comparison",
    "Contamination",
    "Difference",
    "Estimate",
    "Interval",
    "Item",
    "Measures",
    "Part",
    "Results",
    "ResultsError",
    "Suite",
    "compare",
    "differences",
    "measure",
    "ratios",
    "read_card",
    "read_results",
]
