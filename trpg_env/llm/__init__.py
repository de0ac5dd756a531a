"""Talking to language models: any OpenAI-compatible endpoint, the embedded model, or a recording of either."""

from trpg_env.llm.calls import Calls
from trpg_env.llm.client import Model
from trpg_env.llm.errors import (
    BadAnswer,
    ContextTooLong,
    ModelError,
    ModelUnavailable,
    NotRecorded,
    RateLimited,
    RecordingFailed,
    RequestRefused,
    ServerFailed,
    TimedOut,
    Unreachable,
    Unreadable,
)
from trpg_env.llm.exchange import Answer, At, Message, Request, Usage
from trpg_env.llm.limits import Limits
from trpg_env.llm.reasoning import split_reasoning
from trpg_env.llm.structured import structured

__all__ = [
    "Answer",
    "At",
    "BadAnswer",
    "Calls",
    "ContextTooLong",
    "Limits",
    "Message",
    "Model",
    "ModelError",
    "ModelUnavailable",
    "NotRecorded",
    "RateLimited",
    "RecordingFailed",
    "Request",
    "RequestRefused",
    "ServerFailed",
    "TimedOut",
    "Unreachable",
    "Unreadable",
    "Usage",
    "split_reasoning",
    "structured",
]
