"""ms-swift reads `export --format swift`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import labels
import pytest
from swift.cli.main import parse_yaml_args
from swift.pipelines import SwiftSft

# Configuration → the family of its model, how a conversation reads there, and what is trained of a reply.
CONFIGURATIONS: dict[str, tuple[str, Callable[[labels.Conversation], str], str]] = {
    "llama3-8b": ("llama3", labels.llama_3, "{}<|eot_id|>"),
    "qwen3-8b": ("qwen3", labels.chatml, "{}<|im_end|>\n"),
}
every_configuration = pytest.mark.parametrize("name", CONFIGURATIONS)
Read = Callable[..., "Trainer"]


class Trainer:
    """ms-swift's own training, up to where it would begin to train."""

    def __init__(self, arguments: list[str], name: str) -> None:
        _, self.rendered, self.reply = CONFIGURATIONS[name]
        self.sft = SwiftSft(arguments)
        self.tokenizer = self.sft.template.tokenizer
        self.datasets = self.sft._prepare_dataset()

    def batches(self, part: int = 0) -> list[tuple[list[int], list[int]]]:
        """Tokens and labels of each record, collated by twos, without what was padded."""
        rows = [self.datasets[part][i] for i in range(len(self.datasets[part]))]
        found = []
        for i in range(0, len(rows), 2):
            batch = self.sft.template.data_collator(rows[i : i + 2])
            # A scale beside the labels would weigh some tokens more than others.
            assert "loss_scale" not in batch
            for ids, wanted, mask in zip(
                batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True
            ):
                assert (wanted[mask == 0] == labels.IGNORED).all()
                found.append((ids[mask == 1].tolist(), wanted[mask == 1].tolist()))
        return found

    def trained(self, part: int = 0) -> list[list[str]]:
        return [labels.trained(self.tokenizer, ids, wanted) for ids, wanted in self.batches(part)]


@pytest.fixture
def read(
    exports: Path, model: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Read:
    def read(variant: str, name: str, **changes: Any) -> Trainer:
        monkeypatch.chdir(exports / variant / "swift")
        arguments = [f"{name}.yaml"]
        parse_yaml_args(arguments)
        # What a machine without GPUs and hub needs otherwise.
        at = arguments.index("--deepspeed")
        assert arguments[at + 1] == "zero3"
        del arguments[at : at + 2]
        family = CONFIGURATIONS[name][0]
        changes |= {
            "model": model(family),
            "model_type": {"llama3": "llama", "qwen3": "qwen3"}[family],
            "torch_dtype": "float32",
            "output_dir": tmp_path / "out",
            "dataset_shuffle": False,
            "add_version": False,
        }
        for key, value in changes.items():
            arguments += [f"--{key}", str(value)]
        return Trainer(arguments, name)

    return read


def expected(read: Trainer, exports: Path, variant: str, file: str = "") -> list[list[str]]:
    return [
        [read.reply.format(reply) for reply in labels.replies_with_loss(conversation)]
        for conversation in labels.conversations(exports / variant / "messages" / file)
    ]


@every_configuration
@pytest.mark.parametrize("variant", ["tuning", "train_errors", "mask_refinements", "system"])
def test_the_replies_with_loss_are_trained_and_nothing_else(
    name: str, variant: str, read: Read, exports: Path
) -> None:
    trainer = read(variant, name)
    assert trainer.trained() == expected(trainer, exports, variant)
    assert [labels.text(trainer.tokenizer, ids) for ids, _ in trainer.batches()] == [
        trainer.rendered(labels.up_to_the_last_with_loss(conversation))
        for conversation in labels.conversations(exports / variant / "messages")
    ]


@every_configuration
def test_no_erroneous_reply_is_trained(name: str, read: Read, exports: Path) -> None:
    trainer = read("tuning", name)
    conversations = labels.conversations(exports / "tuning" / "messages")
    assert trainer.trained() == [
        [trainer.reply.format(m["content"]) for m in conversation if m.get("error") is False]
        for conversation in conversations
    ]
    assert sum(m.get("error") is True for conversation in conversations for m in conversation) > 20


def test_the_check_sees_where_erroneous_replies_are_trained(read: Read, exports: Path) -> None:
    trainer = read("train_errors", "llama3-8b")
    assert trainer.trained() != expected(trainer, exports, "tuning")


@every_configuration
def test_held_out_families_are_for_evaluation(name: str, read: Read, exports: Path) -> None:
    trainer = read("split", name)
    assert trainer.trained(0) == expected(trainer, exports, "split", "train.jsonl")
    assert trainer.trained(1) == expected(trainer, exports, "split", "test.jsonl")


def test_what_is_too_long_loses_its_end_and_the_rest_stays_as_it_was(read: Read, exports: Path) -> None:
    whole, cut = read("tuning", "llama3-8b").batches(), read("tuning", "llama3-8b", max_length=1000).batches()
    assert [len(ids) for ids, _ in cut] == [min(len(ids), 1000) for ids, _ in whole]
    assert cut == [(ids[:1000], wanted[:1000]) for ids, wanted in whole]
    assert min(len(ids) for ids, _ in cut) < max(len(ids) for ids, _ in whole)


def test_the_jinja_backend_would_train_everything(read: Read) -> None:
    trainer = read("tuning", "llama3-8b", template_backend="jinja")
    for ids, wanted in trainer.batches():
        assert wanted[1:] == ids[1:]


def test_a_template_for_hybrid_thinking_would_write_a_block_before_every_reply(
    read: Read, exports: Path
) -> None:
    trainer = read("tuning", "qwen3-8b", template="qwen3")
    conversations = labels.conversations(exports / "tuning" / "messages")
    for (ids, _), conversation in zip(trainer.batches(), conversations, strict=True):
        replies = sum(message["role"] == "assistant" for message in conversation)
        assert labels.text(trainer.tokenizer, ids).count("<think>\n\n</think>\n\n") == replies


def test_the_end_of_a_last_reply_without_loss_would_be_trained(read: Read, exports: Path) -> None:
    file = exports / "mask_refinements" / "messages" / "data.jsonl"
    conversations = labels.conversations(file)
    assert any(conversation[-1]["loss"] is False for conversation in conversations)
    trainer = read("mask_refinements", "llama3-8b", dataset=file)
    assert trainer.trained() == [
        [trainer.reply.format(reply) for reply in labels.replies_with_loss(conversation)]
        + ["<|eot_id|>"] * (not conversation[-1]["loss"])
        for conversation in conversations
    ]


def test_training_starts_from_a_configuration(read: Read) -> None:
    trainer = read("tuning", "llama3-8b", max_steps=2, gradient_accumulation_steps=1)
    told = trainer.sft.run()
    assert told["global_step"] == 2
    assert told["log_history"][-1]["train_loss"] > 0
