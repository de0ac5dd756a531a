"""The program of the fork server: ``python -P -s -S start.py DEADLINE FOLDER...``, its socket in place of standard input.

It makes the sandbox's modules importable without running ``trpg_env/__init__.py`` (which would cost the worker time and
memory, and hand it modules it has no business with), wherever the package lies and whatever the path is.
"""

import os
import sys
import types

if __name__ == "__main__":
    _here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  (pathlib costs a tenth of the start)
    _above = os.path.dirname(_here)  # noqa: PTH120
    for _name, _place in (("trpg_env", _above), ("trpg_env.sandbox", _here)):
        _package = types.ModuleType(_name)
        _package.__path__ = [_place]
        sys.modules[_name] = _package

    # Behind what the interpreter has by itself, so that nothing there can take a standard module's place.
    sys.path += [folder for folder in sys.argv[2:] if folder not in sys.path]

    from trpg_env.sandbox.forkserver import main

    main(float(sys.argv[1]))
