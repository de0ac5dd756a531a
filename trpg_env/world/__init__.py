"""The state of play: what an action does to a world, exactly."""

from trpg_env.sandbox import Sandbox
from trpg_env.script.model import Script
from trpg_env.world.fate import Fate, SeededFate
from trpg_env.world.grounding import GroundAction, TooManyActions
from trpg_env.world.narrative import NarrativeWorld
from trpg_env.world.plan import Plan
from trpg_env.world.ruling import Ruling, State, VerificationFailed
from trpg_env.world.search import find_plan, find_some_plan
from trpg_env.world.world import NotGrounded, World

AnyWorld = World | NarrativeWorld


def make_world(script: Script, sandbox: Sandbox) -> AnyWorld:
    """The world of a script of either kind.

    Args:
        script: The script.
        sandbox: Where its patterns and code run; it stays the caller's.
    """
    return World(script, sandbox) if script.grounded else NarrativeWorld(script, sandbox)


__all__ = [
    "AnyWorld",
    "Fate",
    "GroundAction",
    "NarrativeWorld",
    "NotGrounded",
    "Plan",
    "Ruling",
    "SeededFate",
    "State",
    "TooManyActions",
    "VerificationFailed",
    "World",
    "find_plan",
    "find_some_plan",
    "make_world",
]
