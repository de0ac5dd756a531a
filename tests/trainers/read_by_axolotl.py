"""Axolotl reads `export --format axolotl`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import labels
import pytest
import yaml
from axolotl.cli.config import load_cfg
from axolotl.common.datasets import load_datasets
from axolotl.loaders import load_tokenizer
from axolotl.train import train
from axolotl.utils.collators import DataCollatorForSeq2Seq
from axolotl.utils.dict import DictDefault
from axolotl.utils.schemas.config import AxolotlInputConfig
from axolotl.utils.schemas.datasets import SFTDataset

# Family → what its configuration has otherwise, how a conversation reads, and what is trained of a reply.
FAMILIES: dict[str, tuple[dict[str, Any], Callable[[labels.Conversation], str], str]] = {
    "llama3": ({}, labels.llama_3, "{}<|eot_id|>"),
    "qwen3": (
        {
            "chat_template": "chatml",
            "eot_tokens": ["<|im_end|>"],
            "special_tokens": {"pad_token": "<|endoftext|>"},
        },
        labels.chatml,
        "{}<|im_end|>",
    ),
    "mistral": (
        {
            "chat_template": "mistral_v2v3",
            "eot_tokens": ["</s>"],
            "special_tokens": {"pad_token": "<unk>"},
        },
        labels.mistral,
        "{}</s>",
    ),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
Read = Callable[..., "Trainer"]


class Trainer:
    """A dataset as Axolotl's trainer gets it."""

    def __init__(self, options: dict[str, Any], family: str) -> None:
        _, self.rendered, self.reply = FAMILIES[family]
        self.cfg = load_cfg(DictDefault(options))
        self.tokenizer = load_tokenizer(self.cfg)
        self.meta = load_datasets(cfg=self.cfg)
        self._datasets = {"train": self.meta.train_dataset, "test": self.meta.eval_dataset}

    def batches(self, part: str = "train") -> list[tuple[list[int], list[int]]]:
        """Tokens and labels of each record, collated by twos, without what was padded."""
        rows, found = list(self._datasets[part]), []
        collator = DataCollatorForSeq2Seq(self.tokenizer, pad_to_multiple_of=64, return_tensors="pt")
        for i in range(0, len(rows), 2):
            batch = collator(rows[i : i + 2])
            for ids, wanted, mask in zip(
                batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True
            ):
                assert (wanted[mask == 0] == labels.IGNORED).all()
                found.append((ids[mask == 1].tolist(), wanted[mask == 1].tolist()))
        return found

    def trained(self, part: str = "train") -> list[list[str]]:
        return [labels.trained(self.tokenizer, ids, wanted) for ids, wanted in self.batches(part)]


