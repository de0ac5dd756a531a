"""`trpg-env evaluate --judge` and what belongs to it, with a model server on loopback whose judgements are known."""

import asyncio
import csv
import io
import json
import re
import shlex
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Status
from running import Ran, Run, all_gone, command, interrupt, kill, needs_proc, size, start, until

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.cli.main import parser
from trpg_env.evaluation.judging import Judgements
from trpg_env.evaluation.judging.record import read_judged
from trpg_env.trajectory import EpisodeError, Participant, Trajectory, read_trajectories

ACTIONS = ["dance", "go east", "go west", "open microwave", "open fridge", "put tomato in fridge"]
RULED = ["parameter", "place", None, "logic", None, "logic"]
SAID = {
    "dance": "parameter",
    "go east": None,
    "go west": None,
    "open microwave": "logic",
    "open fridge": "place",
    "put tomato in fridge": "malformed",
}
"""What the model says: of six actions it is right about three, and of one it says nothing that can be read."""

_ACTION = re.compile(r'The player writes: "(.*)"')


def asked(request: Mapping[str, Any]) -> str:
    """The action that a model is asked about."""
    for message in reversed(request["messages"]):
        if message["role"] == "user" and (found := _ACTION.search(message["content"])):
            return found[1]
    raise AssertionError("nobody asked about an action")


def verdict(kind: str | None, *completed: int) -> str:
    flags = {f"{name}_error": name == kind for name in ("parameter", "place", "logic")}
    said = {"thought": "Hm.", "observation": f"So says the model: {kind}."}
    return json.dumps({**said, **flags, "completed": list(completed)})


def known(request: Mapping[str, Any]) -> str:
    kind = SAID[asked(request)]
    return "No." if kind == "malformed" else verdict(kind, *([1] if kind is None else []))


def by_first_letter(request: Mapping[str, Any]) -> str:
    """Some judgement or other that hangs on the action alone."""
    letter = asked(request)[:1]
    return verdict("place" if letter == "t" else "parameter" if letter == "w" else None)


async def slow(request: dict[str, Any]) -> str:
    await asyncio.sleep(0.02)
    return by_first_letter(request)


def judge(server: ModelServer, *more: str, out: str = "out") -> list[str]:
    return ["evaluate", "--judge", "--dm-model", "m", "--base-url", server.url, "--out", out, *more]


def tiny(server: ModelServer, *more: str, out: str = "out") -> list[str]:
    what = ["--scripts", "tiny.json", "--player", "random", "-n", "6", "--max-turns", "4"]
    return judge(server, *what, *more, out=out)


def written(trajectories: list[Trajectory], file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{one.model_dump_json()}\n" for one in trajectories))
    return file


def refused(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error at the end."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.closing.startswith("trpg-env: ")
    return ran.closing


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def figures(folder: str = "out") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "judge.json").read_text())
    return found


