"""A model by name: served at an endpoint, embedded in this process, or played back from a recording."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from trpg_env.llm.endpoint import Endpoint
from trpg_env.llm.errors import ModelError, ModelUnavailable, ServerFailed
from trpg_env.llm.exchange import Answer, At, Request
from trpg_env.llm.limits import Limits
from trpg_env.llm.question import Question
from trpg_env.llm.recording import Recorder, Replay

LOCAL: Final = "local"
"""The name of the embedded model."""

_endpoints: "WeakValueDictionary[tuple[str, str | None, Limits], Endpoint]" = WeakValueDictionary()
"""The endpoints that somebody holds."""


class Model:
    """A language model that can be asked.

    Making one finds out cheaply what can never work, but opens no connection and starts no process. All copies are
    the same object, and a pickle holds the settings alone: the API key is read from the environment when it is
    needed, wherever that is.

    Args:
        model: `local` for the embedded model, or what the model is called where it is served.
        base_url: Where an OpenAI-compatible API is served, such as `http://localhost:8000/v1`; otherwise
            `OPENAI_BASE_URL`, or OpenAI itself where only `OPENAI_API_KEY` is set. The embedded model needs none.
        record: A file that keeps every answer. What it holds already is answered from it and not asked again.
        replay: A file that was recorded and answers every question; then neither key, endpoint nor model is needed.
        limits: How long to wait, how often to try again, how much to ask at once.

    Attributes:
        name: What the model is called in requests and trajectories: never a path, never an address.
        recorded: Whether its answers are recorded or replayed.

    Raises:
        ModelUnavailable: No answer can ever come: no endpoint is known, the embedded model is not installed, the
            recording is not there or something else.
        ValueError: Both `record` and `replay`.

    Example:
        >>> Model("llama-3", base_url="http://localhost:8000/v1").name
        'llama-3'
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        record: str | os.PathLike[str] | None = None,
        replay: str | os.PathLike[str] | None = None,
        limits: Limits = Limits(),  # noqa: B008  (frozen)
    ) -> None:
        if record is not None and replay is not None:
            raise ValueError(
                "record and replay exclude each other: give the one file that is to be written or read"
            )
        if not isinstance(model, str) or not model.strip():
            raise ModelUnavailable(f"{model!r} is no model's name; give 'local' or what the model is called")
        self._settings: dict[str, Any] = {
            "model": model,
            "base_url": base_url,
            "record": _absolute(record),
            "replay": _absolute(replay),
            "limits": limits,
        }
        self.name = model_name(model)
        self.recorded = record is not None or replay is not None
        self._replay = None if replay is None else Replay(replay)
        self._endpoint = self._recorder = None
        if self._replay is None:
            self._endpoint = _endpoint(model, base_url, limits)
            self._recorder = None if record is None else Recorder(record)

    async def ask(self, request: Request, at: At) -> Answer:
        """The model's answer.

        Args:
            request: The question.
            at: Where in a run it is asked: with the request, what a recording goes by.

        Raises:
            ModelError: There is none; the class says who is to blame. A recording keeps that, too.
        """
        if self._replay is not None:
            return self._replay.answer(Question(request, at))
        assert self._endpoint is not None
        if self._recorder is None:
            return await _asked(self._endpoint, request)
        question = Question(request, at)
        known = self._recorder.find(question)
        if known is not None:
            return known
        try:
            answer: Answer | ModelError = await _asked(self._endpoint, request)
        except ModelError as error:
            answer = error
        kept = self._recorder.keep(question, answer)
        if isinstance(kept, ModelError):
            raise kept
        return kept

    def __copy__(self) -> "Model":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Model":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self._settings,)

    def __repr__(self) -> str:
        return f"Model({self.name!r})"


def _made(settings: dict[str, Any]) -> Model:
    return Model(settings["model"], **{name: value for name, value in settings.items() if name != "model"})


def _absolute(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else str(Path(path).absolute())


def model_name(model: str) -> str:
    """What a model is called in requests and trajectories, which is no path for a file of one's own.

    Args:
        model: `local`, or what it is called where it is served.
    """
    if model != LOCAL:
        return model
    from trpg_env.llm.local import local_name  # noqa: PLC0415  (most runs need none)

    return local_name()


async def _asked(endpoint: Endpoint, request: Request) -> Answer:
    try:
        return await endpoint.ask(request)
    except ModelUnavailable as error:  # the embedded model does not start
        raise ServerFailed(str(error)) from error


def _endpoint(model: str, base_url: str | None, limits: Limits) -> Endpoint:
    if model == LOCAL:
        return _embedded(limits)
    if base_url is not None:
        return _served(model, _checked(base_url, "base_url"), limits)
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        return _served(model, _checked(base_url, "OPENAI_BASE_URL"), limits)
    if not os.environ.get("OPENAI_API_KEY"):
        raise ModelUnavailable(
            f"nothing says where the model {model!r} is served: give a base URL such as http://localhost:8000/v1, set "
            "OPENAI_BASE_URL, or set OPENAI_API_KEY for OpenAI's own; 'local' is the embedded model"
        )
    return _served(model, None, limits)


def _served(model: str, base_url: str | None, limits: Limits) -> Endpoint:
    """One endpoint for all who ask the same model: its connections, its places in flight, what it was found to refuse."""
    wanted = (model, base_url, limits)
    endpoint = _endpoints.get(wanted)
    if endpoint is None:  # two threads may both make one, which costs what sharing saves and no more
        endpoint = _endpoints[wanted] = Endpoint(base_url, limits)
    return endpoint


def _embedded(limits: Limits) -> Endpoint:
    """The endpoint of the embedded model. What it cannot work on yet waits here, where no time limit runs."""
    from trpg_env.llm.local import PATIENCE, SLOTS, shared_model  # noqa: PLC0415

    local = shared_model()
    wanted = (LOCAL, local.key, limits)  # which no other has
    endpoint = _endpoints.get(wanted)
    if endpoint is None:
        timeout = PATIENCE if limits.timeout == Limits().timeout else limits.timeout
        its = replace(limits, timeout=timeout, in_flight=min(limits.in_flight, SLOTS))
        endpoint = _endpoints[wanted] = Endpoint(lambda: local.address, its, key=local.key)
    return endpoint


def _checked(base_url: str, what: str) -> str:
    """A base URL that may work; it is not shown where it does not, since it may hold a password."""
    try:
        url = urlsplit(base_url)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except (ValueError, TypeError, AttributeError):
        sound = False
    if not sound or any(character.isspace() or not character.isprintable() for character in base_url):
        raise ModelUnavailable(f"{what} is no http or https URL; write one such as http://localhost:8000/v1")
    return base_url
