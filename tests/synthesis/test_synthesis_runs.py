"""Runs of synthesis: servers that fail, many items in flight, and what a run gives up for."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from model_server import (
    DropBeforeAnswer,
    DropMidBody,
    Misbehaviour,
    ModelServer,
    Outcome,
    Raw,
    Stall,
    Status,
)
from writing_models import (
    GOOD,
    HASTE,
    KINDS,
    by_item,
    draft,
    made,
    outcomes_of,
    own,
    sampling,
    sent,
    turns,
    whose,
)

from trpg_env.llm import Limits
from trpg_env.synthesis import GaveUp, generate_scripts
from trpg_env.synthesis import Outcome as Decided
from trpg_env.synthesis.outcome import OUTCOMES
from trpg_env.synthesis.run import JOURNAL, PATIENCE
from trpg_env.synthesis.running import in_flight
from trpg_env.trajectory import StoreError, WriteFailed

kinds = pytest.mark.parametrize("kind", KINDS)

QUICK = Limits(timeout=0.2, retries=1, backoff=0.001)


def journal(kind: str, folder: Path) -> list[Decided]:
    """What became of the items that are decided."""
    return [OUTCOMES.parse(line) for line in (own(kind, folder) / JOURNAL).read_bytes().splitlines()]


def seeds(server: ModelServer) -> list[int]:
    return [request["seed"] for request in server.requests]


# A server that fails.

TOO_LONG = Status(
    400, {"error": {"code": "context_length_exceeded", "message": "maximum context length is 9"}}
)
FAILING: dict[str, tuple[Misbehaviour, int]] = {
    "timeout": (Stall(30), 2),
    "server": (Status(500, {"error": {"message": "out of memory"}}), 2),
    "request": (Status(401, {"error": {"message": "wrong key"}}), 1),
    "connection": (DropBeforeAnswer(), 2),
    "rate limit": (Status(429, "slow down", {"Retry-After": "3600"}), 1),
    "answer": (Raw(b"<html>busy</html>"), 2),
}
"""What a model's failure is called, and how often it is tried."""


@kinds
@pytest.mark.parametrize("fault", FAILING)
def test_an_item_at_which_the_model_fails_is_not_decided_and_asked_for_again(
    kind: str, fault: str, tmp_path: Path
) -> None:
    failing, tries = FAILING[fault]
    with ModelServer(lambda request: failing) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url, limits=QUICK))
        assert len(server.requests) == tries
    assert (outcome.kept, outcome.reason, outcome.failed, outcome.calls) == (None, f"model:{fault}", True, 0)
    assert outcome.fault
    assert journal(kind, tmp_path) == []
    assert made(kind, tmp_path) == []
    with ModelServer(GOOD[kind]) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
        assert len(server.requests) == 1
    assert (outcome.reason, outcome.calls) == (None, 1)
    assert len(made(kind, tmp_path)) == 1
    with ModelServer(GOOD[kind]) as server:
        assert list(outcomes_of(kind, tmp_path, 1, sampling(server.url))) == []
        assert server.requests == []


@kinds
@pytest.mark.parametrize("fault", ["timeout", "server", "request", "connection"])
def test_what_was_answered_before_a_model_failed_is_not_asked_again_and_counts(
    kind: str, fault: str, tmp_path: Path
) -> None:
    failing, tries = FAILING[fault]
    places = whose(KINDS[kind], 0, 1)

    def failing_after(good: int, then: Outcome) -> Callable[[dict[str, Any]], Outcome]:
        return lambda request: "Hm." if places[request["seed"]][1] < good else then

    with ModelServer(failing_after(2, failing)) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url, limits=QUICK))
        assert len(server.requests) == 2 + tries
        answered = set(seeds(server)[:2])
    assert (outcome.reason, outcome.calls) == (f"model:{fault}", 2)
    assert (outcome.usage["prompt_tokens"] > 0, outcome.usage["retries"]) == (True, tries - 1)
    with ModelServer(failing_after(2, GOOD[kind])) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url, limits=QUICK))
        assert len(server.requests) == 1
        assert not answered & set(seeds(server))
    assert (outcome.reason, outcome.calls) == (None, 3)