def values(shares: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    return [shares[name]["value"] for name in ("precision", "recall", "f1")]


@pytest.fixture(autouse=True)
def tiny_file(tmp_path: Path, tiny: dict[str, Any]) -> Path:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    return file


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """An episode of the actions above."""
    left = list(ACTIONS)
    [one] = rollout("cool-tomato", lambda observation, info: left.pop(0), 1, max_turns=len(ACTIONS))
    assert [dm.error for _, dm in one.exchanges()] == RULED
    return written([one], tmp_path / "played.jsonl")


# Judging.


def test_the_figures_are_those_worked_out_of_known_judgements(run: Run, played: Path) -> None:
    with ModelServer(known) as server:
        ran = run(*judge(server, "--trajectories", str(played)))
    assert ran.code == 0, ran.err
    found = figures()
    assert found["judge"]["model"] == "m"
    assert (found["counts"]["turns"], found["counts"]["judged"], found["counts"]["malformed"]) == (6, 5, 1)
    own, in_play = found["own"], found["in_play"]
    assert own["agreement"]["value"] == pytest.approx(3 / 5)
    # By chance 2·2 + 1 + 1 + 1 = 7 of 25; agreed 3·5 = 15.
    assert own["kappa"]["value"] == pytest.approx(8 / 18)
    assert values(own["kinds"]["parameter"]) == [1, 1, 1]
    assert values(own["kinds"]["place"]) == [0, 0, 0]
    assert values(own["kinds"]["logic"]) == [1, 1, 1]
    assert values(own["error"]) == [pytest.approx(2 / 3)] * 3
    assert (in_play["turns"], in_play["kinds"]["parameter"]) == (4, None)
    assert in_play["agreement"]["value"] == pytest.approx(2 / 4)
    # One condition is said to be met, and none is.
    assert values(found["completed"]) == [0, None, 0]
    # Six questions, and one of them asked once more.
    assert (len(server.requests), found["usage"]["calls"]) == (7, 7)
    assert "malformed           1 judgements that could not be read" in ran.out
    assert "decided by verification code always" in ran.out
    assert "judge               m (temperature 0.0, max_tokens 2048)" in ran.out


def test_the_model_is_told_how_the_world_stands_and_not_what_the_engine_rules(run: Run, played: Path) -> None:
    with ModelServer(known) as server:
        assert run(*judge(server, "--trajectories", str(played))).code == 0
    (request,) = [one for one in server.requests if asked(one) == "open microwave"]
    rules, *earlier, now = [message["content"] for message in request["messages"]]
    assert "You decide whether it is an action of the script" in rules
    assert "engine" not in rules
    assert "The world now" in now
    for told in ("carried out", "refuses", "accepts", "nothing has changed"):
        assert told not in now
    # The last three exchanges stand there as the engine had them, whatever the model said.
    assert len(earlier) == 6
    assert [json.loads(told)["place_error"] for told in earlier[1::2]] == [False, True, False]
    first = server.requests[0]["messages"]
    assert len(first) == 4
    assert "opening scene" in first[1]["content"]


def test_every_judgement_is_kept_beside_what_the_engine_rules(run: Run, played: Path) -> None:
    with ModelServer(known) as server:
        assert run(*judge(server, "--trajectories", str(played))).code == 0
    [one] = read_judged(Path("out/judgements.jsonl"))
    assert [turn.ruled for turn in one.turns] == RULED
    assert [turn.said and turn.said.own for turn in one.turns] == [
        "parameter",
        None,
        None,
        "logic",
        "place",
        None,
    ]
    assert [turn.fault for turn in one.turns] == [None] * 5 + ["format"]
    assert one.turns[0].said is not None
    assert one.turns[0].said.observation == "So says the model: parameter."
    # The folder has all that was judged.
    assert list(read_trajectories("out/episodes.jsonl")) == list(read_trajectories(played))


def test_a_players_actions_are_judged_as_the_rules_let_it_play(run: Run) -> None:
    what = ["--scripts", "ship", "cool-tomato", "--player", "erring", "-n", "4", "--seed", "3"]
    with ModelServer(slow) as server:
        ran = run(*judge(server, *what, "--dm", "llm", "--concurrency", "3"))
        assert server.most_in_flight == 3
    assert ran.code == 0, ran.err
    played = list(rollout(["ship", "cool-tomato"], ErringAgent(), 4, 3))
    assert sorted(read_trajectories("out/episodes.jsonl"), key=lambda t: t.id) == sorted(
        played, key=lambda t: t.id
    )
    found = figures()
    assert found["own"]["turns"] == sum(len(t.exchanges()) for t in played) == len(server.requests)
    for kind in ("none", "parameter", "place", "logic"):
        ruled = sum(found["own"]["matrix"][said][kind] for said in found["own"]["matrix"])
        assert ruled == sum((dm.error or "none") == kind for t in played for _, dm in t.exchanges())
    assert found["own"]["agreement"]["resampled"] == "items"
    # The same command without --judge measures the player in the same folder.
    assert run("evaluate", *what, "--out", "out").err == "out/episodes.jsonl has 4 of 4 episodes already\n"
    assert run("verify", "out/episodes.jsonl").code == 0


def test_how_many_are_judged_at_once_changes_no_byte_of_the_figures(run: Run, tmp_path: Path) -> None:
    with ModelServer(by_first_letter) as server:
        assert run(*tiny(server, out="one")).code == 0
        assert run(*tiny(server, "--concurrency", "5", out="five")).code == 0
    assert content(tmp_path / "one")["judge.json"] == content(tmp_path / "five")["judge.json"]


@needs_proc
def test_judging_that_is_killed_goes_on_and_comes_out_the_same(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out" / "judgements.jsonl"
    with ModelServer(slow) as server:
        assert run(*tiny(server, out="undisturbed")).code == 0
        undisturbed, questions = content(tmp_path / "undisturbed"), len(server.requests)
        whole = len(undisturbed["judgements.jsonl"])
        process = start(command(*tiny(server)), tmp_path)
        try:
            until(lambda: size(file) > 0.3 * whole or process.poll() is not None)
        finally:
            started = kill(process)
        assert 0 < size(file) < whole
        assert until(partial(all_gone, started), limit=10)
        before = len(server.requests)
        ran = run(*tiny(server))
        assert (ran.code, "judged episodes already" in ran.err) == (0, True)
        assert len(server.requests) - before < questions
    resumed = content(tmp_path / "out")
    for name in ("judgements.jsonl", "episodes.jsonl"):
        assert sorted(resumed[name].splitlines()) == sorted(undisturbed[name].splitlines())
    assert resumed["judge.json"] == undisturbed["judge.json"]


@needs_proc
def test_an_interruption_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out" / "judgements.jsonl"
    with ModelServer(slow) as server:
        process = start(command(*tiny(server)), tmp_path)
        until(lambda: size(file) > 0 or process.poll() is not None)
        code, said, started = interrupt(process)
        assert code == 130
        assert re.search(
            r"interrupted; \d of 6 judged episodes are in out/judgements.jsonl: the same command", said
        )
        assert "Traceback" not in said
        assert until(partial(all_gone, started), limit=10)
        assert run(*tiny(server)).code == 0


def test_somebody_elses_figures_are_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "judge.json").write_text('{"verdict": "guilty"}')
    with ModelServer(by_first_letter) as server:
        assert "name another folder, or delete the file" in refused(run(*tiny(server)))
    assert content(tmp_path / "out") == {"judge.json": b'{"verdict": "guilty"}'}


def test_a_torn_line_is_set_aside_and_judged_again(run: Run, tmp_path: Path) -> None:
    with ModelServer(by_first_letter) as server:
        assert run(*tiny(server)).code == 0
        before = content(tmp_path / "out")
        file = tmp_path / "out" / "judgements.jsonl"
        file.write_bytes(before["judgements.jsonl"][:-40])
        ran = run(*tiny(server))
    assert ran.code == 0
    assert "torn; it is set aside" in ran.err
    after = content(tmp_path / "out")
    assert after["judge.json"] == before["judge.json"]
    assert sorted(after["judgements.jsonl"].splitlines()) == sorted(before["judgements.jsonl"].splitlines())


def test_finished_judging_is_told_again_and_nobody_is_asked(run: Run) -> None:
    with ModelServer(by_first_letter) as server:
        first = run(*tiny(server))
        questions = len(server.requests)
        again = run(*tiny(server))
        assert len(server.requests) == questions
    assert (again.code, again.out) == (0, first.out)
    assert "out/judgements.jsonl has 6 of 6 judged episodes already" in again.err


def test_what_was_recorded_is_replayed_byte_for_byte_without_a_server(run: Run, tmp_path: Path) -> None:
    with ModelServer(by_first_letter) as server:
        assert run(*tiny(server, "--record", "r.sqlite")).code == 0
        again = tiny(server, "--replay", "r.sqlite", out="again")
    ran = run(*again)
    assert ran.code == 0, ran.err
    one, other = content(tmp_path / "out"), content(tmp_path / "again")
    assert one["judge.json"] == other["judge.json"]
    assert sorted(one["judgements.jsonl"].splitlines()) == sorted(other["judgements.jsonl"].splitlines())


def test_what_was_not_recorded_is_told_loudly(run: Run, played: Path) -> None:
    with ModelServer(by_first_letter) as server:
        assert run(*tiny(server, "--record", "r.sqlite")).code == 0
        missing = judge(server, "--replay", "r.sqlite", "--trajectories", str(played), out="other")
    ran = run(*missing)
    assert ran.code == 1
    assert "the first episode that could not be judged: script cool-tomato: dm:replay" in ran.err
    assert figures("other")["counts"]["broken"] == {"dm:replay": 1}


def test_a_server_that_fails_is_no_judgement(run: Run) -> None:
    with ModelServer(lambda _: Status(401, '{"error": {"message": "wrong key"}}')) as server:
        ran = run(*tiny(server))
    assert ran.code == 1
    found = figures()
    assert (found["counts"]["broken"], found["own"]["turns"]) == ({"dm:request": 6}, 0)
    assert "nothing was judged, and nothing can be measured" in ran.out
    assert "6 of 6 episodes could not be judged; to have them judged again delete their lines" in ran.err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (["--dm-model", "n"], "out holds another run: judge differs"),
        (["--dm-temperature", "0.5"], "out holds another run: judge differs"),
        (["-n", "7"], "out holds another run: n (6 there, 7 here) differs"),
    ],
    ids=lambda x: "_".join(x) if isinstance(x, list) else "",
)
def test_the_folder_of_other_judging_is_refused_and_stays(
    change: list[str], told: str, run: Run, tmp_path: Path
) -> None:
    with ModelServer(by_first_letter) as server:
        assert run(*tiny(server)).code == 0
        before = content(tmp_path / "out")
        assert told in refused(run(*tiny(server, *change)))
    assert content(tmp_path / "out") == before


