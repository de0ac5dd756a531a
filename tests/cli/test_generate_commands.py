"""`trpg-env generate`: what it says while it goes on and at its end, its exit codes, and what it refuses in a line."""

import json
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Outcome, Stall, Status
from running import LIMIT, Ran, Run, command, start
from writing_models import GOOD, KINDS, by_item, draft, in_the_papers_form, made, sent, turns

from trpg_env import load_script
from trpg_env.trajectory import read_trajectories

kinds = pytest.mark.parametrize("kind", KINDS)

NOWHERE = "http://127.0.0.1:1/v1"
PRICES = "currency: EUR\nmodels:\n  m: {input: 100, output: 1000}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a script and prices, where no model is known."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TRPG_LOCAL_MODEL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bell.json").write_text(json.dumps({**in_the_papers_form(), "name": "bell"}))
    (tmp_path / "prices.yaml").write_text(PRICES)
    return tmp_path


def asked(kind: str, url: str = NOWHERE, *more: str, n: int = 5) -> list[str]:
    scripts = ["--scripts", "bell.json"] if kind == "trajectories" else []
    out = "x.jsonl" if kind == "trajectories" else "s"
    return ["generate", kind, *scripts, "-n", f"{n}", "--model", "m", "--base-url", url, "--out", out, *more]


