"""Which script a trajectory was played from: one of those at hand, else what its own `script` names."""

from collections.abc import Sequence
from pathlib import Path

from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptError, library, load_script
from trpg_env.script.load import SUFFIXES
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.origin import names_of
from trpg_env.trajectory.wording import shown

MAX_SCRIPTS = 1_000
"""How many scripts are kept at once, and how many names that lead to none."""


class NoScript(ValueError):
    """The script of a trajectory is not to be had; the text says why."""


class Scripts:
    """Finds the scripts of trajectories.

    Args:
        sandbox: Where scripts' patterns and code are looked at; it stays the caller's.
        given: The scripts to choose from, by hash, else by name or path. Without any, a trajectory's `script` is
            loaded: a library script, or a script's file by its absolute path. Nothing else is ever opened.
    """

    def __init__(self, sandbox: Sandbox, given: Sequence[Script] = ()) -> None:
        self._sandbox = sandbox
        self._given = bool(given)
        self._by_hash: dict[str, Script] = {}
        self._by_name: dict[str, Script] = {}
        for script in given:
            self._by_hash.setdefault(script.hash, script)
            for name in sorted(names_of(script)):
                self._by_name.setdefault(name, script)
        self._loaded: dict[str, Script | NoScript] = {}

    def of(self, trajectory: Trajectory) -> Script:
        """The script of a trajectory; whether it is the very one that was played is for `verify` to say.

        Raises:
            NoScript: It is not to be had.
        """
        name = trajectory.script
        if self._given:
            script = self._by_hash.get(trajectory.script_hash) or self._by_name.get(name or "")
            if script is None:
                raise NoScript(f"its script {shown(name)} is none of those given")
            return script
        if name is None:
            raise NoScript("its script was a mapping, which is in no file")
        found = self._loaded.get(name)
        if found is None:
            if len(self._loaded) >= MAX_SCRIPTS:
                self._loaded.clear()
            found = self._loaded[name] = self._load(name)
        if isinstance(found, NoScript):
            raise found
        return found

    def _load(self, name: str) -> Script | NoScript:
        # The name stands in a file that nobody vouches for: other files may never end, or do something when read.
        if name not in library() and not (Path(name).is_absolute() and name.endswith(SUFFIXES)):
            return NoScript(
                f"its script {shown(name)} is neither in the library nor an absolute path of a script"
            )
        try:
            return load_script(name, sandbox=self._sandbox)
        except ScriptError as error:
            return NoScript(f"its script {shown(name)} cannot be loaded ({error.faults[0].message})")
