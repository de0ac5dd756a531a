"""`trpg-env evaluate`: a folder, a table, an exit code; it goes on after a kill, and refuses what does not fit."""

import json
import os
import re
import shlex
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Status
from running import LIMIT, Ran, Run, all_gone, command, kill, needs_proc, size, start, until

from trpg_env import rollout
from trpg_env.agents import ErringAgent
from trpg_env.cli.main import parser
from trpg_env.evaluation import Results, read_results
from trpg_env.script import library
from trpg_env.trajectory import read_trajectories

TINY = ["evaluate", "--scripts", "tiny.json", "--player", "random", "-n", "6", "--out", "out"]
THREE = ["evaluate", "--scripts", "cool-tomato", "ship", "office-mail", "--player", "erring"]
GROUNDED = 15


@pytest.fixture(autouse=True)
def tiny_file(tmp_path: Path, tiny: dict[str, Any]) -> Path:
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps(tiny))
    return file


def refused(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("trpg-env: ")
    assert ran.err.count("\n") == 1, ran.err
    return ran.err


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def row(ran: Ran, label: str) -> list[str]:
    """The cells of a line of the table."""
    (line,) = [line for line in ran.lines if line.startswith(label)]
    return line.removeprefix(label).split()


def value(results: Results, name: str) -> float:
    found = results.metrics[name].value
    assert found is not None
    return found


def test_a_planner_reaches_every_goal_of_the_library_without_an_error(run: Run) -> None:
    ran = run("evaluate", "--suite", "scripts", "--player", "planner", "--out", "out")
    assert ran.code == 0
    assert "3 narrative scripts are left out (night-train, unix-admin, village-healer)" in ran.err
    assert row(ran, "success")[0] == "100.0%"
    results = read_results("out")
    assert (results.counts.episodes, len(results.suite.items)) == (GROUNDED, GROUNDED)
    assert (value(results, "success"), value(results, "progress"), value(results, "invalid")) == (1, 1, 0)
    assert len(results.suite.left_out) + GROUNDED == len(library())


def test_a_random_player_does_not(run: Run) -> None:
    ran = run("evaluate", "--player", "random", "-n", "30", "--max-turns", "10", "--out", "out")
    assert ran.code == 0
    results = read_results("out")
    assert value(results, "success") < 0.1
    assert value(results, "invalid") > 0.3
    assert results.metrics["success"].resampled == "items"
    assert {item.max_turns for item in results.suite.items} == {10}


def test_results_are_those_of_the_episodes_that_the_function_plays(run: Run) -> None:
    ran = run(*THREE, "-n", "6", "--seed", "3", "--out", "out")
    assert ran.code == 0
    played = list(rollout(["cool-tomato", "ship", "office-mail"], ErringAgent(), 6, 3))
    assert list(read_trajectories("out/episodes.jsonl")) == played
    found, wanted = read_results("out"), Results.of(played)
    assert (found.metrics, found.families, found.episodes) == (
        wanted.metrics,
        wanted.families,
        wanted.episodes,
    )
    assert found.arguments == {"n": 6, "samples": 1, "seed": 3, "max_turns": None}
    assert [item.name for item in found.suite.items] == ["cool-tomato", "ship", "office-mail"]


def test_the_episodes_can_be_verified_exported_and_taken_up_by_rollout(run: Run) -> None:
    assert run(*THREE, "-n", "6", "--out", "out").code == 0
    assert run("verify", "out/episodes.jsonl").code == 0
    assert run("export", "out/episodes.jsonl", "--format", "messages", "--all", "--out", "data").code == 0
    again = run("rollout", *THREE[1:], "-n", "6", "--out", "out/episodes.jsonl")
    assert again.err == "out/episodes.jsonl has 6 of 6 episodes already\n"


@pytest.mark.parametrize("pace", [["--concurrency", "3"], ["--processes", "2"]], ids=" ".join)
def test_how_many_are_played_at_once_changes_no_byte_of_the_results(
    pace: list[str], run: Run, tmp_path: Path
) -> None:
    assert run(*THREE, "-n", "6", "--out", "one").code == 0
    assert run(*THREE, "-n", "6", *pace, "--out", "several").code == 0
    assert content(tmp_path / "one")["results.json"] == content(tmp_path / "several")["results.json"]


@needs_proc
@pytest.mark.parametrize("options", [[], ["--samples", "2"]], ids=["one", "samples"])
def test_an_evaluation_that_is_killed_goes_on_and_comes_out_the_same(
    options: list[str], run: Run, tmp_path: Path
) -> None:
    what = [*THREE, "-n", "30", *options]
    assert run(*what, "--out", "undisturbed").code == 0
    undisturbed = content(tmp_path / "undisturbed")
    episodes = tmp_path / "out" / "episodes.jsonl"
    whole = len(undisturbed["episodes.jsonl"])
    for share in (0.2, 0.7):
        process = start(command(*what, "--out", "out"), tmp_path)
        try:
            until(
                lambda target=share * whole, process=process: (
                    size(episodes) > target or process.poll() is not None
                )
            )
        finally:
            started = kill(process)
        if size(episodes) < whole:
            assert not (tmp_path / "out" / "results.json").exists()
        assert until(partial(all_gone, started), limit=10)
    ran = run(*what, "--out", "out")
    assert ran.code == 0
    assert "episodes already" in ran.err
    resumed = content(tmp_path / "out")
    assert sorted(resumed["episodes.jsonl"].splitlines()) == sorted(
        undisturbed["episodes.jsonl"].splitlines()
    )
    assert resumed["results.json"] == undisturbed["results.json"]


def test_a_finished_evaluation_is_told_again_and_nothing_is_played(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(*TINY, "--samples", "2")
    before = content(tmp_path / "out")
    monkeypatch.setattr(import_module("trpg_env.rollout.table").Table, "play", None)
    again = run(*TINY, "--samples", "2")
    assert (again.code, again.out, again.err) == (
        0,
        first.out,
        "out/episodes.jsonl has 12 of 12 episodes already\n",
    )
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        (["--seed", "1"], "seed (0 there, 1 here) differs"),
        (["--player", "planner"], "player differs"),
        (["-n", "7"], "n (6 there, 7 here) differs"),
        (["--samples", "2"], "samples (null there, 2 here) differs"),
        (["--max-turns", "3"], "max_turns (null there, 3 here) differs"),
        (["--scripts", "ship"], "scripts differs"),
    ],
    ids=lambda x: "_".join(x) if isinstance(x, list) else "",
)
def test_the_folder_of_another_evaluation_is_refused_and_stays(
    change: list[str], differing: str, run: Run, tmp_path: Path
) -> None:
    assert run(*TINY).code == 0
    before = content(tmp_path / "out")
    told = refused(run(*TINY, *change))
    assert (
        f"out holds another run: {differing}; name another, or give the arguments it was begun with" in told
    )
    assert content(tmp_path / "out") == before


