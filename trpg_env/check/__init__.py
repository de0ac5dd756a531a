"""Is a script sound? What loading cannot see: whether it can be played, and whether playing it means anything.

One file per family of faults. All that is tried is tried the way it is played: the same resolver, the same
transitions, the same sampling.
"""

from trpg_env.check.report import CheckReport
from trpg_env.check.soundness import check_script, inspect_script

__all__ = ["CheckReport", "check_script", "inspect_script"]
