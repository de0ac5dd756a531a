"""The ways that AgentBoard's actions take in BabyAI: the shortest over what is seen, and what is not seen counts as free.

Which way that is among several, what it leads around and how far it may lead are AgentBoard's, its oddities included.
"""

from trpg_env.suites.babyai.board import FORWARD, LEFT, RIGHT
from trpg_env.suites.babyai.view import SIZE, Scene, Sight

# Ways are looked for in a field that is a little wider than the view, with a rim that cannot be entered.
_FIELD = SIZE + 3
_STEPS = (_FIELD, 1, -_FIELD, -1)
_START = 2 * _FIELD + 4


def _cell(front: int, right: int) -> int:
    return _START + front * _FIELD + right


_CELLS = [_cell(SIZE - 1 - index // SIZE, index % SIZE - 3) for index in range(SIZE * SIZE)]


def _field(back: int, right: int) -> bytes:
    """Which cells cannot be entered, where nothing stands."""
    free = {_cell(row, column) for row in range(-back, SIZE) for column in range(-3, right + 1)}
    return bytes(cell not in free for cell in range(_FIELD * _FIELD))


# AgentBoard's ways may lead one row behind the view and one column to its right, depending on where the player looks.
_FIELDS = (_field(1, 3), _field(1, 4), _field(0, 4), _field(0, 3))


class Ways:
    """The shortest ways from where the player stands, as far as AgentBoard looks for them.

    Args:
        seen: What is seen.
    """

    def __init__(self, seen: Scene) -> None:
        blocked = bytearray(_FIELDS[seen.heading])
        for cell, one in zip(_CELLS, seen.view, strict=True):
            if one is not None and one.solid:
                blocked[cell] = 1
        blocked[_START] = 0  # what is carried is in no way
        self._before = [0] * (_FIELD * _FIELD * 4)
        self._facing = {_CELLS[one.spot.cell]: -1 for one in seen.things}
        self._entered = {_CELLS[one.spot.cell]: -1 for one in seen.things if one.thing.state == "open"}
        if seen.things:
            self._search(blocked)

    def _search(self, blocked: bytearray) -> None:
        """Breadth first over cells and headings, until each thing has been faced and each open door entered.

        A state waits as often as it is found, and the last that found it before its turn is the one before it: this tells
        AgentBoard's way from others that are as short.
        """
        before, facing, entered = self._before, self._facing, self._entered
        done = bytearray(len(before))
        left = len(facing) + len(entered)
        waiting = [_START << 2]
        for state in waiting:
            cell, heading = state >> 2, state & 3
            ahead = cell + _STEPS[heading]
            if not done[state]:
                done[state] = 1
                if facing.get(ahead) == -1:
                    facing[ahead] = state
                    left -= 1
                if entered.get(cell) == -1:
                    entered[cell] = state
                    left -= 1
                if not left:
                    return
            if not blocked[ahead] and not done[other := ahead << 2 | heading]:
                before[other] = state
                waiting.append(other)
            if not done[other := cell << 2 | (heading - 1) & 3]:
                before[other] = state
                waiting.append(other)
            if not done[other := cell << 2 | (heading + 1) & 3]:
                before[other] = state
                waiting.append(other)

    def to(self, sight: Sight) -> list[int] | None:
        """The moves after which the player stands before a thing and looks at it; None where there is no way."""
        return self._moves(self._facing[_CELLS[sight.spot.cell]])

    def onto(self, sight: Sight) -> list[int] | None:
        """The moves that lead into the cell of an open door; None where there is no way."""
        return self._moves(self._entered[_CELLS[sight.spot.cell]])

    def _moves(self, state: int) -> list[int] | None:
        if state == -1:
            return None
        moves = []
        while state != _START << 2:
            earlier = self._before[state]
            turned = (state - earlier) & 3
            moves.append(FORWARD if earlier >> 2 != state >> 2 else RIGHT if turned == 1 else LEFT)
            state = earlier
        return moves[::-1]
