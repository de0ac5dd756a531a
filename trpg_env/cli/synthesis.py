"""What both kinds of `trpg-env generate` share: how a model is asked, the live line, the summary, the exit code."""

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from typing import Any

from trpg_env.cli.arguments import count, positive
from trpg_env.cli.models import add_endpoint_options, limits, temperature
from trpg_env.cli.progress import Progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.sandbox import SandboxFault
from trpg_env.script import ScriptError
from trpg_env.synthesis.generate import Ready
from trpg_env.synthesis.outcome import Outcome
from trpg_env.synthesis.prices import Price, load_price
from trpg_env.synthesis.run import GaveUp
from trpg_env.synthesis.sampling import MAX_CALLS, TEMPERATURE, Sampling
from trpg_env.synthesis.scripts import LOCAL_TOKENS, TOKENS
from trpg_env.synthesis.yields import Yield
from trpg_env.trajectory import WriteFailed

Preparation = AbstractContextManager[Ready[Any]]
"""A run that is made ready when it is entered."""

_AGAIN = "the same command goes on from there"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add how a model is asked, and how much."""
    command.add_argument(
        "--model",
        required=True,
        metavar="M",
        help="local (the embedded model), or what it is called at --base-url",
    )
    command.add_argument(
        "--temperature",
        type=temperature,
        default=TEMPERATURE,
        metavar="T",
        help=f"from 0, the likeliest answer, to 2 (default {TEMPERATURE:g})",
    )
    command.add_argument(
        "--max-tokens",
        type=positive,
        metavar="T",
        help=f"the longest answer, in tokens (default {TOKENS:,}; of the embedded model {LOCAL_TOKENS:,})",
    )
    add_endpoint_options(command)
    command.add_argument(
        "--max-calls",
        type=positive,
        default=MAX_CALLS,
        metavar="C",
        help=f"calls that a script and its trajectory may take together (default {MAX_CALLS}, the paper's)",
    )
    command.add_argument(
        "--concurrency", type=positive, default=1, metavar="C", help="items in flight (default 1)"
    )
    command.add_argument("--seed", type=count, default=0, metavar="S", help="the run's seed (default 0)")
    command.add_argument(
        "--prices",
        metavar="FILE",
        help="what models cost for a million tokens, for an estimate: {models: {gpt-4o: {input: 2.5, output: 10}}}, as JSON "
        "or YAML",
    )
    command.add_argument(
        "--json", action="store_true", help="the summary as one JSON object on standard output"
    )


def generated(ready: Callable[[Sampling], Preparation], options: argparse.Namespace, unit: str) -> int:
    """Generate, and say what came of it; the exit code.

    Args:
        ready: Makes the run ready.
        options: The command's.
        unit: What is generated.
    """
    try:
        with ExitStack() as stack:
            try:
                sampling = _sampling(options)
                price = None if options.prices is None else load_price(options.prices, sampling.name)
                run = stack.enter_context(ready(sampling))
            except WriteFailed:
                raise
            except ValueError as error:
                if isinstance(error, ScriptError):
                    raise
                raise WrongUse(str(error)) from None
            return _followed(run, options, price, unit)
    except (WriteFailed, SandboxFault) as error:
        complain(f"{error}; put that right, then {_AGAIN}")
        return 1


def _sampling(options: argparse.Namespace) -> Sampling:
    return Sampling(
        options.model,
        base_url=options.base_url,
        record=options.record,
        replay=options.replay,
        limits=limits(options, options.concurrency),
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        max_calls=options.max_calls,
    )


def _followed(run: Ready[Any], options: argparse.Namespace, price: Price | None, unit: str) -> int:
    made, n = Yield.of(run.synthesis.found), run.synthesis.n
    for torn in run.synthesis.torn:
        tell(f"a last line was torn; it is set aside in {torn}")
    if made.items:
        tell(f"{options.out}: {made.items} of {n} {unit} are decided already")
    stopped = _watch(run, made, price, unit)
    if options.json:
        show(json.dumps({**made.as_dict(price), "out": str(options.out)}, indent=1))
    else:
        for line in made.lines(price):
            show(line)
        show(f"written to          {options.out}")
    if made.refused:
        tell(f"why each was refused stands in {run.synthesis.path}")
    if stopped is not None:
        return stopped
    if made.failed:
        tell(f"the model failed at {made.failed.total()} of {n} {unit}; the same command asks for them again")
    return 1 if made.failed or (n and not made.kept) else 0


def _watch(run: Ready[Any], made: Yield, price: Price | None, unit: str) -> int | None:
    """Count outcomes as they come; the exit code where they end too early."""
    progress = Progress(run.synthesis.n, unit, begun=made.items)
    try:
        with progress, closing(run.outcomes()) as outcomes:
            for outcome in outcomes:
                if outcome.failed and not made.failed:
                    with progress.aside():  # at once: all the others may fail in the same way
                        complain(_why(outcome))
                made.add(outcome)
                progress.advance(broken=outcome.failed, note=made.line(price))
    except (GaveUp, WriteFailed, SandboxFault) as error:
        complain(f"{error}; put that right, then {_AGAIN}")
        return 1
    except KeyboardInterrupt:
        complain(f"interrupted; {made.decided} of {run.synthesis.n} {unit} are decided: {_AGAIN}")
        return 130
    return None


def _why(outcome: Outcome) -> str:
    return f"the first that failed: item {outcome.item}: {outcome.reason}: {outcome.fault}"
