"""`tokens`: input ids and labels for any Hugging Face tokenizer with a chat template.

Trainers differ in what they make of messages. Tokens with labels leave nothing to make of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice

import numpy as np

from trpg_env.tuning.formats.base import Columns, Encode, Entry, Episode, Format, Record
from trpg_env.tuning.options import Options
from trpg_env.tuning.prefixes import counting_at, prefix_ends
from trpg_env.tuning.tokens.files import TokenFiles, token_files
from trpg_env.tuning.tokens.labels import Encoded, Encoder, Ids
from trpg_env.tuning.tokens.rendering import Rendered, Renderer
from trpg_env.tuning.tokens.template import ChatTemplate
from trpg_env.tuning.tokens.tokenizer import load_tokenizer

BATCH = 128
"""How many episodes are encoded at once."""

_ABOUT = """\
Tokens for one model: `input_ids`, `attention_mask`, and `labels`, which are the ids where a token counts towards the
loss and -100 everywhere else. What counts is each correct reply, from its first token to its end-of-turn token; erroneous
replies and all that the player was told are context. TRL's `SFTTrainer` and `transformers`' `Trainer` take the rows as they are, with
`DataCollatorForSeq2Seq`; in LLaMA-Factory, set `tokenized_path` to the folder `tokenized`."""

_COLUMNS: Columns = {"input_ids": ("int32",), "attention_mask": ("int8",), "labels": ("int32",)}


class _Work:
    """An episode and the texts that it becomes.

    Attributes:
        episode: The episode.
        ends: The replies that the texts end with, where each is a prefix; None for one text of it all.
        texts: The texts.
    """

    def __init__(self, episode: Episode, renderer: Renderer, options: Options) -> None:
        self.episode = episode
        self.ends: list[int] | None = None
        whole = renderer.whole(episode.messages)
        if whole is not None:
            self.texts: list[Rendered] = [whole]
        else:
            self.ends = prefix_ends(episode.messages, options.max_prefixes)
            self.texts = [renderer.up_to(episode.messages, end) for end in self.ends]

    def entry(self, read: Sequence[Encoded], longest: int | None) -> Entry:
        """What becomes of the episode.

        Args:
            read: Its texts in tokens.
            longest: The most tokens in a record.
        """
        if self.ends is None:
            return self._whole(read[0], longest)
        return self._prefixes(self.ends, read, longest)

    def _whole(self, read: Encoded, longest: int | None) -> Entry:
        trajectory, messages = self.episode.trajectory, self.episode.messages
        trained = [i for i, message in enumerate(messages) if message.loss]
        if longest is None or len(read.ids) <= longest:
            return Entry(self.episode, [_record(read.ids, read.labels(trained))])
        trained = [i for i in trained if read.parts[i].end <= longest]
        if not trained:
            return Entry(self.episode, [], left_out=_too_long(longest))
        end = read.parts[trained[-1]].end
        cut = Episode(trajectory, messages[: trained[-1] + 1])
        record = _record(read.ids[:end], read.labels(trained)[:end])
        return Entry(cut, [record], remarks=[f"cut after a reply, to {longest} tokens at most"])

    def _prefixes(self, ends: Sequence[int], read: Sequence[Encoded], longest: int | None) -> Entry:
        fit = [i for i, one in enumerate(read) if longest is None or len(one.ids) <= longest]
        if not fit:
            return Entry(self.episode, [], left_out=_too_long(longest))
        records = [_record(read[i].ids, read[i].labels([ends[i]])) for i in fit]
        kept = Episode(self.episode.trajectory, counting_at(self.episode.messages, [ends[i] for i in fit]))
        remarks = ["written as prefix records, for the chat template rewrites what was said before"]
        if len(fit) < len(read):
            remarks.append(f"without its prefixes of more than {longest} tokens")
        return Entry(kept, records, remarks=remarks)


def _too_long(longest: int | None) -> str:
    return f"more than {longest} tokens up to the first reply that counts"


def _record(ids: Ids, labels: Ids) -> Record:
    return {"input_ids": ids, "attention_mask": np.ones(len(ids), dtype=np.int8), "labels": labels}


def _encoder(options: Options) -> Encode:
    chat = load_tokenizer(options.tokenizer)
    renderer = Renderer(ChatTemplate(chat.template, chat.tokens), chat.splits_at)
    longest = chat.max_length if options.max_length is None else int(options.max_length)
    return partial(_entries, renderer, Encoder(chat.tokenizer), longest, options)


def _entries(
    renderer: Renderer, encoder: Encoder, longest: int | None, options: Options, episodes: Iterable[Episode]
) -> Iterator[Entry]:
    """What becomes of episodes; while a batch is rendered, the one before is encoded on all cores."""
    coming = iter(episodes)
    with ThreadPoolExecutor(1) as pool:
        works: list[_Work] = []
        reading: Future[list[Encoded]] | None = None
        while works or reading is None:
            following = [_Work(episode, renderer, options) for episode in islice(coming, BATCH)]
            read = reading.result() if reading is not None else []
            reading = pool.submit(encoder.encode, [one for work in following for one in work.texts])
            yield from _finished(works, read, longest)
            works = following


def _finished(works: Sequence[_Work], read: Sequence[Encoded], longest: int | None) -> Iterator[Entry]:
    each = iter(read)
    for work in works:
        yield work.entry(list(islice(each, len(work.texts))), longest)


TOKENS = Format(
    "tokens",
    _ABOUT,
    _COLUMNS,
    _encoder,
    takes=frozenset({"system_prompt", "max_prefixes", "tokenizer", "max_length"}),
    suffix=".parquet",
    sink=TokenFiles,
    files=token_files,
)