@kinds
def test_calls_that_were_answered_before_a_model_failed_are_spent(kind: str, tmp_path: Path) -> None:
    places = whose(KINDS[kind], 0, 1)
    down = True

    def reply(request: dict[str, Any]) -> Outcome:
        return Status(401) if down and places[request["seed"]][1] == 3 else "Hm."

    with ModelServer(reply) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
        assert (outcome.failed, outcome.calls) == (True, 3)
        down = False
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
    assert (outcome.reason, outcome.calls) == ("json", 4)
    assert len(server.requests) == 5
    assert {number for _, number in map(places.__getitem__, seeds(server))} == {0, 1, 2, 3}


@kinds
@pytest.mark.parametrize("burst", [Status(500), Status(503), DropMidBody(), Raw(b"{}")], ids=str)
def test_a_burst_that_passes_costs_retries_and_no_calls(
    kind: str, burst: Misbehaviour, tmp_path: Path
) -> None:
    said: list[Outcome] = [burst, GOOD[kind]]
    with ModelServer(lambda request: said.pop(0)) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
    assert (outcome.reason, outcome.calls, outcome.usage["retries"]) == (None, 1, 1)


@kinds
def test_a_context_that_is_too_short_refuses_the_item_for_good(kind: str, tmp_path: Path) -> None:
    said: list[Outcome] = ["Hm."]
    with ModelServer(lambda request: said.pop() if said else TOO_LONG) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
        assert (outcome.reason, outcome.failed, outcome.calls) == ("context", False, 1)
        assert list(outcomes_of(kind, tmp_path, 1, sampling(server.url))) == []
    assert journal(kind, tmp_path) == [outcome]


@kinds
def test_a_context_that_holds_nothing_at_all_decides_nothing(kind: str, tmp_path: Path) -> None:
    """The same model may be served with a larger one."""
    with ModelServer(lambda request: TOO_LONG) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
    assert (outcome.reason, outcome.failed, outcome.calls) == ("model:context", True, 0)
    with ModelServer(GOOD[kind]) as server:
        (outcome,) = outcomes_of(kind, tmp_path, 1, sampling(server.url))
    assert outcome.kept is not None


@pytest.mark.parametrize(
    "line",
    [
        b'{"item":-1,"kept":"x"}',
        b'{"item":0}',
        b'{"item":0,"kept":"x","reason":"json"}',
        b'{"item":0,"reason":"model:timeout"}',
        b'{"item":0,"kept":"x","usage":{"calls":-5}}',
        b'{"item":0,"kept":"x","usage":{"calls":1' + b"0" * 300 + b"}}",
    ],
)
def test_what_no_run_writes_is_no_outcome(line: bytes) -> None:
    with pytest.raises(StoreError, match="not an item of a synthesis"):
        OUTCOMES.parse(line)


def test_an_answer_that_filled_the_context_is_not_paid_for_again(tmp_path: Path) -> None:
    full = {
        "message": {"content": GOOD["scripts"][:99]},
        "finish_reason": "length",
        "usage": {"prompt_tokens": 9_000, "completion_tokens": 20},
    }
    said: list[Outcome] = [full, Status(401, {"error": {"message": "no"}})]
    with ModelServer(lambda request: said.pop(0)) as server:
        (outcome,) = outcomes_of("scripts", tmp_path, 1, sampling(server.url))
        assert (outcome.reason, outcome.calls) == ("model:request", 1)
    with ModelServer(GOOD["scripts"]) as server:
        (outcome,) = outcomes_of("scripts", tmp_path, 1, sampling(server.url))
        assert len(server.requests) == 1
    assert (outcome.reason, outcome.calls) == (None, 2)


