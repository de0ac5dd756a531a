"""The command line: `trpg-env`."""

from trpg_env.cli.main import main

__all__ = ["main"]
