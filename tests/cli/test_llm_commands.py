"""`--player llm` and `--dm llm` on the command line, against a real server on loopback."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Stall, Status
from running import Ran, Run

from trpg_env.trajectory import Trajectory, read_trajectories

VERDICT = {
    "thought": "They are in the hut.",
    "observation": "You see a hearth.",
    "parameter_error": False,
    "place_error": False,
    "logic_error": False,
    "completed": [],
}


def playing(request: Mapping[str, Any], met: tuple[int, ...] = ()) -> str:
    """A model that is the DM where it is asked for JSON, and the player where it is not."""
    if "response_format" in request:
        return json.dumps(VERDICT | {"completed": list(met) if len(request["messages"]) > 2 else []})
    return "Thought: Fire first.\nAction: light the hearth"


def refused(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("trpg-env: ")
    assert ran.err.count("\n") == 1
    return ran.err


def both(server: ModelServer, *more: str, out: str = "x.jsonl", n: str = "3") -> list[str]:
    return [
        *("rollout", "--scripts", "village-healer", "-n", n, "--max-turns", "4", "--out", out),
        *(
            "--player",
            "llm",
            "--player-model",
            "m",
            "--dm",
            "llm",
            "--dm-model",
            "m",
            "--base-url",
            server.url,
        ),
        *more,
    ]


def played(file: str = "x.jsonl") -> list[Trajectory]:
    return sorted(read_trajectories(Path(file)), key=lambda t: t.id)


def test_a_narrative_script_is_played_by_models_on_both_sides(run: Run) -> None:
    with ModelServer(lambda request: playing(request, (0, 1, 2))) as server:
        ran = run(*both(server, "--concurrency", "3"))
    assert ran.code == 0, ran.err
    assert [t.outcome for t in played()] == ["completed"] * 3
    first = played()[0]
    assert (first.player.kind, first.player.model, first.dm.kind, first.dm.model) == ("llm", "m", "llm", "m")
    assert first.usage["calls"] == 3
    assert first.usage["dm_calls"] == 2
    assert "tokens" in ran.out
    assert run("verify", "x.jsonl").code == 0


def test_what_was_recorded_is_replayed_byte_for_byte_without_a_server(run: Run) -> None:
    with ModelServer(lambda request: playing(request, (len(request["messages"]) % 3,))) as server:
        assert run(*both(server, "--record", "r.sqlite")).code == 0
        asked = len(server.requests)
    again = run(*both(server, "--replay", "r.sqlite", out="y.jsonl"))
    assert again.code == 0, again.err
    assert len(server.requests) == asked
    assert sorted(Path("x.jsonl").read_bytes().splitlines()) == sorted(
        Path("y.jsonl").read_bytes().splitlines()
    )
    with sqlite3.connect("r.sqlite") as file:
        dump = "\n".join(file.iterdump())
    file.close()
    assert "127.0.0.1" not in dump
    assert str(Path.cwd()) not in dump


def test_a_question_that_was_not_recorded_is_told_loudly(run: Run) -> None:
    with ModelServer(playing) as server:
        assert run(*both(server, "--record", "r.sqlite", n="1")).code == 0
    ran = run(*both(server, "--replay", "r.sqlite", out="y.jsonl", n="2"))
    assert ran.code == 1
    assert "dm:replay" in ran.err
    assert [t.outcome for t in played("y.jsonl")].count("error") == 1


@pytest.mark.parametrize("model", ["player", "dm"])
def test_a_server_that_fails_is_never_the_players_mistake(run: Run, model: str) -> None:
    def reply(request: Mapping[str, Any]) -> Any:
        is_dm = "response_format" in request
        return (
            Status(401, '{"error": {"message": "wrong key"}}')
            if is_dm == (model == "dm")
            else playing(request)
        )

    with ModelServer(reply) as server:
        ran = run(*both(server))
    assert ran.code == 1
    assert f"{model}:request" in ran.err
    for trajectory in played():
        assert trajectory.error is not None
        assert (trajectory.outcome, trajectory.error.kind) == ("error", f"{model}:request")
        assert not any(dm.error for _, dm in trajectory.exchanges())
    assert run("verify", "x.jsonl").code == 0


def test_an_unreadable_reply_is_the_players_mistake_and_never_the_servers(run: Run) -> None:
    with ModelServer(lambda r: playing(r) if "response_format" in r else "I light the hearth.") as server:
        ran = run(*both(server))
    assert ran.code == 0
    for trajectory in played():
        assert trajectory.outcome == "truncated"
        assert [dm.error for _, dm in trajectory.exchanges()] == ["parameter"] * 4
    assert run("verify", "x.jsonl").code == 0


def test_it_goes_on_where_it_was(run: Run) -> None:
    with ModelServer(playing) as server:
        assert run(*both(server, "--record", "r.sqlite")).code == 0
        whole = Path("x.jsonl").read_bytes()
        Path("x.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:1]))
        asked = len(server.requests)
        assert run(*both(server, "--record", "r.sqlite")).code == 0
        assert len(server.requests) == asked, "what was answered is not asked again"
    assert sorted(whole.splitlines()) == sorted(Path("x.jsonl").read_bytes().splitlines())


def test_a_person_plays_with_a_model_as_dungeon_master(run: Run) -> None:
    with ModelServer(lambda request: playing(request, (0, 1, 2))) as server:
        asked = ["--dm", "llm", "--dm-model", "m", "--base-url", server.url]
        ran = run("play", "village-healer", *asked, typed="fly\nlight the hearth\n")
    assert ran.code == 0
    assert "[parameter error]" in ran.out
    assert ran.out.endswith("You see a hearth.\nThe goal is reached.\n")


def test_a_dungeon_master_that_does_not_answer_ends_play_in_one_line(run: Run) -> None:
    with ModelServer(lambda request: Status(404, "no such model")) as server:
        ran = run(
            "play", "village-healer", "--dm", "llm", "--dm-model", "m", "--base-url", server.url, typed="x\n"
        )
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "the episode cannot begin" in ran.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--player", "llm"], "--player-model"),
        (["--dm", "llm"], "--dm-model"),
        (["--player-model", "m"], "--player llm"),
        (["--dm-model", "m"], "--dm llm"),
        (["--base-url", "http://127.0.0.1:1/v1"], "--base-url is for language models"),
        (["--record", "r.sqlite"], "--record is for language models"),
        (["--player", "llm", "--player-model", "m", "--record", "a", "--replay", "b"], "not allowed with"),
        (["--player", "llm", "--player-model", "m", "--base-url", "nonsense"], "no http or https URL"),
        (["--player", "llm", "--player-model", "m"], "OPENAI_BASE_URL"),
        (["--player", "llm", "--player-model", "m", "--replay", "none.sqlite"], "none.sqlite"),
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_wrong_use(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    ran = run("rollout", "--scripts", "cool-tomato", "--out", "x.jsonl", *arguments)
    assert named in refused(ran)
    assert not Path("x.jsonl").exists()


def test_a_player_that_plans_is_refused_before_a_narrative_script_is_played(run: Run) -> None:
    arguments = [
        "--scripts",
        "night-train",
        "--dm",
        "llm",
        "--dm-model",
        "m",
        "--base-url",
        "http://127.0.0.1:1/v1",
    ]
    ran = run("rollout", *arguments, "--player", "erring", "--out", "x.jsonl")
    assert "narrative" in refused(ran)


def test_temperatures_are_asked_for_and_tell_runs_apart(run: Run) -> None:
    with ModelServer(playing) as server:
        assert run(*both(server, "--player-temperature", "0.8", "--dm-temperature", "0.2", n="1")).code == 0
        asked = {"response_format" in request: request["temperature"] for request in server.requests}
        assert asked == {True: 0.2, False: 0.8}
        assert played()[0].player.sampling == {"temperature": 0.8, "max_tokens": 2048}
        assert "another run" in refused(run(*both(server, n="1")))
    assert "from 0 to 2" in refused(run(*both(server, "--player-temperature", "hot")))
    assert "--player llm" in refused(
        run("rollout", "--scripts", "ship", "--player-temperature", "1", "--out", "y.jsonl")
    )


def test_exchanges_and_trajectories_want_a_file_each(run: Run) -> None:
    with ModelServer(playing) as server:
        assert "a file each" in refused(run(*both(server, "--record", "x.jsonl")))
    assert list(Path().iterdir()) == []


def test_a_full_context_ends_play_and_is_no_failure(run: Run) -> None:
    def reply(request: Mapping[str, Any]) -> Any:
        full = '{"error": {"code": "context_length_exceeded", "message": "too long"}}'
        return playing(request) if len(request["messages"]) == 2 else Status(400, full)

    with ModelServer(reply) as server:
        ran = run(
            "play", "village-healer", "--dm", "llm", "--dm-model", "m", "--base-url", server.url, typed="x\n"
        )
    assert ran.code == 0
    assert ran.out.endswith("The conversation no longer fits into the model's context; progress 0%.\n")


def test_a_model_that_takes_too_long_is_given_up(run: Run) -> None:
    with ModelServer(lambda request: Stall(30.0)) as server:
        asked = ["--dm", "llm", "--dm-model", "m", "--base-url", server.url, "--timeout", "0.05"]
        ran = run("play", "village-healer", *asked, typed="x\n")
    assert ran.code == 1
    assert "no whole answer within 0.05 seconds" in ran.err
    assert "number of seconds" in refused(run(*both(server, "--timeout", "never")))
    assert "--timeout is for language models" in refused(
        run("rollout", "--scripts", "ship", "--timeout", "3", "--out", "y.jsonl")
    )


def test_a_system_message_of_ones_own_is_what_the_player_is_told_first(run: Run) -> None:
    Path("mine.txt").write_text("\ufeffAnswer with Thought: and Action:.\n", encoding="utf-8")
    with ModelServer(playing) as server:
        assert run(*both(server, "--prompt", "mine.txt", n="1")).code == 0
        told = {r["messages"][0]["content"] for r in server.requests if "response_format" not in r}
        usual = played()[0].player.prompt_hash
        assert told == {"Answer with Thought: and Action:."}
        assert run(*both(server, n="1", out="y.jsonl")).code == 0
    assert usual != played("y.jsonl")[0].player.prompt_hash


@pytest.mark.parametrize(
    ("text", "named"), [(b"", "is empty"), (b"\xff", "cannot be read"), (None, "cannot be read")]
)
def test_a_system_message_that_is_none_is_refused(run: Run, text: bytes | None, named: str) -> None:
    if text is not None:
        Path("mine.txt").write_bytes(text)
    arguments = ["--player", "llm", "--player-model", "m", "--base-url", "http://127.0.0.1:1/v1"]
    ran = run("rollout", "--scripts", "ship", *arguments, "--prompt", "mine.txt", "--out", "x.jsonl")
    assert named in refused(ran)
    assert "--player llm" in refused(
        run("rollout", "--scripts", "ship", "--prompt", "mine.txt", "--out", "x.jsonl")
    )
