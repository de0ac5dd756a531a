"""BabyAI in AgentBoard"s words."""

from trpg_env.suites.babyai.game import BENCHMARK, FILE, BabyAI

__all__ = ["BENCHMARK", "FILE", "BabyAI"]
