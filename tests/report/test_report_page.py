import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import SCRIPTS, erring, evaluation, page_of, played, wandering, written

import trpg_env.report
from trpg_env.chats import conversation_of, imported_trajectory
from trpg_env.evaluation import Card, Contamination, Item, Results, Suite
from trpg_env.report import read_runs
from trpg_env.report.template import FOLDER
from trpg_env.trajectory import EpisodeError


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs")
    paths = [
        evaluation(folder / "erring", erring(), n=9, seed=1),
        written(folder / "random.jsonl", wandering()),
    ]
    return page_of(*paths).html


def data_of(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data: dict[str, object] = json.loads(found[1])
    return data


def test_the_same_input_gives_the_same_bytes_also_in_another_process(tmp_path: Path, html: str) -> None:
    evaluation(tmp_path / "erring", erring(), n=9, seed=1)
    written(tmp_path / "random.jsonl", wandering())
    program = (
        "from trpg_env.cli import main\nmain(['report', 'erring', 'random.jsonl', '--out', 'report.html'])\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=60, stdout=subprocess.DEVNULL
    )
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == html


def test_the_page_tells_figures_with_intervals_and_what_they_follow_from(html: str) -> None:
    for told in (
        "At a glance",
        "Success and progress",
        "By family",
        "Errors by kind",
        "From turn to turn",
        "Recovery",
    ):
        assert f">{told}</h2>" in html
    text = re.sub(r"<[^>]+>", "\n", html)
    for told in (
        "100.0%",
        "95%, 200 replicates, seed 0",
        "numpy",
        "gymnasium",
        "rules",
        "not known: nobody said",
    ):
        assert told in text


def test_the_page_asks_for_nothing(html: str) -> None:
    assert not re.search(r'\b(?:src|srcset|action|data|poster)="|<link|@import|@font-face', html)
    assert not re.findall(r'href="(?!#)', html)
    urls = set(re.findall(r"https?://[^\s\"'<\\]+", html))
    assert urls <= {"http://www.w3.org/2000/svg"}


def test_ids_are_there_once_and_links_lead_to_them(html: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_headings_and_tables_are_what_readers_of_screens_need(html: str) -> None:
    assert html.count("<h1>") == 1
    assert '<html lang="en">' in html
    assert "<th>" not in html
    for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
        assert "<caption" in table
        assert 'scope="col"' in table
        assert 'scope="row"' in table
    for svg in re.findall(r"<svg[^>]*>", html):
        assert 'role="img" aria-label="' in svg or 'aria-hidden="true"' in svg


def test_episodes_have_the_maps_of_their_scripts_and_the_players_places(html: str) -> None:
    assert html.count("<template id=") == len(SCRIPTS)
    for episode in data_of(html)["episodes"]:  # type: ignore[attr-defined]
        places = [episode["opening"].get("place"), *(turn.get("place") for turn in episode["turns"])]
        assert None not in places


def test_an_episode_whose_script_is_not_to_be_had_has_no_map(tmp_path: Path) -> None:
    moved = [t.model_copy(update={"script": None}) for t in erring()[:1]]
    other = [t.model_copy(update={"script_hash": "0" * 64, "id": "other"}) for t in erring()[:1]]
    html = page_of(written(tmp_path / "a.jsonl", [*moved, *other, played(".")])).html
    assert "<template" not in html
    assert len(data_of(html)["episodes"]) == 3  # type: ignore[arg-type]


def test_how_many_of_how_many_episodes_can_be_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", erring())
    page = page_of(path, episodes=4)
    assert (page.shown, page.offered) == (4, 9)
    assert "4 of 9 episodes can be read here: some of each run" in page.html
    none = page_of(path, episodes=0)
    assert (none.shown, none.offered) == (0, 9)


def test_the_order_of_lines_makes_no_difference(tmp_path: Path) -> None:
    first = page_of(written(tmp_path / "1" / "a.jsonl", erring()), episodes=5).html
    assert page_of(written(tmp_path / "2" / "a.jsonl", erring()[::-1]), episodes=5).html == first


def test_episodes_that_broke_are_told_of(tmp_path: Path) -> None:
    broken = played("p", id="b", outcome="error", error=EpisodeError(kind="dm:timeout", message="no answer"))
    html = page_of(written(tmp_path / "a.jsonl", [played("."), broken])).html
    assert "1 that broke left out" in html
    assert "dm:timeout: no answer" in html


def test_only_broken_episodes_make_a_page_too(tmp_path: Path) -> None:
    broken = played("", outcome="error", error=EpisodeError(kind="dm", message="gone"))
    assert page_of(written(tmp_path / "a.jsonl", [broken])).shown == 1


def test_what_the_page_is_made_of_lies_in_the_package() -> None:
    package = Path(trpg_env.report.__file__).parent
    assert package / "templates" == FOLDER
    names = {file.name for file in FOLDER.iterdir()}
    assert names == {"page.html", "page.css", "dom.js", "turns.js", "list.js", "reader.js"}


def test_the_program_sets_texts_and_never_markup() -> None:
    program = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.js"))
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
    ):
        assert forbidden not in program


def test_difficulties_best_of_several_and_contamination_are_told_where_results_have_them(
    tmp_path: Path,
) -> None:
    each = [t.model_copy(update={"seed": 1, "luck": i % 3, "id": str(i)}) for i, t in enumerate(erring())]
    items = {t.script_hash: str(t.script) for t in each}
    suite = Suite(
        name="games",
        items=[
            Item(name=name, hash=hash, family=name, difficulty="hard" if name == "dungeon" else "easy")
            for hash, name in items.items()
        ],
    )
    shop = next(hash for hash, name in items.items() if name != "dungeon")
    card = Card(
        name="data",
        sha256="",
        families=["dungeon"],
        complete=True,
        held_out=None,
        scripts=[shop],
        scripts_complete=True,
    )
    told = Contamination.of([card], suite.items, lambda family, share: False)
    found = Results.of(each, suite, samples=3, contamination=told, resamples=100)
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "results.json").write_text(found.text(), encoding="utf-8")
    html = page_of(folder).html
    assert ">By difficulty</h2>" in html
    assert ">Best of several samples of each start</caption>" in html
    assert "trained on families or scripts of the suite: found." in html
    assert f"yes: trained on dungeon and on the very scripts {items[shop]} (data)" in html
    assert "Remark:</strong> found: There is no episodes.jsonl" in html


