"""`export --format axolotl`: Axolotl's messages and configuration. `make test-trainers` has Axolotl read them."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tuning_helpers import ABLATIONS, asked, made, many, records

from trpg_env import export
from trpg_env.trajectory import Trajectory


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_it_says_of_every_message_whether_it_is_trained(
    ablation: str | None, played: list[Trajectory], tmp_path: Path
) -> None:
    export(played, "messages", tmp_path / "m", system_prompt=True, **asked(ablation))
    export(played, "axolotl", tmp_path / "a", system_prompt=True, **asked(ablation))
    wanted = []
    for record in records(tmp_path / "m"):
        messages = record["messages"]
        while not messages[-1].get("loss"):
            messages.pop()
        wanted.append(
            {
                "messages": [
                    {"role": m["role"], "content": m["content"], "train": m.get("loss", False)}
                    for m in messages
                ]
            }
        )
    assert records(tmp_path / "a") == wanted
    assert wanted


def test_the_last_message_is_always_one_that_is_trained(tmp_path: Path) -> None:
    export([made(".p.p."), made("..p.p", "y")], "axolotl", tmp_path, mask_refinements=True, min_refinements=0)
    written = records(tmp_path)
    assert len(written) == 2
    assert all(record["messages"][-1]["train"] is True for record in written)


def test_the_configuration_trains_messages_by_what_they_say_and_no_role(tmp_path: Path) -> None:
    export(many(3), "axolotl", tmp_path)
    options = YAML(typ="safe").load(tmp_path / "axolotl.yaml")
    (dataset,) = options["datasets"]
    assert dataset["path"] == "data.jsonl"
    assert dataset["message_field_training"] == "train"
    assert (dataset["roles_to_train"], dataset["train_on_eos"]) == ([], "turn")
    assert "test_datasets" not in options
    assert options["val_set_size"] == 0


def test_with_a_split_it_evaluates_on_the_held_out_families_in_the_same_way(tmp_path: Path) -> None:
    export(many(20, [f"family {i}" for i in range(10)]), "axolotl", tmp_path, split=0.5)
    options = YAML(typ="safe").load(tmp_path / "axolotl.yaml")
    (train,), (test,) = options["datasets"], options["test_datasets"]
    assert (train.pop("path"), test.pop("path")) == ("train.jsonl", "test.jsonl")
    assert train == test


def test_what_the_configuration_names_is_there_and_what_it_makes_lies_outside(tmp_path: Path) -> None:
    export(many(3), "axolotl", tmp_path / "data")
    options = YAML(typ="safe").load(tmp_path / "data" / "axolotl.yaml")
    deepspeed = json.loads((tmp_path / "data" / options["deepspeed"]).read_text(encoding="utf-8"))
    assert deepspeed["zero_optimization"]["stage"] == 3
    assert (tmp_path / "data" / options["output_dir"]).resolve().parent == tmp_path
