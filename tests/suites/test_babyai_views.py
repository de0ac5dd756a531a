"""BabyAI's boards, views and ways beside minigrid itself: what is seen, what moves do, where actions lead."""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("minigrid", reason='needs pip install "trpg-env[babyai]"')

from trpg_env.suites.babyai.actions import offered
from trpg_env.suites.babyai.board import DROP, FORWARD, PICKUP, TOGGLE, WALL, Board, Thing, thing
from trpg_env.suites.babyai.levels import make_level
from trpg_env.suites.babyai.view import HERE, SIZE, UNSEEN, View, described, scene, view
from trpg_env.suites.data import DataError

LEVELS = [
    ("BabyAI-GoToImpUnlock-v0", 1236),
    ("BabyAI-GoToSeqS5R2-v0", 1),
    ("BabyAI-UnlockPickupDist-v0", 2),
    ("BabyAI-KeyCorridorS6R3-v0", 3),
    ("BabyAI-BlockedUnlockPickup-v0", 4),
]


def walk(name: str, seed: int, turns: int = 40) -> Iterator[tuple[Any, Board, int]]:
    """A level along a random walk of actions that are offered, the board beside it, and the move that led there."""
    level, rng = make_level(name, seed), np.random.default_rng(seed)
    board = Board(level)
    for _ in range(turns):
        actions = list(offered(scene(view(board), board.heading)).values())
        for move in actions[int(rng.integers(len(actions)))]:
            level.step(move)
            board.follow(level)
            yield level, board, move


def image_of(seen: View) -> np.ndarray:
    """A view as minigrid draws it: kind, colour and state of each cell."""
    from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX

    image = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    for index, one in enumerate(seen):
        row, column = divmod(index, SIZE)
        if one is None:
            image[column, row] = OBJECT_TO_IDX["empty"], 0, 0
        elif one is not UNSEEN:
            state = STATE_TO_IDX[one.state] if one.state else 0
            image[column, row] = OBJECT_TO_IDX[one.kind], COLOR_TO_IDX[one.color], state
    return image


@pytest.mark.parametrize(("name", "seed"), LEVELS)
def test_what_is_seen_is_what_minigrid_draws(name: str, seed: int) -> None:
    for level, board, _ in walk(name, seed):
        assert (image_of(view(board)) == type(level).gen_obs(level)["image"]).all()


@pytest.mark.parametrize(("name", "seed"), LEVELS)
def test_a_board_moves_as_the_level_does(name: str, seed: int) -> None:
    alone = Board(make_level(name, seed))
    moves = set()
    for level, board, move in walk(name, seed):
        alone.move(move)
        moves.add(move)
        assert alone.situation() == board.situation()
        assert alone.cells == board.cells == Board(level).cells
        assert alone.clear == Board(level).clear
    assert {FORWARD, TOGGLE} <= moves or {PICKUP, DROP} <= moves


def test_a_copy_of_a_board_goes_its_own_way() -> None:
    board = Board(make_level(*LEVELS[0]))
    before = board.situation()
    for other in (board.copy(), copy.deepcopy(board), pickle.loads(pickle.dumps(board))):
        assert other.situation() == before
        other.move(0)
        other.put(other.ahead, thing("ball", "red"))
        assert other.situation() != before
        other.put(other.ahead, None)
        other.move(1)
        assert board.situation() == before


@pytest.mark.parametrize(("name", "seed"), LEVELS)
def test_an_action_leads_to_what_it_names(name: str, seed: int) -> None:
    """Where nothing that was unseen stands in the way."""
    arrived = 0
    for _, board, _ in walk(name, seed, turns=15):
        for action, moves in offered(scene(view(board), board.heading)).items():
            there = board.copy()
            for move in moves:
                there.move(move)
            front = there.cells[there.ahead]
            if action.startswith("go to ") and front is not None:
                arrived += f"go to {front.name}" == action.rpartition(" ")[0]
            elif action.startswith("pickup ") and there.carrying is not None:
                arrived += f"pickup {there.carrying.name}" == action.rpartition(" ")[0]
            elif "go through" in action:
                on = there.cells[there.at]
                arrived += on is not None and on.state == "open"
            elif action == "toggle":
                assert there.changed != board.changed
                arrived += 1
    assert arrived > 15


def test_of_ways_that_are_as_short_the_one_is_taken_that_agentboard_takes() -> None:
    seen = Board(make_level("BabyAI-GoToObjDoor-v0", 1236))
    moves = {
        action: "".join("LRFPDT"[move] for move in moves)
        for action, moves in offered(scene(view(seen), seen.heading)).items()
    }
    assert moves["go to yellow key 1"] == "FL"
    assert moves["go to grey ball 2"] == "RFFL"
    assert moves["go to green box 1"] == "RFFFLFFFFL"
    assert moves["go to green locked door 1"] == "RFFFLFFFLFFRF"
    assert moves["pickup green key 1"] == "FFRP"
    assert "toggle and go through green locked door 1" not in moves
    assert next(iter(moves)) == "turn left"
    assert list(moves)[-1] == "check available actions"


def view_of(*things: tuple[int, int, Thing], carried: Thing | None = None) -> View:
    """A view with things so many steps ahead and to the right, and nothing else."""
    cells: list[Thing | None] = [None] * (SIZE * SIZE)
    for front, right, one in things:
        cells[HERE - front * SIZE + right] = one
    cells[HERE] = carried
    return tuple(cells)


KEY, BALL = thing("key", "red"), thing("ball", "blue")


def test_things_are_told_from_near_to_far_and_numbered() -> None:
    told = described(scene(view_of((4, 0, WALL), (1, 2, KEY), (2, -1, KEY), (2, 0, BALL)), 0))
    assert told == (
        "In front of you in this room, you can see several objects: "
        "There is a blue ball 1 right in front of you 2 steps away.  "
        "There is a red key 1 2 steps in front of you and 1 steps to your left.  "
        "There is a red key 2 1 steps in front of you and 2 steps to your right.  "
        "The room has walls around you. You are facing a wall 4 steps away. You are not carrying anything."
    )


def test_what_is_empty_and_what_is_carried_is_told() -> None:
    assert described(scene(view_of(carried=KEY), 0)) == (
        "You cannot see any objects within sight.The room has walls around you. You are carrying a red key."
    )


def test_only_what_can_be_reached_is_counted() -> None:
    """Walls hide the nearer of two keys from whoever walks: the farther one is the first, whatever observations say."""
    walls = [(2, right, WALL) for right in (-3, -2, -1, 0, 1, 2)]
    seen = scene(view_of(*walls, (3, 0, KEY), (2, 3, KEY)), heading=3)
    assert "There is a red key 1 right in front of you 3 steps away." in described(seen)
    actions = offered(seen)
    assert "go to red key 2" not in actions
    assert "".join("LRF"[move] for move in actions["go to red key 1"]) in ("RFFFLF", "FRFFFL", "FRFFRL")


@pytest.mark.parametrize("name", ["BabyAI-GoToObjS6-v0", "BabyAI-Nothing-v0", "CartPole-v1", "no id"])
def test_a_level_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="minigrid has no level"):
        make_level(name, 1)


def test_a_level_that_is_drawn_again_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    make_level("BabyAI-GoToImpUnlock-v0", 1236)
    make_level("BabyAI-UnblockPickup-v0", 1236)
    assert capfd.readouterr() == ("", "")
