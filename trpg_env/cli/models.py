"""Language models on the command line: which one, where it is served, what is recorded or played back."""

import argparse
from typing import Any

from trpg_env.cli.terminal import WrongUse


def add_dm_options(command: argparse.ArgumentParser) -> None:
    """Add `--dm` and which model it is."""
    command.add_argument(
        "--dm",
        choices=["rules", "llm"],
        default="rules",
        help="who answers (default rules; llm: a language model)",
    )
    command.add_argument(
        "--dm-model",
        metavar="M",
        help="with --dm llm: local (the embedded model), or what it is called at --base-url",
    )


def add_endpoint_options(command: argparse.ArgumentParser) -> None:
    """Add where models are served, and recording."""
    command.add_argument(
        "--base-url",
        metavar="URL",
        help="where models are served, such as http://localhost:8000/v1 (default: OPENAI_BASE_URL, or OpenAI itself; "
        "the key is read from OPENAI_API_KEY)",
    )
    recording = command.add_mutually_exclusive_group()
    recording.add_argument("--record", metavar="FILE", help="keep every exchange with a model in this file")
    recording.add_argument("--replay", metavar="FILE", help="answer from such a file; no model is needed")


def dm_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of an environment that say who answers.

    Raises:
        WrongUse: The options do not fit together.
    """
    if options.dm == "rules":
        if options.dm_model is not None:
            raise WrongUse("--dm-model is for --dm llm; the rules take no model")
        return {"dm": "rules"}
    return {"dm": "llm"} | _model(options, "dm")


def player_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of an `LLMAgent`.

    Raises:
        WrongUse: No model is named.
    """
    return _model(options, "player")


def refuse_unused(options: argparse.Namespace) -> None:
    """Find options of models where no model takes part.

    Raises:
        WrongUse: There is one.
    """
    for name in ("base_url", "record", "replay"):
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
    }
