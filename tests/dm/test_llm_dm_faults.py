"""Models and servers that misbehave: each ends as a retry, a repair, or a record that says whose fault it was."""

import json
import socket
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from dm_replies import reply, told_by_all_it_was_asked
from model_server import (
    Drip,
    DropBeforeAnswer,
    DropMidBody,
    Outcome,
    Raw,
    Stall,
    Status,
    scripted,
)

from trpg_env.dm import LLMDM
from trpg_env.llm.limits import Limits

NAN = reply().replace("false", "NaN", 1)
TOOL = {
    "message": {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "go"}}]}
}
LONG = {"error": {"message": "maximum context length is 8 tokens", "code": "context_length_exceeded"}}

SERVER: dict[str, tuple[Outcome, str]] = {
    "500": (Status(500, "oh"), "server"),
    "a rate limit": (Status(429, "slowly"), "rate limit"),
    "a rate limit for an hour": (Status(429, "slowly", {"Retry-After": "3600"}), "rate limit"),
    "a wrong key": (Status(401, {"error": {"message": "wrong key"}}), "request"),
    "a connection dropped": (DropBeforeAnswer(), "connection"),
    "a connection dropped in the middle": (DropMidBody(), "connection"),
    "a stall": (Stall(5), "timeout"),
    "a drip": (Drip(), "timeout"),
    "half a body": (Raw(b'{"choices": [{"mess'), "answer"),
    "no JSON": (Raw(b"<html>busy</html>", "text/html"), "answer"),
    "the wrong shape": (Raw(b'{"choices": []}'), "answer"),
}
"""What is the server's fault, and the kind of error that it comes to where it does not stop."""

MODEL: dict[str, Outcome] = {
    "an empty reply": "",
    "a null reply": {"message": {"content": None}},
    "a huge reply": "Once upon a time, " * 20_000,
    "a tool call": TOOL,
    "chatter": "What a fine day it is!",
    "half an object": reply()[:-9],
    "NaN": NAN,
    "a text for a flag": reply(place_error="no"),
    "a missing key": json.dumps({"thought": "", "observation": "Hm."}),
    "a condition that does not exist": reply(completed=[-1]),
    "an endless observation": reply("very " * 5_000),
}
"""What is the model's fault: shown to it once, then an error of kind `format`."""

GOOD: dict[str, Outcome] = {
    "fences and chatter": f"Here it is:\n```json\n{reply()}\n```\nHave fun!",
    "reasoning": f"<think>{{Hm}} what now?</think>{reply()}",
    "text in parts": {"message": {"content": [{"type": "text", "text": reply()}]}},
    "half a surrogate pair": {"message": {"content": reply().replace("They", "They \ud800")}},
    "half a surrogate pair, written out": reply(thought="They look \udfff."),
}


def step_that_breaks(table: Callable[..., Any], outcome: Outcome, script: str) -> Any:
    """The first step of an episode that opens well."""
    slow = {"limits": Limits(timeout=0.5, retries=0)} if isinstance(outcome, Stall | Drip) else {}
    played = table(scripted([reply(), outcome]), script, **slow)
    played.env.reset(seed=7)
    return played.env.step("go west"), played


def assert_broken(step: Any, kind: str) -> None:
    observation, reward, terminated, truncated, info = step
    assert observation == "The episode ends here: the dungeon master did not answer."
    assert (reward, terminated, truncated) == (0, False, True)
    assert info["error"]["kind"] == kind
    assert info["error"]["message"]
    assert "\n" not in info["error"]["message"]
    assert not any(info["assessment"].values())
    assert (info["turn"], info["progress"], info["success"]) == (0, 0, False)


