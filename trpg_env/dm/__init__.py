"""Who answers the player: the dungeon master's protocol and its implementations."""

from typing import TYPE_CHECKING, Any

from trpg_env.dm.making import dungeon_master
from trpg_env.dm.protocol import DungeonMaster, Judgement, Narration
from trpg_env.dm.rules import RulesDM

if TYPE_CHECKING:
    from trpg_env.dm.llm import LLMDM

__all__ = ["LLMDM", "DungeonMaster", "Judgement", "Narration", "RulesDM", "dungeon_master"]


def __getattr__(name: str) -> Any:
    if name != "LLMDM":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Most environments ask no model.
    from trpg_env.dm.llm import LLMDM  # noqa: PLC0415

    return LLMDM
