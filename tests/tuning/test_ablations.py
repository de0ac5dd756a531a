"""The paper's ablations, on episodes written by hand."""

from pathlib import Path

import pytest
from tuning_helpers import ABLATIONS, asked, made, records

from trpg_env import export
from trpg_env.trajectory import Trajectory
from trpg_env.tuning import ExportError

ODD = made("pl..o.p")
"""Two errors in a row, a refining reply, a plain one, an error, its refinement, and an error that nobody corrects."""


def talk(trajectory: Trajectory, out: Path, ablation: str | None) -> list[str]:
    """The conversation in short: `?seen 1` the user's, `+do 2` with loss, `-do 1` without."""
    export([trajectory], "messages", out, **asked(ablation))
    (record,) = records(out)
    return [
        f"?{m['content']}"
        if m["role"] == "user"
        else f"{'+' if m['loss'] else '-'}{m['content'].split('Action: ')[1]}"
        for m in record["messages"]
    ]


def test_refinement_tuning_trains_on_the_correct_replies(tmp_path: Path) -> None:
    assert talk(ODD, tmp_path, None) == [
        "?rules of play\n\nscene", "-do 1",
        "?seen 1", "-do 2",
        "?seen 2", "+do 3",
        "?seen 3", "+do 4",
        "?seen 4", "-do 5",
        "?seen 5", "+do 6",
    ]  # fmt: skip


def test_errors_can_be_trained_on(tmp_path: Path) -> None:
    assert talk(ODD, tmp_path, "train_errors") == [
        "?rules of play\n\nscene", "+do 1",
        "?seen 1", "+do 2",
        "?seen 2", "+do 3",
        "?seen 3", "+do 4",
        "?seen 4", "+do 5",
        "?seen 5", "+do 6",
    ]  # fmt: skip


def test_refining_replies_can_be_masked_and_errors_with_them(tmp_path: Path) -> None:
    assert talk(ODD, tmp_path, "mask_refinements") == [
        "?rules of play\n\nscene", "-do 1",
        "?seen 1", "-do 2",
        "?seen 2", "-do 3",
        "?seen 3", "+do 4",
        "?seen 4", "-do 5",
        "?seen 5", "-do 6",
    ]  # fmt: skip


def test_errors_can_be_cut_out_and_nothing_is_trained_that_refers_to_them(tmp_path: Path) -> None:
    assert talk(ODD, tmp_path, "drop_refinements") == [
        "?rules of play\n\nscene", "-do 3",
        "?seen 3", "+do 4",
        "?seen 4", "-do 6",
    ]  # fmt: skip


def test_without_an_error_the_ablations_change_nothing(tmp_path: Path) -> None:
    written = []
    for ablation in ABLATIONS:
        export([made("...")], "messages", tmp_path, min_refinements=0, **asked(ablation))
        written.append(records(tmp_path))
    assert written == [written[0]] * len(ABLATIONS)


def test_every_ablation_is_made_from_the_same_episodes(played: list[Trajectory], tmp_path: Path) -> None:
    ids = []
    for ablation in ABLATIONS:
        export(played, "messages", tmp_path, **asked(ablation))
        ids.append([record["id"] for record in records(tmp_path)])
    assert ids == [ids[0]] * len(ABLATIONS)
    assert len(ids[0]) > 5


@pytest.mark.parametrize("ablation", ["mask_refinements", "drop_refinements"])
@pytest.mark.parametrize("format", ["messages", "openai"])
def test_an_episode_without_any_loss_is_left_out_and_counted(
    ablation: str, format: str, tmp_path: Path
) -> None:
    summary = export([made("p.o."), made("p.o..", "y")], format, tmp_path, **asked(ablation))
    assert summary.records == len(records(tmp_path)) == 1
    assert summary.left_out == {"no reply counts towards the loss": 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("train_errors", "mask_refinements"),
        ("train_errors", "drop_refinements"),
        ("mask_refinements", "drop_refinements"),
    ],
)
def test_two_ablations_at_once_are_refused(first: str, second: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=f"{first} and {second} contradict"):
        export([], "messages", tmp_path / "x", **asked(first), **asked(second))
    assert not (tmp_path / "x").exists()
