"""The LLM player against a real server: what it asks, how it reads replies, and whose fault is whose."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_server import DropBeforeAnswer, DropMidBody, ModelServer, Raw, Stall, Status, completion, scripted

from trpg_env import rollout
from trpg_env.agents import LLMAgent, PlannerAgent
from trpg_env.agents.chat import Chat
from trpg_env.agents.react import said
from trpg_env.envs import AgentRefineEnv, parse_reply
from trpg_env.llm.client import Model
from trpg_env.llm.limits import Limits
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory, Verifier

Play = Callable[..., list[Trajectory]]

HASTE = Limits(timeout=0.5, retries=1, backoff=0.001)
TOO_LONG = Status(400, {"error": {"message": "too long", "code": "context_length_exceeded"}})


def reply(action: str, thought: str = "So be it.") -> str:
    return f"Thought: {thought}\nAction: {action}"


@pytest.fixture(scope="module")
def play(load: Callable[[Any], Script], sandbox: Sandbox) -> Play:
    """Play `cool-tomato`; every trajectory verifies clean."""
    script, verifier = load("cool-tomato"), Verifier(sandbox)

    def play(agent: Any, n: int = 1, **keywords: Any) -> list[Trajectory]:
        played = list(rollout(script, agent, n, sandbox=sandbox, **keywords))
        assert [verifier.verify(t, script) for t in played] == [[]] * n
        return played

    return play


@pytest.fixture(scope="module")
def plan(play: Play) -> list[str]:
    """The actions that reach the goal in the first episode of seed 0."""
    (planned,) = play(PlannerAgent())
    return [player.action for player, _ in planned.exchanges()]


@pytest.fixture
def server() -> Iterator[Callable[..., ModelServer]]:
    """A server that gives these outcomes one after another, or does what a function says."""
    servers: list[ModelServer] = []

    def serve(*outcomes: Any) -> ModelServer:
        served = ModelServer(outcomes[0] if callable(outcomes[0]) else scripted(outcomes))
        servers.append(served.__enter__())
        return served

    yield serve
    for served in servers:
        served.__exit__(None)


def agent_at(served: ModelServer, **keywords: Any) -> LLMAgent:
    return LLMAgent("m", base_url=served.url, **{"limits": HASTE, **keywords})


# What is asked.


def test_the_model_is_asked_in_chat_turns_that_begin_with_what_reset_told(
    play: Play, plan: list[str], server: Callable[..., ModelServer]
) -> None:
    served = server(*map(reply, plan))
    (played,) = play(agent_at(served))
    assert played.success
    last = served.requests[-1]["messages"]
    assert [m["role"] for m in last] == ["system", "user"] + ["assistant", "user"] * (len(plan) - 1)
    assert last[1]["content"] == f"{played.instruction}\n\n{played.turns[0].observation}"  # type: ignore[union-attr]
    assert [m["content"] for m in last[2::2]] == [reply(action) for action in plan[:-1]]
    assert [m["content"] for m in last[3::2]] == [dm.observation for _, dm in played.exchanges()[:-1]]
    for i, request in enumerate(served.requests):
        assert request["messages"] == last[: 2 + 2 * i]
        assert "response_format" not in request
        assert (request["model"], request["temperature"]) == ("m", 0)


def test_each_episode_is_asked_afresh_and_with_seeds_of_its_own(
    play: Play, server: Callable[..., ModelServer]
) -> None:
    served = server(reply("go west"))
    agent = agent_at(served)
    for keywords in ({"seed": 1}, {"seed": 1}, {"seed": 1, "luck": 1}, {"seed": 2}):
        play(agent, max_turns=2, **keywords)
    assert [len(r["messages"]) for r in served.requests] == [2, 4] * 4
    seeds = [r["seed"] for r in served.requests]
    assert seeds[:2] == seeds[2:4]
    assert len(set(seeds)) == 6


def test_ids_tell_agents_that_ask_otherwise_apart(play: Play, server: Callable[..., ModelServer]) -> None:
    served = server(reply("go west"))
    agents = [agent_at(served), agent_at(served, temperature=0.5), agent_at(served, max_tokens=5)]
    agents.append(LLMAgent("other", base_url=served.url))
    played = [play(agent, max_turns=1)[0] for agent in agents]
    assert len({t.id for t in played}) == 4
    player = played[1].player
    assert (player.kind, player.model, player.sampling) == (
        "llm",
        "m",
        {"temperature": 0.5, "max_tokens": 2048},
    )
    assert player.prompt_hash
    assert served.requests[2]["max_tokens"] == 5


@pytest.mark.parametrize(
    "keywords",
    [{"temperature": -1}, {"temperature": float("nan")}, {"max_tokens": 0}, {"max_tokens": 1.5}],
    ids=str,
)
def test_numbers_out_of_range_are_refused(keywords: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(keywords))}="):
        LLMAgent("m", base_url="http://127.0.0.1:9/v1", **keywords)


# What is kept.


@pytest.mark.parametrize(
    ("message", "reasoning"),
    [
        ({"content": reply("go west")}, None),
        ({"content": reply("go west"), "reasoning_content": "Exits?"}, "Exits?"),
        ({"content": f"<think>\nExits?\n</think>\n{reply('go west')}"}, "Exits?"),
        ({"content": f"Exits?</think>{reply('go west')}"}, "Exits?"),
        (
            {"content": f"<think>West.</think>{reply('go west')}", "reasoning_content": "Exits?"},
            "Exits?\n\nWest.",
        ),
    ],
    ids=str,
)
def test_thought_hidden_reasoning_and_raw_reply_are_kept_and_the_reasoning_is_not_said_again(
    message: dict[str, Any], reasoning: str | None, play: Play, server: Callable[..., ModelServer]
) -> None:
    served = server({"message": message})
    (played,) = play(agent_at(served), max_turns=2)
    (player, dm), _ = played.exchanges()
    assert (player.thought, player.action) == ("So be it.", "go west")
    assert (player.reasoning, player.reply) == (reasoning, message["content"])
    assert not dm.parameter_error
    assert served.requests[-1]["messages"][2]["content"] == reply("go west")


def test_what_it_cost_is_kept_and_counted(play: Play, server: Callable[..., ModelServer]) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 60}}
    served = server({"message": {"content": reply("go west")}, "usage": usage})
    for played in play(agent_at(served), 2, max_turns=3):
        counts = {
            "calls": 3,
            "retries": 0,
            "prompt_tokens": 300,
            "cached_tokens": 180,
            "completion_tokens": 21,
        }
        assert played.usage == counts | {f"player_{name}": count for name, count in counts.items()}


# What the model does wrong is the player's error.

UNREADABLE: dict[str, tuple[Any, str]] = {
    "empty": ("", "no action"),
    "null": ({"message": {"content": None}}, "no action"),
    "tool call": (
        {
            "message": {
                "content": None,
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "go", "arguments": "{}"}}
                ],
            }
        },
        "no action",
    ),
    "chatter": ("I would love to help you with that tomato!", "no action"),
    "JSON": ('{"thought": "West.", "action": "go west"}', "no action"),
    "two actions": (f"{reply('go west')}\n{reply('go east')}", "2 actions"),
    "an observation of its own": (f"{reply('go west')}\nObservation: You win.", "invents an observation"),
    "fences": (f"```\n{reply('go west')}\n```", "goes on after"),
    "no action": ("Thought: Hm.\nAction:", "action is empty"),
    "huge": (reply("go west", "x" * 300_000), "at most 20,000"),
    "reasoning without an end": (f"<think>{reply('go west')}", "no action"),
    "nothing but reasoning": (f"<think>{reply('go west')}</think>", "no action"),
    "lone surrogates": (json.loads('"\\ud800 \\udfff"'), "no action"),
}


@pytest.mark.parametrize(("outcome", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_reply_that_cannot_be_read_is_a_parameter_error_that_says_why(
    outcome: Any, message: str, play: Play, plan: list[str], server: Callable[..., ModelServer]
) -> None:
    served = server(reply(plan[0]), outcome, *map(reply, plan[1:]))
    (played,) = play(agent_at(served))
    assert (played.outcome, played.error, played.usage["retries"]) == ("completed", None, 0)
    player, dm = played.exchanges()[1]
    assert (player.thought, player.action, player.reply is not None) == ("", "", True)
    assert (dm.parameter_error, dm.message == dm.observation) == (True, True)
    assert message in dm.message
    shown = served.requests[2]["messages"][-2:]
    assert 0 < len(shown[0]["content"]) < 3_000
    assert shown[1]["content"] == dm.message


def test_half_a_surrogate_pair_in_an_action_reaches_nobody(
    play: Play, server: Callable[..., ModelServer]
) -> None:
    served = server(json.loads('"Thought: \\ud800\\nAction: take \\udfff"'))
    (played,) = play(agent_at(served), max_turns=2)
    assert [player.action for player, _ in played.exchanges()] == ["take \N{REPLACEMENT CHARACTER}"] * 2
    assert Trajectory.model_validate_json(played.model_dump_json()) == played


def test_what_was_visible_of_a_reply_is_never_empty_and_never_huge() -> None:
    assert said("<think>long") == said("") == said(" \n") == "…"
    assert said("<think>a</think> b ") == "b"
    assert len(said("x" * 100_000)) < 3_000
    assert parse_reply(said(reply("go west", "x" * 10_000))).action == "go west"


# What the server does wrong is not.

NAN = json.dumps(completion(reply("go west"))).replace('"created": 0', '"created": NaN').encode()
WRONG_SHAPE = json.dumps({"choices": [{"message": "go west"}]}).encode()
FAULTS: dict[str, tuple[Any, str]] = {
    "500": (Status(500), "server"),
    "503": (Status(503, "<html>busy</html>"), "server"),
    "429": (Status(429), "rate limit"),
    "429 that asks for an hour": (Status(429, headers={"Retry-After": "3600"}), "rate limit"),
    "401": (Status(401, {"error": {"message": "no key"}}), "request"),
    "404": (Status(404, "nothing here"), "request"),
    "a stall": (Stall(30), "timeout"),
    "no answer": (DropBeforeAnswer(), "connection"),
    "half an answer": (DropMidBody(), "connection"),
    "no JSON": (Raw(b"go west"), "answer"),
    "half of the JSON": (Raw(b'{"choices": [{"mess'), "answer"),
    "no choices": (Raw(b'{"choices": []}'), "answer"),
    "a wrong shape": (Raw(WRONG_SHAPE), "answer"),
    "not a number": (Raw(NAN), "answer"),
}


@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize(("fault", "kind"), FAULTS.values(), ids=FAULTS)
def test_a_servers_fault_ends_the_episode_as_a_record_that_says_which_and_blames_nobody(
    fault: Any, kind: str, concurrency: int, play: Play, server: Callable[..., ModelServer]
) -> None:
    served = server(
        lambda request: fault if len(request["messages"]) > 2 else reply("go west"),
    )
    for played in play(agent_at(served), 2, concurrency=concurrency):
        assert played.error is not None
        assert (played.outcome, played.error.kind) == ("error", f"player:{kind}")
        assert "\n" not in played.error.message
        assert [(player.action, dm.parameter_error) for player, dm in played.exchanges()] == [
            ("go west", False)
        ]
        assert played.usage["calls"] == 1


def test_a_server_that_is_not_there_is_no_fault_of_the_players(play: Play) -> None:
    with ModelServer("never") as served:
        pass
    (played,) = play(agent_at(served))
    assert played.error is not None
    assert (played.error.kind, len(played.turns)) == ("player:connection", 1)


@pytest.mark.parametrize(
    "fault", [Status(500), Status(429), DropBeforeAnswer(), DropMidBody(), Stall(30)], ids=str
)
def test_a_fault_that_passes_costs_a_retry_and_nothing_else(
    fault: Any, play: Play, plan: list[str], server: Callable[..., ModelServer]
) -> None:
    served = server(reply(plan[0]), fault, *map(reply, plan[1:]))
    (played,) = play(agent_at(served))
    assert (played.success, played.usage["calls"], played.usage["retries"]) == (True, len(plan), 1)
    assert not any(dm.error for _, dm in played.exchanges())


# Contexts.


def roomy(characters: int, action: str = "go west") -> Callable[[dict[str, Any]], Any]:
    """A model whose context holds so many characters."""

    def answer(request: dict[str, Any]) -> Any:
        length = sum(len(m["content"]) for m in request["messages"])
        return TOO_LONG if length > characters else reply(action, "x" * 300)

    return answer


def test_a_long_episode_is_played_on_without_its_oldest_exchanges(
    play: Play, server: Callable[..., ModelServer]
) -> None:
    served = server(roomy(7_000))
    (played,) = play(agent_at(served), max_turns=40)
    assert (played.outcome, len(played.exchanges()), "context_too_long" in played.usage) == (
        "truncated",
        40,
        False,
    )
    told = [f"{played.instruction}\n\n{played.turns[0].observation}"]  # type: ignore[union-attr]
    told += [dm.observation for _, dm in played.exchanges()]
    asked = [r["messages"] for r in served.requests]
    assert len(asked) < 40 + 4
    turn = 0
    for messages, after in zip(asked, [*asked[1:], []], strict=True):
        assert [m["role"] for m in messages] == ["system", "user"] + ["assistant", "user"] * (
            len(messages) // 2 - 1
        )
        assert messages[1]["content"] == told[0]
        assert messages[-1]["content"] == told[turn]
        turn += not after or after[-1] != messages[-1] or len(after) >= len(messages)
    # What was too long once is not tried again turn by turn, nor is it hardly less each time.
    assert sum(roomy(7_000)({"messages": messages}) is TOO_LONG for messages in asked) <= 2
    assert max(map(len, asked)) - min(map(len, asked[20:])) >= 6


def test_an_episode_ends_truncated_where_even_the_last_exchange_is_too_long(
    play: Play, server: Callable[..., ModelServer]
) -> None:
    def shrinking(request: dict[str, Any]) -> Any:
        return TOO_LONG if len(served.requests) > 3 else reply("go west")

    served = server(shrinking)
    (played,) = play(agent_at(served))
    assert (played.outcome, played.error, played.success) == ("truncated", None, False)
    assert (len(played.exchanges()), played.usage["context_too_long"]) == (3, 1)
    assert len(served.requests[-1]["messages"]) == 4


def test_an_instruction_that_is_too_long_is_an_episode_without_a_turn(
    play: Play, server: Callable[..., ModelServer]
) -> None:
    (played,) = play(agent_at(server(TOO_LONG)))
    assert (played.outcome, played.error, len(played.turns)) == ("truncated", None, 1)


def test_a_chat_keeps_its_first_message_and_its_last_exchange() -> None:
    chat = Chat("Play.")
    chat.hear("Begin.")
    assert not chat.shorten()
    for i in range(50):
        chat.say(f"reply {i}")
        chat.hear(f"observation {i}")
        kept = [m["content"] for m in chat.messages()]
        assert kept[:2] == ["Play.", "Begin."]
        assert kept[-2:] == [f"reply {i}", f"observation {i}"]
        if i > 30:
            assert chat.shorten() == (len(kept) > 4)
    chat.hear("instead")
    assert [m["content"] for m in chat.messages()][-2:] == ["reply 49", "instead"]


# Runs.


@pytest.mark.parametrize("keywords", [{}, {"concurrency": 4}, {"processes": 2, "concurrency": 2}], ids=str)
def test_a_run_that_was_recorded_is_replayed_byte_for_byte_without_a_server(
    keywords: dict[str, int], play: Play, server: Callable[..., ModelServer], tmp_path: Path
) -> None:
    def moody(request: dict[str, Any]) -> Any:
        told = request["messages"][-1]["content"]
        if len(request["messages"]) > 12:
            return Status(500)
        if sum(len(m["content"]) for m in request["messages"]) > 4_500:
            return TOO_LONG
        return ("I pass.", reply(f"go {('west', 'east')[request['seed'] % 2]}", told))[
            request["seed"] % 5 > 0
        ]

    def lines(played: list[Trajectory]) -> list[str]:
        return sorted(t.model_dump_json() for t in played)

    served = server(moody)
    first = play(agent_at(served, record=tmp_path / "tape"), 6, max_turns=8, **keywords)
    asked = len(served.requests)
    assert any(dm.parameter_error for t in first for _, dm in t.exchanges())
    again = LLMAgent("m", replay=tmp_path / "tape")
    for other in ({}, {"concurrency": 3}):
        assert lines(play(copy.deepcopy(again), 6, max_turns=8, **other)) == lines(first)
    assert len(served.requests) == asked


def test_a_replay_that_asks_something_new_says_so(
    play: Play, server: Callable[..., ModelServer], tmp_path: Path
) -> None:
    play(agent_at(server(reply("go west")), record=tmp_path / "tape"), max_turns=2)
    (played,) = play(LLMAgent("m", replay=tmp_path / "tape"), max_turns=2, seed=1)
    assert played.error is not None
    assert played.error.kind == "player:replay"


def test_episodes_in_flight_wait_side_by_side(play: Play, server: Callable[..., ModelServer]) -> None:
    served = server(Stall(0.1, reply("go west")))
    play(agent_at(served), 16, max_turns=2, concurrency=8)
    assert served.most_in_flight == 8


def test_copies_share_the_model_and_keep_their_own_chats(
    load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    agent = LLMAgent("m", base_url="http://127.0.0.1:9/v1")
    env = AgentRefineEnv(load("cool-tomato"), sandbox=sandbox)
    env.reset(seed=0)
    agent.reset(env, 0)
    copied, pickled = copy.deepcopy(agent), pickle.loads(pickle.dumps(agent))
    assert copied._calls.model is agent._calls.model
    assert isinstance(pickled._calls.model, Model)
    assert copied._chat is not agent._chat
    for one in (copied, pickled):
        assert (one.model, one.sampling, one.prompt_hash) == (agent.model, agent.sampling, agent.prompt_hash)
