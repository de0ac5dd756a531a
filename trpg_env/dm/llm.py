"""The dungeon master that is a language model: it runs a narrative script's world, and narrates a grounded one.

A conversation begins with the rules and the script (`briefing`), the same bytes in every turn of every episode, and
ends with the player's action. Between them stands what was said before: all of a narrative script's episode, since
nobody else keeps its world, and the last few exchanges of a grounded one's, whose world the engine tells anew.

The model's earlier replies stand there as they counted and not as they were given: a parameter error is what verification
code says it is, and where the engine rules, the flags are the engine's. What it got wrong is nothing to learn from.
"""

import os
from collections.abc import Awaitable
from typing import Annotated, Any, NamedTuple

from pydantic import Strict, TypeAdapter, ValidationError

from trpg_env.dm import briefing
from trpg_env.dm.protocol import Judgement, Narration
from trpg_env.dm.verdict import BRIEF, LENGTHS, Verdict, verdict_form
from trpg_env.llm.calls import Calls
from trpg_env.llm.client import LOCAL, Model
from trpg_env.llm.exchange import Message
from trpg_env.llm.limits import Limits
from trpg_env.prompts import prompt_hash
from trpg_env.script import Script
from trpg_env.world import AnyWorld, Ruling, SeededFate, State

RECENT = 3
"""How many exchanges of a grounded script are kept."""
TOKENS = 2_048
"""The longest reply in tokens, hidden reasoning included."""
LOCAL_TOKENS = 512
"""The same for the embedded model of the wheel, which does not reason and is held to short texts."""


class _Exchange(NamedTuple):
    """What the model was told of a turn, and its reply as it counted."""

    told: str
    reply: str

    @property
    def messages(self) -> tuple[Message, Message]:
        return {"role": "user", "content": self.told}, {"role": "assistant", "content": self.reply}


_Text = Annotated[str, Strict()]
_TRANSCRIPT = TypeAdapter(list[tuple[_Text, _Text]])


class LLMDM:
    """Has a language model answer the player.

    In a narrative script the model decides what is in the wrong place, what makes no sense now and which completion
    conditions are met; verification code decides what is an action at all. In a grounded script the engine decides
    everything, and what the model judged goes to `info["audit"]`.

    Args:
        model: `local`, or the name of a model that the endpoint serves.
        base_url: The endpoint; `OPENAI_BASE_URL` or OpenAI's own where left out.
        record: A file that keeps every exchange.
        replay: A file that every answer is taken from, without a model.
        temperature: 0 for the likeliest answer.
        max_tokens: The longest reply, in tokens, hidden reasoning included; `TOKENS` where left out, or `LOCAL_TOKENS`.
        limits: Time limits, retries and calls in flight.

    Attributes:
        model: The model's name.
        sampling: Temperature and longest reply.
        prompt_hash: Tells one wording of the prompts from another.

    Raises:
        ModelUnavailable: The model cannot be asked at all; the text says what to do.
        ValueError: `record` and `replay` are given together, or a number is out of range.

    Example:
        >>> LLMDM("gpt-4o", base_url="http://localhost:8000/v1").sampling
        {'temperature': 0.0, 'max_tokens': 2048}
    """

    kind = "llm"
    judges = True

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        record: str | os.PathLike[str] | None = None,
        replay: str | os.PathLike[str] | None = None,
        temperature: float = 0.0,
        max_tokens: int | None = None,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
    ) -> None:
        client = Model(model, base_url=base_url, record=record, replay=replay, limits=limits)
        small = client.name == LOCAL
        if max_tokens is None:
            max_tokens = LOCAL_TOKENS if small else TOKENS
        self._calls = Calls(client, "dm", temperature, max_tokens)
        self._transcript: list[_Exchange] = []
        self._rules = ("", "")
        self.model = client.name
        self._lengths = BRIEF if small else LENGTHS
        self.sampling = self._calls.sampling
        self.prompt_hash = prompt_hash(*briefing.WORDING, "repair")

    @property
    def recorded(self) -> bool:
        """Whether the exchanges with the model are recorded or replayed."""
        return self._calls.model.recorded

    @property
    def usage(self) -> dict[str, int]:
        """What the episode has cost so far."""
        return self._calls.usage.as_dict()

    async def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration:
        """Ask for the opening scene.

        Raises:
            ModelError: The model did not answer.
        """
        self._calls.begin(fate.seed, fate.luck)
        self._transcript = []
        told = briefing.opening()
        verdict = await self._ask(world, state, told)
        self._keep(world, told, verdict, Judgement())
        return Narration(verdict.thought, verdict.observation)

    async def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:
        """Ask for the answer to one action.

        Raises:
            ModelError: The model did not answer.
        """
        told = briefing.turn(before, ruling, grounded=world.grounded)
        verdict = await self._ask(world, ruling.state, told)
        self._keep(world, told, verdict, _counted(world, ruling, verdict.judgement))
        return Narration(verdict.thought, verdict.observation, verdict.judgement)

    def snapshot(self) -> dict[str, Any]:
        """The transcript, and where the model's calls stand."""
        return {
            "transcript": [list(exchange) for exchange in self._transcript],
            "calls": self._calls.snapshot(),
        }

    def restore(self, snapshot: Any) -> None:
        """Take up what `snapshot` gave.

        Raises:
            ValueError: It is nothing of the kind; nothing has changed then.
        """
        try:
            transcript = _TRANSCRIPT.validate_python(snapshot["transcript"])
            calls = snapshot["calls"]
        except (LookupError, TypeError, ValidationError):
            raise ValueError(
                "this is no snapshot of an LLM dungeon master: it needs transcript and calls"
            ) from None
        self._calls.restore(calls)
        self._transcript = [_Exchange(*exchange) for exchange in transcript]

    def _ask(self, world: AnyWorld, state: State, told: str) -> Awaitable[Verdict]:
        messages: list[Message] = [{"role": "system", "content": self._rules_of(world.script)}]
        for exchange in self._transcript:
            messages += exchange.messages
        messages.append({"role": "user", "content": told + briefing.present(world, state)})
        return self._calls.give(messages, verdict_form(len(world.program.completion), self._lengths))

    def _rules_of(self, script: Script) -> str:
        if self._rules[0] != script.hash:
            self._rules = (script.hash, briefing.rules(script))
        return self._rules[1]

    def _keep(self, world: AnyWorld, told: str, verdict: Verdict, counted: Judgement) -> None:
        flags = {**counted._asdict(), "completed": list(counted.completed)}
        reply = {"thought": verdict.thought, "observation": verdict.observation, **flags}
        self._transcript.append(_Exchange(told, briefing.compact(reply)))
        if world.grounded:
            del self._transcript[:-RECENT]


def _counted(world: AnyWorld, ruling: Ruling, judged: Judgement) -> Judgement:
    """What a judgement came to: whatever the world had decided already stands, and the first error is the only one."""
    error = ruling.error
    if error is None and world.grounded:
        return Judgement(completed=ruling.state.completed)
    if error is None:
        error = judged.error
    if error is None:
        return Judgement(completed=judged.completed)
    return Judgement(error == "parameter", error == "place", error == "logic")