def test_what_the_engine_does_not_know_is_left_out(run: Run, played: Path, tmp_path: Path) -> None:
    [one] = read_trajectories(played)
    dm = Participant(kind="llm", model="n")
    others = [
        one.model_copy(update={"id": "synthesised", "source": "synthesis", "dm": dm}),
        one.model_copy(
            update={
                "id": "broken",
                "outcome": "error",
                "error": EpisodeError(kind="player", message="gone"),
            }
        ),
    ]
    file = written([one, *others], tmp_path / "mixed.jsonl")
    with ModelServer(known) as server:
        ran = run(*judge(server, "--trajectories", str(file)))
    assert ran.code == 0, ran.err
    assert "are left out: 1 that broke, 1 that a model wrote in one go\n" in ran.err
    assert figures()["counts"]["episodes"] == 1


def test_turns_out_of_order_are_refused_or_not_drawn_from(run: Run, played: Path, tmp_path: Path) -> None:
    [one] = read_trajectories(played)
    turns = [*one.turns]
    turns[4] = turns[4].model_copy(update={"turn": 99})
    file = str(written([one.model_copy(update={"turns": turns})], tmp_path / "other.jsonl"))
    with ModelServer(known) as server:
        told = refused(run(*judge(server, "--trajectories", file)))
    assert "99 stands here; turns are numbered from 0" in told
    assert "there is nothing to draw" in refused(
        run("evaluate", "--judge-sample", "1", "--trajectories", file, "--out", "s")
    )


