"""Who answers the player: the dungeon master's protocol and its implementations."""

from trpg_env.dm.protocol import DungeonMaster, Narration
from trpg_env.dm.rules import RulesDM

__all__ = ["DungeonMaster", "Narration", "RulesDM"]
