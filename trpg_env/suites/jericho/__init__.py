"""Interactive fiction for the Z-machine."""

from trpg_env.suites.jericho.game import BENCHMARK, Jericho

__all__ = ["BENCHMARK", "Jericho"]
