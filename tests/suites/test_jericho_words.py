"""Interactive fiction without an emulator: story files, tasks, and the words that are typed and answered."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpg_env.suites import Data, DataError
from trpg_env.suites.jericho import BENCHMARK
from trpg_env.suites.jericho.expert import RELEASES, Release, walkthrough
from trpg_env.suites.jericho.story import stories
from trpg_env.suites.jericho.words import candidates, cleaned, ended, fault, line, nouns, outside, shown


def story(version: int = 3, *, size: int = 512, checksum: int | None = None, **words: int) -> bytes:
    """A file with the header of a story, and nothing in it."""
    content = bytearray(size)
    content[0] = version
    unit = 2 if version == 3 else 8 if version == 8 else 4
    places = {"high": 0x04, "dictionary": 0x08, "objects": 0x0A, "variables": 0x0C, "static": 0x0E}
    values = {"high": 256, "dictionary": 256, "objects": 64, "variables": 128, "static": 256} | words
    for name, value in values.items():
        content[places[name] : places[name] + 2] = value.to_bytes(2)
    content[0x1A:0x1C] = (size // unit).to_bytes(2)
    content[-1] = 7
    content[0x1C:0x1E] = (7 if checksum is None else checksum).to_bytes(2)
    return bytes(content)


def put(folder: Path, **files: bytes) -> Data:
    (folder / "jericho").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "jericho" / name.replace("_", ".")).write_bytes(content)
    return Data(folder)


def test_each_story_file_is_a_task_in_the_order_of_names(tmp_path: Path) -> None:
    data = put(tmp_path, zork_z5=story(5), adventure_z3=story(), notes_txt=b"?", enter_Z8=story(8))
    tasks = BENCHMARK.tasks(data, None)
    assert [task.name for task in tasks] == ["adventure.z3", "enter.Z8", "zork.z5"]
    assert {task.max_turns for task in tasks} == {30}
    assert tasks[0].hash != tasks[2].hash


def test_a_task_hash_hangs_on_what_is_in_the_file_and_not_on_its_name(tmp_path: Path) -> None:
    (first, second) = BENCHMARK.tasks(put(tmp_path, a_z3=story(), b_z3=story()), None)
    assert first.hash == second.hash
    (other, _) = BENCHMARK.tasks(put(tmp_path, a_z3=story(size=1024)), None)
    assert other.hash != first.hash


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has not the size of one"),
        (b"MZ" + bytes(500), "its first byte is to be its version"),
        (story(6), "its first byte is to be its version"),
        (story(static=5000), "its static memory begins nowhere in it"),
        (story(objects=300), "its objects or global variables are not in its dynamic memory"),
        (story(variables=2), "its objects or global variables are not in its dynamic memory"),
        (story(dictionary=60000), "its dictionary or high memory is not in it"),
        (story()[:400], "it has been cut short"),
        (story(checksum=8), "its checksum is another"),
    ],
)
def test_a_file_that_is_no_story_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=r"bad\.z3 is no story file of the Z-machine") as refused:
        BENCHMARK.tasks(put(tmp_path, bad_z3=content), None)
    assert said in str(refused.value)


@given(st.binary(max_size=300))
def test_no_bytes_trouble_the_reading_of_headers(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "junk"
    folder.mkdir(exist_ok=True)
    (folder / "junk.z5").write_bytes(b"\5" + junk)
    try:
        stories(folder)
    except DataError as refused:
        assert "\n" not in str(refused)


def test_without_stories_it_is_said_where_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"jericho is not there; get it from whoever publishes the games"):
        BENCHMARK.tasks(Data(tmp_path), None)
    with pytest.raises(DataError, match=r"has no story file \(\.z3, \.z4, \.z5, \.z8\)"):
        BENCHMARK.tasks(put(tmp_path, notes_txt=b"?"), None)


def test_annotations_give_goal_subgoals_and_difficulty(tmp_path: Path) -> None:
    data = put(tmp_path, zork1_z5=story(5), other_z5=story(5))
    (tmp_path / "agentboard").mkdir()
    label = {"game_name": "zork1", "goal": "Go down.", "subgoals": ["Cellar"], "difficulty": "easy"}
    inside = {"goal": "x", "subgoals": ["y"], "additional_info": {"game_name": "nowhere"}}
    lines = f"{json.dumps(label)}\n{json.dumps(inside)}"
    (tmp_path / "agentboard" / "jericho.jsonl").write_text(lines, encoding="utf-8")
    other, zork = BENCHMARK.tasks(data, None)
    assert (zork.data["goal"], zork.data["subgoals"], zork.difficulty) == ("Go down.", ["Cellar"], "easy")
    assert (other.data["goal"], other.data["subgoals"]) == (None, [])
    assert zork.hash != other.hash


@pytest.mark.parametrize("wrong", [{"subgoals": []}, {"subgoals": [1]}, {"goal": 3}, {"game_name": None}])
def test_an_annotation_that_is_none_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    data = put(tmp_path, zork1_z5=story(5))
    (tmp_path / "agentboard").mkdir()
    label = {"game_name": "zork1", "goal": "Go down.", "subgoals": ["Cellar"]} | wrong
    (tmp_path / "agentboard" / "jericho.jsonl").write_text(json.dumps(label), encoding="utf-8")
    with pytest.raises(DataError, match=r"jericho\.jsonl:1: "):
        BENCHMARK.tasks(data, None)


def test_a_line_is_what_agentboard_would_type() -> None:
    assert line("open mailbox. read leaflet") == "open mailbox"
    assert line("troll, give me the axe") == "troll"
    assert line("  go \n north\x00 ") == "go north"
    assert line(" ".join(["very"] * 30)) == " ".join(["very"] * 20)


@pytest.mark.parametrize(
    "text", ["save", "SAVE game", "restor", "restart", "restarting", "quit", "q", "#comm", "$ve"]
)
def test_commands_to_the_program_are_known(text: str) -> None:
    assert outside(text)


@pytest.mark.parametrize("text", ["quiet", "go north", "safe", "read scroll", "take save"])
def test_commands_to_the_world_are_none_to_the_program(text: str) -> None:
    assert not outside(text)


def test_texts_are_put_on_a_line_without_status_and_control_characters() -> None:
    status = "> West of House                     Score: 5                Moves: 12              \n"
    assert cleaned(f"{status}Taken.\n\nA  \x1b[2Jlamp [Your score has gone up.]\n\n") == "Taken. A [2Jlamp"
    assert cleaned("No status here: 3\nTaken.") == "No status here: 3 Taken."


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('I don\'t know the word "foo".', "parameter"),
        ("That's not a verb I recognise.", "parameter"),
        ("I beg your pardon?", "parameter"),
        ("You can't go that way.", "logic"),
        ("(the door) You can't see any such thing.", "logic"),
        ("It is already open.", "logic"),
        ("Opening the small mailbox reveals a leaflet.", None),
        ("The note says: You can't win.", None),
    ],
)
def test_common_answers_to_errors_are_known(text: str, kind: str | None) -> None:
    assert fault(text) == kind


def test_the_question_at_the_end_of_a_game_is_known() -> None:
    assert ended("Would you like to RESTART, RESTORE a saved game or QUIT?")
    assert not ended("You restart the engine.")


def test_annotated_texts_are_compared_without_punctuation() -> None:
    assert shown("You're in; the cellar.", "Look! Youre in the cellar now")
    assert not shown("cellar", "attic")


def test_words_are_things_where_the_dictionary_says_so() -> None:
    words = {"mailbo": ["noun"], "open": ["verb"], "north": ["noun", "dir"], "it": ["noun"], "odd": []}
    assert list(nouns("Open the MAILBOX north, it is odd.", words)) == ["mailbox", "odd"]


def test_nothing_is_tried_on_itself() -> None:
    tried = candidates(["lamp", "sack"])
    assert "put lamp in sack" in tried
    assert "put lamp in lamp" not in tried


def test_what_is_added_to_a_walkthrough_comes_after_the_action_that_is_named() -> None:
    release = Release("zork1", 1, "b", ("x", "y"))
    assert walkthrough(release, ["a", "b", "c"]) == ["a", "b", "x", "y", "c"]
    assert walkthrough(release, ["a"]) == ["a"]
    assert walkthrough(None, []) == []
    assert all(len(sha) == 64 for sha in RELEASES)


@given(st.text())
def test_no_text_troubles_the_words(text: str) -> None:
    outside(line(text))
    fault(cleaned(text))
    ended(text)
    list(nouns(text, {"a": []}))
