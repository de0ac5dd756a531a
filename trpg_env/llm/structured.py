"""Answers in a form: asked for by schema, read with care, and asked for once more where the form is missed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import pydantic

from trpg_env.llm.errors import Unreadable
from trpg_env.llm.exchange import Answer, Message
from trpg_env.llm.extraction import Malformed, extract
from trpg_env.llm.schema import schema_of
from trpg_env.llm.words import shown
from trpg_env.prompts import prompt

Form = TypeVar("Form", bound=pydantic.BaseModel)
Ask = Callable[[Sequence[Message], Mapping[str, Any]], Awaitable[Answer]]

_SHOWN: Final = 4_000
"""How much of its reply a model is shown again, in characters."""
_QUOTED: Final = 200


async def structured(ask: Ask, messages: Sequence[Message], form: type[Form]) -> Form:
    """Ask a model for an answer in a form.

    A reply that has not the form is shown to the model with what is wrong with it, word for word, and asked for again,
    once.

    Args:
        ask: Asks the model: messages and the JSON schema of the answer.
        messages: The chat, ending with the user's message.
        form: What the answer is to look like.

    Raises:
        Unreadable: The second reply has not the form either; quotes its fault and its beginning.
        ModelError: What `ask` raises.
        TypeError: The form is none that a model can be held to (`schema_of`).
    """
    schema = schema_of(form)
    answer = await ask(messages, schema)
    try:
        return extract(answer.content, form)
    except Malformed as malformed:
        fault = _fault(answer, malformed)
    answer = await ask([*messages, *_repair(answer, fault)], schema)
    try:
        return extract(answer.content, form)
    except Malformed as malformed:
        fault = _fault(answer, malformed)
        raise Unreadable(
            f"the model's reply has not the form asked for, shown its fault once: {shown(fault, _QUOTED)} The reply: "
            f"{shown(answer.content, _QUOTED) or '(empty)'}"
        ) from None


def _fault(answer: Answer, malformed: Malformed) -> str:
    return " ".join(filter(None, [str(malformed), how_it_ended(answer)]))


def how_it_ended(answer: Answer) -> str:
    """What a model is to know of the end of its answer, beside what is wrong with it; empty where it just ended.

    Example:
        >>> how_it_ended(Answer('{"thought": "Well', finish="length"))
        'The answer was too long and was cut off: be brief.'
    """
    if answer.finish == "tool_calls":
        return "There are no tools to call: write the answer itself."
    if answer.finish == "length":
        return "The answer was too long and was cut off: be brief."
    return ""


def _repair(answer: Answer, fault: str) -> list[Message]:
    return [
        {"role": "assistant", "content": said_again(answer.content, _SHOWN)},
        {"role": "user", "content": prompt("repair").replace("{fault}", fault)},
    ]


def said_again(reply: str, longest: int) -> str:
    """A reply as a model is shown it again: the middle of a long one left out, and never empty.

    Args:
        reply: What it said.
        longest: How many characters of it are shown.
    """
    if len(reply) > longest:
        return f"{reply[: longest // 2]}\n[…]\n{reply[-longest // 2 :]}"
    return reply if reply.strip() else "(empty)"  # some servers take no message without text
