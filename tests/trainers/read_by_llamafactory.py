"""LLaMA-Factory reads `export --format llamafactory` and `--format tokens`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import labels
import pytest
import yaml
from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from llamafactory.train.tuner import run_exp

# Configuration → the family of its model, how a conversation reads there, and what is trained of a reply.
CONFIGURATIONS: dict[str, tuple[str, Callable[[labels.Conversation], str], str]] = {
    "llama3-8b": ("llama3", labels.llama_3, "{}<|eot_id|>"),
    "llama3-70b": ("llama3", labels.llama_3, "{}<|eot_id|>"),
    "mistral-7b": ("mistral", labels.mistral, " {}</s>"),
    "qwen3-8b": ("qwen3", labels.chatml, "{}<|im_end|>\n"),
}
every_configuration = pytest.mark.parametrize("name", CONFIGURATIONS)


def options_of(exports: Path, variant: str, name: str, out: Path) -> dict[str, Any]:
    """A configuration, with what a machine without GPUs, hub and the folder as its working directory needs otherwise."""
    folder = exports / variant / "llamafactory"
    options = dict(yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")))
    assert (folder / options.pop("deepspeed")).is_file()
    return options | {
        "model_name_or_path": str(exports / "models" / CONFIGURATIONS[name][0]),
        "dataset_dir": str(folder / options["dataset_dir"]),
        "output_dir": str(out),
        "preprocessing_num_workers": None,
        "bf16": False,
    }


class Read:
    """A dataset as LLaMA-Factory's trainer gets it."""

    def __init__(self, exports: Path, tmp_path: Path, variant: str, name: str, **changes: Any) -> None:
        _, self.rendered, self.reply = CONFIGURATIONS[name]
        options = options_of(exports, variant, name, tmp_path / "out")
        model_args, data_args, training_args, *_ = get_train_args(options | changes)
        self.training_args = training_args
        module = load_tokenizer(model_args)
        self.tokenizer = module["tokenizer"]
        template = get_template_and_fix_tokenizer(self.tokenizer, data_args)
        self.datasets = get_dataset(template, model_args, data_args, training_args, stage="sft", **module)
        self._collator = SFTDataCollatorWith4DAttentionMask(
            template=template, pad_to_multiple_of=8, label_pad_token_id=labels.IGNORED, **module
        )

        self._found: dict[str, list[tuple[list[int], list[int]]]] = {}

    def batches(self, part: str = "train_dataset") -> list[tuple[list[int], list[int]]]:
        """Tokens and labels of each record, collated by twos, without what was padded."""
        if part in self._found:
            return self._found[part]
        rows = list(self.datasets[part])
        found = self._found[part] = []
        for i in range(0, len(rows), 2):
            batch = self._collator(rows[i : i + 2])
            for ids, wanted, mask in zip(
                batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True
            ):
                assert (wanted[mask == 0] == labels.IGNORED).all()
                found.append((ids[mask == 1].tolist(), wanted[mask == 1].tolist()))
        return found

    def trained(self, part: str = "train_dataset") -> list[list[str]]:
        return [labels.trained(self.tokenizer, ids, wanted) for ids, wanted in self.batches(part)]


def expected(exports: Path, variant: str) -> list[labels.Conversation]:
    return [
        prefix
        for conversation in labels.conversations(exports / variant / "messages")
        for prefix in labels.prefixes(conversation)
    ]


@every_configuration
@pytest.mark.parametrize("variant", ["tuning", "train_errors", "mask_refinements", "system"])
def test_of_each_record_the_last_reply_is_trained_and_nothing_else(
    name: str, variant: str, exports: Path, tmp_path: Path
) -> None:
    read = Read(exports, tmp_path, variant, name)
    prefixes = expected(exports, variant)
    assert read.trained() == [[read.reply.format(prefix[-1]["content"])] for prefix in prefixes]
    assert [labels.text(read.tokenizer, ids) for ids, _ in read.batches()] == [
        read.rendered(prefix) for prefix in prefixes
    ]


