"""Small tokenizers with chat templates of the kinds that there are, and what ought to come of them, the slow way."""

import json
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from trpg_env.tuning import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TRIMMED = (
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "<|im_start|>{{ message['role'] }}\n\n{{ message['content'] | trim }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n\n{% endif %}"
)
INSTRUCT = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('Only user and assistant') }}{% endif %}{% endfor %}"
)
BLANK_BEFORE_REPLY = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
LAST_IS_SPECIAL = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LOOKS_INSIDE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if 'e' in message['content'] %}(e) {% endif %}{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ASKS_OTHERWISE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)

NEXT_SIGN_ENDS = (
    "{% for message in messages %}<|im_start|>{{ message['role'][0] }}<s>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>a<s>{% endif %}"
)
ENDS_WITH_EOS = CHATML.replace(
    "{% if add_generation_prompt %}",
    "{% if not add_generation_prompt %}</s>{% endif %}{% if add_generation_prompt %}",
)
ALWAYS_ASKS = CHATML.replace("{% if add_generation_prompt %}", "{% if true %}")

CORPUS = [
    "Thought: The next step towards the goal is to go west.\nAction: go west",
    "You see a tomato, a fridge and an oven. assistant user system: ",
    "Error: there is no such item here; 1 2 3 4 5.\n\n",
]
CORPUS += ["assistant: Thought: why\nuser: seen"] * 3

SPECIAL = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]


def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    return tokenizer


def metaspace() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    alphabet = [chr(i) for i in range(32, 127)] + ["\n", "▁"]
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=[*SPECIAL, *(f"<0x{i:02X}>" for i in range(256))],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    return tokenizer


def saved(
    folder: Path, template: str | None = CHATML, tokenizer: Tokenizer | None = None, **config: Any
) -> Path:
    """A tokenizer's folder, as `save_pretrained` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (tokenizer or byte_level()).save(str(folder / "tokenizer.json"))
    told = {"bos_token": "<s>", "eos_token": "</s>"} | config
    if template is not None:
        told["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    return folder


class Slowly:
    """Tokens and labels by the definition: every prefix is rendered and encoded by itself."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        config = json.loads((folder / "tokenizer_config.json").read_text())
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        self._template = environment.from_string(config["chat_template"])
        self._names = {key: config[key] for key in ("bos_token", "eos_token")}

    def text(self, messages: Sequence[Message], *, reply_next: bool = False) -> str:
        told = [{"role": m.role, "content": m.content} for m in messages]
        return self._template.render(messages=told, add_generation_prompt=reply_next, **self._names)

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def labelled(self, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
        """The whole conversation; the blanks behind an end-of-turn token have no label.

        Where a prompt's tokens are not those that the whole begins with, prompts and replies are encoded apart.
        """
        text = self.text(messages)
        places = [0]
        for i, message in enumerate(messages):
            if message.role == "assistant":
                before, upto = self.text(messages[:i], reply_next=True), self.text(messages[: i + 1]).rstrip()
                assert text.startswith(before) and text.startswith(upto)
                places += [len(before), len(upto)]
        places.append(len(text))
        ids = self.ids(text)
        counts = [len(self.ids(text[:place])) for place in places]
        if any(self.ids(text[:place]) != ids[:n] for place, n in zip(places, counts, strict=True)):
            parts = [self.ids(text[a:b]) for a, b in pairwise(places)]
            counts = [0, *accumulate(map(len, parts))]
            ids = [i for part in parts for i in part]
        labels = [-100] * len(ids)
        replies = [message for message in messages if message.role == "assistant"]
        for message, (a, b) in zip(replies, zip(counts[1::2], counts[2::2], strict=False), strict=True):
            if message.loss:
                labels[a:b] = ids[a:b]
        return ids, labels