def test_a_trajectory_that_the_engine_plays_otherwise_is_refused(
    run: Run, played: Path, tmp_path: Path
) -> None:
    [one] = read_trajectories(played)
    turns = [*one.turns]
    turns[3] = turns[3].model_copy(update={"action": "go west"})
    file = written([one.model_copy(update={"turns": turns})], tmp_path / "other.jsonl")
    with ModelServer(known) as server:
        told = refused(run(*judge(server, "--trajectories", str(file))))
    assert "turns[4] is not what the engine plays; trpg-env verify says what is wrong with it" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--judge", "--player is missing: name whose actions are judged"),
        ("--judge --player erring", "--judge wants --dm-model"),
        ("--judge --player erring --dm-model m", "--out is missing"),
        ("--judge --player erring --dm-model m --out tiny.json", "is no folder"),
        ("--judge --player erring --scripts night-train …", "night-train is a narrative script"),
        ("--judge --player erring --within 2 …", "--within does not go with --judge"),
        ("--judge --player erring --trained-on data …", "--trained-on does not go with --judge"),
        ("--judge --trajectories tiny.json --seed 1 …", "--seed does not go with --judge --trajectories"),
        ("--judge --player planner --trajectories x …", "--player does not go with --judge --trajectories"),
        ("--judge --trajectories nothing.jsonl …", "nothing.jsonl: there is no such file"),
        ("--judge --trajectories tiny.json tiny.json …", "a file is named twice"),
        ("--judge --trajectories tiny.json …", "tiny.json:1: not a trajectory"),
        ("--judge --player erring --record out/judge.json …", "--record is out/judge.json, a file of --out"),
        ("--trajectories x", "--trajectories is for --judge and for --judge-sample"),
        ("--judge-key k", "--judge-key is for --judge-sheet"),
        ("--judge-sample 5", "--out is missing"),
        ("--judge-sample 5 --out out", "out/episodes.jsonl is not there"),
        ("--judge-sample 5 --player erring", "--player does not go with --judge-sample without --judge"),
        ("--judge-sheet nothing.csv", "key.json is not there; key.json was written beside the sheet"),
        ("--judge-sheet a.csv --seed 3", "--seed does not go with --judge-sheet"),
        ("--judge-sheet a.csv a.csv", "a sheet is named twice"),
        ("--compare a b --judge", "--compare plays nothing, so --judge does not go with it"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_a_line(arguments: str, told: str, run: Run) -> None:
    given = arguments.replace(" …", " --dm-model m --base-url http://127.0.0.1:9/v1 --out out")
    assert told in refused(run("evaluate", *shlex.split(given)))


# Asking people.


def rows(file: str = "out/sheet.csv") -> list[dict[str, str]]:
    text = Path(file).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def key(file: str = "out/key.json") -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(Path(file).read_text())["rows"]}


