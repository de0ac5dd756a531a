"""An expert of BabyAI as AgentBoard has it: looks for actions that reach every subgoal in a level that it knows altogether.

minigrid's own bot knows nothing of subgoals that are looked for in observations, and makes single moves, which are more than an episode has turns.
"""

import heapq
from collections.abc import Collection, Sequence
from itertools import count
from typing import NamedTuple

from trpg_env.suites.babyai.actions import offered
from trpg_env.suites.babyai.board import Board, Situation
from trpg_env.suites.babyai.distance import Distance
from trpg_env.suites.babyai.subgoals import Subgoals
from trpg_env.suites.babyai.view import View, described, scene, view

MOST_SCENES = 600
"""So many situations are looked into before the expert gives up."""

_A_SUBGOAL = 3.0
"""How many actions a subgoal counts that is not looked into yet."""

Place = tuple[Situation, tuple[int, ...]]
"""A situation, and the subgoals that are not reached in it."""


class Step(NamedTuple):
    """A step of a plan: where it is taken, the action, and where it leads."""

    before: Place
    action: str
    after: Place


class _Node(NamedTuple):
    board: Board
    left: tuple[int, ...]
    turns: int
    came: "tuple[_Node, str] | None"

    def place(self) -> Place:
        return self.board.situation(), self.left

    def steps(self) -> list[Step]:
        steps = []
        node = self
        while node.came is not None:
            earlier, action = node.came
            steps.append(Step(earlier.place(), action, node.place()))
            node = earlier
        return steps[::-1]


def plan(
    board: Board,
    subgoals: Subgoals,
    distance: Distance,
    left: tuple[int, ...],
    avoided: Collection[Place] = (),
) -> list[Step] | None:
    """Actions that reach all subgoals; few, but not always the fewest.

    Args:
        board: Where they begin.
        subgoals: The subgoals.
        distance: Estimates how far they are.
        left: Those that are not reached yet.
        avoided: Where no action may lead.

    Returns:
        None where no such actions were found.
    """
    ticks = count()
    waiting: list[tuple[float, int, _Node]] = [(0.0, next(ticks), _Node(board.copy(), left, 0, None))]
    known = set(avoided)
    looked_into = 0
    while waiting and looked_into < MOST_SCENES:
        node = heapq.heappop(waiting)[-1]
        if not node.left:
            return node.steps()
        if node.place() in known:
            continue
        known.add(node.place())
        looked_into += 1
        here = node.board.situation()
        seen = view(node.board)
        for action, moves in offered(scene(seen, node.board.heading)).items():
            reached, observation = _after(node.board, seen, moves)
            if reached.situation() == here:
                continue
            after = subgoals.left_after(node.left, observation)
            there = _Node(reached, after, node.turns + 1, (node, action))
            if there.place() not in known:
                guess = there.turns + _A_SUBGOAL * len(after) + distance(reached, after)
                heapq.heappush(waiting, (guess, next(ticks), there))
    return None


def _after(board: Board, seen: View, moves: Sequence[int]) -> tuple[Board, str]:
    """The board after moves, as the game makes them, and what the player is told."""
    board = board.copy()
    for move in moves:
        board.move(move)
        last, seen = seen, view(board)
        if seen == last:
            break
    return board, described(scene(seen, board.heading))
