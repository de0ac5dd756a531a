"""Tabletop-role-playing scripts as Gymnasium environments, and refinement-tuning data from playing them.

Importing the package registers `AgentRefine-v0`. Everything else is imported when it is first used, so that
`import trpg_env` costs little more than `import gymnasium`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from trpg_env._version import __version__
from trpg_env.rollout import rollout

if TYPE_CHECKING:
    from trpg_env.check import check_script
    from trpg_env.script import Fault, Script, ScriptError, load_script
    from trpg_env.trajectory import Trajectory, verify
    from trpg_env.tuning import export

_HOMES = {
    "Fault": "trpg_env.script",
    "Script": "trpg_env.script",
    "ScriptError": "trpg_env.script",
    "Trajectory": "trpg_env.trajectory",
    "check_script": "trpg_env.check",
    "export": "trpg_env.tuning",
    "load_script": "trpg_env.script",
    "verify": "trpg_env.trajectory",
}

__all__ = [
    "Fault",
    "Script",
    "ScriptError",
    "Trajectory",
    "__version__",
    "check_script",
    "export",
    "load_script",
    "rollout",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


gym.register(
    id="AgentRefine-v0",
    entry_point="trpg_env.envs:make",
    vector_entry_point="trpg_env.envs:make_vector",
    # The environment itself says when a reset is needed or an action is no text; Gymnasium's own wrappers for this
    # would cost each step, and its passive checker breaks every step after a first reset that was refused (1.4.0).
    disable_env_checker=True,
    order_enforce=False,
)
for _suite in ("alfworld", "babyai", "hotpotqa", "jericho", "scienceworld"):
    gym.register(
        id=f"TRPG/{_suite}-v0",
        entry_point="trpg_env.suites:make",
        kwargs={"suite": _suite},
        disable_env_checker=True,
        order_enforce=False,
    )
