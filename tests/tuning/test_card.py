"""The README of a dataset."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tuning_helpers import ABLATIONS, asked, made, many, records

from trpg_env import export
from trpg_env.script import Script, library
from trpg_env.trajectory import Participant, Trajectory
from trpg_env.tuning.licences import UNKNOWN, licence_of, licences
from trpg_env.tuning.subset import is_held_out


def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def metadata(folder: Path) -> dict[str, Any]:
    """The front matter, as a hub reads it."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(card(folder).split("---\n")[1])
    return data


def rows(folder: Path) -> list[list[str]]:
    """The cells of every table, split as Markdown splits them."""
    lines = [line for line in card(folder).splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)(?:\\\\)*\|", line.strip("|")) for line in lines]


def test_it_counts_what_is_there(played: list[Trajectory], tmp_path: Path) -> None:
    summary = export(played, "messages", tmp_path)
    text = card(tmp_path)
    assert f"| records | {summary.records} of {len(played)} trajectories |" in text
    assert f"| replies with loss | {summary.trained} |" in text
    for family, count in summary.families.items():
        assert f"| {family} | {count} |" in text
    assert "| player | erring |" in text
    assert f"| DM | rules | {summary.records} |" in text
    assert f"| Apache-2.0 | {summary.records} |" in text


@pytest.mark.parametrize("format", ["paper", "messages", "openai"])
@pytest.mark.parametrize("split", [None, 0.3])
def test_its_metadata_names_the_files_their_splits_and_the_types_in_them(
    format: str, split: float | None, tmp_path: Path
) -> None:
    export(many(20, [f"family {i}" for i in range(10)]), format, tmp_path, split=split)
    data = metadata(tmp_path)
    parts = {part["path"]: part["split"] for part in data["configs"][0]["data_files"]}
    assert parts == (
        {"data.jsonl": "train"} if split is None else {"train.jsonl": "train", "test.jsonl": "test"}
    )
    assert data["trpg_env_files"] == sorted(p.name for p in tmp_path.iterdir())
    columns = {column["name"]: column for column in data["dataset_info"][0]["features"]}
    for record in records(tmp_path):
        assert list(record) == list(columns)
        (items,) = (name for name in record if isinstance(record[name], list))
        types = {inner["name"]: inner["dtype"] for inner in columns[items]["list"]}
        python = {"string": str, "bool": bool, "int64": int}
        assert all(type(item[key]) is python[types[key]] for item in record[items] for key in item)


