"""TRL reads `export --format tokens`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import labels
import pytest
import torch
from datasets import load_dataset
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer

# Family → how a conversation reads, and what is trained of a reply.
FAMILIES: dict[str, tuple[Callable[[labels.Conversation], str], str]] = {
    "llama3": (labels.llama_3, "{}<|eot_id|>"),
    "mistral": (labels.mistral, " {}</s>"),
    "qwen3": (labels.chatml, "{}<|im_end|>"),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
Made = Callable[..., "Trainer"]


class Trainer(SFTTrainer):
    """TRL's trainer, which writes down what it trains and whether the loss is that of the labels alone."""

    def batches(self, part: str = "train") -> list[tuple[list[int], list[int]]]:
        """Tokens and labels of each record, collated by twos, without what was padded."""
        rows = list(self.train_dataset if part == "train" else self.eval_dataset)
        found = []
        for i in range(0, len(rows), 2):
            batch = self.data_collator(rows[i : i + 2])
            for ids, wanted, mask in zip(
                batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True
            ):
                assert (wanted[mask == 0] == labels.IGNORED).all()
                found.append((ids[mask == 1].tolist(), wanted[mask == 1].tolist()))
        return found

    def trained(self, part: str = "train") -> list[list[str]]:
        return [labels.trained(self.processing_class, ids, wanted) for ids, wanted in self.batches(part)]

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **keywords: Any) -> Any:
        given = {key: value.clone() for key, value in inputs.items() if isinstance(value, torch.Tensor)}
        loss = super().compute_loss(model, inputs, *args, **keywords)
        with torch.no_grad():
            scores = model(input_ids=given["input_ids"], attention_mask=given["attention_mask"]).logits
        alone = torch.nn.functional.cross_entropy(
            scores[:, :-1].flatten(0, 1), given["labels"][:, 1:].flatten(), ignore_index=labels.IGNORED
        )
        self.steps.append((given["labels"], float(loss.detach()), float(alone)))
        return loss

    steps: list[tuple[torch.Tensor, float, float]]


@pytest.fixture
def made(exports: Path, model: Callable[[str], Path], tmp_path: Path) -> Made:
    def made(variant: str, family: str, **options: Any) -> Trainer:
        folder = exports / variant / f"tokens-{family}"
        files = {path.stem: str(path) for path in sorted(folder.glob("*.parquet"))}
        files = {"train" if stem == "data" else stem: path for stem, path in files.items()}
        data = load_dataset("parquet", data_files=files)
        asked = {"max_length": None, "per_device_train_batch_size": 2, "report_to": "none", "use_cpu": True}
        asked |= {"output_dir": str(tmp_path / "out"), "save_strategy": "no", "bf16": False, "seed": 1}
        trainer = Trainer(
            str(model(family)),
            args=SFTConfig(**(asked | options)),
            train_dataset=data["train"],
            eval_dataset=data.get("test"),
            processing_class=AutoTokenizer.from_pretrained(exports / "models" / family),
        )
        trainer.steps = []
        return trainer

    return made


def expected(family: str, exports: Path, variant: str, file: str = "") -> list[list[str]]:
    return [
        [FAMILIES[family][1].format(reply) for reply in labels.replies_with_loss(conversation)]
        for conversation in labels.conversations(exports / variant / "messages" / file)
    ]


@every_family
@pytest.mark.parametrize("variant", ["tuning", "train_errors", "mask_refinements", "system"])
def test_the_replies_with_loss_are_trained_and_nothing_else(
    family: str, variant: str, made: Made, exports: Path
) -> None:
    trainer = made(variant, family)
    assert trainer.trained() == expected(family, exports, variant)
    assert [labels.text(trainer.processing_class, ids) for ids, _ in trainer.batches()] == [
        FAMILIES[family][0](conversation)
        for conversation in labels.conversations(exports / variant / "messages")
    ]


def test_the_check_sees_where_erroneous_replies_are_trained(made: Made, exports: Path) -> None:
    assert made("train_errors", "llama3").trained() != expected("llama3", exports, "tuning")


def test_held_out_families_are_for_evaluation(made: Made, exports: Path) -> None:
    trainer = made("split", "llama3")
    assert trainer.trained("train") == expected("llama3", exports, "split", "train.jsonl")
    assert trainer.trained("test") == expected("llama3", exports, "split", "test.jsonl")


@every_family
def test_the_loss_of_a_training_step_is_that_of_the_labels(family: str, made: Made, exports: Path) -> None:
    trainer = made("tuning", family, max_steps=2)
    records = [[label for label in wanted if label != labels.IGNORED] for _, wanted in trainer.batches()]
    trainer.train()
    assert len(trainer.steps) == 2
    for wanted, loss, alone in trainer.steps:
        assert loss == pytest.approx(alone, rel=1e-4)
        for row in wanted:
            assert row[row != labels.IGNORED].tolist() in records


def test_trls_own_max_length_would_cut_records_and_leave_out_those_in_which_nothing_is_left(
    made: Made,
) -> None:
    assert SFTConfig.max_length == 1024
    whole, cut = made("tuning", "llama3").batches(), made("tuning", "llama3", max_length=512).batches()
    left = [(ids[:512], wanted[:512]) for ids, wanted in whole]
    assert left != whole
    assert cut == [(ids, wanted) for ids, wanted in left if set(wanted) != {labels.IGNORED}]
