"""Datasets per second: `messages` for tens of thousands of trajectories, and `tokens` beside the tokenizer alone.

Usage: python benchmarks/export.py [--episodes N] [--processes P] [--tokenizer FOLDER] [--json FILE]

The erring player plays every grounded script of the library, through the command; the file it leaves is exported
through the command too, as a user would. Memory is the resident set of the command. `tokens` is measured in this process,
from the file to the dataset's folder, on a part of the episodes: once as they were played, and once with a number
behind every observation and thought, so that no text comes twice. The baseline is the tokenizer alone, which gets the same
texts, rendered before, in batches and on all cores. Without a folder, the tokenizer is one of 16,000 byte-level pieces that is
trained on the episodes, with a template in the manner of ChatML.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from rollouts import measured

from trpg_env import export
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script
from trpg_env.trajectory import DMTurn, Trajectory, read_trajectories
from trpg_env.tuning import conversation
from trpg_env.tuning.formats.tokens import BATCH
from trpg_env.tuning.tokens.template import ChatTemplate
from trpg_env.tuning.tokens.tokenizer import load_tokenizer

ENCODED = 3_000
ROUNDS = 3
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def trained(trajectories: Sequence[Trajectory], folder: Path) -> Path:
    """A tokenizer for the episodes, in a folder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=16_000, special_tokens=["<|im_start|>", "<|im_end|>"], show_progress=False
    )
    contents = (message.content for one in trajectories for message in conversation(one))
    tokenizer.train_from_iterator(contents, trainer)
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def nothing_twice(trajectories: Sequence[Trajectory]) -> Iterator[Trajectory]:
    """The episodes with a number behind every observation and thought."""
    number = 0
    for one in trajectories:
        turns = []
        for turn in one.turns:
            number += 1
            told = "observation" if isinstance(turn, DMTurn) else "thought"
            turns.append(turn.model_copy(update={told: f"{getattr(turn, told)} ({number})"}))
        instruction = f"{one.instruction} ({number})"
        yield one.model_copy(update={"turns": turns, "instruction": instruction})


def compared(trajectories: Sequence[Trajectory], tokenizer: Path, folder: Path) -> tuple[float, float]:
    """Characters per second: the export from a file, and the tokenizer alone; the best of some rounds, in turn."""
    file = folder / "encoded.jsonl"
    file.write_text("".join(f"{one.model_dump_json()}\n" for one in trajectories))
    chat = load_tokenizer(tokenizer)
    template = ChatTemplate(chat.template, chat.tokens, datetime.now().astimezone())
    texts = [template.render(conversation(one)) for one in trajectories]
    characters = sum(map(len, texts))
    ours = alone = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for at in range(0, len(texts), BATCH):
            chat.tokenizer.encode_batch(texts[at : at + BATCH], add_special_tokens=False)
        alone = min(alone, time.perf_counter() - began)
        began = time.perf_counter()
        summary = export(
            read_trajectories(file), "tokens", folder / "tokens", tokenizer=tokenizer, min_refinements=0
        )
        ours = min(ours, time.perf_counter() - began)
        if summary.records != len(texts):
            raise SystemExit(f"{summary.records} records of {len(texts)} texts: the two did not do the same")
    return characters / ours, characters / alone


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--episodes", type=int, default=64_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tokenizer", type=Path, help="the folder of a Hugging Face tokenizer")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with Sandbox() as sandbox:
        scripts = [name for name in library() if load_script(name, sandbox=sandbox).grounded]
    command = [sys.executable, "-m", "trpg_env"]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        file = folder / "episodes.jsonl"
        played = ["rollout", "--scripts", *scripts, "--player", "erring", "-n", str(options.episodes)]
        measured([*command, *played, "--processes", str(options.processes), "--out", str(file)])
        size = file.stat().st_size
        exported = ["export", str(file), "--format", "messages", "--all", "--out", str(folder / "messages")]
        seconds, memory, _ = measured([*command, *exported])
        most = max(resident for _, resident in memory)
        correct = (one for one in read_trajectories(file) if one.success and conversation(one))
        first = list(islice(correct, ENCODED))
        file.unlink()
        tokenizer = options.tokenizer or trained(first, folder / "tokenizer")
        rows = {
            "as played": compared(first, tokenizer, folder),
            "no text twice": compared(list(nothing_twice(first)), tokenizer, folder),
        }
    print(
        f"messages: {options.episodes:,} trajectories ({size / 1e6:,.0f} MB) in {seconds:.1f} s, at most {most / 1e6:.0f} MB"
    )
    print(f"\n{'tokens':<16}{'export, MB/s':>14}{'tokenizer alone':>18}{'ratio':>8}")
    for name, (ours, alone) in rows.items():
        print(f"{name:<16}{ours / 1e6:>14.2f}{alone / 1e6:>18.2f}{ours / alone:>8.2f}")
    if options.json:
        figures = {name: {"export": ours, "alone": alone} for name, (ours, alone) in rows.items()}
        told = {"episodes": options.episodes, "seconds": seconds, "bytes": most, "tokens": figures}
        options.json.write_text(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
