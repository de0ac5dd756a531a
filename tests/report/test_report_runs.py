import os
from pathlib import Path

import pytest
from pages import erring, evaluation, played, wandering, written

from trpg_env.evaluation import Results, read_results
from trpg_env.report import ReportError, read_runs
from trpg_env.report.perturbations import perturbation_of, perturbations
from trpg_env.report.runs import MOST_PAIRS
from trpg_env.trajectory import Participant


def test_an_evaluation_has_its_own_results_and_a_file_those_that_an_evaluation_would_have(
    tmp_path: Path,
) -> None:
    folder = evaluation(tmp_path / "erring", erring())
    file = written(tmp_path / "random.jsonl", wandering())
    (first, second), choice = read_runs([folder, file])
    assert first.results == read_results(folder)
    assert second.results == Results.of(wandering())
    assert (first.name, second.name) == ("erring", "random")
    assert choice.offered == len(erring()) + len(wandering())
    assert first.learning.episodes == len(erring())


def test_results_can_be_named_instead_of_their_folder(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "erring", erring())
    assert read_runs([folder / "results.json"])[0] == read_runs([folder])[0]
    renamed = (folder / "results.json").rename(folder / "second.json")
    (run,), choice = read_runs([renamed])
    assert (run.name, run.file, choice.offered) == ("second", None, 0)


def test_a_file_with_several_players_is_several_runs(tmp_path: Path) -> None:
    file = written(tmp_path / "both.jsonl", [*erring(), *wandering()])
    runs, choice = read_runs([file])
    assert [run.name for run in runs] == ["both, erring", "both, random"]
    assert [run.results.counts.episodes for run in runs] == [len(erring()), len(wandering())]
    assert {one.run for one in choice.chosen()} == {0, 1}


def test_very_many_players_in_a_file_are_refused(tmp_path: Path) -> None:
    each = [played(".", id=str(i), player=Participant(kind=str(i))) for i in range(MOST_PAIRS + 1)]
    with pytest.raises(ReportError, match=r"many.jsonl:9: there are more than 8 pairs of player and DM"):
        read_runs([written(tmp_path / "many.jsonl", each)])


def test_runs_of_one_name_get_numbers(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", erring())
    assert [run.name for run in read_runs([file, file, file])[0]] == ["a", "a (2)", "a (3)"]


def test_results_without_episodes_are_reported_all_the_same(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "erring", erring())
    (folder / "episodes.jsonl").unlink()
    (run,), choice = read_runs([folder])
    assert run.file is None
    assert "no episode can be read" in run.remarks[0]
    assert choice.offered == 0


def test_results_of_other_episodes_are_remarked_on(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "erring", erring())
    written(folder / "episodes.jsonl", erring()[1:])
    (run,), _ = read_runs([folder])
    assert "are of 9 episodes, and episodes.jsonl has 8" in run.remarks[0]
    written(folder / "episodes.jsonl", wandering())
    with pytest.raises(ReportError, match=r"episodes.jsonl:1: an episode of another player or DM"):
        read_runs([folder])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "there are no trajectories in it"),
        ("{}\n", r"bad.jsonl:1: not a trajectory"),
        ('\n{"schema_version":1,"id":"a', r"bad.jsonl:2: not a trajectory: the last line is torn"),
        ("same", "is here a second time"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "bad.jsonl"
    if content == "same":
        written(file, [played("."), played("p")])
    else:
        file.write_text(content)
    with pytest.raises(ReportError, match=why) as refused:
        read_runs([file])
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("content", ["<!doctype html>\n<p>Hi</p>\n", "\nhello\n", "\x01\x02"])
def test_a_file_of_another_kind_is_told_what_is_taken(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.html").write_text(content)
    with pytest.raises(ReportError, match=r"x.html is no file of trajectories; name a folder that trpg-env"):
        read_runs([tmp_path / "x.html"])


def test_what_a_judge_wrote_points_to_its_episodes(tmp_path: Path) -> None:
    (tmp_path / "judge.json").write_text("{}")
    with pytest.raises(ReportError, match=r"name the trajectories that were judged"):
        read_runs([tmp_path])
    file = written(tmp_path / "episodes.jsonl", [played(".")])
    with pytest.raises(ReportError, match=rf"not reported; name {file}"):
        read_runs([tmp_path])
    assert len(read_runs([file])[0]) == 1


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        read_runs([tmp_path / "none.jsonl"])
    with pytest.raises(ReportError, match=r"results.json is not there"):
        read_runs([tmp_path])
    with pytest.raises(ReportError, match="nothing to report"):
        read_runs([])


def test_files_are_read_as_a_stream(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", [played("p.", id=str(i)) for i in range(500)])
    at_once: list[int] = []

    def watch(trajectories, _):  # type: ignore[no-untyped-def]
        for number, one in enumerate(trajectories):
            at_once.append(number)
            yield one

    (run,), choice = read_runs([file], episodes=3, watch=watch)
    assert (run.learning.episodes, choice.offered, len(choice.chosen())) == (500, 500, 3)
    assert at_once == [*range(500), *range(500)]


def test_perturbed_runs_are_set_beside_the_unperturbed_one(tmp_path: Path) -> None:
    def run(name: str, successes: int, perturbation: str | None) -> Path:
        dm = Participant(
            kind="rules", sampling=None if perturbation is None else {"perturbation": perturbation}
        )
        each = [
            played(".", id=f"{i}", outcome="completed" if i < successes else "failed", dm=dm)
            for i in range(10)
        ]
        return evaluation(tmp_path / name, each)

    paths = [
        run("plain", 9, None),
        run("verbs", 6, "verb"),
        run("spaces", 2, "spacing"),
        run("order", 4, "order"),
    ]
    runs, _ = read_runs(paths)
    assert [perturbation_of(one.results) for one in runs] == [None, "verb", "spacing", "order"]
    section = perturbations(runs)
    assert section is not None
    rows = [list(row) for row in section.tables[0].rows]
    assert rows[0][:3] == ["unperturbed", "plain", "90.0%"]
    assert [row[0] for row in rows[1:4]] == ["verb", "spacing", "order"]
    # (60 + 20 + 40) / 3 = 40; the deviations 20, -20, 0 make sqrt(800 / 2) = 20.
    assert rows[4][:3] == ["mean ± std of 3", "all perturbed", "40.0% ± 20.0"]
    assert perturbations(runs[:1]) is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("verb", "verb"),
        (["verb", "order"], '["verb", "order"]'),
        (None, None),
        ("none", None),
        ("", None),
        ([], None),
    ],
)
def test_a_perturbation_may_be_told_among_the_arguments(
    tmp_path: Path, said: object, shown: str | None
) -> None:
    folder = evaluation(tmp_path / "a", erring(), perturbation=said)
    assert perturbation_of(read_results(folder)) == shown


def test_a_path_has_no_part_in_a_runs_name(tmp_path: Path) -> None:
    folder = evaluation(tmp_path / "deep" / "down", erring())
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert read_runs(["."])[0][0].name == "down"
    finally:
        os.chdir(before)
