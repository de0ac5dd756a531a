"""A dataset has a folder to itself."""

from pathlib import Path

import pytest

from trpg_env import export, rollout
from trpg_env.agents import PlannerAgent
from trpg_env.tuning import ExportError


def _write(out: Path) -> int:
    return export(rollout("cool-tomato", PlannerAgent(), n=1), "messages", out, min_refinements=0).records


@pytest.mark.parametrize("name", ["episodes.jsonl", "more/episodes.jsonl", "README.md"])
def test_a_folder_with_other_files_is_refused_and_left_as_it_was(tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(ExportError, match=r"new or empty folder"):
        _write(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [file]
    assert file.read_text() == "mine"


def test_an_earlier_dataset_is_replaced(tmp_path):
    assert _write(tmp_path) == _write(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "data.jsonl"]
