"""`trpg-env verify`: a line for each fault, the rest is verified all the same, and a hostile file does no harm."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from running import Ran, Run

from trpg_env import rollout
from trpg_env.agents import ErringAgent, PlannerAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library
from trpg_env.trajectory import Trajectory

Record = dict[str, Any]


@pytest.fixture
def run(run: Run) -> Run:
    """Run `trpg-env verify`."""
    return partial(run, "verify")


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Sandbox) -> list[Trajectory]:
    return list(rollout([load("cool-tomato"), load("ship")], ErringAgent(), 6, 3, sandbox=sandbox))


@pytest.fixture
def records(played: list[Trajectory]) -> list[Record]:
    return [json.loads(trajectory.model_dump_json()) for trajectory in played]


def write(records: list[Any], path: str = "episodes.jsonl") -> str:
    with Path(path).open("w") as file:
        for record in records:
            file.write((record if isinstance(record, str) else json.dumps(record)) + "\n")
    return path


def synthesised(record: Record) -> Record:
    """A rollout as if a model had written it."""
    return record | {"source": "synthesis", "dm": record["dm"] | {"kind": "llm", "model": "m"}}


def wrong_use(ran: Ran) -> str:
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith("trpg-env: ")
    return ran.err


def test_a_file_as_it_was_played_has_no_fault(run: Run, records: list[Record]) -> None:
    ran = run(write(records))
    assert (ran.code, ran.out, ran.closing) == (0, "", "6 trajectories, 0 faults")


def test_a_fault_is_a_line_with_file_line_place_and_episode(run: Run, records: list[Record]) -> None:
    records[2]["turns"][4]["observation"] = "You win."
    records[4]["family"] = "garden"
    ran = run(write(records))
    assert ran.code == 1
    assert ran.lines[0].startswith(
        f'episodes.jsonl:3: turns[4].observation: episode {records[2]["id"]}: "You win." stands here, play gives "'
    )
    assert ran.lines[1].startswith(f"episodes.jsonl:5: family: episode {records[4]['id']}: ")
    assert len(ran.lines) == 2
    assert ran.closing == "6 trajectories, 2 faults"


def test_lines_that_are_no_trajectories_are_faults_and_the_rest_is_verified(
    run: Run, records: list[Record]
) -> None:
    records[5]["family"] = "garden"
    path = write(["{", records[0], "", "not text", *records[1:]])
    whole = Path(path).read_bytes().replace(b"not text", b"\xff\xfe\0")
    Path(path).write_bytes(whole + json.dumps(records[0]).encode()[:-50])
    ran = run(path)
    assert ran.code == 1
    assert [line.split(": ")[0] for line in ran.lines] == [
        "episodes.jsonl:1",
        "episodes.jsonl:4",
        "episodes.jsonl:9",
        "episodes.jsonl:10",
    ]
    assert ran.lines[0].startswith("episodes.jsonl:1: not a trajectory: ")
    assert ran.closing == "9 trajectories, 4 faults"


def test_a_torn_last_line_is_a_fault_that_says_what_mends_it(run: Run, records: list[Record]) -> None:
    path = write([*records[:2], '{"id": 1', records[2]])
    Path(path).write_bytes(Path(path).read_bytes()[:-20])
    assert run(path).lines == [
        "episodes.jsonl:3: not a trajectory: invalid JSON: EOF while parsing an object",
        "episodes.jsonl:4: not a trajectory: the last line is torn; the command that wrote it, called again, "
        "sets it aside and goes on",
    ]


def test_several_files_are_verified_and_may_share_episodes(run: Run, records: list[Record]) -> None:
    first = write(records[:4], "a.jsonl")
    records[5]["family"] = "garden"
    second = write(records[3:], "b.jsonl")
    ran = run(first, second)
    assert ran.code == 1
    assert [line.split(": ")[:2] for line in ran.lines] == [["b.jsonl:3", "family"]]
    assert ran.closing == "7 trajectories, 1 fault"
    report = json.loads(run(first, second, "--json", "--stats").out)
    assert [(fault["file"], fault["line"]) for fault in report["faults"]] == [("b.jsonl", 3)]
    assert (report["trajectories"], report["statistics"]["episodes"]) == (7, 7)


def test_an_id_that_is_there_twice_is_a_fault(run: Run, records: list[Record]) -> None:
    ran = run(write([records[0], records[1], records[0]]))
    assert ran.lines == [f"episodes.jsonl:3: id: episode {records[0]['id']}: line 1 has this id too"]


def test_what_a_hostile_file_says_does_not_reach_the_terminal_as_it_is(
    run: Run, records: list[Record]
) -> None:
    records[0]["id"] = "\x1b[2J\nepisodes.jsonl:9: all is well\u202e" * 50
    records[1]["turns"][2]["message"] = "\x1b]0;pwned\x07\n\r\u2028"
    records[2] |= {"\x1b[31m" * 9_000: 1}
    records[3]["script"] = "/\x1b[2J" + "x" * 9_000
    records[4]["script_hash"] = "\u202e" * 9_000
    ran = run(write(records))
    assert ran.code == 1
    assert all(line.startswith("episodes.jsonl:") and line.isprintable() for line in ran.out.split("\n")[:-1])
    assert max(map(len, ran.lines)) <= 800
    assert not any(line.startswith("episodes.jsonl:9") for line in ran.lines)


def test_other_files_than_scripts_are_never_opened(
    run: Run, records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["ship.yaml", "../ship.yaml", "/etc/passwd", "/dev/zero", "/proc/kmsg", "~/x.yaml", "", "ship\0"]
    os.mkfifo("pipe.yaml")
    names.append(str(Path("pipe.yaml").resolve()))
    Path("ship.yaml").write_text(library()["ship"].read_text())
    opened: list[Any] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path) or real(path))
    ran = run(write([records[1] | {"script": name, "id": f"{i}"} for i, name in enumerate(names)]))
    assert (ran.code, opened) == (1, [])
    assert len(ran.lines) == len(names)
    assert all(": script: " in line and "name it with --scripts" in line for line in ran.lines)


def test_a_script_is_loaded_by_its_absolute_path(
    run: Run, tiny: Record, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    Path("tiny.json").write_text(json.dumps(tiny))
    [played] = rollout(load(str(Path("tiny.json").resolve())), PlannerAgent(), 1, sandbox=sandbox)
    path = write([played.model_dump_json()])
    assert run(path).code == 0
    tiny["goal"] = "Lose."
    Path("tiny.json").write_text(json.dumps(tiny))
    ran = run(path)
    assert (ran.code, ": script_hash: " in ran.out) == (1, True)
    Path("tiny.json").unlink()
    ran = run(path)
    assert ran.code == 1
    assert "cannot be loaded (there is no such file); name it with --scripts" in ran.out


def test_scripts_given_are_chosen_by_hash_and_else_by_name(
    run: Run, records: list[Record], tiny: Record, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    Path("kept").mkdir()
    Path("kept/tomato.yaml").write_text(library()["cool-tomato"].read_text())
    path = write(records)
    assert run(path, "--scripts", "kept/tomato.yaml", "ship").code == 0
    ran = run(path, "--scripts", "ship")
    assert ran.code == 1
    assert [line.split(":")[1] for line in ran.lines] == ["1", "3", "5"]
    assert all('"cool-tomato" is none of those given; name it with --scripts' in line for line in ran.lines)
    Path("ship.yaml").write_text(library()["ship"].read_text().replace("goal: ", "goal: Now, ", 1))
    ran = run(path, "--scripts", "cool-tomato", "ship.yaml")
    assert [line.split(":")[1] for line in ran.lines] == ["2", "4", "6"]
    assert all(": script_hash: " in line for line in ran.lines)


def test_a_script_that_was_a_mapping_must_be_given(
    run: Run, records: list[Record], tiny: Record, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    [played] = rollout(load(tiny), PlannerAgent(), 1, sandbox=sandbox)
    path = write([played.model_dump_json()])
    told = wrong_use(run(path))
    assert "episodes.jsonl:1: " in told
    assert "name its script with --scripts" in told
    Path("saved.json").write_text(json.dumps(tiny))
    assert run(path, "--scripts", "saved.json").code == 0
    Path("other.json").write_text(json.dumps(tiny | {"goal": "Lose."}))
    assert "is none of those given" in run(path, "--scripts", "other.json").out


def test_a_file_without_a_name_of_its_own_may_be_renamed(
    run: Run, tiny: Record, load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    Path("tiny.json").write_text(json.dumps(tiny))
    [played] = rollout(load(str(Path("tiny.json").resolve())), PlannerAgent(), 1, sandbox=sandbox)
    path = write([played.model_dump_json()])
    Path("elsewhere").mkdir()
    Path("tiny.json").rename("elsewhere/another.json")
    assert run(path, "--scripts", "elsewhere/another.json").code == 0
    path = write([played.model_copy(update={"family": "garden"}).model_dump_json()])
    [line] = run(path, "--scripts", "elsewhere/another.json").lines
    assert '"garden" stands here, the script\'s is "tiny"' in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl"], "there is no such file"),
        (["."], ". is a folder; name a regular file"),
        (["/dev/zero"], "/dev/zero is a device; name a regular file"),
        (["pipe"], "pipe is a pipe; name a regular file"),
        ([""], "there is no such file"),
        (["episodes.jsonl", "missing.jsonl"], "missing.jsonl: there is no such file"),
        (["episodes.jsonl", "--fast"], "(see trpg-env verify --help)"),
        (["\0"], "there is no such file"),
        (["episodes.jsonl", "--scripts", "no-such-script"], "there is no such library script or file"),
        (["episodes.jsonl", "--scripts", "bad.yaml"], "bad.yaml"),
        (["episodes.jsonl", "--scripts"], "expected at least one argument"),
        ([], "required"),
    ],
    ids=str,
)
def test_wrong_use_is_one_line(run: Run, records: list[Record], arguments: list[str], said: str) -> None:
    write(records)
    os.mkfifo("pipe")
    Path("bad.yaml").write_text("goal: 7\n")
    assert said in wrong_use(run(*arguments))


def test_statistics_follow_the_faults(run: Run, records: list[Record]) -> None:
    records[0]["luck"] = 1
    ran = run(write([*records, "{"]), "--stats")
    assert ran.code == 1
    assert [line.partition(":")[0] for line in ran.lines[:2]] == ["episodes.jsonl"] * 2
    table = {line.split("  ")[0].strip(): line for line in ran.lines[2:]}
    assert table["episodes"].split() == ["episodes", "6"]
    assert {"success", "error turns", "error-and-refines", "household", "ship", "thoughts alike"} <= set(
        table
    )
    assert ran.closing == "7 trajectories, 2 faults"


def test_json_is_one_object_on_standard_output(run: Run, records: list[Record]) -> None:
    records[0]["turns"][2]["thought"] = "\x1b[2J"
    path = write([*records, "{"])
    report = json.loads(run(path, "--json").out)
    assert report["trajectories"] == 7
    first, second = report["faults"]
    assert (first["file"], first["line"], first["id"], first["place"]) == (
        path,
        1,
        records[0]["id"],
        "turns[2].thought",
    )
    assert first["message"].startswith(f"episode {records[0]['id']}: ")
    assert (second["line"], second["id"], second["place"]) == (7, None, "")
    assert "statistics" not in report
    ran = run(path, "--json", "--stats")
    report = json.loads(ran.out)
    assert ran.code == 1
    assert report["statistics"]["episodes"] == 6
    assert report["statistics"]["self_similarity"]["environments"]["pairs"] == 1


def test_statistics_count_the_different_scripts_actions_and_personas(
    run: Run, records: list[Record], load: Callable[[Any], Script]
) -> None:
    renamed = load("ship").source.data | {"name": "boat", "persona": "The mate of a coaster"}
    Path("boat.json").write_text(json.dumps(renamed))
    boat = load(str(Path("boat.json").resolve()))
    again = records[1] | {"script": boat.origin, "script_hash": boat.hash, "id": "0"}
    lost = records[1] | {"script": "nowhere", "id": "1"}
    changed = records[1] | {"script_hash": "0" * 64, "id": "2"}
    ran = run(write([*records, again, lost, changed]), "--stats")
    ship, tomato = ([a.template.text for a in load(name).program.actions] for name in ("ship", "cool-tomato"))
    assert ran.lines[-3:] == [
        "distinct scripts    2 of 3",
        f"distinct actions    {len({*ship, *tomato})} of {2 * len(ship) + len(tomato)}",
        "distinct personas   3 of 3",
    ]
    report = json.loads(run("episodes.jsonl", "--stats", "--json").out)
    assert report["statistics"]["episodes"] == 9
    assert report["statistics"]["variety"]["scripts"] == {"total": 3, "distinct": 2}
    assert report["statistics"]["agreement"] is None


def test_statistics_say_how_often_a_model_that_wrote_both_sides_contradicts_the_engine(
    run: Run, records: list[Record], load: Callable[[Any], Script]
) -> None:
    [first, second, third] = map(synthesised, records[:3])
    wrong = next(turn for turn in second["turns"][2::2] if turn["logic_error"])
    wrong |= {"logic_error": False, "place_error": True}
    lost = third | {"script": "nowhere"}
    narrative = third | {"id": "0", "script": "unix-admin", "script_hash": load("unix-admin").hash}
    ran = run(write([first, second, *records[3:], lost, narrative]), "--stats")
    turns = sum(len(record["turns"]) // 2 for record in (first, second))
    assert f"engine contradicted 1 of {turns} turns ({1 / turns:.1%}), in 1 of 2 trajectories" in ran.lines
    assert [line.split()[0] for line in ran.lines[-5:]] == ["none", "parameter", "place", "logic", "recall"]
    report = json.loads(run("episodes.jsonl", "--stats", "--json").out)
    agreement = report["statistics"]["agreement"]
    assert agreement["turns"] == {"compared": turns, "contradicted": 1}
    assert agreement["trajectories"] == {"compared": 2, "contradicted": 1, "not_compared": 0}
    assert agreement["matrix"]["place"]["logic"] == 1
    assert agreement["precision"]["logic"] == 1
    assert agreement["recall"]["logic"] < 1


def test_an_empty_file_has_nothing_wrong_in_it(run: Run) -> None:
    ran = run(write([]), "--stats")
    assert (ran.code, ran.closing) == (0, "0 trajectories, 0 faults")
    assert "episodes.jsonl: there are no trajectories in it\n" in ran.err


def test_help_has_an_example(run: Run) -> None:
    ran = run("--help")
    assert (ran.code, "example: trpg-env verify" in ran.out) == (0, True)
    told = " ".join(ran.out.split())
    assert "overlap is the mean share of word trigrams that two of them have in common" in told
    assert "distinct the share of different trigrams among all" in told
    assert "count how often its DM contradicts the engine" in told
