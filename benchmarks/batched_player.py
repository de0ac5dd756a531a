"""A language model of `transformers` as a player that plays many episodes at once.

`rollout` keeps episodes in flight side by side, each with a copy of the agent; the copies share one model. Whoever is to
reply hands in its chat and waits. When nobody else has anything to do, all replies are generated together, greedily, and
what a chat has in common with the last one is not read again.
"""

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import torch
from transformers import LlamaModel

from trpg_env.agents.chat import Chat
from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.react import said
from trpg_env.envs.react import MalformedReply, Refused, parse_reply
from trpg_env.llm.errors import ContextTooLong

TOGETHER = 0.02
"""For how many seconds nobody has come before those who wait are served."""
_CACHE = "cache" if "cache" in inspect.signature(LlamaModel.forward).parameters else "past_key_values"
"""What `transformers` calls what is kept; it has begun to call it otherwise."""
GROW = 512
"""By how many tokens what is kept of the chats grows."""


class Memory:
    """What the layers keep of every chat: a row for each, as long as the longest.

    New tokens go behind what their row has, wherever that is in another row; what padding leaves there is overwritten by
    the next tokens, and no token sees it.

    Attributes:
        lengths: How many tokens each row has.
    """

    def __init__(self, rows: int) -> None:
        self.lengths = torch.zeros(rows, dtype=torch.long)
        self._kept: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._seen: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._rows: torch.Tensor | None = None
        self._places = torch.zeros(0)
        self._end = 0

    def of(self, rows: torch.Tensor, places: torch.Tensor, end: int) -> None:
        """Say whose the next tokens are, and where they go; all are before `end`."""
        if self._rows is None or not torch.equal(rows, self._rows):
            self._rows, self._seen = rows, {}
        self._places, self._end = places, end

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """What `transformers` asks for; the places are given with the tokens."""
        return 0

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take in the new tokens' keys and values; gives those of all tokens of the rows."""
        assert self._rows is not None
        end = self._end
        kept = self._kept.get(layer)
        if kept is None or kept[0].shape[2] < end:
            kept = self._kept[layer] = self._grown(kept, keys, end)
            self._seen.pop(layer, None)
        whole = len(self._rows) == len(self.lengths)
        seen = kept if whole else self._seen.get(layer)
        for store, new in zip(kept, (keys, values), strict=True):
            store[self._rows[:, None], :, self._places] = new.transpose(1, 2)
        if seen is None:
            seen = self._seen[layer] = (kept[0][self._rows], kept[1][self._rows])
        elif not whole:
            here = torch.arange(len(self._rows), device=keys.device)
            for store, new in zip(seen, (keys, values), strict=True):
                store[here[:, None], :, self._places] = new.transpose(1, 2)
        return seen[0][:, :, :end], seen[1][:, :, :end]

    def _grown(
        self, kept: tuple[torch.Tensor, torch.Tensor] | None, like: torch.Tensor, end: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        shape = (len(self.lengths), like.shape[1], end + GROW, like.shape[3])
        grown = (like.new_zeros(shape), like.new_zeros(shape))
        if kept is not None:
            for new, old in zip(grown, kept, strict=True):
                new[:, :, : old.shape[2]] = old
        return grown


@dataclass
class _Asked:
    """A chat that waits for its reply."""

    row: int
    tokens: list[int]
    reply: "asyncio.Future[list[int]]"


@dataclass
class Batcher:
    """Generates replies for many chats together; every copy of a player has the same one.

    Args:
        model: The model.
        tokenizer: Its tokenizer, with a chat template.
        rows: For how many episodes at once.
        longest: The longest chat in tokens, the reply included.
        reply: The longest reply in tokens.
    """

    model: Any
    tokenizer: Any
    rows: int
    longest: int
    reply: int
    _free: list[int] = field(default_factory=list)
    _waiting: list[_Asked] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._memory = Memory(self.rows)
        self._read: list[list[int]] = [[] for _ in range(self.rows)]
        self._free = list(range(self.rows))
        ends = self.model.generation_config.eos_token_id
        self._ends = {*([ends] if isinstance(ends, int) else ends or ()), self.tokenizer.eos_token_id}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Batcher":
        return self

    def seat(self) -> int:
        """A row that nobody else has."""
        return self._free.pop()

    async def say(self, row: int, messages: Sequence[Mapping[str, str]]) -> str:
        """The reply to a chat.

        Raises:
            ContextTooLong: The chat is longer than it may be.
        """
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        tokens = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(tokens) + self.reply > self.longest:
            raise ContextTooLong("the chat is longer than the model was trained on")
        loop = asyncio.get_running_loop()
        asked = _Asked(row, tokens, loop.create_future())
        self._waiting.append(asked)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(TOGETHER, self._serve)
        return self.tokenizer.decode(await asked.reply, skip_special_tokens=True)

    def _serve(self) -> None:
        served, self._waiting, self._timer = self._waiting, [], None
        served.sort(key=lambda asked: asked.row)
        replies = self._replies(served)
        for asked, reply in zip(served, replies, strict=True):
            if not asked.reply.done():
                asked.reply.set_result(reply)

    @torch.inference_mode()
    def _replies(self, asked: Sequence[_Asked]) -> list[list[int]]:
        rows = torch.tensor([one.row for one in asked])
        new = [self._unread(one) for one in asked]
        last = self._next(rows, new)
        replies: list[list[int]] = [[] for _ in asked]
        going = list(range(len(asked)))
        within = torch.arange(len(asked))
        while going:
            for i in going:
                replies[i].append(int(last[i]))
            going = [i for i in going if replies[i][-1] not in self._ends and len(replies[i]) < self.reply]
            if not going:
                break
            # Those who have done are dragged along until they are the half: choosing the others costs a copy.
            if 2 * len(going) <= len(within):
                within = torch.tensor(going)
            fed = [[replies[i][-1]] for i in within.tolist()]
            last[within] = self._next(rows[within], fed, going=set(going), places=within.tolist())
        return [reply[:-1] if reply[-1] in self._ends else reply for reply in replies]

    def _unread(self, asked: _Asked) -> list[int]:
        """What of a chat has not been read; the last token at least, since it is to be answered."""
        read, tokens = self._read[asked.row], asked.tokens
        common = 0
        for old, token in zip(read, tokens[:-1], strict=False):
            if old != token:
                break
            common += 1
        del read[common:]
        self._memory.lengths[asked.row] = common
        return tokens[common:]

    def _next(
        self,
        rows: torch.Tensor,
        new: Sequence[Sequence[int]],
        going: set[int] | None = None,
        places: Sequence[int] = (),
    ) -> torch.Tensor:
        """Read tokens; gives each row's likeliest next one."""
        width = max(map(len, new))
        ids = torch.zeros(len(new), width, dtype=torch.long)
        for i, tokens in enumerate(new):
            ids[i, : len(tokens)] = torch.tensor(tokens)
        lengths = self._memory.lengths[rows]
        device = self.model.device
        positions = (lengths[:, None] + torch.arange(width)).to(device)
        end = int(lengths.max()) + width
        mask = torch.arange(end, device=device)[None, None, :] <= positions[:, :, None]
        self._memory.of(rows.to(device), positions, end)
        hidden = self.model.base_model(
            input_ids=ids.to(device),
            attention_mask=mask[:, None],
            position_ids=positions,
            **{_CACHE: self._memory},
            use_cache=True,
        ).last_hidden_state
        last = torch.tensor([len(tokens) - 1 for tokens in new], device=device)
        logits = self.model.get_output_embeddings()(hidden[torch.arange(len(new), device=device), last])
        for i, tokens in enumerate(new):
            # A row that has done reads its last token again and again, which is not kept.
            if going is None or places[i] in going:
                row = int(rows[i])
                self._read[row] += tokens
                self._memory.lengths[row] += len(tokens)
        return logits.argmax(-1).cpu()


class ModelPlayer:
    """A player whose replies a batcher generates; a copy of it is another player of the same model.

    Args:
        batcher: Generates the replies.
        label: What the model is called.
        system: The system message; none where empty.

    Attributes:
        model: What the model is called.
    """

    kind = "model"

    def __init__(self, batcher: Batcher, label: str, system: str = "") -> None:
        self._batcher, self._system = batcher, system
        self._row: int | None = None
        self.model = label

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """A new episode: nothing of the last one is kept."""
        if self._row is None:
            self._row = self._batcher.seat()
        self._chat = Chat(self._system)

    async def act(self, observation: str, info: Info) -> Turn:
        """The model's next thought and action."""
        self._chat.hear(observation)
        reply = await self._reply()
        self._chat.say(said(reply))
        try:
            thought, action = parse_reply(reply)
        except MalformedReply as error:
            thought, action = "", Refused("", str(error))
        return Turn(thought, action, None, reply)

    async def _reply(self) -> str:
        assert self._row is not None
        while True:
            try:
                return await self._batcher.say(self._row, self._chat.messages()[0 if self._system else 1 :])
            except ContextTooLong:
                if not self._chat.shorten():
                    raise
