"""Make what the trainers' tests read: datasets of real play, and a small tokenizer of each family of models.

Run with the project's own Python; the trainers' tests run each in an environment of its own, where the package is not.

    python tests/trainers/exports.py FOLDER
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent
from trpg_env.agents.protocol import Info, Turn
from trpg_env.trajectory import Trajectory
from trpg_env.tuning.formats import FORMATS

SCRIPTS = ["cool-tomato", "dungeon", "office-mail", "unix-config", "kitchen"]
EPISODES = 10
VARIANTS: dict[str, dict[str, Any]] = {
    "tuning": {},
    "train_errors": {"train_errors": True},
    "mask_refinements": {"mask_refinements": True},
    "system": {"system_prompt": True},
    "split": {"split": 0.3},
}

# Each in its own words, and as the family's models are asked.
LLAMA_3 = """\
{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>

{{ message.content }}<|eot_id|>{% endfor %}\
{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>

{% endif %}"""
MISTRAL = """\
{{ bos_token }}{% set told = namespace(system='') %}{% for message in messages %}\
{% if message.role == 'system' %}{% set told.system = message.content + '\n\n' %}\
{% elif message.role == 'user' %}[INST] {{ told.system + message.content }}[/INST]{% set told.system = '' %}\
{% else %} {{ message.content }}{{ eos_token }}{% endif %}{% endfor %}"""
CHATML = """\
{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

FAMILIES: dict[str, dict[str, Any]] = {
    "llama3": {
        "bos": "<|begin_of_text|>",
        "eos": "<|end_of_text|>",
        "pad": "<|finetune_right_pad_id|>",
        "more": ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>"],
        "chat": LLAMA_3,
        "model": "llama",
    },
    "mistral": {
        "bos": "<s>",
        "eos": "</s>",
        "pad": "<unk>",
        "more": ["[INST]", "[/INST]"],
        "chat": MISTRAL,
        "model": "mistral",
    },
    "qwen3": {
        "bos": None,
        "eos": "<|im_end|>",
        "pad": "<|endoftext|>",
        "more": ["<|im_start|>"],
        "plain": ["<think>", "</think>"],
        "chat": CHATML,
        "model": "qwen3",
    },
}


class MumblingAgent(ErringAgent):
    """An erring player that now and then says what is no reply at all."""

    kind = "mumbling"

    def reset(self, env: Any, seed: int) -> None:
        super().reset(env, seed)
        self._acts = 0

    def act(self, observation: str, info: Info) -> Turn:
        self._acts += 1
        if self._acts % 5 == 2:
            return Turn("", "", reply="Hm, was that “north”?\nI am not sure.")
        return super().act(observation, info)


def played() -> list[Trajectory]:
    """Episodes with errors of each kind, malformed replies among them."""
    trajectories = list(rollout(SCRIPTS, ErringAgent(), EPISODES))
    trajectories += rollout(SCRIPTS, MumblingAgent(), EPISODES // 2)
    kinds = {dm.error for trajectory in trajectories for _, dm in trajectory.exchanges()}
    assert len(kinds) == 4, kinds
    return trajectories


def texts(folder: Path) -> Iterator[str]:
    """Every message of a `messages` dataset."""
    for line in (folder / "data.jsonl").read_text(encoding="utf-8").splitlines():
        yield from (message["content"] for message in json.loads(line)["messages"])


def model_folder(family: dict[str, Any], corpus: Path, out: Path) -> None:
    """A tokenizer as the family has it, and the configuration of a very small model of it."""
    special = [family["pad"], *filter(None, [family["bos"], family["eos"]]), *family["more"]]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(corpus), trainer)
    tokenizer.add_tokens([AddedToken(word, normalized=False) for word in family.get("plain", [])])
    if bos := family["bos"]:
        # As the real ones do: who encodes a piece of a conversation must not get another beginning with it.
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
    out.mkdir(parents=True)
    tokenizer.save(str(out / "tokenizer.json"))
    _write(
        out / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": family["bos"],
            "eos_token": family["eos"],
            "pad_token": family["pad"],
            "chat_template": family["chat"],
            "clean_up_tokenization_spaces": False,
            "model_max_length": 8192,
        },
    )
    _write(
        out / "config.json",
        {
            "model_type": family["model"],
            "architectures": [f"{family['model'].capitalize()}ForCausalLM"],
            "vocab_size": 1600,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "max_position_embeddings": 8192,
            "bos_token_id": tokenizer.token_to_id(family["bos"] or family["pad"]),
            "eos_token_id": tokenizer.token_to_id(family["eos"]),
            "pad_token_id": tokenizer.token_to_id(family["pad"]),
            "dtype": "float32",
        },
    )


def main(out: Path) -> None:
    """Make everything anew."""
    shutil.rmtree(out, ignore_errors=True)
    trajectories = played()
    everything = {"min_refinements": 0, "success_only": False}
    for variant, options in VARIANTS.items():
        for name in ("messages", "swift", "axolotl", "llamafactory"):
            if name in FORMATS:
                export(trajectories, name, out / variant / name, **everything, **options)
    export(trajectories, "llamafactory", out / "prefixes" / "llamafactory", **everything, max_prefixes=3)
    for name, family in FAMILIES.items():
        folder = out / "models" / name
        model_folder(family, out / "tuning" / "messages", folder)
        for variant, options in VARIANTS.items():
            if "tokens" in FORMATS:
                export(
                    trajectories,
                    "tokens",
                    out / variant / f"tokens-{name}",
                    **everything,
                    **options,
                    tokenizer=str(folder),
                )


def _write(file: Path, data: dict[str, Any]) -> None:
    file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