@every_configuration
def test_each_correct_reply_is_trained_once_and_no_erroneous_one(
    name: str, exports: Path, tmp_path: Path
) -> None:
    read = Read(exports, tmp_path, "tuning", name)
    conversations = labels.conversations(exports / "tuning" / "messages")
    correct = [m["content"] for c in conversations for m in c if m.get("error") is False]
    errors = {m["content"] for c in conversations for m in c if m.get("error")} - set(correct)
    assert len(errors) > 20
    assert sorted(text for texts in read.trained() for text in texts) == sorted(
        map(read.reply.format, correct)
    )


def test_with_mistrals_own_tokenizer_it_is_the_same(
    exports: Path, mistrals_own: Path, tmp_path: Path
) -> None:
    read = Read(exports, tmp_path, "tuning", "mistral-7b", model_name_or_path=str(mistrals_own))
    prefixes = expected(exports, "tuning")
    assert len(read.tokenizer) == 32768
    # Decoding leaves away the blank that the first token begins with.
    assert read.trained() == [[read.reply.format(prefix[-1]["content"]).lstrip()] for prefix in prefixes]


def test_the_check_sees_where_erroneous_replies_are_trained(exports: Path, tmp_path: Path) -> None:
    read = Read(exports, tmp_path, "train_errors", "llama3-8b")
    assert read.trained() != [
        [read.reply.format(prefix[-1]["content"])] for prefix in expected(exports, "tuning")
    ]


def test_without_mask_history_erroneous_replies_would_be_trained(exports: Path, tmp_path: Path) -> None:
    read = Read(exports, tmp_path, "tuning", "llama3-8b", mask_history=False)
    assert read.trained() == [
        [read.reply.format(m["content"]) for m in prefix if m["role"] == "assistant"]
        for prefix in expected(exports, "tuning")
    ]


@every_configuration
def test_held_out_families_are_for_evaluation(name: str, exports: Path, tmp_path: Path) -> None:
    read = Read(exports, tmp_path, "split", name)
    for part, file in (("train_dataset", "train.jsonl"), ("eval_dataset", "test.jsonl")):
        conversations = labels.conversations(exports / "split" / "messages" / file)
        assert read.trained(part) == [
            [read.reply.format(prefix[-1]["content"])]
            for conversation in conversations
            for prefix in labels.prefixes(conversation)
        ]


