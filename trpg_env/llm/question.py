"""A request at its place in a run, as a recording keeps it."""

import hashlib
import json
from functools import cached_property
from typing import Any, Final

from trpg_env.llm.exchange import At, Request

canonical: Final = json.JSONEncoder(sort_keys=True).encode


class Question:
    """What a recording goes by, and what it keeps of a request so that a miss can be explained.

    Args:
        request: What is asked.
        at: Where in a run.

    Attributes:
        request: What is asked.
        at: Where in a run.
        key: The episode's seed as text (any whole number), the question's number, and the request's digest.
    """

    def __init__(self, request: Request, at: At) -> None:
        self.request = request
        self.at = at
        self.key = str(at.seed), at.number, bytes.fromhex(request.digest())

    @cached_property
    def names(self) -> list[int]:
        """A number for the schema and for each message, drawn from its text."""
        return [_number(text) for text in self._texts]

    @cached_property
    def _texts(self) -> list[str]:
        return [canonical(part) for part in (self.request.schema, *self.request.messages)]

    @property
    def parts(self) -> dict[int, str]:
        """Schema and messages as JSON, by number: a chat repeats what was said, and a recording keeps it once."""
        return dict(zip(self.names, self._texts, strict=True))

    @property
    def asked(self) -> str:
        """The request as JSON, with numbers for its parts."""
        return canonical({**self.settings, "schema": self.names[0], "messages": self.names[1:]})

    @property
    def settings(self) -> dict[str, Any]:
        """All of the request but its schema and messages."""
        request = self.request
        return {
            "model": request.model,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
        }


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1