def refused(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("trpg-env: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    return ran.err


def mixed(kind: str) -> Callable[[dict[str, Any]], Outcome]:
    """Items 0 and 3 pass at once, 1 with its second call, 2 never; at 4 the model fails."""

    def say(item: int, number: int) -> Outcome:
        if item == 4:
            return Status(401, {"error": {"message": "wrong key"}})
        if item == 2 or (item == 1 and not number):
            return "Hm."
        return GOOD[kind]

    return by_item(say, KINDS[kind])


# What is said.


@pytest.mark.parametrize(
    "words", [["generate"], ["generate", "scripts"], ["generate", "trajectories"]], ids=" ".join
)
def test_help_has_an_example(run: Run, words: list[str]) -> None:
    ran = run(*words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"example: trpg-env {words[0]} {words[-1] if len(words) > 1 else 'scripts'} " in ran.out


@kinds
def test_help_tells_the_papers_numbers(run: Run, kind: str) -> None:
    told = " ".join(run("generate", kind, "--help").out.split())
    assert "(default 4, the paper's)" in told
    assert "default 4,096; of the embedded model 1,024" in told
    if kind == "trajectories":
        assert "(default 2, the paper's)" in told


@kinds
def test_a_run_that_keeps_all_says_so_and_exits_0(run: Run, kind: str) -> None:
    with ModelServer(GOOD[kind]) as server:
        ran = run(*asked(kind, server.url))
    assert ran.code == 0
    tokens = [request["messages"] for request in server.requests]
    sent_ = sum(len(m["content"].split()) for messages in tokens for m in messages)
    said = 5 * len(GOOD[kind].split())
    assert ran.lines == [
        "items               5",
        "kept                5 (100.0%)",
        "refused             0",
        "calls               5 (1.00 for each that is kept)",
        "of those kept       5 after 1 call",
        f"tokens              {sent_:,} sent, 0 of them cached, {said:,} answered",
        f"written to          {'s' if kind == 'scripts' else 'x.jsonl'}",
    ]
    assert len(made(kind, Path())) == 5


@kinds
def test_where_something_fell_short_the_summary_says_what_and_the_exit_code_is_1(run: Run, kind: str) -> None:
    with ModelServer(mixed(kind)) as server:
        ran = run(*asked(kind, server.url, "--prices", "prices.yaml"))
    assert ran.code == 1
    assert ran.lines[:6] == [
        "items               5",
        "kept                3 (60.0%)",
        "refused             1 (json 1)",
        "failed              1 (model:request 1)",
        "calls               8 (2.67 for each that is kept)",
        "of those kept       2 after 1 call, 1 after 2 calls",
    ]
    assert ran.lines[7].startswith("cost                about ")
    assert ran.lines[7].endswith(" EUR")
    assert ran.closing == f"the model failed at 1 of 5 {kind}; the same command asks for them again"


@kinds
def test_the_live_line_tells_all_that_counts(run: Run, kind: str) -> None:
    with ModelServer(mixed(kind)) as server:
        ran = run(*asked(kind, server.url, "--prices", "prices.yaml"))
    lines = [line for line in ran.err.splitlines() if "/s: " in line]
    assert [line.partition(",")[0] for line in lines] == [f"{k} of 5 {kind}" for k in range(1, 6)]
    told = [line.partition("/s: ")[2] for line in lines]
    assert told[0].startswith("kept 1, 1 call, ")
    assert told[2].startswith("kept 2, refused 1 (json 1), 7 calls, ")
    assert told[4].startswith("kept 3, refused 1 (json 1), failed 1 (model:request 1), 8 calls, ")
    assert all(line.endswith(" EUR") and " tokens, about " in line for line in told)


@kinds
def test_the_first_failure_is_told_at_once_and_no_other(run: Run, kind: str) -> None:
    with ModelServer(lambda request: Status(401, {"error": {"message": "wrong key"}})) as server:
        ran = run(*asked(kind, server.url))
    assert ran.code == 1
    told = ran.err.splitlines()
    assert told[0].startswith("trpg-env: the first that failed: item 0: model:request: ")
    assert "wrong key" in told[0]
    assert "OPENAI_API_KEY" in told[0]
    assert ran.err.count("the first that failed") == 1
    assert len(told) == 7


@kinds
def test_the_summary_as_json_is_all_that_stands_on_standard_output(run: Run, kind: str) -> None:
    with ModelServer(mixed(kind)) as server:
        ran = run(*asked(kind, server.url, "--prices", "prices.yaml", "--json"))
    told = json.loads(ran.out)
    usage = told.pop("usage")
    assert (usage["calls"], usage["retries"], usage["cached_tokens"]) == (8, 0, 0)
    cost = told.pop("cost")
    assert cost["currency"] == "EUR"
    assert cost["amount"] == pytest.approx(
        (usage["prompt_tokens"] + 10 * usage["completion_tokens"]) / 10_000
    )
    assert told == {
        "items": 5,
        "kept": 3,
        "yield": 0.6,
        "kept_by_calls": {"1": 2, "2": 1},
        "refused": {"json": 1},
        "failed": {"model:request": 1},
        "out": "s" if kind == "scripts" else "x.jsonl",
    }


@kinds
def test_a_run_that_keeps_nothing_exits_1_and_one_of_nothing_exits_0(run: Run, kind: str) -> None:
    with ModelServer("Hm.") as server:
        assert run(*asked(kind, server.url, n=1)).code == 1
    out = {"scripts": "t", "trajectories": "y.jsonl"}[kind]
    ran = run(*asked(kind, NOWHERE, "--out", out, n=0))
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines[:2] == ["items               0", "kept                0"]
    assert json.loads(run(*asked(kind, NOWHERE, "--out", out, "--json", n=0)).out)["yield"] == 0.0


@kinds
def test_a_run_goes_on_with_what_failed_and_counts_all_of_it(run: Run, kind: str) -> None:
    with ModelServer(mixed(kind)) as server:
        assert run(*asked(kind, server.url)).code == 1
    with ModelServer(GOOD[kind]) as server:
        ran = run(*asked(kind, server.url))
        assert len(server.requests) == 1
    assert ran.code == 0
    out = "s" if kind == "scripts" else "x.jsonl"
    first, second, third = ran.err.splitlines()
    assert first == f"{out}: 4 of 5 {kind} are decided already"
    assert second.startswith(f"5 of 5 {kind}, ")
    assert third.startswith("why each was refused stands in ")
    assert '"reason":"json"' in Path(third.split()[-1]).read_text()
    assert ran.lines[:5] == [
        "items               5",
        "kept                4 (80.0%)",
        "refused             1 (json 1)",
        "calls               9 (2.25 for each that is kept)",
        "of those kept       3 after 1 call, 1 after 2 calls",
    ]
    again = run(*asked(kind, NOWHERE))
    assert (again.code, again.out) == (0, ran.out)
    assert again.err == f"{out}: 5 of 5 {kind} are decided already\n{third}\n"


@kinds
def test_a_run_that_gives_up_says_why_in_a_line(run: Run, kind: str) -> None:
    with ModelServer(lambda request: Status(404, {"error": {"message": "no model m"}})) as server:
        ran = run(*asked(kind, server.url, n=100))
    assert ran.code == 1
    assert len(server.requests) == 20
    assert ran.closing.startswith("trpg-env: 20 items in a row failed, the last with model:request: ")
    assert "no model m" in ran.closing
    assert ran.closing.endswith("; put that right, then the same command goes on from there")
    assert "failed              20 (model:request 20)" in ran.out


@kinds
def test_a_model_that_takes_too_long_is_given_up(
    run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trpg_env.llm.endpoint.wait_before_retry", lambda *_: None)
    with ModelServer(lambda request: Stall(30.0)) as server:
        ran = run(*asked(kind, server.url, "--timeout", "0.05", n=1))
    assert ran.code == 1
    assert "no whole answer within 0.05 seconds" in ran.err
    assert "model:timeout" in ran.out


@kinds
def test_so_many_requests_are_in_flight_as_are_asked_for(run: Run, kind: str) -> None:
    with ModelServer(lambda request: Stall(0.1, GOOD[kind])) as server:
        assert run(*asked(kind, server.url, "--concurrency", "5", n=10)).code == 0
        assert server.most_in_flight == 5


def test_temperature_and_length_are_asked_for(run: Run) -> None:
    with ModelServer(GOOD["scripts"]) as server:
        assert (
            run(*asked("scripts", server.url, "--temperature", "0.3", "--max-tokens", "900", n=1)).code == 0
        )
        assert run(*asked("scripts", server.url, "--out", "t", n=1)).code == 0
    first, second = server.requests
    assert (first["temperature"], first["max_tokens"]) == (0.3, 900)
    assert (second["temperature"], second["max_tokens"]) == (1.0, 4_096)


def test_texts_from_a_server_are_shown_without_what_a_terminal_would_obey(run: Run) -> None:
    said = "key\x1b[2J\x07 of\r\n\u202e" + "x" * 5_000
    with ModelServer(lambda request: Status(403, {"error": {"message": said}})) as server:
        ran = run(*asked("scripts", server.url, n=1))
    first = ran.err.splitlines()[0]
    assert first.isprintable()
    assert len(first) < 900


def test_progress_is_a_bar_with_the_counts_on_a_terminal(here: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        with ModelServer(GOOD["trajectories"]) as server:
            environment = {**os.environ, "COLUMNS": "200", "LINES": "40"}
            process = start(
                command(*asked("trajectories", server.url, n=6)), here, stderr=theirs, env=environment
            )
            os.close(theirs)
            shown = b""
            with open(ours, "rb", buffering=0, closefd=False) as terminal:
                while True:
                    try:
                        piece = terminal.read(1_000)
                    except OSError:  # nobody writes there any more
                        break
                    if not piece:
                        break
                    shown += piece
            out, _ = process.communicate(timeout=LIMIT)
    finally:
        os.close(ours)
    assert process.returncode == 0
    assert b"6/6" in shown
    assert b"kept 6" in shown
    assert b" of 6 trajectories" not in shown
    assert out.startswith(b"items               6\n")


# What is made.


def test_a_script_of_a_persona_and_its_trajectory_are_made_from_end_to_end(run: Run, here: Path) -> None:
    (here / "crew.jsonl").write_text(
        '{"persona": "A cook  who hums"}\n{"persona": "A piper", "source": "fair"}\n'
    )
    first, second = draft("First"), draft("Second")
    replies = {0: {0: "No.", 1: json.dumps(first)}, 1: {0: json.dumps(second)}}
    with ModelServer(by_item(lambda item, number: replies[item][number], "script")) as server:
        who = ["--personas", "crew.jsonl", "--persona-source", "the crew", "--persona-licence", "CC0-1.0"]
        assert run(*asked("scripts", server.url, *who, n=2)).code == 0
    files = sorted(Path("s").glob("*.json"))
    scripts = [load_script(file) for file in files]
    told = {script.persona: script.source.data["provenance"] for script in scripts}
    assert {who: (p["persona_source"], p["licence"]) for who, p in told.items()} == {
        "A cook who hums": ("the crew", "CC0-1.0"),
        "A piper": ("fair", "CC0-1.0"),
    }
    assert run("check", *map(str, files)).code == 0
    before = turns()[:4]
    with ModelServer(
        by_item(lambda item, number: sent(turns() if number == 2 else before), "trajectory")
    ) as server:
        asking = ["generate", "trajectories", "--scripts", "s", "-n", "4", "--model", "m"]
        ran = run(*asking, "--base-url", server.url, "--out", "x.jsonl")
    # The first script has taken two calls, and two are left; of the second three are.
    assert len(server.requests) == 2 * 2 + 2 * 3
    assert ran.code == 0
    assert "refused             2 (unfinished 2)" in ran.out
    assert [t.script for t in read_trajectories("x.jsonl")] == [str(here / files[1])] * 2
    assert run("verify", "x.jsonl", "--stats").code == 0
    assert run("export", "x.jsonl", "--format", "messages", "--out", "data").code == 0


def test_narrative_scripts_are_the_default(run: Run) -> None:
    with ModelServer(GOOD["scripts"]) as server:
        assert run(*asked("scripts", server.url, n=1)).code == 0
    ran = run(*asked("scripts", NOWHERE, "--narrative", n=1))
    assert (ran.code, ran.err) == (0, "s: 1 of 1 scripts are decided already\n")


def test_composed_personas_follow_from_the_seed(run: Run) -> None:
    with ModelServer(GOOD["scripts"]) as server:
        for seed, out in (("0", "a"), ("0", "b"), ("1", "c")):
            assert run(*asked("scripts", server.url, "--seed", seed, "--out", out, n=2)).code == 0
    a, b, c = (
        {script["persona"] for script in map(json.loads, (f.read_text() for f in Path(out).glob("*.json")))}
        for out in "abc"
    )
    assert a == b
    assert not a & c


def test_a_run_into_a_folder_of_ones_own_scripts_leaves_them_alone(run: Run) -> None:
    Path("s").mkdir()
    Path("s/mine.json").write_text("{}")
    Path("s/notes").mkdir()
    with ModelServer(GOOD["scripts"]) as server:
        assert run(*asked("scripts", server.url, n=1)).code == 0
    assert Path("s/mine.json").read_text() == "{}"
    assert {path.name for path in Path("s").iterdir()} == {
        ".synthesis",
        "00000-a-bell-at-dusk.json",
        "mine.json",
        "notes",
    }


def test_folders_on_the_way_are_made(run: Run) -> None:
    with ModelServer(
        lambda r: GOOD["scripts" if "persona" in r["messages"][1]["content"][:20] else "trajectories"]
    ) as server:
        assert run(*asked("scripts", server.url, "--out", "a/b/c", n=1)).code == 0
        assert run(*asked("trajectories", server.url, "--out", "d/e/x.jsonl", n=1)).code == 0
    assert len(list(Path("a/b/c").glob("*.json"))) == 1
    assert Path("d/e/x.jsonl").read_bytes().count(b"\n") == 1


# What is refused.

WRONG: dict[str, tuple[list[str], str]] = {
    "-n -1": (["-n", "-1"], "-n"),
    "-n many": (["-n", "many"], "not a whole number"),
    "no calls": (["--max-calls", "0"], "0 is too few"),
    "no concurrency": (["--concurrency", "0"], "0 is too few"),
    "no tokens": (["--max-tokens", "0"], "0 is too few"),
    "a negative seed": (["--seed", "-3"], "--seed"),
    "hot": (["--temperature", "3"], "from 0 to 2"),
    "no time": (["--timeout", "0"], "number of seconds"),
    "no URL": (["--base-url", "nonsense"], "no http or https URL"),
    "a URL with a password": (["--base-url", "ftp://me:hidden@host/v1"], "no http or https URL"),
    "no model's name": (["--model", " "], "no model's name"),
    "half a character": (["--model", "m\udcff"], "no model's name"),
    "both recordings": (["--record", "a", "--replay", "b"], "not allowed with"),
    "no such recording": (["--replay", "none.sqlite"], "none.sqlite is not there"),
    "no recording": (["--replay", "bell.json"], "no recording"),
    "recorded into another file": (["--record", "bell.json"], "no recording"),
    "no prices": (["--prices", "none.yaml"], "none.yaml: there is no such file"),
    "prices that are a script": (["--prices", "bell.json"], "{models: {gpt-4o:"),
    "prices of another model": (["--prices", "prices.yaml", "--model", "gpt-9"], "no price for 'gpt-9'"),
    "a word too many": (["whatever"], "unrecognized arguments"),
    "no such option": (["--whatever"], "unrecognized arguments"),
}
WRONG_OF: dict[str, dict[str, tuple[list[str], str]]] = {
    "scripts": {
        "no personas": (["--personas", "none.txt"], "none.txt: there is no such file"),
        "no personas in it": (["--personas", "empty.txt"], "there is no persona in it"),
        "personas of no kind": (["--personas", "prices.yaml"], "are read from .txt"),
        "a line that is none": (["--personas", "bad.jsonl"], "bad.jsonl:2: not JSON"),
        "a licence of nobody": (["--persona-licence", "MIT"], "--persona-licence is for --personas"),
        "a source of nobody": (["--persona-source", "x"], "--persona-source is for --personas"),
        "both kinds": (["--narrative", "--grounded"], "not allowed with"),
        "into a file": (["--out", "bell.json"], "bell.json is no folder"),
        "below a file": (["--out", "bell.json/s"], "Not a directory"),
        "into a device": (["--out", "/dev/null"], "/dev/null is no folder"),
        "into nowhere": (["--out", "nul\0"], "null"),
        "scripts that nobody knows": (["--out", "known"], ".synthesis is not there"),
    },
    "trajectories": {
        "no such script": (["--scripts", "nowhere"], "nowhere"),
        "no such file": (["--scripts", "nowhere.json"], "nowhere.json"),
        "a folder with something else in it": (["--scripts", "."], "prices.yaml"),
        "a folder without scripts": (["--scripts", "nothing"], "nothing has no scripts in it"),
        "a file that is no script": (["--scripts", "prices.yaml"], "prices.yaml"),
        "one of two": (["--scripts", "bell.json", "bad.jsonl"], "bad.jsonl"),
        "negative refinements": (["--min-refinements", "-1"], "--min-refinements"),
        "into a folder": (["--out", "known"], "Is a directory"),
        "into here": (["--out", "."], "Is a directory"),
        "into nothing": (["--out", ""], "Is a directory"),
        "into the root": (["--out", "/"], "Is a directory"),
        "into a device": (["--out", "/dev/null"], "no regular file"),
        "below a file": (["--out", "bell.json/x.jsonl"], "cannot be written"),
        "into a script": (["--out", "bell.json"], "bell.json"),
        "into nowhere": (["--out", "nul\0"], "null"),
        "trajectories that nobody knows": (["--out", "old.jsonl"], "old.jsonl"),
    },
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in KINDS for name in (*WRONG, *WRONG_OF[kind])]
)
def test_wrong_use_is_told_in_a_line_and_leaves_nothing_behind(
    run: Run, here: Path, kind: str, name: str
) -> None:
    (here / "empty.txt").write_text("\n\n")
    (here / "bad.jsonl").write_text('{"persona": "A cook"}\n{"persona": \n')
    (here / "known").mkdir()
    (here / "nothing").mkdir()
    (here / "known" / "00000-old.json").write_text("{}")
    (here / "old.jsonl").write_text("Dear diary\n")
    before = {path: path.read_bytes() if path.is_file() else None for path in here.rglob("*")}
    wrong, said = (WRONG | WRONG_OF[kind])[name]
    told = refused(run(*asked(kind, NOWHERE, *wrong)))
    assert said in told
    assert "hidden" not in told
    assert len(told) < 900
    assert {path: path.read_bytes() if path.is_file() else None for path in here.rglob("*")} == before
    assert not Path("/dev/null.synthesis").exists()


@kinds
@pytest.mark.parametrize("missing", ["--model", "--out", "--scripts"])
def test_what_has_to_be_said_is_asked_for(run: Run, kind: str, missing: str) -> None:
    words = asked(kind)
    if missing not in words:
        return
    at = words.index(missing)
    assert f"the following arguments are required: {missing}" in refused(run(*words[:at], *words[at + 2 :]))


def test_a_kind_has_to_be_said(run: Run) -> None:
    assert "scripts|trajectories" in refused(run("generate"))
    assert "invalid choice" in refused(run("generate", "nonsense"))


@kinds
def test_a_model_that_nobody_serves_is_refused_before_anything_is_written(
    run: Run, here: Path, kind: str
) -> None:
    words = asked(kind)
    at = words.index("--base-url")
    before = sorted(here.rglob("*"))
    assert "OPENAI_BASE_URL" in refused(run(*words[:at], *words[at + 2 :]))
    assert sorted(here.rglob("*")) == before


@kinds
def test_without_the_embedded_model_the_commands_to_get_it_are_told(
    run: Run, here: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    before = sorted(here.rglob("*"))
    assert "pip install 'trpg-env[local]'" in refused(run(*asked(kind, NOWHERE, "--model", "local")))
    monkeypatch.setenv("TRPG_LOCAL_MODEL", "nowhere.gguf")
    assert refused(run(*asked(kind, NOWHERE, "--model", "local")))
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("scripts", "s"),
        ("scripts", "s/.synthesis/items.jsonl"),
        ("scripts", "s/.synthesis/items.jsonl.run"),
        ("trajectories", "x.jsonl"),
        ("trajectories", "./x.jsonl"),
        ("trajectories", "known/../x.jsonl"),
        ("trajectories", "link.jsonl"),
        ("trajectories", "x.jsonl.run"),
        ("trajectories", "x.jsonl.synthesis/items.jsonl"),
    ],
)
def test_a_recording_wants_a_file_of_its_own(run: Run, here: Path, kind: str, record: str) -> None:
    (here / "known").mkdir()
    (here / "link.jsonl").symlink_to("x.jsonl")
    before = sorted(here.rglob("*"))
    assert f"{record} is no place for the recording" in refused(
        run(*asked(kind, NOWHERE, "--record", record))
    )
    assert sorted(here.rglob("*")) == before


@kinds
def test_an_interrupt_before_anything_is_asked_is_told_in_a_line(
    run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trpg_env.synthesis.generate.Sandbox", interrupted)
    ran = run(*asked(kind))
    assert (ran.code, ran.out, ran.err) == (130, "", "trpg-env: interrupted\n")


@kinds
def test_a_sandbox_that_does_not_work_is_told_in_a_line(
    run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trpg_env.sandbox import SandboxFault

    def broken(*_: object, **__: object) -> None:
        raise SandboxFault("no worker can be started")

    monkeypatch.setattr("trpg_env.synthesis.scripts.read_and_check", broken)
    monkeypatch.setattr("trpg_env.synthesis.trajectories._judged", broken)
    with ModelServer(GOOD[kind]) as server:
        ran = run(*asked(kind, server.url))
    assert ran.code == 1
    assert (
        ran.closing
        == "trpg-env: no worker can be started; put that right, then the same command goes on from there"
    )
    assert ran.lines[0] == "items               0"
