"""ScienceWorld without its simulator: tasks from data, subgoals, answers, and what is missing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.suites import Data, DataError, MissingExtra
from trpg_env.suites.scienceworld import BENCHMARK
from trpg_env.suites.scienceworld.actions import ACTIONS, ASK, TEMPLATES, choices, fault, understood
from trpg_env.suites.scienceworld.expert import plan
from trpg_env.suites.scienceworld.java import java
from trpg_env.suites.scienceworld.subgoals import Subgoals

RECORD = {
    "task_name": "boil",
    "var": 3,
    "modified_goal": "Boil water.",
    "subgoals": ["You move to the kitchen.", "The stove is now activated."],
    "difficulty": "hard",
}


def written(folder: Path, *records: object) -> Data:
    (folder / "agentboard").mkdir()
    lines = "\n".join(json.dumps(record) for record in records)
    (folder / "agentboard" / "scienceworld.jsonl").write_text(lines, encoding="utf-8")
    return Data(folder)


def test_a_task_is_read_from_a_record(tmp_path: Path) -> None:
    (task,) = BENCHMARK.tasks(written(tmp_path, RECORD), None)
    assert (task.name, task.family, task.max_turns, task.difficulty) == ("boil-3", "boil", 30, "hard")
    assert task.data["goal"] == "Boil water."


def test_records_as_agentboard_publishes_them_make_the_same_task(tmp_path: Path) -> None:
    published = {
        "goal": RECORD["modified_goal"],
        "subgoals": RECORD["subgoals"],
        "difficulty": "hard",
        "additional_info": {"env_name": "boil", "var": 3},
    }
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (ours,) = BENCHMARK.tasks(written(tmp_path / "a", RECORD), None)
    (theirs,) = BENCHMARK.tasks(written(tmp_path / "b", published), None)
    assert ours == theirs


def test_other_subgoals_make_another_hash(tmp_path: Path) -> None:
    other = {**RECORD, "var": 4}, {**RECORD, "var": 3, "subgoals": ["You eat."]}
    (tmp_path / "a").mkdir()
    first, second = BENCHMARK.tasks(written(tmp_path, *other), None)
    (third,) = BENCHMARK.tasks(written(tmp_path / "a", RECORD), None)
    assert len({first.hash, second.hash, third.hash}) == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"task_name": 3}, "'task_name' is to be a str"),
        ({"var": True}, "'var' is to be a int"),
        ({"var": "3"}, "'var' is to be a int"),
        ({"modified_goal": None}, "'modified_goal' is to be a str"),
        ({"subgoals": []}, "'subgoals' is to be a list of patterns"),
        ({"subgoals": [1]}, "'subgoals' is to be a list of patterns"),
        ({"subgoals": ["("]}, "a subgoal is no regular expression"),
    ],
)
def test_a_record_that_is_none_is_refused_with_its_place(
    tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=r"scienceworld\.jsonl:1: ") as refused:
        BENCHMARK.tasks(written(tmp_path, RECORD | wrong), None)
    assert said in str(refused.value)


def test_a_task_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r":2: boil-3 is there twice"):
        BENCHMARK.tasks(written(tmp_path, RECORD, RECORD), None)


def test_without_data_it_is_said_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"get it from AgentBoard's data \(huggingface"):
        BENCHMARK.tasks(Data(tmp_path), None)


def test_without_java_it_is_said_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingExtra, match="needs Java 11 or later; run: apt-get install"):
        java()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtra, match="apt-get install"):
        java()


def test_subgoals_are_searched_for_and_counted_once_in_any_order() -> None:
    subgoals = Subgoals(["measures a temperature of (2[0-9]|30) degrees", "You move to the kitchen."])
    subgoals.see("You move to the kitchen.")
    subgoals.see("You move to the kitchen.")
    assert (subgoals.progress, subgoals.ahead) == (0.5, ["measures a temperature of (2[0-9]|30) degrees"])
    subgoals.see("the thermometer measures a temperature of 19 degrees")
    assert subgoals.progress == 0.5
    subgoals.see("the thermometer measures a temperature of 25 degrees celsius")
    assert subgoals.progress == 1.0


def test_brackets_that_are_meant_as_such_can_be_seen() -> None:
    subgoals = Subgoals(["You focus on the book (Sherlock Holmes)."])
    subgoals.see("You focus on the book (Sherlock Holmes).")
    assert subgoals.progress == 1.0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("No known action matches that input.", "parameter"),
        ("Unknown action.  Type 'help' for a list of actions, and 'objects' …", "parameter"),
        ("", "parameter"),
        ("The door is not open.", "logic"),
        ("The fridge is already open.", "logic"),
        ("The agent is not edible.", "logic"),
        ("You can't move something into itself.", "logic"),
        ("I'm not sure how to use those two things together.", "logic"),
        ("That can't be moved there, because the fridge isn't open.", "logic"),
        ("The fridge is now open.", None),
        ("You move to the kitchen.", None),
        ("The orange was delicious.", None),
        ("In your inventory, you see:\n\tan orange", None),
        ("Ambiguous request: Please enter the number …\n0:\tone\n1:\tother\n", None),
    ],
)
def test_what_was_wrong_is_read_off_the_answer(answer: str, kind: str | None) -> None:
    assert fault(answer) == kind


def test_only_a_question_back_has_choices() -> None:
    assert choices("Ambiguous request: Please enter the number\n0:\ta\n1:\tb\n") == ["0", "1"]
    assert choices("0:\ta") == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_understood_and_told(template: str) -> None:
    name, values = understood(template.format(object="metal pot", other="sink"))
    assert name is not None
    assert template.startswith(name)
    assert set(values.values()) <= {"metal pot", "sink"}
    assert any(name in told for told in [*ACTIONS, ASK])


@given(st.text())
def test_no_text_troubles_the_reading_of_actions_and_answers(text: str) -> None:
    understood(text)
    fault(text)
    choices(text)


class Kitchen:
    """A world of one room, in which a fridge is open and an egg has its animal's name."""

    ANSWERS = {  # noqa: RUF012
        "focus on dove": "You focus on the dove egg.",
        "close fridge": "The fridge is now closed.",
        "open fridge": "The fridge is now open.",
        "wait": "You decide to wait for 10 iterations.",
        "focus on hen": "You focus on the hen.",
    }

    def __init__(self) -> None:
        self.begun = 0
        self.taken: list[str] = []

    def begin(self) -> None:
        self.begun += 1
        self.taken = []

    def step(self, action: str) -> str:
        self.taken.append(action)
        return self.ANSWERS.get(action, "No known action matches that input.")


def test_a_plan_is_the_gold_path_without_what_does_nothing() -> None:
    kitchen = Kitchen()
    gold = ["open door to hall", "look around", "focus on hen", "wait1"]
    assert plan(kitchen.begin, kitchen.step, gold, ["You focus on the hen."]) == ["focus on hen"]
    assert kitchen.begun == 1


def test_a_plan_does_what_subgoals_ask_for_where_the_gold_path_does_not() -> None:
    kitchen = Kitchen()
    patterns = ["The fridge is now open.", "You focus on the dove egg."]
    found = plan(kitchen.begin, kitchen.step, ["focus on hen"], patterns)
    assert found == ["close fridge", "open fridge", "focus on dove"]


def test_a_plan_that_cannot_reach_all_is_what_reaches_most() -> None:
    kitchen = Kitchen()
    patterns = ["You focus on the hen.", "You focus on the baby brown bear."]
    assert plan(kitchen.begin, kitchen.step, ["focus on hen", "wait"], patterns) == ["focus on hen"]
