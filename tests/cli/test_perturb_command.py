"""`trpg-env evaluate --perturb`: one perturbation, or all of them beside the unperturbed run."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer
from running import Ran, Run, all_gone, command, kill, needs_proc, size, start, until

from trpg_env.evaluation import read_results
from trpg_env.evaluation.robustness import Robustness
from trpg_env.trajectory import read_trajectories

BASE = ["evaluate", "--scripts", "cool-tomato", "ship", "--player"]


def refused(ran: Ran) -> str:
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.splitlines()[-1].startswith("trpg-env: ")
    assert "Traceback" not in ran.err
    return ran.err


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.name in ("results.json", "robustness.json"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("player", ["planner", "erring", "random"])
def test_whoever_needs_not_read_plays_the_same_in_other_words(player: str, run: Run) -> None:
    assert run(*BASE, player, "-n", "4", "--out", "plain").code == 0
    ran = run(*BASE, player, "-n", "4", "--perturb", "verb", "--out", "verb")
    assert ran.code == 0
    assert "perturbed           verb\n" in ran.out
    plain, verb = read_results("plain"), read_results("verb")
    assert verb.metrics == plain.metrics
    assert verb.arguments == plain.arguments | {"perturbation": "verb", "changed": 2}
    assert {
        one.dm.sampling and one.dm.sampling["perturbation"]
        for one in read_trajectories("verb/episodes.jsonl")
    } == {"verb"}
    instructions = [one.instruction for one in read_trajectories("verb/episodes.jsonl")]
    assert all("- move {direction}" in text and "- go {" not in text for text in instructions)
    assert run("evaluate", "--compare", "plain", "verb").code == 0


def test_perturbed_episodes_can_be_verified_and_what_was_changed_in_them_is_found(
    run: Run, tmp_path: Path
) -> None:
    for kind in ("order", "spacing", "entities"):
        assert run(*BASE, "erring", "--perturb", kind, "--out", kind).code == 0
        verified = run("verify", f"{kind}/episodes.jsonl")
        assert (verified.code, verified.err) == (0, "2 trajectories, 0 faults\n")
    file = tmp_path / "entities" / "episodes.jsonl"
    file.write_text(file.read_text().replace("You take the tomato", "You take a tomato", 1))
    verified = run("verify", "entities/episodes.jsonl")
    assert verified.code == 1
    assert "observation" in verified.out


def test_items_in_which_nothing_changes_are_played_as_they_are_and_told(run: Run) -> None:
    ran = run(*BASE, "planner", "--perturb", "spacing", "--out", "out")
    assert ran.code == 0
    assert "spacing changes the words of 1 of 2 items; the others are played as they are" in ran.err
    assert "perturbed           spacing, in 1 of 2 items" in ran.out
    ran = run(
        "evaluate", "--scripts", "cool-tomato", "--player", "planner", "--perturb", "spacing", "--out", "none"
    )
    assert "spacing changes nothing in the only item" in refused(ran)


def test_all_of_them_are_put_side_by_side(run: Run, tmp_path: Path) -> None:
    what = [
        "evaluate",
        "--scripts",
        "cool-tomato",
        "--player",
        "planner",
        "-n",
        "2",
        "--perturb",
        "all",
        "--out",
        "out",
    ]
    ran = run(*what, "--perturb-seed", "4")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.lines] == [
        *(
            "success",
            "unperturbed",
            "preposition",
            "verb",
            "order",
            "paraphrase",
            "entities",
            "mean",
            "std",
            "left",
            "written",
        ),
    ]
    found = Robustness.model_validate_json(Path("out/robustness.json").read_text())
    assert [run.perturbation for run in found.runs] == [
        *(None, "preposition", "verb", "order", "paraphrase", "entities-4"),
    ]
    assert found.left_out == ["spacing"]
    spread = found.spread["success"]
    assert (spread.unperturbed, spread.mean, spread.std, spread.n) == (1.0, 1.0, 0.0, 5)
    assert "left out            spacing changes nothing in the only item\n" in ran.out
    assert "changes nothing" not in ran.err
    before = files(tmp_path / "out")
    assert len(before) == 7
    again = run(*what, "--perturb-seed", "4")
    assert (again.code, again.out) == (0, ran.out), again.err
    assert again.err.count("has 2 of 2 episodes already") == 6
    assert files(tmp_path / "out") == before
    assert run("evaluate", "--compare", "out/unperturbed", "out/verb").code == 0


@needs_proc
def test_all_of_them_go_on_after_a_kill_and_come_out_the_same(run: Run, tmp_path: Path) -> None:
    what = ["evaluate", "--scripts", "cool-tomato", "--player", "random", "-n", "24", "--perturb", "all"]
    assert run(*what, "--out", "undisturbed").code == 0
    process = start(command(*what, "--out", "out"), tmp_path)
    episodes = tmp_path / "out" / "verb" / "episodes.jsonl"
    try:
        until(lambda: size(episodes) > 9_000 or process.poll() is not None)
    finally:
        started = kill(process)
    assert not (tmp_path / "out" / "robustness.json").exists()
    assert until(partial(all_gone, started), limit=10)
    ran = run(*what, "--out", "out")
    assert ran.code == 0, ran
    assert files(tmp_path / "out") == files(tmp_path / "undisturbed")


def test_a_table_of_ones_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "verbs.yaml").write_text(
        '"go {direction}": "travel {direction}"\n"take {thing}": "seize {thing}"\n'
    )
    options = ["--perturb", "paraphrase", "--perturb-table", "verbs.yaml"]
    assert run(*BASE, "planner", *options, "--out", "out").code == 0
    label = read_results("out").arguments["perturbation"]
    assert label.startswith("paraphrase-table-")
    assert any(
        "seize" in turn.action for t in read_trajectories("out/episodes.jsonl") for turn, _ in t.exchanges()
    )
    verified = run("verify", "out/episodes.jsonl")
    assert verified.code == 0
    assert (
        "2 trajectories were played in the words of a table that is not to be had, and not played again"
        in verified.err
    )
    (tmp_path / "verbs.yaml").write_text('"go {direction}": "wander {direction}"\n')
    assert "dm differ" in refused(run(*BASE, "planner", *options, "--out", "out"))


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ('"fly {thing}": "glide {thing}"', "none of the items has the action 'fly {thing}'"),
        ('"go {direction}": "go {way}"', "table.yaml:1: "),
        ('"go {direction}": [', "not YAML"),
        ('"open {thing}": "close {thing}"\n"close {thing}": "open {thing}"', "another action already"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table: str, wrong: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(table)
    ran = run(*BASE, "planner", "--perturb", "paraphrase", "--perturb-table", "table.yaml", "--out", "out")
    assert wrong in refused(ran)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--perturb-table", "x"], "--perturb-table says how to perturb"),
        (["--perturb-seed", "1"], "--perturb-seed says how to perturb"),
        (["--perturb", "verb", "--perturb-seed", "1"], "a seed draws the names of entities"),
        (
            ["--perturb", "verb", "--perturb-table", "x"],
            "is for --perturb paraphrase and entities; verb takes",
        ),
        (["--perturb", "entities", "--perturb-table", "x"], "x cannot be read"),
        (["--perturb", "all", "--perturb-table", "x"], "--perturb-table is for one perturbation"),
        (["--perturb", "nouns"], "invalid choice"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_options_that_do_not_fit_together_are_refused(options: list[str], wrong: str, run: Run) -> None:
    ran = run(*BASE, "planner", *options, "--out", "out")
    assert ran.code == 2
    assert wrong in ran.err


def test_the_folders_of_others_are_refused_and_stay(run: Run, tmp_path: Path) -> None:
    what = ["evaluate", "--scripts", "cool-tomato", "--player", "planner"]
    assert run(*what, "--out", "one").code == 0
    assert "holds one evaluation already" in refused(run(*what, "--perturb", "all", "--out", "one"))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "robustness.json").write_text("{}")
    assert "is none that trpg-env wrote" in refused(run(*what, "--perturb", "all", "--out", "two"))
    assert "leave it out" in refused(run("evaluate", "--judge", "--perturb", "verb"))


def test_one_run_is_not_played_into_the_folder_of_several(run: Run, tmp_path: Path) -> None:
    what = ["evaluate", "--scripts", "cool-tomato", "--player", "planner", "--out", "out"]
    assert run(*what, "--perturb", "all").code == 0
    before = files(tmp_path / "out")
    for _ in range(2):
        told = refused(run(*what))
        assert "holds an evaluation for each perturbation; name out/unperturbed within it" in told
        assert "name out/verb within it, or another folder" in refused(run(*what, "--perturb", "verb"))
        assert files(tmp_path / "out") == before
        # Several that were interrupted have no table of them yet.
        (tmp_path / "out" / "robustness.json").unlink(missing_ok=True)
        before.pop("robustness.json", None)
    assert run(*what[:-1], "out/verb", "--perturb", "verb").code == 0
    assert run(*what, "--perturb", "all").code == 0


def test_a_benchmark_that_does_not_tell_its_wording_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question: dict[str, Any] = {
        "id": "q",
        "question": "Who?",
        "answer": "Ada",
        "type": "bridge",
        "level": "easy",
        "supporting_facts": {"title": ["Ada"], "sent_id": [0]},
        "context": {"title": ["Ada"], "sentences": [["Ada was first."]]},
    }
    (tmp_path / "hotpotqa.jsonl").write_text(json.dumps(question))
    monkeypatch.setenv("TRPG_DATA", str(tmp_path))
    ran = run("evaluate", "--suite", "hotpotqa", "--player", "random", "--perturb", "verb", "--out", "out")
    assert "hotpotqa has no templates of actions, so verb cannot be had there" in refused(ran)


def test_a_model_that_goes_by_habit_fails_in_other_words_and_is_replayed(run: Run, tmp_path: Path) -> None:
    habit = [
        "go west",
        "open fridge",
        "go east",
        "take tomato",
        "go west",
        "take tomato",
        "put tomato in fridge",
    ]
    habit += ["close fridge", "open fridge", "take tomato", "put tomato in microwave"]

    def by_habit(request: dict[str, Any]) -> str:
        said = sum(message["role"] == "assistant" for message in request["messages"])
        return f"Thought: As ever.\nAction: {habit[said % len(habit)]}"

    what = [
        "evaluate",
        "--scripts",
        "cool-tomato",
        "--player",
        "llm",
        "--player-model",
        "m",
        "-n",
        "2",
        "--perturb",
        "all",
    ]
    with ModelServer(by_habit) as server:
        ran = run(*what, "--base-url", server.url, "--record", "tape", "--out", "out")
        asked = len(server.requests)
    assert ran.code == 0, ran.err
    found = Robustness.model_validate_json(Path("out/robustness.json").read_text())
    assert {one.folder: one.figures["success"] for one in found.runs} == {
        "unperturbed": 1.0,
        "preposition": 0.0,
        "verb": 0.0,
        "order": 0.0,
        "paraphrase": 0.0,
        "entities": 0.0,
    }
    assert found.spread["parameter"].unperturbed == 0
    told = "".join(message["content"] for message in server.requests[-1]["messages"])
    assert "There is no such action" in told or "is not a valid" in told
    again = run(*what, "--replay", "tape", "--out", "again")
    assert (again.code, asked) == (0, len(server.requests))
    assert files(tmp_path / "again") == files(tmp_path / "out")
