"""The language model as the player: ReAct over chat turns.

The first user message is what `reset` told the player, and so is each later one what came of an action; the model's
replies are the assistant's messages, as they were said and without hidden reasoning. But for the system message, which
says what a reply looks like, that is the form of the training data (see `trpg_env.tuning.conversation`).

What the model does wrong is the player's error, and what its server does wrong is not: a reply that cannot be read is a
turn with a parameter error, while a `ModelError` passes through to whoever plays the episode.
"""

import os

import gymnasium as gym

from trpg_env.agents.chat import Chat
from trpg_env.agents.protocol import Info, Turn
from trpg_env.envs.react import MAX_REPLY, MalformedReply, Refused, parse_reply
from trpg_env.envs.text import TextEnv
from trpg_env.llm.calls import Calls
from trpg_env.llm.client import LOCAL, Model
from trpg_env.llm.errors import ContextTooLong
from trpg_env.llm.exchange import Answer
from trpg_env.llm.limits import Limits
from trpg_env.llm.reasoning import split_reasoning
from trpg_env.prompts import prompt, text_hash

TOKENS = 2048
"""The longest reply in tokens, hidden reasoning included."""
LOCAL_TOKENS = 128
"""The same for the embedded model of the wheel, which does not reason and goes on as long as it may."""

_PROMPT = "player"
_SHOWN = 2_000
"""How many characters of a reply that is too long to be read are shown to the model again."""


class LLMAgent:
    """A language model that plays by thoughts and actions; a copy of it shares the model.

    Args:
        model: `"local"` for the embedded model, or the name of one that is served at `base_url`.
        base_url: Where it is served; where left out, `OPENAI_BASE_URL` says so.
        record: A file that keeps every exchange with the model.
        replay: Such a file, which then answers instead of the model.
        temperature: 0 for the likeliest reply.
        max_tokens: The longest reply in tokens, hidden reasoning included; `TOKENS` where left out, or `LOCAL_TOKENS`.
        system_prompt: The system message, in place of the usual one; it is to say what a reply looks like.
        limits: How long and how often the model is asked.

    Attributes:
        model: What the model is called.
        sampling: Temperature and the longest reply.
        prompt_hash: Tells the system message from another.

    Raises:
        ModelUnavailable: The model can never be asked; the text says what to do.
        ValueError: `record` and `replay` are both given, a number is out of range, or the system message is empty.

    Example:
        >>> agent = LLMAgent("qwen3-8b", base_url="http://localhost:8000/v1", temperature=0.7)
        >>> agent.model, agent.sampling
        ('qwen3-8b', {'temperature': 0.7, 'max_tokens': 2048})
    """

    kind = "llm"

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        record: str | os.PathLike[str] | None = None,
        replay: str | os.PathLike[str] | None = None,
        temperature: float = 0.0,
        max_tokens: int | None = None,
        system_prompt: str | None = None,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
    ) -> None:
        asked = Model(model, base_url=base_url, record=record, replay=replay, limits=limits)
        if max_tokens is None:
            max_tokens = LOCAL_TOKENS if asked.name == LOCAL else TOKENS
        self._calls = Calls(asked, "player", temperature, max_tokens)
        self._system = prompt(_PROMPT) if system_prompt is None else system_prompt.strip()
        if not self._system:
            raise ValueError("system_prompt is empty; leave it out for the usual one")
        self._chat = Chat(self._system)
        self.model = asked.name
        self.sampling = self._calls.sampling
        self.prompt_hash = text_hash(self._system)

    @property
    def usage(self) -> dict[str, int]:
        """What the episode has cost so far."""
        return self._calls.usage.as_dict()

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """A new episode: nothing of the last one is kept."""
        inner = env.unwrapped
        self._calls.begin(seed, inner.luck if isinstance(inner, TextEnv) else 0)
        self._chat = Chat(self._system)

    async def act(self, observation: str, info: Info) -> Turn:
        """The model's next thought and action.

        Raises:
            ContextTooLong: The instruction and the last exchange alone are more than the model takes.
            ModelError: The model did not answer for good.
        """
        self._chat.hear(observation)
        answer = await self._answer()
        self._chat.say(said(answer.content))
        tagged, visible = split_reasoning(answer.content)
        hidden = [text for text in (answer.reasoning, tagged) if text]
        thought, action = _read(visible)
        return Turn(thought, action, "\n\n".join(hidden) or None, answer.content)

    async def _answer(self) -> Answer:
        while True:
            try:
                return await self._calls.say(self._chat.messages())
            except ContextTooLong:
                if not self._chat.shorten():
                    raise


def said(reply: str) -> str:
    r"""What was visible of a reply: what a chat keeps as the assistant's message, which is never empty.

    Example:
        >>> said("<think>East?</think>\nThought: East.\nAction: go east")
        'Thought: East.\nAction: go east'
    """
    visible = split_reasoning(reply)[1].strip()
    if len(visible) > MAX_REPLY:
        visible = f"{visible[:_SHOWN]}…"
    return visible or "…"


def _read(visible: str) -> tuple[str, str]:
    """Thought and action; a malformed reply is no action, and says what is wrong with it."""
    try:
        return parse_reply(visible)
    except MalformedReply as error:
        return "", Refused("", str(error))
