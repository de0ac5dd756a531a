"""What can go wrong with a model, told apart by who is to blame and what may be done.

The client raises these and nothing else for what a server, a network or a recording does. Dungeon masters and
agents let them through; who plays the episode records them (`kind` becomes part of the trajectory's error), so that
a model that fails ends an episode and never a run.
"""

from typing import ClassVar

from trpg_env.llm.exchange import Usage


class ModelError(Exception):
    """A model that did not answer for good: retries and repair are behind it.

    Args:
        message: What happened, where, and what to do.
        usage: What it cost all the same.

    Attributes:
        kind: What became of it, in one word; the same for all errors of a class.
        usage: What it cost.
    """

    kind: ClassVar[str] = "model"

    def __init__(self, message: str = "", usage: Usage = Usage()) -> None:  # noqa: B008  (frozen)
        super().__init__(message)
        self.usage = usage


class Unreachable(ModelError):
    """No connection, or one that broke before the answer was whole."""

    kind = "connection"


class TimedOut(ModelError):
    """No whole answer within the time limit."""

    kind = "timeout"


class RateLimited(ModelError):
    """The server asks for patience (429) beyond what a call is ready to wait."""

    kind = "rate limit"


class ServerFailed(ModelError):
    """The server reports a fault of its own (5xx, 408, 409)."""

    kind = "server"


class RequestRefused(ModelError):
    """The server does not take the request (4xx): a wrong key, a model that it does not have."""

    kind = "request"


class BadAnswer(ModelError):
    """What came back is no chat completion: no JSON, the wrong shape, or far too large."""

    kind = "answer"


class Unreadable(ModelError):
    """The model's reply has not the form that was asked for, not after it was shown its fault either."""

    kind = "format"


class ContextTooLong(ModelError):
    """The conversation no longer fits into the model's context: the episode is truncated here."""

    kind = "context"


class NotRecorded(ModelError):
    """A replay was asked for something that its recording does not hold."""

    kind = "replay"


class RecordingFailed(ModelError):
    """An answer could not be put into the recording: the disk is full or broken."""

    kind = "record"


class ModelUnavailable(ValueError):
    """A model that cannot be asked at all, found out before anything is played; the text says what to do."""
