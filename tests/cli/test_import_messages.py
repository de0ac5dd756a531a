"""`trpg-env import messages`: others' conversations as trajectories, and what the other commands make of them."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from running import Run

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script
from trpg_env.trajectory import Trajectory, read_trajectories

CHATS = [
    {
        "conversations": [
            {"from": "human", "value": "You are in a house."},
            {"from": "gpt", "value": "OK."},
            {"from": "human", "value": f"Hall {i}."},
            {"from": "gpt", "value": "Thought: East.\nAction: go east"},
            {"from": "human", "value": "A den."},
        ]
    }
    for i in range(4)
]


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Sandbox) -> list[Trajectory]:
    return list(rollout([load("cool-tomato"), load("ship")], ErringAgent(), 6, 3, sandbox=sandbox))


@pytest.fixture
def command(run: Run) -> Run:
    """Run `trpg-env import messages`, with a file of conversations at hand."""
    write(CHATS)
    return partial(run, "import", "messages")


def write(records: list[Any], path: str = "chats.jsonl") -> str:
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    Path(path).write_text("".join(f"{line}\n" for line in lines))
    return path


def test_conversations_become_a_file_of_trajectories(command: Run) -> None:
    ran = command("chats.jsonl", "--out", "rooms.jsonl")
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == [
        "imported            4 of 4 conversations",
        "said to succeed     0",
        "turns               4",
        "said to be errors   0",
        "written to          rooms.jsonl",
    ]
    found = list(read_trajectories("rooms.jsonl"))
    assert [(t.family, t.outcome, len(t.turns)) for t in found] == [("chats", "truncated", 3)] * 4


def test_family_and_success_may_be_given(command: Run) -> None:
    command("chats.jsonl", "--out", "rooms.jsonl", "--family", "house", "--completed")
    assert {(t.family, t.success) for t in read_trajectories("rooms.jsonl")} == {("house", True)}


def test_our_own_messages_come_back_and_go_out_the_same(
    command: Run, played: list[Trajectory], run: Run
) -> None:
    export(played, "messages", "first", success_only=False, min_refinements=0)
    assert command("first/data.jsonl", "--out", "back.jsonl").code == 0
    back = list(read_trajectories("back.jsonl"))
    assert sum(dm.error is not None for t in back for _, dm in t.exchanges()) > 6
    assert {t.script for t in back} == {"cool-tomato", "ship"}
    assert run("export", "back.jsonl", "--format", "messages", "--all", "--out", "second").code == 0
    assert Path("second/data.jsonl").read_bytes() == Path("first/data.jsonl").read_bytes()


def test_a_record_that_is_no_conversation_is_named_and_the_rest_is_imported(command: Run) -> None:
    ran = command(write([CHATS[0], "{", CHATS[1], {"a": 1}, CHATS[0]], "bad.jsonl"), "--out", "rooms.jsonl")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "trpg-env: bad.jsonl:2: no JSON: Expecting property name enclosed in double quotes at character 2",
        'trpg-env: bad.jsonl:4: no conversation: there is no list of "messages" or "conversations" in it',
    ]
    assert ran.lines[:3] == [
        "imported            2 of 5 conversations",
        "left out            1, which are there a second time",
        "not read            2, each named above",
    ]
    assert len(list(read_trajectories("rooms.jsonl"))) == 2


def test_replies_without_an_action_are_counted(command: Run) -> None:
    chat = [{"role": "user", "content": "A hall."}, {"role": "assistant", "content": "I go east."}]
    ran = command(write([chat], "prose.jsonl"), "--out", "rooms.jsonl")
    assert ran.code == 0
    assert ran.lines[-2] == ("without an action   1 reply names no thought and action; kept as it was said")


def test_called_again_it_goes_on_where_it_was(command: Run) -> None:
    command("chats.jsonl", "--out", "rooms.jsonl")
    whole = Path("rooms.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    Path("rooms.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:70])
    ran = command("chats.jsonl", "--out", "rooms.jsonl")
    assert ran.code == 0
    assert "the last line of rooms.jsonl was torn; it is set aside in rooms.jsonl.torn" in ran.err.replace(
        f"{Path.cwd()}/", ""
    )
    assert "rooms.jsonl has 2 episodes already" in ran.err
    assert Path("rooms.jsonl").read_bytes() == whole
    assert command("chats.jsonl", "--out", "rooms.jsonl").code == 0
    assert Path("rooms.jsonl").read_bytes() == whole


@pytest.mark.parametrize("more", [["--family", "house"], ["--completed"]])
def test_another_import_is_not_mixed_in(command: Run, more: list[str]) -> None:
    command("chats.jsonl", "--out", "rooms.jsonl")
    before = Path("rooms.jsonl").read_bytes()
    ran = command("chats.jsonl", "--out", "rooms.jsonl", *more)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "rooms.jsonl holds another run" in ran.err
    write(CHATS[:2])
    assert command("chats.jsonl", "--out", "rooms.jsonl").code == 2
    assert Path("rooms.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl", "--out", "a.jsonl"], "none.jsonl cannot be read: No such file or directory"),
        ([".", "--out", "a.jsonl"], ". is a folder; name a file in it, such as chats.jsonl"),
        (["folder", "--out", "a.jsonl"], "folder is a folder; name a regular file of conversations"),
        (["pipe", "--out", "a.jsonl"], "pipe is a pipe; name a regular file of conversations"),
        (["", "--out", "a.jsonl"], "FILE is empty; name a file of conversations"),
        (["a\0b", "--out", "a.jsonl"], "cannot be read"),
        (["chats.jsonl", "--out", ""], "--out is empty"),
        (["chats.jsonl", "--out", "chats.jsonl"], "--out chats.jsonl is the file to be read; name another"),
        (["chats.jsonl", "--out", "folder"], "folder cannot be written: Is a directory"),
        (["chats.jsonl", "--out", "a\0b"], "cannot be written"),
        (["chats.jsonl", "--out", "mine.txt"], "mine.txt:1: not a trajectory"),
        (["chats.jsonl"], "the following arguments are required: --out"),
    ],
)
def test_wrong_use_is_said_in_one_line(command: Run, arguments: list[str], said: str) -> None:
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("mine.txt").write_text("mine\n")
    ran = command(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert Path("mine.txt").read_text() == "mine\n"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\x00\x01\x02", b"hello\nworld\n"])
def test_a_file_without_a_conversation_falls_short(command: Run, data: bytes) -> None:
    Path("none").write_bytes(data)
    ran = command("none", "--out", "a.jsonl")
    assert ran.code == 1
    assert (
        "there is no conversation in it; trpg-env import messages --help says what one looks like" in ran.err
    )
    assert "Traceback" not in ran.err


def test_what_a_hostile_file_says_does_not_reach_the_terminal_as_it_is(command: Run) -> None:
    bad = [{"role": "\x1b[2J\nall is well", "content": "x"}]
    ran = command(write([bad], "bad\u202e.jsonl"), "--out", "a.jsonl")
    assert ran.code == 1
    assert all(line.isprintable() for line in [*ran.lines, *ran.err.splitlines()])


def test_help_shows_an_example(command: Run) -> None:
    assert "example: trpg-env import messages agentgym.json --out agentgym.jsonl" in command("--help").out
