"""`export --format swift`: ms-swift's messages and configurations. `make test-trainers` has ms-swift read them."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tuning_helpers import ABLATIONS, asked, made, many, records

from trpg_env import export
from trpg_env.trajectory import Trajectory

CONFIGURATIONS = ["llama3-8b.yaml", "qwen3-8b.yaml"]


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_it_says_what_messages_says_up_to_the_last_reply_that_counts(
    ablation: str | None, played: list[Trajectory], tmp_path: Path
) -> None:
    export(played, "messages", tmp_path / "m", system_prompt=True, **asked(ablation))
    export(played, "swift", tmp_path / "s", system_prompt=True, **asked(ablation))
    wanted = []
    for record in records(tmp_path / "m"):
        messages = record["messages"]
        while not messages[-1].get("loss"):
            messages.pop()
        wanted.append({"messages": [{k: v for k, v in m.items() if k != "error"} for m in messages]})
    assert records(tmp_path / "s") == wanted
    assert wanted


def test_a_reply_after_the_last_one_that_counts_is_left_away_and_not_counted(tmp_path: Path) -> None:
    summary = export([made(".p.p.")], "swift", tmp_path, mask_refinements=True)
    (record,) = records(tmp_path)
    assert [m["loss"] for m in record["messages"] if m["role"] == "assistant"] == [True]
    assert (summary.replies, summary.errors, summary.trained) == (1, 0, 1)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_names_the_data_and_trains_what_the_messages_say(name: str, tmp_path: Path) -> None:
    export(many(3), "swift", tmp_path)
    options = YAML(typ="safe").load(tmp_path / name)
    assert options["dataset"] == "data.jsonl"
    assert "val_dataset" not in options
    assert (options["loss_scale"], options["tuner_type"], options["strict"]) == ("default", "full", True)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_with_a_split_a_configuration_evaluates_on_the_held_out_families(name: str, tmp_path: Path) -> None:
    export(many(20, [f"family {i}" for i in range(10)]), "swift", tmp_path, split=0.5)
    options = YAML(typ="safe").load(tmp_path / name)
    assert (options["dataset"], options["val_dataset"]) == ("train.jsonl", "test.jsonl")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_training_makes_lies_outside_the_dataset(name: str, tmp_path: Path) -> None:
    export(many(3), "swift", tmp_path / "data")
    options = YAML(typ="safe").load(tmp_path / "data" / name)
    assert (tmp_path / "data" / options["output_dir"]).resolve().parent == tmp_path
