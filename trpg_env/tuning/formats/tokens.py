"""`tokens`: input ids and labels for any Hugging Face tokenizer with a chat template.

Trainers differ in what they make of messages. Tokens with labels leave nothing to make of them.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import islice

import numpy as np

from trpg_env.tuning.formats.base import Columns, Entry, Episode, Format, Record
from trpg_env.tuning.options import Options
from trpg_env.tuning.prefixes import counting_at, prefix_ends
from trpg_env.tuning.tokens.files import TokenFiles, token_files
from trpg_env.tuning.tokens.labels import Encoded, Encoder, Ids, Started
from trpg_env.tuning.tokens.rendering import Rendered, Renderer, Unsaid
from trpg_env.tuning.tokens.template import ChatTemplate
from trpg_env.tuning.tokens.tokenizer import load_tokenizer

BATCH = 32
"""How many episodes are encoded at once, where they are not too long."""

AHEAD = 4
"""How many batches are encoded while others are rendered and written."""

LONG = 1 << 22
"""How many characters are encoded at once at most, where an episode does not have more."""

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
        texts: The texts; none where the chat template does not say what its messages say.
    """

    def __init__(self, episode: Episode, renderer: Renderer, options: Options) -> None:
        self.episode = episode
        self.texts: list[Rendered] = []
        self._ends: list[int] | None = None
        try:
            whole = renderer.whole(episode.messages)
            if whole is not None:
                self.texts = [whole]
                return
            self._ends = prefix_ends(episode.messages, options.max_prefixes)
            self.texts = [renderer.up_to(episode.messages, end) for end in self._ends]
        except Unsaid:
            self.texts = []

    def entry(self, read: Sequence[Encoded], encoder: Encoder, longest: int | None) -> Entry:
        """What becomes of the episode.

        Args:
            read: Its texts in tokens.
            encoder: What has read them.
            longest: The most tokens in a record.
        """
        if not read:
            return Entry(self.episode, [], left_out="the chat template leaves out what a message says")
        entry = (
            self._whole(read[0], longest) if self._ends is None else self._prefixes(self._ends, read, longest)
        )
        if entry.left_out is not None:
            return entry
        remarks = list(entry.remarks)
        if any(one.apart for one in read):
            remarks.append(
                "prompts and replies encoded apart, for the tokenizer reads them otherwise together"
            )
        if not any(
            encoder.says_when_to_stop(one.ids[part.end - 1]) for one in read for part in one.parts.values()
        ):
            remarks.append("no reply ends with a special token, so nothing in it may tell a server to stop")
        return replace(entry, remarks=remarks)

    def _whole(self, read: Encoded, longest: int | None) -> Entry:
        trained = [i for i, message in enumerate(self.episode.messages) if message.loss]
        if longest is None or len(read.ids) <= longest:
            return Entry(self.episode, [_record(read.ids, read.labels(trained))])
        trained = [i for i in trained if read.parts[i].end <= longest]
        if not trained:
            return Entry(
                self.episode, [], left_out=f"more than {longest} tokens up to the first reply that counts"
            )
        end = read.parts[trained[-1]].end
        record = _record(read.ids[:end], read.labels(trained)[:end])
        return Entry(
            self._up_to(trained), [record], remarks=[f"cut after a reply, to {longest} tokens at most"]
        )

    def _prefixes(self, ends: Sequence[int], read: Sequence[Encoded], longest: int | None) -> Entry:
        fit = [i for i, one in enumerate(read) if longest is None or len(one.ids) <= longest]
        if not fit:
            return Entry(self.episode, [], left_out=f"each of its prefixes has more than {longest} tokens")
        records = [_record(read[i].ids, read[i].labels([ends[i]])) for i in fit]
        remarks = ["written as prefix records, for the chat template rewrites what was said before"]
        if len(fit) < len(read):
            remarks.append(f"without its prefixes of more than {longest} tokens")
        return Entry(self._up_to([ends[i] for i in fit]), records, remarks=remarks)

    def _up_to(self, ends: Sequence[int]) -> Episode:
        """The episode as far as it is written, with loss on these replies alone."""
        messages = self.episode.messages[: ends[-1] + 1]
        return Episode(self.episode.trajectory, counting_at(messages, ends))


def _record(ids: Ids, labels: Ids) -> Record:
    return {"input_ids": ids, "attention_mask": np.ones(len(ids), dtype=np.int8), "labels": labels}


class _Encoding:
    """Encodes episodes.

    Attributes:
        facts: What the records hang on beside the options.
    """

    def __init__(self, options: Options) -> None:
        chat = load_tokenizer(options.tokenizer)
        moment = datetime.now().astimezone()
        template = ChatTemplate(chat.template, chat.tokens, moment)
        self._options = options
        self._renderer = Renderer(template, chat.special, chat.splits_at)
        self._encoder = Encoder(chat.tokenizer, chat.splits_at)
        self._longest = chat.max_length if options.max_length is None else int(options.max_length)
        self.facts = {"chat template, SHA-256": hashlib.sha256(chat.template.encode()).hexdigest()}
        if "strftime_now" in chat.template:
            self.facts["day that the chat template is told"] = moment.date().isoformat()
        if self._longest is not None:
            self.facts["tokens in a record at most"] = str(self._longest)

    def __call__(self, episodes: Iterable[Episode]) -> Iterator[Entry]:
        """What becomes of episodes; while batches are encoded on all cores, the next is rendered and the last written."""
        batches = _batches(_Work(episode, self._renderer, self._options) for episode in episodes)
        with ThreadPoolExecutor(AHEAD) as pool:
            started: deque[tuple[list[_Work], Started]] = deque()
            for works in batches:
                started.append(
                    (works, self._encoder.start([one for work in works for one in work.texts], pool))
                )
                if len(started) > AHEAD:
                    yield from self._finished(*started.popleft())
            while started:
                yield from self._finished(*started.popleft())

    def _finished(self, works: Sequence[_Work], started: Started) -> Iterator[Entry]:
        each = iter(self._encoder.finish(started))
        for work in works:
            yield work.entry(list(islice(each, len(work.texts))), self._encoder, self._longest)


def _batches(works: Iterable[_Work]) -> Iterator[list[_Work]]:
    batch: list[_Work] = []
    size = 0
    for work in works:
        batch.append(work)
        size += sum(len(one.text) for one in work.texts)
        if len(batch) >= BATCH or size >= LONG:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


TOKENS = Format(
    "tokens",
    _ABOUT,
    _COLUMNS,
    _Encoding,
    takes=frozenset({"system_prompt", "max_prefixes", "tokenizer", "max_length"}),
    suffix=".parquet",
    sink=TokenFiles,
    files=token_files,
)
