"""`trpg-env generate scripts`: a script for each of many personas."""

import argparse
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import count
from trpg_env.cli.synthesis import Preparation, add_options, generated
from trpg_env.cli.terminal import WrongUse
from trpg_env.synthesis.composed import ComposedPersonas
from trpg_env.synthesis.generate import script_run
from trpg_env.synthesis.persona_files import load_personas
from trpg_env.synthesis.personas import Personas, PersonasError
from trpg_env.synthesis.sampling import Sampling


def add_to(kinds: Any) -> None:
    """Add the command to the parser."""
    command = kinds.add_parser(
        "scripts",
        help="a script for each of many personas",
        description="Have a language model write a script for each of N personas. What the verifier finds wrong goes back to "
        "the model until the script passes or its calls are spent; only sound scripts are kept, a JSON file each. Called "
        "again with the same arguments, a run that was interrupted goes on where it was. Exit 1 if nothing was kept, or "
        "a model failed.",
        epilog="example: trpg-env generate scripts -n 100 --model gpt-4o --concurrency 16 --out my-scripts",
    )
    command.add_argument(
        "--personas",
        metavar="FILE",
        help="personas, one a line (.txt), or as JSON Lines or CSV with persona or input persona (default: composed of "
        "traits, occupations, settings and aims that come with the package)",
    )
    command.add_argument(
        "--persona-source",
        metavar="TEXT",
        help="where the personas of --personas come from, for the scripts' provenance (default: the file's name)",
    )
    command.add_argument(
        "--persona-licence", metavar="TEXT", help="under which licence they stand, for the same"
    )
    kind = command.add_mutually_exclusive_group()
    kind.add_argument(
        "--narrative",
        action="store_true",
        help="scripts of the paper's kind, whose conditions are sentences (the default)",
    )
    kind.add_argument(
        "--grounded",
        action="store_true",
        help="scripts with preconditions and effects, which the engine plays; only those are kept that a plan solves",
    )
    command.add_argument("-n", type=count, default=10, metavar="N", help="personas in all (default 10)")
    add_options(command)
    command.add_argument(
        "--out", required=True, type=_folder, metavar="DIR", help="the folder for the scripts"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Generate scripts."""
    personas = _personas(options)

    def ready(sampling: Sampling) -> Preparation:
        return script_run(
            options.out,
            options.n,
            sampling,
            personas=personas,
            grounded=options.grounded,
            seed=options.seed,
            concurrency=options.concurrency,
        )

    return generated(ready, options, "scripts")


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a folder, or . for this one")
    return Path(text)


def _personas(options: argparse.Namespace) -> Personas:
    if options.personas is None:
        for name in ("persona_source", "persona_licence"):
            if getattr(options, name) is not None:
                raise WrongUse(
                    f"--{name.replace('_', '-')} is for --personas; composed personas are the package's own"
                )
        return ComposedPersonas(options.seed)
    try:
        return load_personas(
            options.personas,
            seed=options.seed,
            source=options.persona_source,
            licence=options.persona_licence,
        )
    except PersonasError as error:
        raise WrongUse(str(error)) from None
