"""BabyAI's data: what is refused, which seed an item has, and the patterns of its subgoals."""

import json
from pathlib import Path
from typing import Any

import pytest

from trpg_env.suites import Data, DataError, benchmark, make
from trpg_env.suites.babyai import FILE
from trpg_env.suites.babyai.subgoals import Subgoals

pytest.importorskip("minigrid", reason='needs pip install "trpg-env[babyai]"')

RECORD: dict[str, Any] = {
    "id": 0,
    "goal": "go to the red ball",
    "subgoals": ["There is a red ball **"],
    "difficulty": "easy",
    "additional_info": {"init_obs": "You see nothing.", "subtask": "BabyAI-GoToRedBall-v0"},
}


def data(folder: Path, *records: object) -> Path:
    (folder / FILE).parent.mkdir()
    (folder / FILE).write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (RECORD | {"subgoals": []}, "'subgoals' is to be a list of texts"),
        (RECORD | {"subgoals": [1]}, "'subgoals' is to be a list of texts"),
        (RECORD | {"subgoals_1": []}, "'subgoals' is to be a list of texts"),
        (RECORD | {"id": "a"}, "'id' is to be a int"),
        (RECORD | {"goal": None}, "'goal' is to be a str"),
        (RECORD | {"additional_info": {"init_obs": ""}}, "'subtask' is to be a str"),
        (RECORD | {"additional_info": {"init_obs": "", "subtask": "os:x-v0"}}, "no level of BabyAI's"),
        ([], "is no JSON object"),
    ],
)
def test_data_that_is_none_is_refused_with_its_place(tmp_path: Path, record: object, said: str) -> None:
    with pytest.raises(DataError, match=r"babyai\.jsonl:1") as refused:
        make("babyai", data=data(tmp_path, record))
    assert said in str(refused.value)


def test_data_that_is_there_twice_or_not_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="GoToRedBall-1234 is there twice"):
        make("babyai", data=data(tmp_path, RECORD, RECORD | {"id": 4}))
    gone = RECORD | {"additional_info": {"init_obs": "", "subtask": "BabyAI-GoToObjS6-v0"}}
    (tmp_path / FILE).write_text(json.dumps(gone), encoding="utf-8")
    with pytest.raises(DataError, match="no level that can be played"):
        make("babyai", data=tmp_path)


def test_another_level_than_agentboards_is_refused(tmp_path: Path) -> None:
    env = make("babyai", data=data(tmp_path, RECORD))
    with pytest.raises(DataError, match="minigrid draws another level than AgentBoard's from the seed 1234"):
        env.reset(seed=1)


def test_an_item_has_its_level_and_the_seed_that_its_number_tells(tmp_path: Path) -> None:
    folder = data(tmp_path, RECORD | {"id": 6}, RECORD | {"id": 111, "subgoals_1": ["**"]})
    tasks = benchmark("babyai").tasks(Data(folder), None)
    assert [task.name for task in tasks] == ["GoToRedBall-1236", "GoToRedBall-1237"]
    assert {(task.family, task.difficulty, task.max_turns) for task in tasks} == {("GoToRedBall", "easy", 30)}
    assert tasks[1].data["subgoals"] == [["There is a red ball **", "**"]]
    assert tasks[0].hash != tasks[1].hash


def test_a_pattern_is_found_where_its_pieces_stand_in_one_sentence() -> None:
    subgoals = Subgoals(
        [
            [" There is a red ball ** 1 steps away."],
            ["carrying a red key.", "carrying a blue key."],
            ["a * c"],
        ]
    )
    assert subgoals.left_after(subgoals.all, "There is a red ball 2. It is 1 steps away.") == (0, 1, 2)
    assert subgoals.left_after(subgoals.all, "There is a red ball 2 ahead 1 steps away.") == (1, 2)
    assert subgoals.left_after((1, 2), "You are carrying a blue key. a b c") == (2,)
    assert subgoals.left_after((2,), "a b c") == ()
    assert subgoals.progress((2,)) == pytest.approx(2 / 3)
