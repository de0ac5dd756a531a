"""ALFWorld"s text games."""

from trpg_env.suites.alfworld.game import BENCHMARK, TEMPLATES, Alfworld

__all__ = ["BENCHMARK", "TEMPLATES", "Alfworld"]
