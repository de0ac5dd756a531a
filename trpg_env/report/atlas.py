"""The maps of the scripts that episodes were played from, and where in them the player was."""

from typing import NamedTuple

from trpg_env.report.maps import draw_map
from trpg_env.report.places import places_of
from trpg_env.report.svg import Svg
from trpg_env.report.whereabouts import whereabouts
from trpg_env.sandbox import Sandbox, SandboxFault
from trpg_env.trajectory import NoScript, Scripts, Trajectory
from trpg_env.world import World


class _Known(NamedTuple):
    """What is known of a script: the number of its map, its places, and its world where episodes can be played again."""

    map: int
    numbers: dict[str, int]
    world: World | None


class Atlas:
    """Finds the map of an episode's script.

    A script is found as `verify` finds it: among those given, in the library, or by its absolute path. One that is not the
    one that was played has no map.

    Args:
        scripts: Where scripts are found.
        sandbox: Where their code runs; it stays the caller's.

    Attributes:
        maps: The maps so far.
    """

    def __init__(self, scripts: Scripts, sandbox: Sandbox) -> None:
        self._scripts, self._sandbox = scripts, sandbox
        self._known: dict[str, _Known] = {}
        self.maps: list[Svg] = []

    def of(self, trajectory: Trajectory) -> tuple[int, list[int | None]] | None:
        """The number of an episode's map, and the player's places at the start and after each turn.

        Returns:
            None where there is no map; no places where they cannot be told.
        """
        known = self._known.get(trajectory.script_hash) or self._look_up(trajectory)
        if known is None:
            return None
        self._known[trajectory.script_hash] = known
        if known.world is None or trajectory.source != "rollout":
            return known.map, []
        try:
            return known.map, [
                None if place is None else known.numbers.get(place)
                for place in whereabouts(trajectory, known.world)
            ]
        except SandboxFault:
            return known.map, []

    def _look_up(self, trajectory: Trajectory) -> _Known | None:
        try:
            script = self._scripts.of(trajectory)
        except NoScript:
            return None
        if script.hash != trajectory.script_hash:
            return None
        places = places_of(script)
        drawing = draw_map(places)
        if drawing is None:
            return None
        self.maps.append(drawing)
        numbers = {name: i for i, name in enumerate(places.names)}
        world = World(script, self._sandbox) if script.grounded else None
        return _Known(len(self.maps) - 1, numbers, world)
