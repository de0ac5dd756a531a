"""What a script says: reading files, the models, and the language of expressions, effects, texts and actions."""

from trpg_env.script.faults import Fault, ScriptError, ScriptNotFound
from trpg_env.script.load import ScriptLike, library, load_script
from trpg_env.script.model import Script
from trpg_env.script.program import Program

__all__ = [
    "Fault",
    "Program",
    "Script",
    "ScriptError",
    "ScriptLike",
    "ScriptNotFound",
    "library",
    "load_script",
]