def test_no_more_prefixes_of_an_episode_than_asked_for_the_last_reply_among_them(
    exports: Path, tmp_path: Path
) -> None:
    read = Read(exports, tmp_path, "prefixes", "llama3-8b")
    wanted = []
    for conversation in labels.conversations(exports / "tuning" / "messages"):
        all_of_them = labels.prefixes(conversation)
        few = [all_of_them[len(all_of_them) * i // 3 - 1] for i in (1, 2, 3)]
        assert few[-1] == conversation
        wanted += [[read.reply.format(prefix[-1]["content"])] for prefix in few]
    assert read.trained() == wanted


@pytest.mark.parametrize("family", ["llama3", "mistral", "qwen3"])
@pytest.mark.parametrize("variant", ["tuning", "train_errors", "mask_refinements", "system"])
def test_tokens_are_trained_as_they_are_labelled(
    family: str, variant: str, exports: Path, tmp_path: Path
) -> None:
    name = next(name for name, (of, *_) in CONFIGURATIONS.items() if of == family)
    tokens = exports / variant / f"tokens-{family}" / "tokenized"
    read = Read(exports, tmp_path, "tuning", name, tokenized_path=str(tokens))
    conversations = labels.conversations(exports / variant / "messages")
    reply = read.reply.rstrip("\n")
    assert read.trained() == [
        [reply.format(text) for text in labels.replies_with_loss(conversation)]
        for conversation in conversations
    ]
    assert [labels.text(read.tokenizer, ids) for ids, _ in read.batches()] == [
        read.rendered(conversation) for conversation in conversations
    ]


def test_held_out_tokens_are_left_alone(exports: Path, tmp_path: Path) -> None:
    tokens = exports / "split" / "tokens-llama3" / "tokenized"
    read = Read(exports, tmp_path, "tuning", "llama3-8b", tokenized_path=str(tokens))
    assert list(read.datasets) == ["train_dataset"]
    assert read.trained() == [
        [read.reply.format(text) for text in labels.replies_with_loss(conversation)]
        for conversation in labels.conversations(exports / "split" / "messages" / "train.jsonl")
    ]


@pytest.mark.parametrize("thinking", [True, False])
def test_the_template_for_thinking_would_begin_the_last_reply_with_a_block(
    thinking: bool, exports: Path, tmp_path: Path
) -> None:
    read = Read(exports, tmp_path, "tuning", "qwen3-8b", template="qwen3", enable_thinking=thinking)
    block = "<think>\n\n</think>\n\n"
    for prefix, trained, (ids, _) in zip(
        expected(exports, "tuning"), read.trained(), read.batches(), strict=True
    ):
        reply = read.reply.format(prefix[-1]["content"])
        assert trained == [block + reply if thinking else reply]
        assert labels.text(read.tokenizer, ids) == read.rendered(prefix).removesuffix(reply) + block + reply


def test_what_is_too_long_loses_what_came_first_and_its_last_reply_never(
    exports: Path, tmp_path: Path
) -> None:
    whole, cut = (Read(exports, tmp_path, "tuning", "llama3-8b", cutoff_len=length) for length in (8192, 500))
    assert cut.trained() == whole.trained()
    longer = [i for i, (ids, _) in enumerate(whole.batches()) if len(ids) > 500]
    assert longer
    for i in longer:
        question = expected(exports, "tuning")[i][0]["content"]
        said = labels.text(cut.tokenizer, cut.batches()[i][0])
        assert len(cut.batches()[i][0]) == 500
        assert question not in said


def test_a_system_message_would_get_more_words_from_the_reader_named_openai(
    exports: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    given = exports / "tuning" / "llamafactory"
    (folder / "data.jsonl").write_bytes((given / "data.jsonl").read_bytes())
    info = (given / "dataset_info.json").read_text(encoding="utf-8")
    (folder / "dataset_info.json").write_text(info.replace('"sharegpt"', '"openai"'), encoding="utf-8")
    read = Read(exports, tmp_path, "tuning", "llama3-8b", dataset_dir=str(folder))
    assert "detailed thinking off" in labels.text(read.tokenizer, read.batches()[0][0])


def test_a_template_with_efficient_eos_would_train_the_end_of_earlier_replies(
    exports: Path, tmp_path: Path
) -> None:
    read = Read(exports, tmp_path, "tuning", "llama3-8b", template="breeze")
    for prefix, (_, wanted) in zip(expected(exports, "tuning"), read.batches(), strict=True):
        replies = sum(message["role"] == "assistant" for message in prefix)
        assert wanted.count(read.tokenizer.eos_token_id) == replies


@pytest.mark.parametrize("tokens", [False, True])
def test_training_starts_from_a_configuration(
    tokens: bool, exports: Path, model: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = options_of(exports, "tuning", "llama3-8b", out) | {
        "model_name_or_path": str(model("llama3")),
        "max_steps": 2,
        "gradient_accumulation_steps": 1,
    }
    if tokens:
        options["tokenized_path"] = str(exports / "tuning" / "tokens-llama3" / "tokenized")
    run_exp(options)
    assert json.loads((out / "trainer_state.json").read_text(encoding="utf-8"))["global_step"] == 2
    assert json.loads((out / "train_results.json").read_text(encoding="utf-8"))["train_loss"] > 0
