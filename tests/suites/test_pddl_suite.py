"""AgentBoard's PDDL games as a suite."""

import json
import shutil
from pathlib import Path

import pytest
from questions import HELD_OUT

from trpg_env.suites import Data, DataError
from trpg_env.suites.pddl import problems

pytestmark = pytest.mark.skipif(not (HELD_OUT / "pddl").is_dir(), reason=f"no PDDL games in {HELD_OUT}")


def some(folder: Path, *items: object) -> Data:
    """A folder with one game and these items."""
    shutil.copytree(HELD_OUT / "pddl" / "gripper", folder / "pddl" / "gripper")
    shutil.copy(HELD_OUT / "pddl" / "gripper.pddl", folder / "pddl")
    (folder / "agentboard").mkdir()
    (folder / "agentboard" / "pddl.jsonl").write_text("".join(f"{json.dumps(item)}\n" for item in items))
    return Data(folder)


def test_each_item_is_a_script_with_agentboards_goal_and_limit_of_turns() -> None:
    items = [json.loads(line) for line in (HELD_OUT / "agentboard" / "pddl.jsonl").read_text().splitlines()]
    found = problems(Data(HELD_OUT))
    assert [one.name for one in found] == [f"{item['game_name']}-{item['problem_index']}" for item in items]
    assert [one.difficulty for one in found] == [item["difficulty"] for item in items]
    assert {one.script["max_turns"] for one in found} == {30}


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ({"game_name": "gripper", "problem_index": 99}, "no number 99"),
        ({"game_name": "../gripper", "problem_index": 0}, "is no game"),
        ({"game_name": "barman", "problem_index": 0}, "barman.pddl is not there"),
        ({"problem_index": 0}, "'game_name' is to be a str"),
    ],
)
def test_an_item_that_cannot_be_played_is_refused_with_its_place(
    tmp_path: Path, item: object, named: str
) -> None:
    with pytest.raises(DataError) as refused:
        problems(some(tmp_path, item))
    assert named in str(refused.value)


def test_a_problem_that_is_none_names_its_file(tmp_path: Path) -> None:
    data = some(tmp_path, {"game_name": "gripper", "problem_index": 0})
    file = min((tmp_path / "pddl" / "gripper").iterdir(), key=lambda one: one.name)
    file.write_text("(define (problem")
    with pytest.raises(DataError, match=file.name):
        problems(data)