def test_an_empty_file_is_not_named_to_loaders(tmp_path: Path) -> None:
    export(many(3), "messages", tmp_path, split=0.000001)
    assert metadata(tmp_path)["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]
    export(many(3), "messages", tmp_path, split=0.999999)
    assert metadata(tmp_path)["configs"][0]["data_files"] == [{"split": "test", "path": "test.jsonl"}]
    assert 'split="test"' in card(tmp_path)


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_it_says_what_was_asked_for(ablation: str | None, tmp_path: Path) -> None:
    export(
        many(9, ["a", "b", "c"]),
        "messages",
        tmp_path,
        min_refinements=1,
        success_only=False,
        exclude=["b"],
        limit=4,
        seed=8,
        **asked(ablation),
    )
    text = card(tmp_path)
    for row in (
        "| error-and-refines at least | 1 |",
        "| trajectories | all that did not break |",
        "| excluded families | b |",
        "| episodes at most | 4, drawn with seed 8 |",
        f"| ablation | {ablation or 'none'}",
        "| left out\\: the family is excluded | 3 |",
        "| left out\\: not among the 4 drawn | 2 |",
    ):
        assert row in text


def test_models_are_named_with_their_counts(tmp_path: Path) -> None:
    one, other = Participant(kind="llm", model="m-1"), Participant(kind="llm", model="m-2")
    trajectories = [made(".p.p.", f"{i}", player=one if i else other, dm=other) for i in range(3)]
    export(trajectories, "messages", tmp_path)
    for row in ("| player | llm (m-1) | 2 |", "| player | llm (m-2) | 1 |", "| DM | llm (m-2) | 3 |"):
        assert row in card(tmp_path)


def test_no_path_of_who_made_it_is_in_a_dataset(tmp_path: Path) -> None:
    model = Participant(kind="llm", model="/home/ada/models/llama-3")
    scripts = ["/home/ada/scripts/ship.yaml", r"C:\Users\ada\ship.yaml", "cool-tomato", None]
    trajectories = [made(".p.p.", f"{i}", script=script, player=model) for i, script in enumerate(scripts)]
    for format in ("messages", "openai", "paper"):
        export(trajectories, format, tmp_path)
        written = "".join(p.read_text() for p in tmp_path.iterdir())
        assert "ada" not in written
        assert "| player | llm (llama-3) | 4 |" in written
        if format != "openai":
            names = [record["script"] for record in records(tmp_path)]
            assert names == ["ship.yaml", "ship.yaml", "cool-tomato", None]


def test_thousands_of_families_do_not_make_it_long(tmp_path: Path) -> None:
    export(many(600, [f"f{i}" for i in range(600)]), "messages", tmp_path, split=0.5)
    assert len(card(tmp_path)) < 20_000
    assert "| and 400 more | 400 |" in card(tmp_path)


def test_it_names_the_scripts_by_hash_with_the_side_that_they_are_on(tmp_path: Path) -> None:
    families = [f"family {i}" for i in range(20)]
    files = ["/home/ada/scripts/ship.yaml", None]
    export(
        [
            made(".p.p.", f"{i}", family, script=files[i % 2], script_hash=f"{i % 4}" * 64)
            for i, family in enumerate(families)
        ],
        "messages",
        tmp_path,
        split=0.3,
    )
    for i, family in enumerate(families):
        name, side = ("ship.yaml", "")[i % 2], "test" if is_held_out(family, 0.3) else "train"
        assert f"| {name} | {family} | {f'{i % 4}' * 64} | {side} | 1 |" in card(tmp_path)


def test_one_script_is_one_row_however_often_it_was_played(tmp_path: Path) -> None:
    export([made(".p.p.", f"{i}", script=f"{i}/s.json") for i in range(30)], "messages", tmp_path)
    assert [row for row in rows(tmp_path) if row[0] == " s.json "] == [
        [" s.json ", " f ", " h ", " train ", " 30 "]
    ]


def test_thousands_of_scripts_do_not_make_it_long(tmp_path: Path) -> None:
    export([made(".p.p.", f"{i}", script_hash=f"{i:064}") for i in range(203)], "messages", tmp_path)
    assert "| and 3 more |  |  |  | 3 |" in card(tmp_path)
    assert card(tmp_path).count("| s | f |") == 200


hostile = st.text(max_size=30) | st.sampled_from(
    [
        "a|b\n| c <script>",
        "\\| x | y",
        "[x](javascript:1)",
        "![x](http://x)",
        "`a`",
        "\x1b[2J",
        "\u202e",
        "---\n",
        "x" * 9_999,
    ]
)


@settings(max_examples=25)
@given(family=hostile, model=hostile, script=hostile, script_hash=hostile)
def test_nothing_that_comes_from_data_is_markup_or_breaks_a_table(
    family: str, model: str, script: str, script_hash: str, tmp_path: Path
) -> None:
    plain = Participant(kind="llm", model="m")
    export([made(".p.p.", family="f", player=plain)], "messages", tmp_path, exclude=["e"], split=0.999999)
    usual = rows(tmp_path)
    player = Participant(kind="llm", model=model)
    odd = made(".p.p.", family=family, player=player, script=script, script_hash=script_hash)
    export([odd], "messages", tmp_path, exclude=[f"not {family}"], split=0.999999)
    assert [len(row) for row in rows(tmp_path)] == [len(row) for row in usual]
    text = card(tmp_path)
    assert all(c.isprintable() or c == "\n" for c in text)
    for markup in ("<script", "[x]", "![", "`a`"):
        assert markup not in text
    assert metadata(tmp_path)["trpg_env_files"] == ["README.md", "test.jsonl", "train.jsonl"]
    assert max(map(len, text.splitlines())) < 5_000


def test_every_script_of_the_library_stands_under_the_packages_licence(load: Any) -> None:
    assert {name: licence_of(name, load(name).hash) for name in library()} == dict.fromkeys(
        library(), "Apache-2.0"
    )


def test_a_scripts_own_licence_is_read_from_its_file(load: Any, tmp_path: Path, tiny: dict[str, Any]) -> None:
    file = tmp_path / "script.json"

    def played(**changes: Any) -> Script:
        file.write_text(json.dumps(tiny | changes))
        script: Script = load(str(file))
        return script

    unlicensed = played()
    assert licence_of(str(file), unlicensed.hash) is None
    licensed = played(Provenance={"Licence": "CC-BY-4.0"})
    assert licence_of(str(file), licensed.hash) == "CC-BY-4.0"
    assert licence_of(str(file), unlicensed.hash) is None, "the file is no longer what was played"


@pytest.mark.parametrize(
    "script", ["nowhere", ".", "", "/dev/zero", "nul\0l", "x" * 5_000, "\ud800", __file__]
)
def test_a_script_that_is_not_to_be_found_has_no_known_licence(script: str) -> None:
    assert licence_of(script, "hash") is None
    assert licences({(script, "hash"): 3, (None, "hash"): 4}) == {UNKNOWN: 7}
