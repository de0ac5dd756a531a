"""The places of a script and the ways between them, as a map needs them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from trpg_env.script import Script
from trpg_env.script.names import fold

COMPASS: Mapping[str, tuple[float, float]] = {
    "north": (0, -1),
    "south": (0, 1),
    "east": (1, 0),
    "west": (-1, 0),
    "northeast": (1, -1),
    "northwest": (-1, -1),
    "southeast": (1, 1),
    "southwest": (-1, 1),
    "up": (0.4, -1),
    "down": (-0.4, 1),
    "left": (-1, 0),
    "right": (1, 0),
    "forward": (1, 0),
    "back": (-1, 0),
    "aft": (-1, 0),
}
"""Where an exit of this name leads on a map, to the right and downwards."""


class Way(NamedTuple):
    """A way from a place to another.

    Attributes:
        start: The place, by index.
        end: The other one.
        both: Whether it can be gone back.
        towards: Where it leads on a map, where its name says so.
    """

    start: int
    end: int
    both: bool
    towards: tuple[float, float] | None = None


class Places(NamedTuple):
    """Places and ways.

    Attributes:
        names: The places, as the script spells them.
        ways: The ways, each once.
    """

    names: tuple[str, ...]
    ways: tuple[Way, ...]


def places_of(script: Script) -> Places:
    """The places of a script at its start; none where it has none.

    Args:
        script: A script of either kind. What a narrative one says of places is taken where it is written as a grounded
            script would: `places`, each with its `exits`.
    """
    exits = _exits(script)
    names = tuple(exits)
    index = {fold(name): i for i, name in enumerate(names)}
    towards: dict[tuple[int, int], tuple[float, float] | None] = {}
    for i, name in enumerate(names):
        for direction, where in _each(exits[name]):
            end = index.get(fold(where))
            if end is not None and end != i:
                leads = COMPASS.get(fold(direction).replace("_", "").replace("-", ""))
                towards[i, end] = towards.get((i, end)) or leads
    ways = []
    for (start, end), named in towards.items():
        back = (end, start) in towards
        if back and start > end:
            continue
        opposite = towards.get((end, start))
        leads = named if named or not opposite else (-opposite[0], -opposite[1])
        ways.append(Way(start, end, back, leads))
    return Places(names, tuple(ways))


def _exits(script: Script) -> dict[str, Any]:
    program = script.program
    if program.grounded:
        return {place: program.entities.get(place, {}).get("exits") for place in program.places}
    environment = script.environment
    places = environment.get("places") if isinstance(environment, Mapping) else None
    if not isinstance(places, Mapping):
        return {}
    return {
        str(name): place.get("exits") if isinstance(place, Mapping) else None
        for name, place in places.items()
    }


def _each(exits: object) -> Iterator[tuple[str, str]]:
    if isinstance(exits, Mapping):
        yield from ((str(key), value) for key, value in exits.items() if isinstance(value, str))
    elif isinstance(exits, list | tuple):
        yield from (("", value) for value in exits if isinstance(value, str))
