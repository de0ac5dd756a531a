"""Models in a rollout: whose they were when they failed, what they cost, and conversations that grow too long."""

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Status
from rollout_players import NARRATION, Scripted, Told, winning

from trpg_env import rollout
from trpg_env.agents import LLMAgent, Turn
from trpg_env.dm import LLMDM, Judgement, Narration
from trpg_env.envs import AgentRefineEnv
from trpg_env.llm.errors import ContextTooLong, ModelError, NotRecorded, TimedOut, Unreachable
from trpg_env.llm.limits import Limits
from trpg_env.rollout.spent import spent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library
from trpg_env.trajectory import Statistics, Store, Trajectory, Verifier

Played = Callable[..., list[Trajectory]]

HASTE = Limits(timeout=5, retries=1, backoff=0.001)
ERRORS: list[ModelError] = [TimedOut("slow"), Unreachable("gone"), NotRecorded("new")]


def raising(error: Exception, after: int = 0) -> Callable[..., Any]:
    """Raises at a turn of the player's."""

    def act(turn: int) -> Turn:
        if turn >= after:
            raise error
        return Turn("", "take ball")

    return act


def speaking(error: Exception | None = None, after: int = 0) -> Callable[[], Any]:
    """What a DM says that fails after so many times."""
    said = []

    async def speak() -> Narration:
        said.append(1)
        await asyncio.sleep(0)
        if error is not None and len(said) > after:
            raise error
        return NARRATION

    return speak


class Costly(Told):
    """A DM that is a model, by its own account."""

    def open(self, world: Any, state: Any, fate: Any) -> Any:
        self.usage = {"calls": 0, "prompt_tokens": 0}
        return super().open(world, state, fate)

    def answer(self, world: Any, before: Any, ruling: Any) -> Any:
        self.usage = {"calls": self.usage["calls"] + 1, "prompt_tokens": self.usage["prompt_tokens"] + 50}
        return super().answer(world, before, ruling)


class Spender(Scripted):
    """A player that is one."""

    @property
    def usage(self) -> dict[str, int]:
        return {"calls": self.turn + 1, "retries": 1, "completion_tokens": 3}