def configuration(exports: Path, variant: str) -> dict[str, Any]:
    return yaml.safe_load((exports / variant / "axolotl" / "axolotl.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def read(exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    def read(variant: str, family: str = "llama3", **changes: Any) -> Trainer:
        folder = exports / variant / "axolotl"
        monkeypatch.chdir(folder)
        options = configuration(exports, variant) | FAMILIES[family][0]
        # What a machine without GPUs and hub needs otherwise; and the order of the file, to compare with.
        assert Path(options.pop("deepspeed")).is_file()
        options |= {
            "base_model": str(exports / "models" / family),
            "output_dir": str(tmp_path / "out"),
            "dataset_prepared_path": str(tmp_path / "prepared"),
            "bf16": False,
            "optimizer": "adamw_torch",
            "shuffle_merged_datasets": False,
        }
        return Trainer(options | changes, family)

    return read


def expected(trainer: Trainer, exports: Path, variant: str, file: str = "") -> list[list[str]]:
    return [
        [trainer.reply.format(reply) for reply in labels.replies_with_loss(conversation)]
        for conversation in labels.conversations(exports / variant / "messages" / file)
    ]


@pytest.mark.parametrize("variant", ["tuning", "split"])
def test_axolotl_knows_every_key_of_the_configuration(variant: str, exports: Path) -> None:
    options = configuration(exports, variant)
    assert set(options) <= set(AxolotlInputConfig.model_fields)
    for dataset in options["datasets"] + options.get("test_datasets", []):
        assert set(dataset) <= set(SFTDataset.model_fields)


@every_family
@pytest.mark.parametrize("variant", ["tuning", "train_errors", "mask_refinements"])
def test_the_replies_with_loss_are_trained_and_nothing_else(
    family: str, variant: str, read: Read, exports: Path
) -> None:
    trainer = read(variant, family)
    assert trainer.trained() == expected(trainer, exports, variant)
    assert [labels.text(trainer.tokenizer, ids) for ids, _ in trainer.batches()] == [
        trainer.rendered(labels.up_to_the_last_with_loss(conversation))
        for conversation in labels.conversations(exports / variant / "messages")
    ]


@pytest.mark.parametrize("family", ["llama3", "qwen3"])
def test_a_system_message_is_read_and_not_trained(family: str, read: Read, exports: Path) -> None:
    trainer = read("system", family)
    assert trainer.trained() == expected(trainer, exports, "system")
    assert [labels.text(trainer.tokenizer, ids) for ids, _ in trainer.batches()] == [
        trainer.rendered(conversation)
        for conversation in labels.conversations(exports / "system" / "messages")
    ]


def test_mistrals_template_would_lose_a_system_message(read: Read, exports: Path) -> None:
    trainer = read("system", "mistral")
    assert [labels.text(trainer.tokenizer, ids) for ids, _ in trainer.batches()] == [
        labels.mistral(conversation[1:])
        for conversation in labels.conversations(exports / "system" / "messages")
    ]


def test_no_erroneous_reply_is_trained(read: Read, exports: Path) -> None:
    trainer = read("tuning")
    conversations = labels.conversations(exports / "tuning" / "messages")
    assert trainer.trained() == [
        [trainer.reply.format(m["content"]) for m in conversation if m.get("error") is False]
        for conversation in conversations
    ]
    assert sum(m.get("error") is True for conversation in conversations for m in conversation) > 20


def test_the_check_sees_where_erroneous_replies_are_trained(read: Read, exports: Path) -> None:
    trainer = read("train_errors")
    assert trainer.trained() != expected(trainer, exports, "tuning")


def test_without_the_training_field_erroneous_replies_would_be_trained(read: Read, exports: Path) -> None:
    datasets = configuration(exports, "tuning")["datasets"]
    for dataset in datasets:
        del dataset["message_field_training"], dataset["roles_to_train"]
    trainer = read("tuning", datasets=datasets)
    assert trainer.trained() == [
        [trainer.reply.format(m["content"]) for m in conversation if m["role"] == "assistant"]
        for conversation in labels.conversations(exports / "tuning" / "messages")
    ]


def test_held_out_families_are_for_evaluation(read: Read, exports: Path) -> None:
    trainer = read("split")
    assert trainer.trained("train") == expected(trainer, exports, "split", "train.jsonl")
    assert trainer.trained("test") == expected(trainer, exports, "split", "test.jsonl")


def test_what_is_too_long_loses_its_end_and_the_rest_stays_as_it_was(read: Read, tmp_path: Path) -> None:
    whole = read("tuning").batches()
    cut = read("tuning", sequence_len=1000, dataset_prepared_path=str(tmp_path / "other")).batches()
    assert cut == [(ids[:1000], wanted[:1000]) for ids, wanted in whole]
    assert len({len(ids) for ids, _ in cut}) > 1


def test_the_tokens_of_an_earlier_export_would_be_trained_where_they_are_kept(
    read: Read, exports: Path, tmp_path: Path
) -> None:
    file = tmp_path / "data.jsonl"
    datasets = configuration(exports, "tuning")["datasets"]
    datasets[0]["path"] = str(file)
    found = []
    for variant in ("tuning", "train_errors"):
        file.write_text((exports / variant / "axolotl" / "data.jsonl").read_text("utf-8"), "utf-8")
        found.append(read("tuning", datasets=datasets).trained())
    assert found[0] == found[1]


def test_training_starts_from_the_configuration(read: Read, model: Callable[[str], Path]) -> None:
    trainer = read(
        "tuning",
        base_model=str(model("llama3")),
        max_steps=2,
        gradient_accumulation_steps=1,
        saves_per_epoch=None,
    )
    _, _, state = train(cfg=trainer.cfg, dataset_meta=trainer.meta)
    assert state.state.global_step == 2
