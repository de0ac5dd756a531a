"""ScienceWorld as AgentBoard plays it."""

from trpg_env.suites.scienceworld.game import BENCHMARK, SIMPLIFICATIONS, ScienceWorld

__all__ = ["BENCHMARK", "SIMPLIFICATIONS", "ScienceWorld"]
