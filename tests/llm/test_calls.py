"""A participant's questions: numbered and seeded by the episode, counted, and carried over by copies."""

import asyncio
import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from model_server import ModelServer, Status, scripted

from trpg_env.llm import Answer, At, Calls, Limits, Model, Request, RequestRefused, ServerFailed, Usage


class Echo(Model):
    """Answers with what it is asked and where; needs no server."""

    def __init__(self) -> None:
        super().__init__("echo", base_url="http://localhost:1/v1")
        self.asked: list[tuple[Request, At]] = []

    async def ask(self, request: Request, at: At) -> Answer:
        self.asked.append((request, at))
        return Answer(f"{at.number}", usage=Usage(1, 0, 10, 5, 2))


def begun(model: Model, role: str = "dm", seed: int = 7, luck: int = 0) -> Calls:
    calls = Calls(model, role, 0.5, 99)
    calls.begin(seed, luck)
    return calls


def say(calls: Calls, text: str = "Hello.") -> Answer:
    return asyncio.run(calls.say([{"role": "user", "content": text}]))


@pytest.fixture
def model() -> Echo:
    return Echo()


def seeds(calls: Calls, count: int = 3) -> list[int]:
    assert isinstance(calls.model, Echo)
    calls.model.asked.clear()
    for _ in range(count):
        say(calls)
    return [request.seed for request, _ in calls.model.asked]


def test_a_question_says_all_that_its_answer_depends_on(model: Echo) -> None:
    say(begun(model))
    ((request, at),) = model.asked
    assert (request.model, request.temperature, request.max_tokens) == ("echo", 0.5, 99)
    assert request.messages == ({"role": "user", "content": "Hello."},)
    assert at == At(7, 0)


def test_questions_are_numbered_from_the_beginning_of_the_episode(model: Echo) -> None:
    calls = begun(model)
    assert [say(calls).content for _ in range(3)] == ["0", "1", "2"]
    calls.begin(8, 0)
    assert say(calls).content == "0"
    assert calls.usage.calls == 1


def test_seeds_come_from_the_episode_the_role_and_the_number_alone(model: Echo) -> None:
    once = seeds(begun(model))
    assert once == seeds(begun(model))
    others = [begun(model, role="player"), begun(model, seed=8), begun(model, luck=1)]
    drawn = {*once, *(seed for other in others for seed in seeds(other))}
    assert len(drawn) == 12
    assert all(0 <= seed < 2**31 for seed in drawn)


def test_any_whole_number_is_a_seed(model: Echo) -> None:
    for seed in (0, 2**200, np.int64(3)):
        calls = begun(model, seed=seed)
        say(calls)
        assert json.loads(json.dumps(calls.snapshot()))["seed"] == seed


def test_usage_adds_up(model: Echo) -> None:
    calls = begun(model)
    say(calls)
    say(calls)
    assert calls.usage == Usage(2, 0, 20, 10, 4)


def test_a_snapshot_goes_on_where_it_was_taken(model: Echo) -> None:
    calls = begun(model)
    say(calls)
    snapshot = json.loads(json.dumps(calls.snapshot()))
    after = seeds(calls)
    other = Calls(model, "dm", 0.5, 99)
    other.restore(snapshot)
    assert other.usage == Usage(1, 0, 10, 5, 2)
    assert seeds(other) == after


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"seed": 1, "luck": 0, "number": 0},
        {"seed": "1", "luck": 0, "number": 0, "usage": {}},
        {"seed": 1, "luck": 0, "number": -1, "usage": {"calls": 0}},
        {"seed": 1, "luck": 0, "number": True, "usage": {"calls": 0}},
        {"seed": 1, "luck": 0, "number": 0, "usage": {"money": 1}},
        {"seed": 1, "luck": 0, "number": 0, "usage": {"calls": 1.5}},
        {"seed": 1, "luck": 0, "number": 0, "usage": None},
        None,
    ],
)
def test_what_is_no_snapshot_is_refused_and_changes_nothing(model: Echo, broken: object) -> None:
    calls = begun(model)
    say(calls)
    before = calls.snapshot()
    with pytest.raises(ValueError, match="no snapshot of a model's calls"):
        calls.restore(broken)  # type: ignore[arg-type]
    assert calls.snapshot() == before


def test_a_deep_copy_goes_on_by_itself_and_shares_the_model(model: Echo) -> None:
    calls = begun(model)
    say(calls)
    other = copy.deepcopy(calls)
    assert other.model is calls.model
    say(calls)
    assert say(other).content == "1"
    assert other.usage == calls.usage


def test_a_pickle_carries_the_episode() -> None:
    calls = begun(Model("m", base_url="http://localhost:1/v1"))
    calls.restore({"seed": 3, "luck": 1, "number": 4, "usage": {"calls": 4}})
    assert pickle.loads(pickle.dumps(calls)).snapshot() == calls.snapshot()


def test_a_question_without_an_answer_has_taken_its_number() -> None:
    with ModelServer(scripted([Status(500), "Fine."])) as server:
        calls = begun(Model("m", base_url=server.url, limits=Limits(retries=0)))
        with pytest.raises(ServerFailed):
            say(calls)
        assert calls.usage == Usage()
        assert say(calls).content == "Fine."
        assert server.requests[0]["seed"] != server.requests[1]["seed"]


def test_what_failed_is_counted_too_and_replayed_as_it_was(tmp_path: Path) -> None:
    spent = []
    with ModelServer(scripted([Status(500), Status(503), Status(401)])) as server:
        patient = Limits(retries=5, backoff=0.0)
        asked = [
            Model("m", base_url=server.url, record=tmp_path / "r.sqlite", limits=patient),
            Model("m", replay=tmp_path / "r.sqlite"),
        ]
        for model in asked:
            calls = Calls(model, "player", 0.0, 16)
            with pytest.raises(RequestRefused):
                asyncio.run(calls.say([{"role": "user", "content": "Hi"}]))
            spent.append(calls.usage)
    assert spent[0] == Usage(retries=2) == spent[1]