def test_results_that_a_kill_took_away_are_written_again(run: Run, tmp_path: Path) -> None:
    assert run(*TINY).code == 0
    before = content(tmp_path / "out")
    (tmp_path / "out" / "results.json").unlink()
    assert run(*TINY).code == 0
    assert content(tmp_path / "out") == before


def test_what_is_measured_of_the_same_episodes_may_change(run: Run) -> None:
    assert run(*THREE, "-n", "12", "--out", "out").code == 0
    one = value(read_results("out"), "recovery")
    assert run(*THREE, "-n", "12", "--within", "1", "--out", "out").code == 0
    assert value(read_results("out"), "recovery") < one


def test_an_episode_that_broke_makes_exit_code_1_and_is_in_no_figure(
    run: Run, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    hang = "def validate(action, params, state):\n    while True:\n        pass\n"
    actions = tiny["available_actions"] | {"wait": {"verification_code": hang}}
    (tmp_path / "hang.json").write_text(json.dumps(tiny | {"available_actions": actions}))
    ran = run("evaluate", "--scripts", "hang.json", "--player", "random", "-n", "6", "--out", "out")
    results = read_results("out")
    broken = results.counts.episodes - results.counts.counted
    assert (ran.code, results.counts.broken) == (1, {"timeout": broken})
    assert 0 < broken < 6
    assert row(ran, "broken")[:3] == [str(broken), "(timeout", f"{broken}),"]
    assert results.metrics["success"].n == 6 - broken
    assert f"{broken} of 6 episodes broke" in ran.err
    again = run("evaluate", "--scripts", "hang.json", "--player", "random", "-n", "6", "--out", "out")
    assert (again.code, again.out) == (1, ran.out)


def test_fewer_starts_than_scripts_leave_the_last_ones_out_of_the_suite(run: Run) -> None:
    ran = run(*THREE, "-n", "2", "--out", "out")
    assert "-n 2 plays the first 2 of 3 scripts" in ran.err
    assert [item.name for item in read_results("out").suite.items] == ["cool-tomato", "ship"]


@pytest.mark.parametrize(("player", "left_out"), [("random", 0), ("planner", 3)])
def test_narrative_scripts_are_played_where_a_model_answers_and_no_planner_plays(
    player: str, left_out: int, run: Run
) -> None:
    served = ["--dm", "llm", "--dm-model", "m", "--base-url", "http://127.0.0.1:9/v1"]
    assert run("evaluate", "--player", player, *served, "-n", "0", "--out", "out").code == 0
    suite = read_results("out").suite
    assert (len(suite.left_out), len(suite.items)) == (left_out, len(library()) - left_out)


def test_somebody_elses_results_are_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text('{"score": 9}')
    assert "name another folder, or delete the file" in refused(run(*TINY))
    assert content(tmp_path / "out") == {"results.json": b'{"score": 9}'}


def test_the_commands_of_the_page_are_commands() -> None:
    page = Path(__file__).parents[2] / "docs" / "evaluation.md"
    shown = re.findall(r"^trpg-env (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) > 5
    for line in shown:
        assert parser().parse_args(shlex.split(line)).command == line.split()[0]


def test_no_starts_are_results_without_figures(run: Run) -> None:
    assert run(*THREE, "-n", "0", "--out", "out").code == 0
    assert read_results("out").counts.episodes == 0


def test_a_suite_is_cut_by_family_as_a_dataset_is(run: Run, tmp_path: Path) -> None:
    what = ["evaluate", "--player", "planner"]
    assert run(*what, "--held-out", "0.3", "--out", "held-out").code == 0
    assert run(*what, "--training", "0.3", "--out", "training").code == 0
    held_out, training = (read_results(out).suite for out in ("held-out", "training"))
    assert len(held_out.items) + len(training.items) == GROUNDED
    assert held_out.part is not None
    assert (held_out.part.side, held_out.part.share) == ("held_out", 0.3)
    files = [f"{out}/episodes.jsonl" for out in ("held-out", "training")]
    assert run("export", *files, "--format", "messages", "--all", "--split", "0.3", "--out", "data").code == 0
    for suite, part in ((held_out, "test"), (training, "train")):
        lines = (tmp_path / "data" / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
        assert {json.loads(line)["family"] for line in lines} == {item.family for item in suite.items}


def test_training_on_a_family_of_the_suite_is_told(run: Run) -> None:
    assert run(*THREE, "-n", "3", "--out", "played").code == 0
    files = ["export", "played/episodes.jsonl", "--format", "messages", "--all"]
    assert run(*files, "--out", "data").code == 0
    ran = run(*THREE, "-n", "3", "--out", "played", "--trained-on", "data")
    assert ran.code == 0
    assert (
        "contaminated        yes: trained on household, office, ship (3 items of 3, 3 by the very script)"
        in ran.out
    )
    found = read_results("played").contamination
    assert found is not None
    assert (found.contaminated, found.families) == (True, ["household", "office", "ship"])
    assert (found.basis, found.scripts) == ("families and scripts", found.items)
    assert [card.name for card in found.trained_on] == ["data"]


def test_what_a_dataset_holds_out_is_fit_for_evaluation(run: Run) -> None:
    assert run(*THREE, "-n", "3", "--out", "played").code == 0
    files = ["export", "played/episodes.jsonl", "--format", "messages", "--all", "--split", "0.3"]
    assert run(*files, "--out", "data").code == 0
    what = [*THREE, "--trained-on", "data/README.md"]
    assert "contaminated        no family" in run(*what, "--held-out", "0.3", "--out", "a").out
    assert (
        "contaminated        yes: trained on household" in run(*what, "--training", "0.3", "--out", "b").out
    )


def test_one_evaluation_is_compared_with_another(run: Run) -> None:
    for player in ("random", "planner"):
        assert (
            run(
                "evaluate", "--scripts", "ship", "garden", "--player", player, "-n", "6", "--out", player
            ).code
            == 0
        )
    ran = run("evaluate", "--compare", "random", "planner/results.json")
    assert (ran.code, ran.err) == (0, "")
    assert row(ran, "pairs") == ["6", "of", "2", "items"]
    assert row(ran, "success") == ["0.0%", "100.0%", "+100.0%", "+100.0%", "to", "+100.0%"]


def test_evaluations_on_other_items_are_not_compared(run: Run) -> None:
    for script in ("ship", "garden"):
        assert run("evaluate", "--scripts", script, "--player", "planner", "--out", script).code == 0
    told = refused(run("evaluate", "--compare", "ship", "garden"))
    assert "not played on the same items: only the first has ship, only the second has garden" in told


def east(request: Any) -> str:
    """A model that forgets the format in every other turn."""
    turn = sum(said["role"] == "assistant" for said in request["messages"])
    return "East!" if turn % 2 else f"Thought: East.\nAction: {'win' if turn == 2 else 'dance'}"


def model(url: str, *more: str, out: str = "out") -> list[str]:
    served = ["--player", "llm", "--player-model", "m", "--base-url", url]
    return ["evaluate", "--scripts", "tiny.json", *served, "-n", "4", "--out", out, *more]


def test_a_models_replies_tokens_and_settings_are_told_and_replayed(run: Run, tmp_path: Path) -> None:
    with ModelServer(east) as server:
        ran = run(*model(server.url, "--record", "r.sqlite", "--concurrency", "2"))
    assert ran.code == 0, ran.err
    results = read_results("out")
    assert (results.metrics["format"].sum, results.metrics["parameter"].sum, value(results, "success")) == (
        4,
        4,
        1,
    )
    assert results.metrics["calls"].value == 3
    assert value(results, "prompt_tokens") > value(results, "completion_tokens") > 0
    assert results.player is not None
    assert (results.player.model, results.player.sampling) == ("m", {"temperature": 0.0, "max_tokens": 2048})
    assert results.player.prompt_hash
    assert row(ran, "tokens sent")
    assert run(*model("http://127.0.0.1:9/v1", "--replay", "r.sqlite", out="again")).code == 0
    assert content(tmp_path / "out")["results.json"] == content(tmp_path / "again")["results.json"]


def test_a_model_that_fails_is_no_failure_of_the_players(run: Run) -> None:
    with ModelServer(lambda _: Status(400, {"error": {"message": "no"}})) as server:
        ran = run(*model(server.url))
    assert ran.code == 1
    results = read_results("out")
    assert (results.counts.counted, results.counts.episodes) == (0, 4)
    assert all(kind.startswith("player:") for kind in results.counts.broken)
    assert results.metrics["success"].value is None


def test_several_samples_of_a_start_ask_the_model_anew_and_the_best_is_told(run: Run) -> None:
    seeds: set[Any] = set()

    def moody(request: Any) -> str:
        seeds.add(request["seed"])
        return f"Thought: Hm.\nAction: {'win' if request['seed'] % 2 else 'dance'}"

    with ModelServer(moody) as server:
        what = model(server.url, "--samples", "3", "--player-temperature", "1", "--max-turns", "1")
        ran = run(*what)
    assert ran.code == 0, ran.err
    results = read_results("out")
    assert len(seeds) == results.counts.episodes == 12
    best = results.best_of
    assert best is not None
    assert best["success"].n == 4
    starts = {m.seed for m in results.episodes if m.success}
    assert best["success"].value == len(starts) / 4
    assert value(results, "success") < len(starts) / 4
    assert row(ran, "best of 3: success")
    assert "temperature 0" not in ran.err


def test_samples_of_a_model_that_always_says_the_likeliest_are_warned_of(run: Run) -> None:
    with ModelServer(east) as server:
        ran = run(*model(server.url, "--samples", "2"))
    assert "samples of a model at temperature 0 differ by luck alone" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "o"], "--player is missing"),
        (["--player", "planner"], "--out is missing: name the folder for episodes.jsonl and results.json"),
        (["--player", "planner", "--out", "tiny.json"], "--out tiny.json is no folder"),
        (["--suite", "chess"], "argument --suite: invalid choice: 'chess' (choose from"),
        (["--player", "planner", "--out", "o", "--scripts", "nowhere"], "nowhere"),
        (["--player", "planner", "--out", "o", "--scripts", "night-train"], "night-train"),
        (["--player", "planner", "--out", "o", "--held-out", "2"], "'2' is not a share above 0 and below 1"),
        (["--held-out", "0.3", "--training", "0.3"], "not allowed with argument --held-out"),
        (
            ["--player", "planner", "--out", "o", "--held-out", "0.01"],
            "--held-out 0.01 leaves no script: no family is held out; 0.04 would hold out office",
        ),
        (["--player", "planner", "--out", "o", "--training", "0.99"], "--training 0.99 leaves no script"),
        (["--player", "planner", "--out", "o", "--samples", "0"], "0 is too few"),
        (["--player", "planner", "--out", "o", "--within", "0"], "0 is too few"),
        (
            ["--player", "planner", "--out", "o", "--trained-on", "gone"],
            "gone is not there; name the folder of a dataset",
        ),
        (["--player", "planner", "--out", "o", "--record", "r"], "none takes part here"),
        (["--player", "llm", "--out", "o"], "--player llm wants --player-model"),
        (["--player", "human", "--out", "o", "--processes", "2"], "one episode at a time"),
        (
            ["--player", "llm", "--player-model", "m", "--out", "o", "--record", "o/episodes.jsonl"],
            "exchanges want one of their own",
        ),
        (
            [
                "--player",
                "llm",
                "--player-model",
                "m",
                "--out",
                "o",
                "--record",
                "../x/../{here}/o/results.json",
            ],
            "exchanges want one of their own",
        ),
        (["--player", "planner", "--out", "o" * 300], "cannot be had: File name too long; name another"),
        (["--player", "planner", "--out", "tiny.json/o"], "cannot be had: Not a directory"),
        (["--player", "planner", "--out", "o", "--split", "dev"], "--held-out or --training takes a part"),
        (["--compare", "a"], "expected 2 arguments"),
        (["--compare", "a", "b"], "a is not there; name the folder that trpg-env evaluate wrote"),
        (["--compare", "a", "b", "--player", "planner"], "--player does not go with it"),
        (["--compare", "a", "b", "-n", "3"], "so -n does not go with it"),
    ],
)
def test_wrong_use_is_told_in_one_line(arguments: list[str], said: str, run: Run, tmp_path: Path) -> None:
    before = content(tmp_path)
    arguments = [argument.replace("{here}", tmp_path.name) for argument in arguments]
    assert said in refused(run("evaluate", *arguments))
    assert content(tmp_path) == before
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_episodes_go_to_a_file_and_to_nothing_else(kind: str, run: Run) -> None:
    Path("out").mkdir()
    if kind == "pipe":
        os.mkfifo("out/episodes.jsonl")
    else:
        Path("out/episodes.jsonl").symlink_to(os.devnull)
    assert "episodes.jsonl is no file" in refused(run(*TINY))


