import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from running import Ran, Run

from trpg_env import rollout
from trpg_env.agents import ErringAgent


def refused(ran: Ran) -> str:
    """Wrong use: exit 2, nothing on standard output, one line on standard error."""
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("trpg-env: ")
    assert ran.err.count("\n") == 1, ran.err
    return ran.err


@pytest.fixture
def episodes(run: Run) -> Path:
    """A file of trajectories."""
    file = Path("episodes.jsonl")
    file.write_text("".join(f"{t.model_dump_json()}\n" for t in rollout("cool-tomato", ErringAgent(), 3)))
    return file


def test_a_page_is_made_of_evaluations_and_files(run: Run, episodes: Path) -> None:
    run("evaluate", "--scripts", "cool-tomato", "--player", "planner", "-n", "2", "--out", "planner")
    ran = run("report", "planner", episodes, "--out", "report.html")
    assert ran.code == 0
    assert ran.lines == [
        "runs                2",
        "episodes            5, 5 of them to be read in the page",
        "written to          report.html",
    ]
    html = Path("report.html").read_text(encoding="utf-8")
    assert "planner · episodes" in html
    assert 'id="map-0"' in html


def test_an_earlier_report_is_replaced_and_nothing_else_is(run: Run, episodes: Path) -> None:
    assert run("report", episodes, "--out", "r.html").code == 0
    first = Path("r.html").read_bytes()
    assert run("report", episodes, "--out", "r.html", "--episodes", "1").code == 0
    assert len(Path("r.html").read_bytes()) < len(first)
    Path("notes.html").write_text("mine")
    assert "notes.html is there already and is no report" in refused(
        run("report", episodes, "--out", "notes.html")
    )
    assert "is what is read" in refused(run("report", episodes, "--out", episodes))
    assert Path("notes.html").read_text() == "mine"


def test_what_is_wrong_is_said_in_a_line(run: Run, episodes: Path) -> None:
    Path("folder").mkdir()
    Path("bad.jsonl").write_text("{}\n")
    Path("page.html").write_text("<!doctype html>\n")
    Path("judged").mkdir()
    for name in ("judge.json", "episodes.jsonl"):
        Path("judged", name).write_text("{}")
    Path("words").mkdir()
    Path("words/robustness.json").write_text("{}")
    wrong: Sequence[tuple[tuple[object, ...], str]] = [
        (("none.jsonl", "--out", "r.html"), "there is no such file"),
        (
            ("folder", "--out", "r.html"),
            "results.json is not there; name the folder that trpg-env evaluate wrote",
        ),
        (("words", "--out", "r.html"), "an evaluation for each perturbation; name these, such as words/*/"),
        (("bad.jsonl", "--out", "r.html"), "bad.jsonl:1: not a trajectory"),
        (("page.html", "--out", "r.html"), "page.html is no file of trajectories; name a folder that"),
        (("judged", "--out", "r.html"), "name judged/episodes.jsonl"),
        ((episodes, "--out", "folder"), "is a folder; name a file in it, such as folder/report.html"),
        ((episodes, "--out", "no/r.html"), "there is no folder no; make it first"),
        ((episodes, "--out", "r.html", "--episodes", "-1"), "not a whole number"),
        ((episodes, "--out", "r.html", "--scripts", "no-such"), "no-such"),
        ((episodes, "--out", "r.html", "--diversity", "folder"), "cannot be read"),
        ((episodes,), "--out"),
        ((), "PATH"),
    ]
    for arguments, why in wrong:
        assert why in refused(run("report", *arguments))
    assert not Path("r.html").exists()


def test_without_the_extra_the_command_to_install_it_is_said(
    run: Run, episodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    told = refused(run("report", episodes, "--out", "r.html"))
    assert "pip install 'trpg-env[report]'" in told


def test_how_diverse_thoughts_are_is_shown_too(run: Run, episodes: Path) -> None:
    assert run("diversity", episodes, "--out", "diversity", "--sample", "20").code == 0
    assert run("report", episodes, "--diversity", "diversity", "--out", "r.html").code == 0
    html = Path("r.html").read_text(encoding="utf-8")
    assert ">Map of thoughts</h2>" in html
    assert html.count("<style>") == 1


def test_what_is_to_be_known_of_a_run_is_told(run: Run) -> None:
    run("evaluate", "--scripts", "cool-tomato", "--player", "planner", "-n", "1", "--out", "planner")
    Path("planner/episodes.jsonl").unlink()
    ran = run("report", "planner", "--out", "r.html")
    assert ran.code == 0
    assert "planner: There is no episodes.jsonl beside its results" in ran.err


def test_help_has_an_example(run: Run) -> None:
    ran = run("report", "--help")
    assert ran.code == 0
    assert "trpg-env report erring random --out report.html" in ran.out
