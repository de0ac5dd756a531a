"""`export --format llamafactory`: prefix records and configurations. `make test-trainers` has LLaMA-Factory read them."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tuning_helpers import ABLATIONS, asked, made, many, records

from trpg_env import export
from trpg_env.trajectory import Trajectory

MODELS = {
    "llama3-8b": "llama3",
    "llama3-70b": "llama3",
    "mistral-7b": "mistral",
    "qwen3-8b": "qwen3_nothink",
}


def configuration(folder: Path, model: str) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(folder / f"{model}.yaml"))


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_there_is_a_record_up_to_each_reply_that_counts(
    ablation: str | None, played: list[Trajectory], tmp_path: Path
) -> None:
    export(played, "messages", tmp_path / "m", system_prompt=True, **asked(ablation))
    export(played, "llamafactory", tmp_path / "l", system_prompt=True, **asked(ablation))
    wanted = [
        {"messages": [{"role": m["role"], "content": m["content"]} for m in record["messages"][: i + 1]]}
        for record in records(tmp_path / "m")
        for i, message in enumerate(record["messages"])
        if message.get("loss")
    ]
    assert records(tmp_path / "l") == wanted
    assert wanted


def test_a_record_alternates_and_ends_on_a_reply(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "llamafactory", tmp_path, min_refinements=0, success_only=False)
    for record in records(tmp_path):
        roles = [message["role"] for message in record["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)


def test_what_is_counted_are_the_replies_that_the_records_train(tmp_path: Path) -> None:
    trajectories = [made(".p.p.."), made("o..l..", "y")]
    whole = export(trajectories, "llamafactory", tmp_path)
    assert (whole.records, whole.trained, whole.errors) == (8, 8, 4)
    few = export(trajectories, "llamafactory", tmp_path, max_prefixes=2)
    assert (few.records, few.trained, few.errors) == (4, 4, 4)


@given(turns=st.text(alphabet=".p", min_size=1, max_size=12), most=st.integers(1, 14))
def test_as_many_prefixes_as_asked_for_are_spread_evenly_the_last_among_them(
    turns: str, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("few")
    export([made(turns)], "llamafactory", folder, min_refinements=0, max_prefixes=most)
    counting = [2 * i + 2 for i, turn in enumerate(turns) if turn == "."]
    ends = [len(record["messages"]) for record in records(folder)]
    assert len(ends) == min(most, len(counting))
    assert set(ends) <= set(counting)
    if counting:
        assert ends[-1] == counting[-1]
        places = [-1, *(counting.index(end) for end in ends)]
        gaps = [after - before for before, after in pairwise(places)]
        assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize("split", [None, 0.5])
def test_the_data_are_named_and_read_by_their_own_keys(split: float | None, tmp_path: Path) -> None:
    export(many(20, [f"family {i}" for i in range(10)]), "llamafactory", tmp_path, split=split)
    told = json.loads((tmp_path / "dataset_info.json").read_text(encoding="utf-8"))
    assert list(told) == (["data"] if split is None else ["train", "test"])
    for name, data in told.items():
        assert data["file_name"] == f"{name}.jsonl"
        assert (tmp_path / data["file_name"]).is_file()
        # The reader of that name adds to the system message.
        assert data["formatting"] == "sharegpt"
        keys = data["tags"]
        for record in records(tmp_path, data["file_name"]):
            for message in record[data["columns"]["messages"]]:
                assert set(message) == {keys["role_tag"], keys["content_tag"]}
                assert message["role"] in (keys["user_tag"], keys["assistant_tag"])


@pytest.mark.parametrize("model", MODELS)
def test_a_configuration_masks_the_history_and_has_the_models_own_template(
    model: str, tmp_path: Path
) -> None:
    export(many(3), "llamafactory", tmp_path)
    options = configuration(tmp_path, model)
    assert options["mask_history"] is True
    assert options["packing"] is False
    assert (options["template"], options["dataset"], options["dataset_dir"]) == (MODELS[model], "data", ".")
    assert "eval_dataset" not in options
    assert (tmp_path / options["deepspeed"]).is_file()


@pytest.mark.parametrize("model", MODELS)
def test_with_a_split_a_configuration_evaluates_on_the_held_out_families(model: str, tmp_path: Path) -> None:
    export(many(20, [f"family {i}" for i in range(10)]), "llamafactory", tmp_path, split=0.5)
    options = configuration(tmp_path, model)
    assert (options["dataset"], options["eval_dataset"]) == ("train", "test")


@pytest.mark.parametrize("model", MODELS)
def test_training_leaves_nothing_in_the_dataset_that_a_later_export_would_stumble_over(
    model: str, tmp_path: Path
) -> None:
    export(many(3), "llamafactory", tmp_path / "data")
    out = (tmp_path / "data" / configuration(tmp_path / "data", model)["output_dir"]).resolve()
    assert out.parent == tmp_path
    out.mkdir()
    (out / "trainer_log.jsonl").write_text("{}\n", encoding="utf-8")
    export(many(3), "llamafactory", tmp_path / "data")