@pytest.mark.parametrize("script", ["village-healer", "cool-tomato"])
@pytest.mark.parametrize("fault", SERVER)
def test_a_server_that_fails_for_good_ends_the_episode_as_broken(
    fault: str, script: str, table: Callable[..., Any]
) -> None:
    outcome, kind = SERVER[fault]
    step, played = step_that_breaks(table, outcome, script)
    assert_broken(step, f"dm:{kind}")
    with pytest.raises(gym.error.ResetNeeded):
        played.env.step("go west")


@pytest.mark.parametrize(
    "fault",
    [
        "500",
        "a rate limit",
        "a connection dropped",
        "a connection dropped in the middle",
        "a stall",
        "a drip",
    ],
)
def test_a_server_that_fails_once_is_asked_again(fault: str, table: Callable[..., Any]) -> None:
    # Long enough for a good answer on a busy machine, and no longer than a test may take.
    limits = Limits(timeout=1.0 if "stall" in fault or "drip" in fault else 30.0, retries=1, backoff=0.0)
    healer = table(scripted([reply(), SERVER[fault][0], reply("There.")]), limits=limits)
    *_, (observation, *_, info) = healer.play("read recipe book")
    assert observation == "There."
    assert info["error"] == {"kind": None, "message": None}
    assert healer.dm.usage["retries"] == 1
    assert healer.dm.usage["calls"] == 2


@pytest.mark.parametrize("script", ["village-healer", "cool-tomato"])
@pytest.mark.parametrize("fault", MODEL)
def test_a_model_that_cannot_write_the_form_ends_the_episode_after_it_was_told_once(
    fault: str, script: str, table: Callable[..., Any]
) -> None:
    step, played = step_that_breaks(table, MODEL[fault], script)
    assert_broken(step, "dm:format")
    assert len(played.asked) == 3


@pytest.mark.parametrize("fault", MODEL)
def test_a_model_that_misses_the_form_once_repairs_it(fault: str, table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(), MODEL[fault], reply("There.")]))
    assert healer.play("read recipe book")[-1][0] == "There."


@pytest.mark.parametrize("what", GOOD)
def test_what_is_around_a_good_reply_does_no_harm(what: str, table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(), GOOD[what]]))
    assert healer.play("read recipe book")[-1][0] == "You look around."
    assert len(healer.asked) == 2


def test_an_endpoint_that_knows_no_schemas_is_asked_without(table: Callable[..., Any]) -> None:
    def picky(body: dict[str, Any]) -> Outcome:
        if "response_format" in body:
            return Status(400, {"error": {"message": "response_format is not supported"}})
        return reply("There.")

    healer = table(picky)
    assert healer.play("read recipe book")[-1][0] == "There."
    assert "logic_error" in json.dumps(healer.asked[-1]["messages"])


def test_a_context_that_is_full_cuts_the_episode_short_without_an_error(table: Callable[..., Any]) -> None:
    step, played = step_that_breaks(table, Status(400, LONG), "village-healer")
    *_, reward, terminated, truncated, info = step
    assert (reward, terminated, truncated) == (0, False, True)
    assert info["error"] == {"kind": None, "message": None}
    assert played.env.unwrapped.episode.cut_short


def test_no_server_at_all_breaks_the_opening() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    dm = LLMDM("gpt-test", base_url=f"http://127.0.0.1:{port}/v1", limits=Limits(retries=0))
    env = gym.make("AgentRefine-v0", script="village-healer", dm=dm)
    _, info = env.reset(seed=0)
    assert info["error"]["kind"] == "dm:connection"
    env.close()


def test_after_a_broken_episode_the_next_one_is_like_any_other(table: Callable[..., Any]) -> None:
    failing = True

    def moody(body: dict[str, Any]) -> Outcome:
        return Status(500, "oh") if failing and len(body["messages"]) > 2 else told_by_all_it_was_asked(body)

    healer = table(moody)
    healer.env.reset(seed=7)
    assert_broken(healer.env.step("read recipe book"), "dm:server")
    failing = False
    assert healer.play("read recipe book") == table(told_by_all_it_was_asked).play("read recipe book")