@pytest.mark.parametrize("planted", [".synthesis", ".synthesis/items.jsonl", ".synthesis/items.jsonl.run"])
def test_what_leads_elsewhere_in_a_runs_own_folder_is_refused(planted: str, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    folder = tmp_path / "s"
    (folder / ".synthesis").mkdir(parents=True)
    if planted == ".synthesis":
        (folder / planted).rmdir()
    (folder / planted).symlink_to(tmp_path / "victim")
    with ModelServer(GOOD["scripts"]) as server, pytest.raises(StoreError, match="is a link"):
        list(generate_scripts(folder, 1, sampling(server.url)))
    assert list((tmp_path / "victim").iterdir()) == []


def test_a_link_in_a_drafts_place_is_not_followed(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "s"
    victim.write_text("mine")
    folder.mkdir()
    (folder / ".00000-a-bell-at-dusk.json").symlink_to(victim)
    with ModelServer(GOOD["scripts"]) as server, pytest.raises(WriteFailed):
        list(generate_scripts(folder, 1, sampling(server.url)))
    assert victim.read_text() == "mine"


def test_a_context_that_is_too_short_for_three_examples_is_shown_fewer(tmp_path: Path) -> None:
    def reply(request: dict[str, Any]) -> Outcome:
        examples = request["messages"][0]["content"].count("\nScript: {")
        shown.append((examples, len(request["messages"])))
        return TOO_LONG if examples > 1 else "Hm." if len(request["messages"]) == 2 else GOOD["scripts"]

    shown: list[tuple[int, int]] = []
    with ModelServer(reply) as server:
        (outcome,) = outcomes_of("scripts", tmp_path, 1, sampling(server.url))
    assert shown == [(3, 2), (2, 2), (1, 2), (1, 4)]
    assert (outcome.reason, outcome.calls) == (None, 2)


def test_an_answer_that_filled_the_context_is_a_call(tmp_path: Path) -> None:
    full = {
        "message": {"content": GOOD["scripts"][:99]},
        "finish_reason": "length",
        "usage": {"prompt_tokens": 9_000, "completion_tokens": 20},
    }
    with ModelServer(lambda request: full) as server:
        (outcome,) = outcomes_of("scripts", tmp_path, 1, sampling(server.url))
    assert (outcome.reason, outcome.calls, outcome.usage["prompt_tokens"]) == ("context", 3, 27_000)


def test_a_trajectory_that_filled_the_context_is_kept_up_to_there(tmp_path: Path) -> None:
    """Some servers give fewer tokens than they are asked for, which looks the same."""
    whole = json.loads(GOOD["trajectories"])["turns"]
    first, rest = json.dumps({"turns": whole[:5]})[:-9], json.dumps({"turns": whole[4:]})

    def reply(request: dict[str, Any]) -> Outcome:
        if len(request["messages"]) > 2:
            return rest
        usage = {"prompt_tokens": 9_000, "completion_tokens": 20}
        return {"message": {"content": first}, "finish_reason": "length", "usage": usage}

    with ModelServer(reply) as server:
        (outcome,) = outcomes_of("trajectories", tmp_path, 1, sampling(server.url))
        kept = json.loads(server.requests[1]["messages"][2]["content"])["turns"]
    assert (outcome.reason, outcome.calls) == (None, 2)
    assert kept == whole[:4]


@kinds
@pytest.mark.parametrize("taken", ["json_object", None], ids=["json_object", "plain text"])
def test_a_server_that_refuses_schemas_is_asked_in_another_way_and_that_is_no_call(
    kind: str, taken: str | None, tmp_path: Path
) -> None:
    def reply(request: dict[str, Any]) -> Outcome:
        form = request.get("response_format", {}).get("type")
        if form not in (taken, None):
            return Status(400, {"error": {"message": f"response_format {form} is not supported"}})
        return "Hm." if len(request["messages"]) == 2 else GOOD[kind]

    with ModelServer(reply) as server:
        outcomes = list(outcomes_of(kind, tmp_path, 2, sampling(server.url, max_calls=2)))
    assert [(o.calls, o.reason, o.usage["retries"]) for o in outcomes] == [(2, None, 0)] * 2
    answered = [r for r in server.requests if r.get("response_format", {}).get("type") in (taken, None)]
    assert len(answered) == 4
    assert all("JSON schema" in r["messages"][0]["content"] for r in answered), "it is told in words"


@kinds
@pytest.mark.parametrize("of", ["temperature", "seed", "max_tokens", "system role"])
def test_what_else_a_server_refuses_is_left_out(kind: str, of: str, tmp_path: Path) -> None:
    def reply(request: dict[str, Any]) -> Outcome:
        roles = {message["role"] for message in request["messages"]}
        if of in request or (of == "system role" and "system" in roles):
            return Status(400, {"error": {"message": f"unsupported: {of}", "param": of}})
        return GOOD[kind]

    with ModelServer(reply) as server:
        outcomes = list(outcomes_of(kind, tmp_path, 2, sampling(server.url)))
    assert [(o.calls, o.reason) for o in outcomes] == [(1, None)] * 2


# Giving up.


@kinds
def test_a_run_gives_up_when_the_model_fails_at_many_items_in_a_row(kind: str, tmp_path: Path) -> None:
    with ModelServer(lambda request: Status(401, {"error": {"message": "wrong key"}})) as server:
        seen = []
        with pytest.raises(
            GaveUp, match=rf"{PATIENCE} items in a row failed, the last with model:request: .*wrong key"
        ):
            for outcome in outcomes_of(kind, tmp_path, 50, sampling(server.url)):
                seen.append(outcome)
    assert len(server.requests) == PATIENCE == len(seen)
    assert journal(kind, tmp_path) == []
    with ModelServer(GOOD[kind]) as server:
        assert len(list(outcomes_of(kind, tmp_path, 50, sampling(server.url)))) == 50
    assert len(made(kind, tmp_path)) == 50


@kinds
def test_failures_with_successes_between_are_no_reason_to_give_up(kind: str, tmp_path: Path) -> None:
    def say(item: int, number: int) -> Outcome:
        return GOOD[kind] if item % PATIENCE == PATIENCE - 1 else Status(401)

    n = 2 * PATIENCE + 5
    with ModelServer(by_item(say, KINDS[kind])) as server:
        outcomes = list(outcomes_of(kind, tmp_path, n, sampling(server.url)))
    assert [outcome.kept is not None for outcome in outcomes].count(True) == 2
    assert len(outcomes) == n


def test_with_more_in_flight_than_it_has_patience_for_a_run_waits_for_all_of_them(tmp_path: Path) -> None:
    with ModelServer(lambda request: Status(401)) as server:
        seen: list[Decided] = []
        with pytest.raises(GaveUp, match=r"^30 items"):
            seen.extend(outcomes_of("scripts", tmp_path, 100, sampling(server.url), concurrency=30))
    assert 30 <= len(server.requests) <= 60


# Many in flight.


@kinds
def test_so_many_items_are_in_flight_and_each_has_its_own_budget(kind: str, tmp_path: Path) -> None:
    together = threading.Barrier(4, timeout=20)

    def reply(request: dict[str, Any]) -> Awaitable[Outcome]:
        async def wait() -> Outcome:
            item, number = places[request["seed"]]
            if number == 0:
                await asyncio.to_thread(together.wait)
            return GOOD[kind] if number == item % 4 else "Hm."

        return wait()

    places = whose(KINDS[kind], 0, 12)
    with ModelServer(reply) as server:
        outcomes = sorted(
            outcomes_of(kind, tmp_path, 12, sampling(server.url), concurrency=4), key=lambda o: o.item
        )
        assert server.most_in_flight == 4
    assert [(o.item, o.calls, o.reason) for o in outcomes] == [(i, i % 4 + 1, None) for i in range(12)]
    assert len(server.requests) == sum(o.calls for o in outcomes)
    assert len(set(seeds(server))) == len(server.requests)


@kinds
def test_with_many_in_flight_the_same_comes_out_as_one_by_one(kind: str, tmp_path: Path) -> None:
    def say(item: int, number: int) -> Outcome:
        if number < item % 6:
            return sent(turns()[: 3 + number]) if kind == "trajectories" else "Hm."
        return json.dumps(draft(f"Bell {item}")) if kind == "scripts" else sent(turns())

    for folder, concurrency in (("one", 1), ("many", 8)):
        (tmp_path / folder).mkdir()
        with ModelServer(by_item(say, KINDS[kind])) as server:
            outcomes = outcomes_of(kind, tmp_path / folder, 24, sampling(server.url), concurrency=concurrency)
            calls = sum(outcome.calls for outcome in outcomes)
        assert calls == len(server.requests) == 4 * (1 + 2 + 3 + 4 + 4 + 4)
    one, many = (made(kind, tmp_path / folder) for folder in ("one", "many"))
    assert len(one) == 16
    if kind == "trajectories":  # of another file
        one = [line.replace(b"/one/", b"/many/") for line in one]
    assert many == one
    assert sorted(journal(kind, tmp_path / "one"), key=lambda o: o.item) == sorted(
        journal(kind, tmp_path / "many"), key=lambda o: o.item
    )


@kinds
def test_one_item_that_stalls_holds_no_other_up(kind: str, tmp_path: Path) -> None:
    release = threading.Event()

    def say(item: int, number: int) -> Any:
        async def wait() -> str:
            await asyncio.to_thread(release.wait, 20)
            return GOOD[kind]

        return wait() if item == 0 else GOOD[kind]

    with ModelServer(by_item(say, KINDS[kind])) as server:
        outcomes = outcomes_of(kind, tmp_path, 9, sampling(server.url), concurrency=2)
        first = [next(outcomes).item for _ in range(8)]
        release.set()
        assert [outcome.item for outcome in outcomes] == [0]
    assert sorted(first) == list(range(1, 9))


@kinds
def test_a_run_that_nobody_follows_any_more_ends_and_goes_on_another_time(kind: str, tmp_path: Path) -> None:
    with ModelServer(GOOD[kind]) as server:
        with closing(outcomes_of(kind, tmp_path, 12, sampling(server.url), concurrency=3)) as outcomes:
            next(outcomes)
        before = len(server.requests)
        assert before < 12
        rest = list(outcomes_of(kind, tmp_path, 12, sampling(server.url), concurrency=3))
    assert len(rest) == 11
    assert len(made(kind, tmp_path)) == 12
    assert len(server.requests) <= 12 + 3


@kinds
def test_a_run_may_be_followed_from_within_a_loop_that_is_running(kind: str, tmp_path: Path) -> None:
    """As a notebook has one."""

    async def follow() -> list[Decided]:
        return list(outcomes_of(kind, tmp_path, 2, sampling(server.url), concurrency=2))

    with ModelServer(GOOD[kind]) as server:
        assert [outcome.calls for outcome in asyncio.run(follow())] == [1, 1]


@kinds
def test_a_finished_run_needs_no_server(kind: str, tmp_path: Path) -> None:
    with ModelServer(GOOD[kind]) as server:
        assert len(list(outcomes_of(kind, tmp_path, 3, sampling(server.url)))) == 3
    before = made(kind, tmp_path)
    assert list(outcomes_of(kind, tmp_path, 3, sampling(server.url))) == []
    assert made(kind, tmp_path) == before


# Coroutines in flight.


def test_what_a_job_raises_is_raised_and_calls_off_the_others() -> None:
    ended = []

    async def job(number: int) -> int:
        try:
            if number == 2:
                raise LookupError("gone")
            await asyncio.sleep(30 if number else 0)
        finally:
            ended.append(number)
        return number

    jobs = [lambda number=number: job(number) for number in range(5)]
    running = in_flight(jobs, 3)
    assert next(running) == 0
    with pytest.raises(LookupError, match="gone"):
        list(running)
    assert set(ended) >= {0, 1, 2}
    assert 4 not in ended


def test_no_more_jobs_are_begun_than_may_be_in_flight() -> None:
    begun = []

    async def job(number: int) -> int:
        begun.append(number)
        return number

    running = in_flight((lambda number=number: job(number) for number in range(100)), 2)
    next(running)
    assert len(begun) <= 2
    running.close()
    assert len(begun) <= 4


# What outcomes are in a file.


@pytest.mark.parametrize(
    "outcome",
    [
        Decided(item=3, kept="00003-x.json", usage={"calls": 2}),
        Decided(item=0, reason="json", fault="The reply is empty."),
        Decided(item=10**11, reason="context", fault="雾 🧙"),
    ],
    ids=lambda outcome: str(outcome.item),
)
def test_an_outcome_is_a_line_and_comes_back_from_it(outcome: Decided) -> None:
    line = outcome.model_dump_json().encode()
    assert b"\n" not in line
    assert OUTCOMES.parse(line) == outcome
    assert OUTCOMES.may_be_torn(line[: len(line) // 2])


def test_a_fault_in_an_outcome_is_one_short_line(tmp_path: Path) -> None:
    long = {"message": {"content": f'{{"goal": "{"x" * 9_000}", "environment": \n"\\q\x1b[2J"}}'}}
    with ModelServer(lambda request: long) as server:
        (outcome,) = outcomes_of("scripts", tmp_path, 1, sampling(server.url, limits=HASTE, max_calls=1))
    assert outcome.fault is not None
    assert outcome.fault.isprintable()
    assert len(outcome.fault) <= 501
