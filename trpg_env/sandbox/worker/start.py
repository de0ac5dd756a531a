"""The program of the fork server: ``python -P -s -S start.py DEADLINE FOLDER...``, its socket in place of standard input."""

import os
import sys
import types


def make_importable(libraries: list[str]) -> None:
    """Make the sandbox's modules and its libraries importable, wherever they lie and whatever the path is.

    Without running the ``__init__.py`` of ``trpg_env`` and of RestrictedPython, which would cost time and memory, and hand
    the worker modules that it has no business with.

    Args:
        libraries: The folder that RestrictedPython is in, then those of other libraries.
    """
    here = os.path.abspath(__file__)  # noqa: PTH100  (pathlib costs a tenth of the start)
    sandbox = os.path.dirname(os.path.dirname(here))  # noqa: PTH120
    above = os.path.dirname(sandbox)  # noqa: PTH120
    restricted = os.path.join(*libraries[:1], "RestrictedPython")  # noqa: PTH118
    for name, place in (("trpg_env", above), ("trpg_env.sandbox", sandbox), ("RestrictedPython", restricted)):
        package = types.ModuleType(name)
        package.__path__ = [place]
        sys.modules[name] = package
    # Behind what the interpreter has by itself, so that nothing there can take a standard module's place.
    sys.path += [folder for folder in libraries if folder not in sys.path]


if __name__ == "__main__":
    make_importable(sys.argv[2:])
    from trpg_env.sandbox.worker.forkserver import main

    main(float(sys.argv[1]))
