"""A level of BabyAI cell by cell, and the player in it.

The cells are a list with a rim of walls, as wide as the view is deep, so that what is around the player is read off at fixed distances
from the player's cell.
"""

from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

LEFT, RIGHT, FORWARD, PICKUP, DROP, TOGGLE = range(6)
"""minigrid's moves."""

RIM = 7
"""So many cells are around a level."""


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """What fills a cell; there is one of its kind, colour and state, which `thing` gives.

    Attributes:
        kind: `wall`, `door`, `key`, `ball` or `box`.
        color: Its colour.
        state: Of a door: `open`, `closed` or `locked`; empty of anything else.
        name: What it is called in observations.
        opaque: Whether it hides what is behind it.
        portable: Whether it can be picked up.
        solid: Whether it can never be walked over where it is; doors may be.
    """

    kind: str
    color: str
    state: str
    name: str
    opaque: bool
    portable: bool
    solid: bool

    def __reduce__(self) -> tuple[Any, ...]:
        return thing, (self.kind, self.color, self.state)

    def opened_with(self, carried: "Thing | None") -> bool:
        """Whether it is a door that opens for whoever carries this."""
        if self.state == "locked":
            return carried is not None and carried.kind == "key" and carried.color == self.color
        return self.state == "closed"


@cache
def thing(kind: str, color: str, state: str = "") -> Thing:
    """The one thing of its kind, colour and state.

    Example:
        >>> thing("door", "red", "closed").name
        'red closed door'
    """
    name = " ".join(word for word in (color, state, kind) if word)
    opaque = kind in ("wall", "") or state in ("closed", "locked")
    portable = kind in ("key", "ball", "box")
    return Thing(kind, color, state, name, opaque, portable, portable or kind == "wall")


WALL = thing("wall", "grey")

Situation = tuple[object, ...]
"""All that a board says, to tell one from another."""


class Board:
    """A level, and the player in it.

    Attributes:
        cells: What is in each cell; None where nothing is.
        clear: For each cell whether it hides nothing.
        changed: What is in each cell that is not as it was at first.
        steps: For each heading, how far the next cell is in the list: right, down, left, up on the map.
        at: The player's cell.
        heading: Where the player looks.
        carrying: What the player carries.

    Args:
        level: The level, an environment of minigrid's that was reset.
    """

    def __init__(self, level: Any) -> None:
        self._width = level.width + 2 * RIM
        rim = [WALL] * RIM
        cells: list[Thing | None] = [WALL] * (self._width * RIM)
        for start in range(0, level.width * level.height, level.width):
            cells += rim
            cells += [_thing(one) for one in level.grid.grid[start : start + level.width]]
            cells += rim
        self.cells = cells + [WALL] * (self._width * RIM)
        self._first = tuple(self.cells)
        self.clear = bytearray(one is None or not one.opaque for one in self.cells)
        self.changed: dict[int, Thing | None] = {}
        self.steps = (1, self._width, -1, -self._width)
        self.follow(level)

    def follow(self, level: Any) -> None:
        """Take over what a move has changed in the level: the player, and the cell ahead of the player."""
        x, y = level.agent_pos
        self.at: int = (int(y) + RIM) * self._width + int(x) + RIM
        self.heading = int(level.agent_dir)
        self.carrying = _thing(level.carrying)
        row, column = divmod(self.ahead, self._width)
        self.put(self.ahead, _thing(level.grid.grid[(row - RIM) * level.width + column - RIM]))

    def copy(self) -> "Board":
        """Another board that is the same now."""
        other = copy(self)
        other.cells, other.clear, other.changed = [*self.cells], bytearray(self.clear), {**self.changed}
        return other

    @property
    def ahead(self) -> int:
        """The cell ahead of the player."""
        return self.at + self.steps[self.heading]

    def put(self, cell: int, one: Thing | None) -> None:
        """Put a thing, or nothing, into a cell."""
        if one is self.cells[cell]:
            return
        if one is self._first[cell]:
            del self.changed[cell]
        else:
            self.changed[cell] = one
        self.cells[cell] = one
        self.clear[cell] = one is None or not one.opaque

    def move(self, move: int) -> None:
        """Do what the level would do; boxes are not opened."""
        if move == LEFT:
            self.heading = (self.heading - 1) % 4
            return
        if move == RIGHT:
            self.heading = (self.heading + 1) % 4
            return
        ahead = self.ahead
        one = self.cells[ahead]
        if move == FORWARD:
            if one is None or one.state == "open":
                self.at = ahead
        elif move == PICKUP:
            if self.carrying is None and one is not None and one.portable:
                self.carrying = one
                self.put(ahead, None)
        elif move == DROP:
            if self.carrying is not None and one is None:
                self.put(ahead, self.carrying)
                self.carrying = None
        elif one is not None and one.kind == "door":
            if one.state == "open":
                self.put(ahead, thing("door", one.color, "closed"))
            elif one.opened_with(self.carrying):
                self.put(ahead, thing("door", one.color, "open"))

    def situation(self) -> Situation:
        """What tells this board from others of the level."""
        return self.at, self.heading, self.carrying, frozenset(self.changed.items())


def _thing(one: Any) -> Thing | None:
    """What minigrid has in a cell."""
    if one is None:
        return None
    if one.type == "door":
        return thing("door", one.color, "open" if one.is_open else "locked" if one.is_locked else "closed")
    return thing(one.type, one.color)