def fill_in(file: str, answer: Callable[[dict[str, Any]], str], separator: str = ",") -> str:
    """A sheet as somebody fills it in who knows the key's row."""
    made, known = rows(), key()
    with Path(file).open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.DictWriter(sheet, list(made[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows({**row, "action right?": answer(known[row["id"]])} for row in made)
    return file


@pytest.fixture
def judged(run: Run, tmp_path: Path) -> Ran:
    """A folder of judged episodes, and a sheet drawn from them."""
    what = ["--scripts", "ship", "cool-tomato", "--player", "erring", "-n", "6", "--judge-sample", "5"]
    with ModelServer(by_first_letter) as server:
        return run(*judge(server, *what, "--seed", "2"))


def test_a_sheet_has_one_right_and_one_wrong_turn_of_each_trajectory_and_tells_neither(judged: Ran) -> None:
    assert judged.code == 0, judged.err
    known = key()
    assert [row["id"] for row in rows()] == list(known)
    by_trajectory: dict[str, list[bool]] = {}
    for row in known.values():
        by_trajectory.setdefault(row["trajectory"], []).append(row["said"] == "none")
    assert len(by_trajectory) == 5
    assert all(sorted(said) == [False, True] for said in by_trajectory.values())
    trajectories = {t.id: t for t in read_trajectories("out/episodes.jsonl")}
    turns = {
        one.id: {turn.turn: turn for turn in one.turns} for one in read_judged(Path("out/judgements.jsonl"))
    }
    for row in rows():
        at = known[row["id"]]
        trajectory, turn = trajectories[at["trajectory"]], turns[at["trajectory"]][at["turn"]]
        player, _ = trajectory.exchanges()[at["turn"] // 2 - 1]
        assert (row["action"], row["instruction"]) == (player.action, trajectory.instruction)
        assert turn.said is not None
        assert row["answer"] == turn.said.observation
        assert (at["said"], at["ruled"]) == (turn.said.own or "none", turn.ruled or "none")
        assert row["action right?"] == row["comment"] == ""
        assert set(row) == {
            *("id", "script", "turn", "instruction", "before", "action", "answer", "action right?", "comment")
        }


def test_the_same_seed_draws_the_same_and_a_sheet_that_is_filled_in_stays(judged: Ran, run: Run) -> None:
    first = Path("out/sheet.csv").read_bytes()
    sample = ["evaluate", "--judge-sample", "5", "--out", "out"]
    assert run(*sample, "--seed", "2").code == 0
    assert Path("out/sheet.csv").read_bytes() == first
    assert "out/sheet.csv is there already, with other turns or filled in" in refused(run(*sample))
    assert run(*sample[:3], "--trajectories", "out", "--out", "other").code == 0
    assert Path("other/sheet.csv").read_bytes() != first


def test_sheets_come_back_as_figures_worked_out_by_hand(judged: Ran, run: Run) -> None:
    # Somebody who holds every turn for right, and somebody who knows what the engine rules.
    fill_in("kind.csv", lambda row: "yes")
    fill_in("knowing.csv", lambda row: "yes" if row["ruled"] == "none" else "no", separator=";")
    ran = run(
        "evaluate", "--judge-sheet", "kind.csv", "knowing.csv", "--judge-key", "out/key.json", "--out", "p"
    )
    assert ran.code == 0, ran.err
    people = json.loads(Path("p/people.json").read_text())
    kind, knowing = people["annotators"]
    assert (kind["dm"]["right"]["agreed"], kind["dm"]["wrong"]["agreed"], kind["dm"]["kappa"]) == (5, 0, 0)
    assert (kind["dm"]["right"]["n"], kind["dm"]["wrong"]["n"]) == (5, 5)
    assert (knowing["engine"]["all"]["share"], knowing["engine"]["kappa"]) == (1, 1)
    rightly = sum(row["said"] == "none" == row["ruled"] for row in key().values())
    assert knowing["dm"]["right"]["agreed"] == rightly
    (pair,) = people["pairs"]
    ruled_right = sum(row["ruled"] == "none" for row in key().values())
    assert (pair["all"]["agreed"], pair["all"]["n"], pair["kappa"]) == (ruled_right, 10, 0)
    assert "kind.csv: 10 answers" in ran.out
    assert "of 5 turns that the DM calls right they agree on 5 (100.0%, 56.6% to 100.0%)" in ran.out
    assert "kind.csv and knowing.csv: " in ran.out


def test_a_sheet_that_is_not_answered_is_no_agreement(judged: Ran, run: Run) -> None:
    ran = run("evaluate", "--judge-sheet", "out/sheet.csv")
    assert ran.code == 0
    assert ran.lines[3] == "sheet.csv: 0 answers, 10 unanswered"


def test_a_bad_answer_is_refused_by_its_line(judged: Ran, run: Run) -> None:
    fill_in("bad.csv", lambda row: "perhaps")
    told = refused(run("evaluate", "--judge-sheet", "bad.csv", "--judge-key", "out/key.json"))
    assert re.search(r'bad\.csv:\d+: "perhaps" is no answer; write yes or no', told)


def test_people_can_be_asked_about_any_trajectories(run: Run, played: Path, tmp_path: Path) -> None:
    ran = run("evaluate", "--judge-sample", "1", "--trajectories", str(played), "--out", "out")
    assert (ran.code, len(rows())) == (0, 2)
    assert "its verdicts are the engine's" in ran.err
    [one] = read_trajectories(played)
    turns = [*one.turns]
    turns[2] = turns[2].model_copy(update={"parameter_error": False, "logic_error": True})
    dm = Participant(kind="llm", model="n")
    change = {"source": "synthesis", "dm": dm, "turns": turns}
    file = written([one.model_copy(update=change)], tmp_path / "s.jsonl")
    for seed in range(9):
        out = f"s{seed}"
        sample = ["--judge-sample", "1", "--seed", str(seed), "--trajectories", str(file)]
        assert run("evaluate", *sample, "--out", out).code == 0
        for row in key(f"{out}/key.json").values():
            # Asked of the engine, which knows of all turns here.
            assert row["ruled"] == (RULED[row["turn"] // 2 - 1] or "none")
            assert row["said"] == ("logic" if row["turn"] == 2 else row["ruled"])


def test_too_few_trajectories_with_both_are_told(run: Run, played: Path, tmp_path: Path) -> None:
    ran = run("evaluate", "--judge-sample", "3", "--trajectories", str(played), "--out", "out")
    assert (ran.code, len(rows())) == (1, 2)
    assert "1 of 3 trajectories were drawn" in ran.err
    [one] = read_trajectories(played)
    right = one.model_copy(update={"turns": one.turns[:1]})
    file = written([right], tmp_path / "short.jsonl")
    told = refused(run("evaluate", "--judge-sample", "3", "--trajectories", str(file), "--out", "o"))
    assert "there is nothing to draw" in told


def test_turns_of_several_dms_are_not_put_into_one_sheet(run: Run, played: Path, tmp_path: Path) -> None:
    [one] = read_trajectories(played)
    other = one.model_copy(update={"id": "x", "dm": Participant(kind="llm", model="n")})
    file = written([one, other], tmp_path / "two.jsonl")
    told = refused(run("evaluate", "--judge-sample", "1", "--trajectories", str(file), "--out", "out"))
    assert "by several DMs; name those of one at a time" in told


def test_the_commands_of_the_page_are_commands() -> None:
    page = Path(__file__).parents[2] / "docs" / "judging.md"
    shown = re.findall(r"^trpg-env (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) == 4
    for line in shown:
        assert parser().parse_args(shlex.split(line)).command == line.split()[0]


def test_figures_in_the_file_are_those_of_the_function(judged: Ran) -> None:
    found = Judgements.of(read_judged(Path("out/judgements.jsonl")))
    assert Path("out/judge.json").read_text() == found.text()
