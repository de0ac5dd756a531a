"""Why an episode broke, in a line."""

from collections.abc import Sequence

from trpg_env.script import Script
from trpg_env.suites import SUITES
from trpg_env.trajectory import BY_PLAYER, Trajectory
from trpg_env.trajectory.wording import shown

_WITHOUT_ACTION = (BY_PLAYER, "environment", "process")
"""Kinds of errors whose action is not the last turn's: there was none, or nothing answered it."""

_LONGEST = 400
"""The longest message, in characters: it is what a script, a player or a DM said."""


def cause(broken: Trajectory, scripts: Sequence[Script]) -> str:
    """Why the first episode that broke did so.

    Args:
        broken: Its trajectory, with an error.
        scripts: The run's scripts.

    Returns:
        The name of the script or of a benchmark's task, the action where there is one, and what was said, each cut to a sensible length.
    """
    error, exchanges = broken.error, broken.exchanges()
    assert error is not None
    names = {script.hash: script.name for script in scripts}
    task = broken.script if broken.dm.kind in SUITES else None
    where = f"task {shown(task)}" if task else f"script {shown(names.get(broken.script_hash, broken.family))}"
    if exchanges and error.kind.partition(":")[0] not in _WITHOUT_ACTION:
        where = f"{where}, action {shown(exchanges[-1][0].action)}"
    said = " ".join(error.message.split())
    said = said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
    return f"the first episode that broke: {where}: {error.kind}: {said}"
