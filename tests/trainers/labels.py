"""What ought to be trained, read off the `messages` export, and what is, read off a trainer's tokens."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

IGNORED = -100
Conversation = list[dict[str, Any]]


def conversations(folder: Path) -> list[Conversation]:
    """The conversations of a dataset, or of one of its files."""
    return [
        json.loads(line)["messages"]
        for file in ([folder] if folder.is_file() else sorted(folder.glob("*.jsonl")))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]


def replies_with_loss(conversation: Conversation) -> list[str]:
    """The replies of a conversation that are to be trained."""
    return [message["content"] for message in conversation if message.get("loss")]


def up_to_the_last_with_loss(conversation: Conversation) -> Conversation:
    """A conversation without what comes after the last reply that is to be trained."""
    last = max(i for i, message in enumerate(conversation) if message.get("loss"))
    return conversation[: last + 1]


def prefixes(conversation: Conversation) -> list[Conversation]:
    """A conversation up to each of the replies that are to be trained."""
    return [conversation[: i + 1] for i, message in enumerate(conversation) if message.get("loss")]


def trained(tokenizer: Any, input_ids: Iterable[int], labels: Iterable[int]) -> list[str]:
    """The texts that carry loss, one for each run of tokens with a label.

    Labels that are not the tokens' own, and a label on the first token, which nothing predicts, are faults.
    """
    ids, wanted = list(map(int, input_ids)), list(map(int, labels))
    assert len(ids) == len(wanted)
    assert all(label in (IGNORED, token) for token, label in zip(ids, wanted, strict=True))
    assert wanted[0] == IGNORED
    runs: list[list[int]] = []
    for i, label in enumerate(wanted):
        if label != IGNORED:
            if wanted[i - 1] == IGNORED:
                runs.append([])
            runs[-1].append(label)
    return [text(tokenizer, run) for run in runs]


def text(tokenizer: Any, ids: Sequence[int]) -> str:
    """Tokens as text, as they are."""
    return str(
        tokenizer.decode(list(map(int, ids)), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )


def llama_3(conversation: Conversation) -> str:
    """A conversation as Llama-3 reads it."""
    return "<|begin_of_text|>" + "".join(
        f"<|start_header_id|>{message['role']}<|end_header_id|>\n\n{message['content']}<|eot_id|>"
        for message in conversation
    )


def mistral(conversation: Conversation) -> str:
    """A conversation as Mistral-7B-v0.3 reads it; a system message is the beginning of the first question."""
    said, system = "<s>", ""
    for message in conversation:
        if message["role"] == "system":
            system = f"{message['content']}\n\n"
        elif message["role"] == "user":
            said += f"[INST] {system}{message['content']}[/INST]"
            system = ""
        else:
            said += f" {message['content']}</s>"
    return said


def chatml(conversation: Conversation) -> str:
    """A conversation as Qwen reads it, without thinking blocks."""
    return "".join(
        f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in conversation
    )
