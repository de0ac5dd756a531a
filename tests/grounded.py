"""The library's scripts that the rules can play."""

from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script

with Sandbox() as _sandbox:
    GROUNDED = [name for name in library() if load_script(name, sandbox=_sandbox).grounded]
