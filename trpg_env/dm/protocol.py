"""Who answers the player: the one interface that every dungeon master has.

The world rules, the dungeon master (DM) puts the ruling into words. A DM decides nothing about a grounded
script; what it may decide about a narrative one is for the language-model DM.
"""

from collections.abc import Awaitable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from trpg_env.world import Ruling, State, World


class Narration(NamedTuple):
    """A DM's words.

    Attributes:
        thought: What the DM makes of the player's state; never shown to the player.
        observation: What the player is told.
    """

    thought: str
    observation: str


@runtime_checkable
class DungeonMaster(Protocol):
    """Puts a world's rulings into words. One object serves one environment; it can be pickled and deep-copied."""

    kind: str
    """What the trajectory calls it: `rules`, `llm`, or a name of its own."""

    def open(self, world: World, state: State) -> Narration | Awaitable[Narration]:
        """The opening scene of an episode; whatever was kept of the last one is dropped. May be a coroutine."""
        ...

    def answer(self, world: World, before: State, ruling: Ruling) -> Narration | Awaitable[Narration]:
        """The answer to one action. May be a coroutine; an exception ends the episode as broken."""
        ...

    def snapshot(self) -> Any:
        """What the DM keeps of the episode (a transcript, say), as JSON-like data."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Take up what `snapshot` gave."""
        ...
