"""Tabletop-role-playing scripts as Gymnasium environments, and refinement-tuning data from playing them.

Importing the package registers `AgentRefine-v0`.
"""

import gymnasium as gym

from trpg_env._version import __version__
from trpg_env.script import Fault, Script, ScriptError, load_script

gym.register(
    id="AgentRefine-v0",
    entry_point="trpg_env.envs:make",
    vector_entry_point="trpg_env.envs:make_vector",
)

__all__ = ["Fault", "Script", "ScriptError", "__version__", "load_script"]