# Whose fault.


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.kind)
def test_a_players_model_that_fails_is_named_as_the_players(
    error: ModelError, tiny: dict[str, Any], run: Played, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    (played,) = run(tiny, Scripted(raising(error, after=1)), 1)
    assert played.error is not None
    assert (played.outcome, played.error.kind) == ("error", f"player:{error.kind}")
    assert str(error) in played.error.message
    assert (played.error.by, len(played.exchanges())) == ("player", 1)
    assert Verifier(sandbox).verify(played, load(tiny)) == []


BEGINNING = [(error, after) for error in ERRORS for after in range(3)] + [(ContextTooLong("full"), 0)]


@pytest.mark.parametrize(("error", "after"), BEGINNING, ids=lambda x: getattr(x, "kind", f"after {x}"))
def test_a_dms_model_that_fails_is_named_as_the_dms_and_flags_nothing(
    error: ModelError,
    after: int,
    tiny: dict[str, Any],
    run: Played,
    load: Callable[[Any], Script],
    sandbox: Sandbox,
) -> None:
    dm = Told(speaking(error, after=0) if not after else speaking(), speaking(error, after=after - 1))
    (played,) = run(tiny, Scripted(lambda _: Turn("", "take ball")), 1, dm=dm)
    assert played.error is not None
    assert (played.outcome, played.error.kind) == ("error", f"dm:{error.kind}")
    assert not any(answer.error for _, answer in played.exchanges()[-1:])
    assert Verifier(sandbox).verify(played, load(tiny)) == []


# Conversations that are too long.


def test_a_player_whose_context_is_full_is_truncated_and_its_last_turn_is_judged(
    tiny: dict[str, Any], run: Played, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    (played,) = run(tiny, Scripted(raising(ContextTooLong("full"), after=2)), 1)
    assert (played.outcome, played.error, played.usage) == ("truncated", None, {"context_too_long": 1})
    assert [player.action for player, _ in played.exchanges()] == ["take ball"] * 2
    assert Verifier(sandbox).verify(played, load(tiny)) == []


def test_a_player_that_cannot_even_begin_for_it_has_played_nothing(tiny: dict[str, Any], run: Played) -> None:
    def refuse(seed: int) -> None:
        raise ContextTooLong("full")

    (played,) = run(tiny, Scripted(lambda _: Turn("", "win"), refuse), 1)
    assert played.error is not None
    assert played.error.kind == "player:context"


def test_a_dm_whose_context_is_full_truncates_and_the_action_without_an_answer_is_left_out(
    tiny: dict[str, Any], run: Played, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    dm = Costly(speaking(), speaking(ContextTooLong("full"), after=1))
    (played,) = run(tiny, Scripted(lambda _: Turn("", "take ball")), 1, dm=dm)
    assert (played.outcome, played.error, played.success) == ("truncated", None, False)
    assert (len(played.exchanges()), played.usage["context_too_long"], played.usage["dm_calls"]) == (1, 1, 2)
    assert Verifier(sandbox).verify(played, load(tiny)) == []


# What it cost.


def test_the_usage_of_both_is_kept_together_and_apart(tiny: dict[str, Any], run: Played) -> None:
    act = Spender(lambda turn: Turn("", winning("", {"turn": turn})))
    (played,) = run(tiny, act, 1, dm=Costly(speaking(), speaking()))
    assert played.usage == {
        "calls": 4,
        "retries": 1,
        "prompt_tokens": 100,
        "cached_tokens": 0,
        "completion_tokens": 3,
        "player_calls": 2,
        "player_retries": 1,
        "player_prompt_tokens": 0,
        "player_cached_tokens": 0,
        "player_completion_tokens": 3,
        "dm_calls": 2,
        "dm_retries": 0,
        "dm_prompt_tokens": 100,
        "dm_cached_tokens": 0,
        "dm_completion_tokens": 0,
    }


def test_what_was_spent_counts_in_an_episode_that_broke(tiny: dict[str, Any], run: Played) -> None:
    dm = Costly(speaking(), speaking(TimedOut("slow"), after=1))
    (stuck,) = run(tiny, Spender(lambda _: Turn("", "take ball")), 1, dm=dm)
    assert (stuck.outcome, stuck.usage["dm_calls"], stuck.usage["player_calls"]) == ("error", 2, 2)
    silent, _ = run(tiny, Spender(lambda _: Turn("", "win")), 2, dm=Costly(speaking(TimedOut("slow")), None))
    assert (silent.usage["dm_calls"], "player_calls" in silent.usage) == (0, False)


@pytest.mark.parametrize("usage", [None, 3, {}, {"calls": "many"}, {"calls": None}, ["calls"]], ids=repr)
def test_something_else_that_is_called_usage_counts_for_nothing(usage: Any) -> None:
    class Odd:
        pass

    odd = Odd()
    odd.usage = usage  # type: ignore[attr-defined]
    assert spent(player=odd, dm=None) == {}


@pytest.mark.parametrize("keywords", [{}, {"processes": 2}], ids=str)
def test_a_run_that_goes_on_counts_what_its_file_has(
    keywords: dict[str, int], load: Callable[[Any], Script], sandbox: Sandbox, tmp_path: Path
) -> None:
    out = tmp_path / "episodes.jsonl"
    with ModelServer("Thought: So.\nAction: go west") as server:
        agent = LLMAgent("m", base_url=server.url, limits=HASTE)
        counted = Statistics()
        for _ in range(2):
            played = rollout(load("cool-tomato"), agent, 4, max_turns=3, out=out, sandbox=sandbox, **keywords)
            for trajectory in played:
                counted.add(trajectory)
                if counted.episodes == 2 and not keywords:
                    break
    assert len(server.requests) == 12
    run = json.loads((tmp_path / "episodes.jsonl.run").read_text())
    with Store(out, run, [json.loads(line)["id"] for line in out.read_text().splitlines()]) as store:
        assert store.found.usage == counted.usage
    assert counted.usage["calls"] == counted.usage["player_calls"] == 12
    assert counted.lines()[-1].startswith("player's model      12 calls, 0 retries; tokens: ")


# Who answers.


def test_a_dm_that_is_a_model_is_passed_as_an_object(tiny: dict[str, Any], run: Played) -> None:
    with pytest.raises(ValueError, match=r'pass trpg_env\.dm\.LLMDM\("model"\)'):
        run(tiny, winning, 1, dm="llm")


class Judge(Told):
    """A DM that runs a narrative script: the conditions are met one by one, and every second action is out of place."""

    kind = "judge"
    judges = True

    def __init__(self) -> None:
        self.told = 0

    def open(self, world: Any, state: Any, fate: Any) -> Narration:
        self.told = 0
        return NARRATION

    def answer(self, world: Any, before: Any, ruling: Any) -> Narration:
        self.told += 1
        met = (len(before.completed),)
        return Narration(
            "Hm.", f"Told {self.told}.", Judgement(place_error=self.told % 2 == 0, completed=met)
        )


def test_a_narrative_script_is_played_to_its_end_and_verifies_clean(
    load: Callable[[Any], Script], run: Played, sandbox: Sandbox
) -> None:
    script = load("village-healer")

    def player(observation: str, info: dict[str, Any]) -> str:
        return "dance" if info["turn"] == 2 else "read recipe book"

    for played in run("village-healer", player, 2, dm=Judge()):
        assert (played.outcome, played.progress) == ("completed", 1.0)
        assert {answer.error for _, answer in played.exchanges()} == {None, "place", "parameter"}
        assert Verifier(sandbox).verify(played, script) == []


def test_a_model_plays_a_narrative_script_that_a_model_runs(
    load: Callable[[Any], Script], run: Played, sandbox: Sandbox, tmp_path: Path
) -> None:
    script = load("village-healer")
    conditions = len(script.program.completion)

    def reply(request: dict[str, Any]) -> Any:
        if "response_format" not in request:
            return ("Thought: Books first.\nAction: read recipe book", "Well, well.")[
                request["seed"] % 3 == 0
            ]
        met = min(len(request["messages"]) // 4, conditions)
        verdict = {"thought": "Hm.", "observation": "A page turns.", "completed": [*range(met)]}
        return json.dumps(verdict | dict.fromkeys(("parameter_error", "place_error", "logic_error"), False))

    def at(**where: Any) -> dict[str, Any]:
        where = {"limits": HASTE, **where} if "base_url" in where else where
        return {"agent": LLMAgent("m", **where), "dm": LLMDM("m", **where)}

    with ModelServer(reply) as server:
        tape = tmp_path / "tape"
        first = run("village-healer", n=4, concurrency=4, **at(base_url=server.url, record=tape))
        asked = len(server.requests)
        again = run("village-healer", n=4, **at(replay=tape))
        assert len(server.requests) == asked
    assert sorted(t.model_dump_json() for t in first) == sorted(t.model_dump_json() for t in again)
    for played in first:
        assert played.success
        assert played.usage["calls"] == played.usage["player_calls"] + played.usage["dm_calls"]
        assert Verifier(sandbox).verify(played, script) == []
    assert {answer.error for t in first for _, answer in t.exchanges()} == {None, "parameter"}


def test_a_dms_server_that_fails_is_no_error_of_the_players(run: Played) -> None:
    def reply(request: dict[str, Any]) -> Any:
        return Status(500) if "response_format" in request else "Thought: So.\nAction: go west"

    with ModelServer(reply) as server:
        where = {"base_url": server.url, "limits": HASTE}
        (played,) = run("cool-tomato", LLMAgent("m", **where), 1, dm=LLMDM("m", **where))
    assert played.error is not None
    assert (played.error.kind, len(played.turns)) == ("dm:server", 1)


# Many at once.


def test_environments_are_made_as_episodes_in_flight_want_them(
    load: Callable[[Any], Script], run: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = [name for name in library() if load(name).grounded][:6]
    made: list[str] = []
    init = AgentRefineEnv.__init__

    def counting(self: AgentRefineEnv, *arguments: Any, **keywords: Any) -> None:
        made.append("")
        init(self, *arguments, **keywords)

    async def wait(turn: int) -> Turn:
        await asyncio.sleep(0.001)
        return Turn("", "wait")

    monkeypatch.setattr(AgentRefineEnv, "__init__", counting)
    assert len(run(scripts, Scripted(wait), 120, concurrency=12, max_turns=3)) == 120
    # One for each script to begin with; 72 would be one for each script and each episode in flight.
    assert len(made) <= 6 + 2 * 12


def test_a_seat_that_is_given_back_plays_on_as_if_it_were_new(run: Played) -> None:
    with ModelServer("Thought: So.\nAction: go west") as server:
        where = {"base_url": server.url, "limits": HASTE}
        agent, dm = LLMAgent("m", **where), Told(speaking(), speaking())
        alone = {t.id: t for t in run("cool-tomato", agent, 9, max_turns=3, dm=dm)}
        many = run("cool-tomato", copy.deepcopy(agent), 9, max_turns=3, dm=dm, concurrency=3)
    assert {t.id: t for t in many} == alone
