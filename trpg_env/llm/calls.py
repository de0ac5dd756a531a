"""One participant's questions in one episode: numbered, seeded, counted."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pydantic

from trpg_env.llm.client import Model
from trpg_env.llm.errors import ModelError
from trpg_env.llm.exchange import Answer, At, Message, Request, Usage
from trpg_env.llm.structured import structured

Form = TypeVar("Form", bound=pydantic.BaseModel)


class Calls:
    """Asks a model on behalf of one participant, and keeps what the next question depends on.

    Every question of an episode has a number, and from the episode's seed, its luck, the participant's role and that
    number comes the seed that is sent along: episodes that are played again ask the same questions, and two
    participants or two fates never ask with the same seed. Copies and pickles go on where the original stood; copies
    share the model.

    Args:
        model: Who is asked.
        role: Who asks, such as `dm` or `player`.
        temperature: 0 for the likeliest answer.
        max_tokens: The longest answer, in tokens.

    Raises:
        ValueError: A number is out of range.

    Attributes:
        usage: What the episode's questions have cost so far.

    Example:
        >>> calls = Calls(Model("gpt-4o", base_url="http://localhost:8000/v1"), "player", 0.0, 512)
        >>> calls.begin(seed=7, luck=0)
        >>> calls.snapshot()["number"]
        0
    """

    def __init__(self, model: Model, role: str, temperature: float, max_tokens: int) -> None:
        self.model = model
        self.role = role
        if (
            isinstance(temperature, bool)
            or not isinstance(temperature, int | float)
            or not 0 <= temperature <= 2
        ):
            raise ValueError(f"temperature={temperature!r} is not a number from 0 to 2")
        if type(max_tokens) is not int or max_tokens < 1:
            raise ValueError(f"max_tokens={max_tokens!r} is not a number of tokens, 1 or more")
        self.temperature = float(temperature)
        self.max_tokens = max_tokens
        self.begin(0, 0)

    @property
    def sampling(self) -> dict[str, Any]:
        """How the model is asked, as trajectories tell of it."""
        return {"temperature": self.temperature, "max_tokens": self.max_tokens}

    def begin(self, seed: int, luck: int) -> None:
        """Begin an episode: nothing has been asked, nothing spent."""
        self._seed = int(seed)
        self._luck = int(luck)
        self._number = 0
        self.usage = Usage()

    async def say(
        self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None, *, partial: bool = False
    ) -> Answer:
        """Ask the next question.

        Args:
            messages: The chat, ending with the user's message.
            schema: The JSON schema of the answer; None for plain text.
            partial: Whether an answer in a schema is worth something that broke off because the context is full.

        Raises:
            ModelError: The model did not answer; the question has taken its number all the same.
        """
        at = At(self._seed, self._number)
        self._number += 1
        request = Request(
            self.model.name,
            tuple(messages),
            self.temperature,
            self.max_tokens,
            self._sampling(at.number),
            schema,
            partial,
        )
        try:
            answer = await self.model.ask(request, at)
        except ModelError as error:
            self.usage += error.usage
            raise
        self.usage += answer.usage
        return answer

    async def give(self, messages: Sequence[Message], form: type[Form]) -> Form:
        """Ask for an answer in a form; a reply that has another is shown its fault, once.

        Args:
            messages: The chat, ending with the user's message.
            form: What the answer is to look like.

        Raises:
            Unreadable: The second reply has not the form either.
            ModelError: The model did not answer.
        """
        return await structured(self.say, messages, form)

    def _sampling(self, number: int) -> int:
        place = json.dumps([self.role, self._seed, self._luck, number]).encode()
        return int.from_bytes(hashlib.blake2b(place, digest_size=4).digest()) >> 1

    def snapshot(self) -> dict[str, Any]:
        """Where the episode stands, as JSON-able data."""
        return {
            "seed": self._seed,
            "luck": self._luck,
            "number": self._number,
            "usage": self.usage.as_dict(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot.

        Raises:
            ValueError: It is none of `snapshot`'s; nothing has changed then.
        """
        try:
            counts = {name: snapshot[name] for name in ("seed", "luck", "number")}
            usage = dict(snapshot["usage"])
            if not all(type(count) is int for count in (*counts.values(), *usage.values())):
                raise ValueError
            if counts["number"] < 0 or min(usage.values()) < 0:
                raise ValueError
            self.usage = Usage(**usage)
        except (LookupError, TypeError, ValueError):
            raise ValueError(
                "this is no snapshot of a model's calls: it needs whole numbers seed, luck and number, and usage with "
                "counts by name"
            ) from None
        self._seed, self._luck, self._number = counts["seed"], counts["luck"], counts["number"]
