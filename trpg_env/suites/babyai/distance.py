"""How far a subgoal of BabyAI is, for the expert, who knows the whole level: an estimate in actions."""

import heapq
import re
from typing import NamedTuple

from trpg_env.suites.babyai.board import Board, Thing

_CARRYING = re.compile(r"carrying an? (\w+) (key|ball|box)\b")
_SEEING = re.compile(r"There is an? (\w+)(?: (open|closed|locked))?\b.*?\b(door|key|ball|box)\b")
_RIGHT_AHEAD = re.compile(r"right in front of you (\d+) steps")
_ASIDE = re.compile(r"(\d+) steps in front of you and (\d+) steps to your (left|right)")

_CELLS_AN_ACTION = 3
_OPENING, _MOVING_ASIDE, _UNLOCKING = 2, 6, 100
_DETOUR = 6
_DEEPEST = 3


class _Aim(NamedTuple):
    """What a subgoal's pattern speaks of.

    Attributes:
        kind: The kind of thing.
        color: Its colour.
        state: Of a door, the state it is to be seen in; empty for any.
        carried: Whether it is to be carried, or else seen.
        place: How many steps ahead and to the right it is to be seen; None for anywhere.
    """

    kind: str
    color: str
    state: str = ""
    carried: bool = False
    place: tuple[int, int] | None = None

    def is_one(self, one: Thing | None) -> bool:
        """Whether a thing is such a one, or may be made one."""
        if one is None or (one.kind, one.color) != (self.kind, self.color):
            return False
        return self.state in ("", "open", one.state)


def _aim(pattern: str) -> _Aim | None:
    if found := _CARRYING.search(pattern):
        return _Aim(found[2], found[1], carried=True)
    if not (found := _SEEING.search(pattern)):
        return None
    place = None
    if ahead := _RIGHT_AHEAD.search(pattern):
        place = int(ahead[1]), 0
    elif aside := _ASIDE.search(pattern):
        place = int(aside[1]), int(aside[2]) * (1 if aside[3] == "right" else -1)
    return _Aim(found[3], found[1], found[2] or "", place=place)


class Distance:
    """Estimates how far the next subgoal is.

    Args:
        patterns: For each subgoal its pattern.
    """

    def __init__(self, patterns: list[str]) -> None:
        self._aims = [_aim(pattern) for pattern in patterns]
        self._fields: dict[object, dict[int, int]] = {}

    def __call__(self, board: Board, left: tuple[int, ...]) -> float:
        """How far the first of the subgoals is that can be told, in actions; 0 where none can."""
        for one in left:
            aim = self._aims[one]
            far = aim and self._to(board, aim, 0)
            if far is not None:
                return far
        return 0.0

    def _to(self, board: Board, aim: _Aim, depth: int) -> float | None:
        carried = board.carrying
        if aim.carried and aim.is_one(carried):
            return 0.0
        key = carried.color if carried is not None and carried.kind == "key" else ""
        cells = [cell for cell, one in enumerate(board.cells) if aim.is_one(one)]
        if not cells or depth > _DEEPEST:
            return None
        if aim.state == "open" and all(_needs_key(board.cells[cell], key) for cell in cells):
            return _more(self._to(board, _Aim("key", aim.color, carried=True), depth + 1), _DETOUR)
        dropping = 1 if aim.carried and carried is not None else 0
        targets = frozenset(_places(board, cells, aim.place) or cells)
        field = self._field(board, targets, key, through=False)
        if board.at in field:
            return field[board.at] / _CELLS_AN_ACTION + dropping
        door, cell = self._locked(board, targets, key)
        if door is None:
            return None
        to_key = self._to(board, _Aim("key", door.color, carried=True), depth + 1)
        return _more(to_key, _DETOUR + cell / _CELLS_AN_ACTION)

    def _locked(self, board: Board, targets: frozenset[int], key: str) -> tuple[Thing | None, int]:
        """The first locked door on the way, and how far the targets are from it; None where there is no way at all."""
        field = self._field(board, targets, key, through=True)
        cell = board.at
        while field.get(cell, 0):
            cell = min((cell + step for step in board.steps if cell + step in field), key=field.__getitem__)
            one = board.cells[cell]
            if _needs_key(one, key):
                return one, field[cell]
        return None, 0

    def _field(self, board: Board, targets: frozenset[int], key: str, through: bool) -> dict[int, int]:
        """How far each cell is from the nearest target, `through` locked doors too or not."""
        known = targets, key, through, frozenset(board.changed.items())
        if known in self._fields:
            return self._fields[known]
        field: dict[int, int] = {}
        waiting = [(0, cell) for cell in sorted(targets)]
        while waiting:
            far, cell = heapq.heappop(waiting)
            if cell in field:
                continue
            field[cell] = far
            for step in board.steps:
                cost = _cost(board.cells[cell + step], key, through)
                if cost and cell + step not in field:
                    heapq.heappush(waiting, (far + cost, cell + step))
        self._fields[known] = field
        return field


def _more(far: float | None, more: float) -> float | None:
    return None if far is None else far + more


def _needs_key(one: Thing | None, key: str) -> bool:
    return one is not None and one.state == "locked" and one.color != key


def _places(board: Board, cells: list[int], place: tuple[int, int] | None) -> list[int]:
    """Where the player is to stand for one of these cells to be seen at a place."""
    if place is None:
        return []
    found = []
    for heading, front in enumerate(board.steps):
        away = place[0] * front + place[1] * board.steps[(heading + 1) % 4]
        found += [cell - away for cell in cells]
    return [cell for cell in found if 0 <= cell < len(board.cells) and _cost(board.cells[cell], "", True)]


def _cost(one: Thing | None, key: str, through: bool) -> int:
    """What it costs to enter a cell; 0 where it cannot be entered."""
    if one is None or one.state == "open":
        return 1
    if one.kind == "wall":
        return 0
    if one.kind != "door":
        return _MOVING_ASIDE
    if not _needs_key(one, key):
        return _OPENING
    return _UNLOCKING if through else 0
