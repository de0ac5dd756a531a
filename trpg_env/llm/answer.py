"""Reading the body of a chat completion: what is the model's own doing is an answer, whatever it is."""

import json
import re
from typing import Any, NoReturn

from trpg_env.llm.errors import BadAnswer
from trpg_env.llm.exchange import Answer, Usage

MAX_CONTENT = 200_000
"""The longest content that is kept, in characters; what is beyond is cut."""

_MOST_TOKENS = 2**53
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def read_answer(body: bytes) -> Answer:
    r"""Read a chat completion.

    An empty content, none at all, a refusal, a tool call or half a surrogate pair is what a model may do, and an
    answer. A body that no server should send is not.

    Args:
        body: As it came; bytes that are no UTF-8 become U+FFFD, since servers cut texts in the middle of a character.

    Returns:
        The answer; its usage counts one call.

    Raises:
        BadAnswer: No JSON, NaN, no choices, or values of the wrong kind; the message says which.

    Example:
        >>> read_answer(b'{"choices": [{"message": {"content": "Thought: hm"}, "finish_reason": "stop"}]}').content
        'Thought: hm'
        >>> read_answer(b'<html>')
        Traceback (most recent call last):
            ...
        trpg_env.llm.errors.BadAnswer: the body is no JSON: Expecting value: line 1 column 1 (char 0)
    """
    whole = _parse(body)
    choices = whole.get("choices") if isinstance(whole, dict) else None
    if not isinstance(choices, list) or not choices:
        raise BadAnswer("the body has no choices")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise BadAnswer("the first choice has no message")
    content, finish = _content(message.get("content")), choice.get("finish_reason")
    if not content and isinstance(message.get("refusal"), str):
        content = message["refusal"]
    if not content and (message.get("tool_calls") or message.get("function_call")):
        finish = "tool_calls"
    return Answer(
        content=_clean(content),
        reasoning=_reasoning(message),
        finish=_clean(finish)[:100] if isinstance(finish, str) else None,
        usage=_usage(whole.get("usage")),
    )


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"), parse_constant=_refuse)
    except RecursionError:
        raise BadAnswer("the body is nested too deeply") from None
    except ValueError as error:
        raise BadAnswer(f"the body is no JSON: {error}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _content(content: Any) -> str:
    if isinstance(content, list):
        return "".join(_part(part) for part in content)
    if content is not None and not isinstance(content, str):
        raise BadAnswer(f"the message's content is no text: {type(content).__name__}")
    return content or ""


def _part(part: Any) -> str:
    """The text of one part of a content; parts of other kinds have none."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise BadAnswer(f"a part of the message's content is no text: {type(part).__name__}")
    return part["text"] if isinstance(part.get("text"), str) else ""


def _reasoning(message: dict[str, Any]) -> str | None:
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := message.get(name), str) and text:
            return _clean(text)
    return None


def _clean(text: str) -> str:
    return _HALF_A_PAIR.sub("\ufffd", text[:MAX_CONTENT])


def _usage(usage: Any) -> Usage:
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    prompt = _count(usage.get("prompt_tokens"))
    return Usage(
        calls=1,
        prompt_tokens=prompt,
        cached_tokens=_count(cached) or _count(usage.get("prompt_cache_hit_tokens")),
        # Some servers count hidden reasoning in the total only.
        completion_tokens=max(
            _count(usage.get("completion_tokens")), _count(usage.get("total_tokens")) - prompt
        ),
    )


def _count(number: Any) -> int:
    """A number of tokens; 0 for what is none."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= _MOST_TOKENS:
        return 0
    return int(number)
