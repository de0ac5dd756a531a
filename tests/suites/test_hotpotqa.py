"""HotpotQA: search, look-up and answer among a question's own paragraphs."""

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st
from questions import QUESTION, data

import trpg_env  # noqa: F401  (registers the suites)
from trpg_env.envs.game import GameEnv
from trpg_env.suites import SUITES, Data, DataError, benchmark, make
from trpg_env.suites.answers import exact_match, f1, normalised


@pytest.fixture
def env(tmp_path: Path) -> GameEnv:
    env = make("hotpotqa", data=data(tmp_path))
    env.reset(seed=1)
    return env


def test_a_search_opens_an_article_whatever_its_capitals(env: GameEnv) -> None:
    observation, *_, info = env.step("Search[ hoje  RIVER ]")
    assert observation == "The Hoje River rises in Sweden. Sweden is its only country."
    assert info["action"] == {"name": "search", "parameters": {"value": "hoje RIVER"}}


def test_a_search_in_vain_tells_similar_titles(env: GameEnv) -> None:
    observation, *_, info = env.step("search[river]")
    assert "Similar: Hoje River" in observation
    assert info["assessment"]["logic_error"]


def test_a_look_up_goes_through_the_sentences_and_ends(env: GameEnv) -> None:
    assert env.step("lookup[sweden]")[4]["assessment"]["logic_error"]
    env.step("search[Hoje River]")
    told = [env.step("lookup[sweden]") for _ in range(3)]
    assert [one[0][:14] for one in told[:2]] == ["(Result 1 / 2)", "(Result 2 / 2)"]
    assert "nowhere else" in told[2][0]


def test_an_answer_ends_the_episode_and_is_scored_by_match_and_f1(env: GameEnv) -> None:
    *_, terminated, _, info = env.step("finish[Sweden]")
    assert (terminated, info["success"], info["progress"]) == (True, True, 1.0)
    env.reset(seed=1)
    *_, terminated, _, info = env.step("finish[southern Sweden]")
    assert (terminated, info["success"]) == (True, False)
    assert info["progress"] == pytest.approx(2 / 3)


@given(
    st.text(max_size=60)
    | st.builds("{}[{}]".format, st.sampled_from(["search", "lookup", "finish"]), st.text())
)
def test_no_action_makes_it_raise(action: str) -> None:
    game = benchmark("hotpotqa").game(Data("."))
    task = _task()
    game.begin(task, 0)
    told = game.act(action)
    assert bool(told.message) == (told.error is not None)


def _task() -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return benchmark("hotpotqa").tasks(Data(data(Path(folder))), None)[0]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("[1]", ":1 is no JSON object"),
        ("{", ":1 is no JSON object"),
        (json.dumps(QUESTION | {"answer": 7}), "'answer' is to be a str"),
        (json.dumps(QUESTION | {"context": {"title": ["a"], "sentences": []}}), "as many lists of sentences"),
        (json.dumps(QUESTION | {"type": "\ud800"}), "half a character"),
    ],
)
def test_data_that_is_none_is_refused_with_its_place(tmp_path: Path, line: str, named: str) -> None:
    with pytest.raises(DataError, match=r"hotpotqa\.jsonl:1"):
        make("hotpotqa", data=data(tmp_path, line))
    with pytest.raises(DataError) as refused:
        make("hotpotqa", data=data(tmp_path, line))
    assert named in str(refused.value)


def test_characters_that_json_writes_in_halves_are_read(tmp_path: Path) -> None:
    written = json.dumps(QUESTION | {"question": "Who is \N{OWL}?"})
    assert "\\ud83e" in written
    assert "\N{OWL}" in make("hotpotqa", data=data(tmp_path, written)).reset()[0]


def test_two_questions_of_the_same_name_are_refused(tmp_path: Path) -> None:
    twice = data(tmp_path, QUESTION, QUESTION | {"question": "Which one?"})
    with pytest.raises(DataError, match="two tasks called 'q1'"):
        make("hotpotqa", data=twice)


def test_a_right_answer_is_all_progress_even_without_a_word_that_counts(tmp_path: Path) -> None:
    env = make("hotpotqa", data=data(tmp_path, QUESTION | {"answer": "The The"}))
    env.reset()
    _, reward, _, _, info = env.step("finish[the the]")
    assert (info["success"], info["progress"], reward) == (True, 1.0, 1.0)


def test_missing_data_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"get it from HotpotQA's distractor set"):
        make("hotpotqa", data=tmp_path)
    monkeypatch.delenv("TRPG_DATA", raising=False)
    with pytest.raises(DataError, match="TRPG_DATA names no folder"):
        make("hotpotqa")


def test_answers_are_compared_as_hotpotqa_does() -> None:
    assert normalised("The  Quick, brown-fox!") == "quick brownfox"
    assert exact_match("a U.S. state", "US State")
    assert f1("yes indeed", "yes") == 0.0
    assert f1("yes", "Yes.") == 1.0
    assert f1("one two two", "two two three") == pytest.approx(2 / 3)
    assert f1("", "x") == 0.0


def test_it_is_registered_with_gymnasium(tmp_path: Path) -> None:
    env = gym.make("TRPG/hotpotqa-v0", data=data(tmp_path))
    check_env(env.unwrapped, skip_render_check=True)
    assert {f"TRPG/{name}-v0" for name in SUITES if name != "pddl"} == {
        name for name in gym.registry if name.startswith("TRPG/")
    }
