"""The command's entry: reads the arguments, runs one command, turns errors into exit codes.

Exit codes: 0 done; 1 done, but something fell short; 2 wrong use, said in one line; 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from trpg_env._version import __version__
from trpg_env.cli import (
    check,
    diversity,
    evaluate,
    export,
    generate,
    import_,
    play,
    report,
    rollout,
    scripts,
    verify,
)
from trpg_env.cli.terminal import WrongUse, complain
from trpg_env.script import ScriptError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongUse(f"{message} (see {self.prog} --help)")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = _Parser(
        prog="trpg-env",
        description="Tabletop-role-playing scripts as environments, and refinement-tuning data from playing them.",
        epilog="example: trpg-env play cool-tomato",
    )
    top.add_argument("--version", action="version", version=f"trpg-env {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for command in (
        scripts,
        check,
        play,
        rollout,
        generate,
        import_,
        verify,
        export,
        evaluate,
        diversity,
        report,
    ):
        command.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The command line without the program's name; the process's own where left out.

    Returns:
        The exit code.
    """
    try:
        options, unknown = parser().parse_known_args(arguments)
        if unknown:
            raise WrongUse(
                f"unrecognized arguments: {' '.join(unknown)} (see trpg-env {options.command} --help)"
            )
        code: int = options.run(options)
        if sys.stdout is not None:
            sys.stdout.flush()
    except WrongUse as error:
        complain(str(error))
        return 2
    except ScriptError as error:
        first, more = error.faults[0], len(error.faults) - 1
        complain(f"{first}{f' (and {more} more; trpg-env check lists them)' if more else ''}")
        return 2
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except BrokenPipeError:
        _silence_output()
        return 0
    except OSError as error:
        _silence_output()
        complain(f"standard output cannot be written: {error.strerror}")
        return 1
    return code


def _silence_output() -> None:
    """Nothing more can be said on standard output, at the interpreter's exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