def test_a_recording_does_not_go_where_perturbed_runs_are_put_together(run: Run) -> None:
    arguments = ["--player", "llm", "--player-model", "m", "--perturb", "all", "--out", "o"]
    ran = run("evaluate", *arguments, "--record", "o/robustness.json")
    assert "exchanges want one of their own" in refused(ran)


def test_results_that_are_none_are_not_compared(run: Run, tmp_path: Path) -> None:
    assert run(*TINY).code == 0
    (tmp_path / "out" / "results.json").write_text("{")
    assert "out/results.json holds no results" in refused(run("evaluate", "--compare", "out", "out"))


@needs_proc
def test_an_interrupted_evaluation_says_how_to_go_on(tmp_path: Path) -> None:
    process = start(command(*THREE, "-n", "3000", "--out", "out"), tmp_path)
    assert until(lambda: size(tmp_path / "out" / "episodes.jsonl") > 0)
    process.send_signal(2)
    out, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (130, b"")
    assert "of 3000 episodes are in out/episodes.jsonl: the same command goes on from there" in said.decode()


def test_a_datasets_folder_is_not_played_into(run: Run, tmp_path: Path) -> None:
    assert run(*TINY).code == 0
    assert run("export", "out/episodes.jsonl", "--format", "messages", "--all", "--out", "data").code == 0
    before = content(tmp_path / "data")
    assert "is a dataset's folder; name another one" in refused(run(*TINY[:-1], "data"))
    assert content(tmp_path / "data") == before


@pytest.mark.parametrize(
    "option",
    [
        ["--within", "5"],
        ["--seed", "3"],
        ["--samples", "2"],
        ["--max-turns", "3"],
        ["--concurrency", "2"],
        ["-n", "4"],
    ],
)
def test_a_comparison_takes_no_option_of_play(option: list[str], run: Run) -> None:
    assert run(*TINY).code == 0
    told = refused(run("evaluate", "--compare", "out", "out", *option))
    assert f"{option[0]} does not go with it" in told


def test_a_comparison_of_nothing_falls_short(run: Run) -> None:
    assert run(*THREE, "-n", "0", "--out", "out").code == 0
    ran = run("evaluate", "--compare", "out", "out")
    assert (ran.code, "nothing to compare" in ran.err) == (1, True)
