"""What is seen of a BabyAI level from where the player stands, and how AgentBoard puts it into words.

What hides what is minigrid's own rule; the tests compare with it, cell by cell.
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from trpg_env.suites.babyai.board import RIM, WALL, Board, Thing, thing

SIZE = RIM
"""The view is so many cells deep and wide; the player stands in the middle of its nearest row."""

_MIDDLE = SIZE // 2
UNSEEN = thing("", "")
"""What stands in a view for a cell that is not seen."""

View = tuple[Thing | None, ...]
"""What is seen, from the farthest row to the nearest and from left to right: None where a cell is seen to be empty. In the middle of the nearest
row is what the player carries."""

HERE = SIZE * (SIZE - 1) + _MIDDLE
"""The index in a `View` of the player's own cell, where what is carried stands."""


class Spot(NamedTuple):
    """A place in the view.

    Attributes:
        cell: Its index in a `View`.
        front: How many steps ahead it is.
        right: How many steps to the right; negative to the left.
        where: The same in words.
    """

    cell: int
    front: int
    right: int
    where: str


def _spot(index: int) -> Spot:
    front, right = SIZE - 1 - index // SIZE, index % SIZE - _MIDDLE
    if right == 0:
        where = f"right in front of you {front} steps away. "
    else:
        where = f"{front} steps in front of you and {abs(right)} steps to your {'right' if right > 0 else 'left'}. "
    return Spot(index, front, right, where)


SPOTS = sorted(
    (_spot(index) for index in range(SIZE * SIZE) if index != HERE),
    key=lambda spot: spot.front + abs(spot.right),
)
"""All places but the player's own, the nearest first; of those as near, the farther ahead first, then from left to right."""

_AHEAD = [(front, HERE - front * SIZE) for front in range(1, SIZE)]
_FRONT = HERE - SIZE
_HIDDEN: list[Thing | None] = [UNSEEN] * SIZE


@cache
def _spread(seen: int, clear: bytes) -> tuple[tuple[bool, ...] | None, int]:
    """How sight spreads in a row and on to the next.

    Args:
        seen: The cells of the row that are seen from the one before, a bit each from left to right.
        clear: For each cell whether it hides nothing.

    Returns:
        For each cell of the row whether it is seen, None where all are; and the cells of the next row that are seen from this one.
    """
    beyond = 0
    for cell in range(SIZE - 1):
        if seen & 1 << cell and clear[cell]:
            seen |= 1 << cell + 1
            beyond |= 0b11 << cell
    for cell in range(SIZE - 1, 0, -1):
        if seen & 1 << cell and clear[cell]:
            seen |= 1 << cell - 1
            beyond |= 0b11 << cell - 1
    row = tuple(bool(seen & 1 << cell) for cell in range(SIZE))
    return None if all(row) else row, beyond


def view(board: Board) -> View:
    """What is seen now."""
    cells, clear = board.cells, board.clear
    front, right = board.steps[board.heading], board.steps[(board.heading + 1) % 4]
    start, seen = board.at - _MIDDLE * right, 1 << _MIDDLE
    rows: list[list[Thing | None]] = []
    for _ in range(SIZE):
        if not seen:
            rows.append(_HIDDEN)
            continue
        stop = start + SIZE * right
        row = cells[start:stop:right]
        part, seen = _spread(seen, bytes(clear[start:stop:right]))
        if part is not None:
            row = [one if there else UNSEEN for one, there in zip(row, part, strict=True)]
        rows.append(row)
        start += front
    rows[0][_MIDDLE] = board.carrying
    rows.reverse()
    return tuple(chain.from_iterable(rows))


class Sight(NamedTuple):
    """A thing that is seen, its number among those of its name (the nearest is 1), and where."""

    thing: Thing
    number: int
    spot: Spot


class Scene(NamedTuple):
    """What is seen, and what of it is spoken of.

    Attributes:
        view: What is seen.
        things: All things in it but walls, the nearest first.
        heading: Where the player looks.
    """

    view: View
    things: Sequence[Sight]
    heading: int

    @property
    def carried(self) -> Thing | None:
        """What the player carries."""
        return self.view[HERE]

    @property
    def front(self) -> Thing | None:
        """What is right in front of the player."""
        return self.view[_FRONT]

    def barrier(self) -> tuple[str, int] | None:
        """The nearest wall or box straight ahead: its kind, and how many steps away it is."""
        for front, index in _AHEAD:
            one = self.view[index]
            if one is not None and one.kind in ("wall", "box"):
                return one.kind, front
        return None


def scene(seen: View, heading: int) -> Scene:
    """What there is to be said of a view.

    Args:
        seen: The view.
        heading: Where the player looks.
    """
    counts: dict[str, int] = {}
    things = []
    for spot in SPOTS:
        one = seen[spot.cell]
        if one is None or one is UNSEEN or one is WALL:
            continue
        number = counts[one.name] = counts.get(one.name, 0) + 1
        things.append(Sight(one, number, spot))
    return Scene(seen, things, heading)


def described(seen: Scene) -> str:
    """A scene in the words of AgentBoard's observations."""
    if seen.things or WALL in seen.view:
        told = "In front of you in this room, you can see several objects: "
        for one, number, spot in seen.things:
            told += f"There is a {one.name} {number} {spot.where} "
    else:
        told = "You cannot see any objects within sight."
    told += "The room has walls around you. "
    barrier, carried = seen.barrier(), seen.carried
    if barrier is not None:
        told += f"You are facing a {barrier[0]} {barrier[1]} steps away. "
    return told + (
        "You are not carrying anything." if carried is None else f"You are carrying a {carried.name}."
    )
