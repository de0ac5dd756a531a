"""The state of play: what an action does to a world, exactly."""

from trpg_env.world.fate import Fate, SeededFate
from trpg_env.world.grounding import GroundAction, TooManyActions
from trpg_env.world.ruling import Ruling, State, VerificationFailed
from trpg_env.world.search import Plan, find_plan, find_some_plan
from trpg_env.world.world import NotGrounded, World

__all__ = [
    "Fate",
    "GroundAction",
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
]