def test_figures_that_nobody_knows_yet_are_shown_by_their_own_names(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "a", erring())
    data = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    data["metrics"]["f1"] = data["metrics"]["progress"]
    (folder / "results.json").write_text(json.dumps(data), encoding="utf-8")
    assert '<th scope="row">f1</th><td>100.0%</td>' in page_of(folder).html


def test_arguments_are_told_in_words(tmp_path: Path) -> None:
    html = page_of(evaluation(tmp_path / "run", [played("p.")], n=1, max_turns=None, own=3)).html
    told = re.findall(r'<th scope="row">([^<]*)</th>', html)
    assert {"starts", "turns at most", "samples of each start", "own"} <= set(told)
    assert not {"n", "max_turns", "samples"} & set(told)


def test_an_episode_is_called_with_its_family_where_its_name_says_little(tmp_path: Path) -> None:
    made = {"alfworld/look_at-Mug-1/trial_T2019_08": "look_at", "babyai/GoTo-7": "GoTo", "lib/ship": "sea"}
    each = [
        played(".", id=f"{i}", script=script, family=family, instruction=f"\nGo {i}.\nGoal: {family}\n")
        for i, (script, family) in enumerate(made.items())
    ]
    each.append(
        played(".", id="last", script=None, family="rooms 1", instruction="\nLook around.\nAll of it.")
    )
    told = data_of(page_of(written(tmp_path / "a.jsonl", each)).html)["episodes"]
    assert isinstance(told, list)
    assert {one["script"]: one["goal"] for one in told} == {
        "look_at · trial_T2019_08": "Goal: look_at",
        "GoTo-7": "Goal: GoTo",
        "ship": "Goal: sea",
        "rooms 1": "Look around.",
    }


def test_where_no_conversation_tells_its_ending_success_is_a_dash(tmp_path: Path) -> None:
    chats = {
        "messages": [{"role": "user", "content": "A hall."}, {"role": "assistant", "content": "Action: go"}]
    }
    untold = imported_trajectory(conversation_of(chats), "rooms", completed=False)
    told = imported_trajectory(conversation_of(chats), "rooms", completed=True)
    each = [untold, untold.model_copy(update={"id": "other", "family": "caves"})]
    (run,), _ = read_runs([written(tmp_path / "untold.jsonl", each)])
    for name in ("success", "progress"):
        for metrics in (run.results.metrics, *run.results.families.values()):
            assert (metrics[name].value, metrics[name].low, metrics[name].high) == (None, None, None)
    assert run.results.metrics["invalid"].value == 0
    assert "are left open" in run.remarks[0]
    html = page_of(tmp_path / "untold.jsonl").html
    assert ">untold</th><td>imported</td><td>2</td><td>–</td><td>–</td>" in html
    assert '<tr><th scope="row">1</th><td>2</td><td>0.0%</td><td>–</td></tr>' in html
    both = [each[0], told.model_copy(update={"id": "third"})]
    (run,), _ = read_runs([written(tmp_path / "told.jsonl", both)])
    assert run.results.metrics["success"].value == 0.5


def test_conversations_of_others_are_called_so_and_nobody_calls_them_correct(tmp_path: Path) -> None:
    chats = {
        "messages": [
            {"role": "user", "content": "A hall."},
            {"role": "assistant", "content": "Action: go east"},
        ]
    }
    each = [imported_trajectory(conversation_of(chats), "rooms", completed=done) for done in (False, True)]
    each[1] = each[1].model_copy(update={"id": "other"})
    files = [written(tmp_path / f"{name}.jsonl", each) for name in "ab"]
    html = page_of(*files).html
    assert "<h1>imported conversations</h1>" in html
    assert html.count("a, b: These are conversations of others.") == 1
    told = data_of(html)["episodes"]
    assert isinstance(told, list)
    assert {(one["outcome"], one["unjudged"]) for one in told} == {("untold", True), ("completed", True)}
