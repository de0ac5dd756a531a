"""Datasets per second: `messages` for tens of thousands of trajectories, and `tokens` beside the tokenizer alone.

Usage: python benchmarks/export.py [--episodes N] [--processes P] [--tokenizer FOLDER] [--json FILE]

The erring player plays every grounded script of the library, through the command; the file it leaves is exported
through the command too, as a user would. Memory is the resident set of the command. `tokens` is measured in this process,
to the dataset's folder, from memory and from a file, on a part of the episodes: once as they were played, and once with a number
behind every thought and observation, so that nothing is said twice, as where language models play; what comes twice is the
instruction and the opening scene. The baseline is the tokenizer alone, which gets the same texts, rendered before, in
batches and on all cores. Without a folder, the tokenizer is one of 16,000 byte-level pieces that is
trained on the episodes, with a template in the manner of ChatML.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from rollouts import measured

from trpg_env import export
from trpg_env.cli.export import spare_the_collector
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script
from trpg_env.trajectory import DMTurn, Trajectory, read_trajectories
from trpg_env.tuning import conversation
from trpg_env.tuning.tokens.template import ChatTemplate
from trpg_env.tuning.tokens.tokenizer import load_tokenizer

ENCODED = 8_000
ROUNDS = 2
TOGETHER = 128
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


def never_the_same(trajectories: Sequence[Trajectory]) -> Iterator[Trajectory]:
    """The episodes with a number behind every thought and every observation after the opening."""
    number = 0
    for one in trajectories:
        turns = [one.turns[0]]
        for turn in one.turns[1:]:
            number += 1
            told = "observation" if isinstance(turn, DMTurn) else "thought"
            turns.append(turn.model_copy(update={told: f"{getattr(turn, told)} ({number})"}))
        yield one.model_copy(update={"turns": turns})


def compared(trajectories: Sequence[Trajectory], tokenizer: Path, folder: Path) -> dict[str, float]:
    """Characters per second: the tokenizer alone, and the export from memory and from a file; the best of some rounds."""
    file = folder / "encoded.jsonl"
    file.write_text("".join(f"{one.model_dump_json()}\n" for one in trajectories))
    chat = load_tokenizer(tokenizer)
    template = ChatTemplate(chat.template, chat.tokens, datetime.now().astimezone())
    texts = [template.render(conversation(one)) for one in trajectories]

    def alone() -> None:
        for at in range(0, len(texts), TOGETHER):
            chat.tokenizer.encode_batch(texts[at : at + TOGETHER], add_special_tokens=False)

    def exported(given: Iterable[Trajectory]) -> None:
        summary = export(given, "tokens", folder / "tokens", tokenizer=tokenizer, min_refinements=0)
        if summary.records != len(texts):
            raise SystemExit(f"{summary.records} records of {len(texts)} texts: the two did not do the same")

    ways: dict[str, Callable[[], None]] = {
        "alone": alone,
        "from memory": lambda: exported(trajectories),
        "from a file": lambda: exported(read_trajectories(file)),
    }
    best = dict.fromkeys(ways, float("inf"))
    spare_the_collector()  # as the command does
    for _ in range(ROUNDS):
        for way, run in ways.items():
            began = time.perf_counter()
            run()
            best[way] = min(best[way], time.perf_counter() - began)
    characters = sum(map(len, texts))
    return {way: characters / seconds for way, seconds in best.items()}


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
        seconds, resident, _ = measured([*command, *exported])
        most = max(size for _, size in resident)
        correct = (one for one in read_trajectories(file) if one.success and conversation(one))
        first = list(islice(correct, ENCODED))
        file.unlink()
        tokenizer = options.tokenizer or trained(first, folder / "tokenizer")
        rows = {
            "as played": compared(first, tokenizer, folder),
            "never the same": compared(list(never_the_same(first)), tokenizer, folder),
        }
    print(
        f"messages: {options.episodes:,} trajectories ({size / 1e6:,.0f} MB) in {seconds:.1f} s, at most {most / 1e6:.0f} MB"
    )
    print(
        f"\n{'tokens, MB/s':<16}{'tokenizer alone':>16}{'from memory':>14}{'ratio':>7}{'from a file':>14}{'ratio':>7}"
    )
    for name, rates in rows.items():
        alone, memory, file_rate = rates["alone"], rates["from memory"], rates["from a file"]
        print(
            f"{name:<16}{alone / 1e6:>16.2f}{memory / 1e6:>14.2f}{memory / alone:>7.2f}"
            f"{file_rate / 1e6:>14.2f}{file_rate / alone:>7.2f}"
        )
    if options.json:
        told = {"episodes": options.episodes, "seconds": seconds, "bytes": most, "tokens": rows}
        options.json.write_text(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
