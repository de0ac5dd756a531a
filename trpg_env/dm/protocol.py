"""Who answers the player: the one interface that every dungeon master has.

The world rules, the dungeon master (DM) puts the ruling into words. Where the engine plays the world (a grounded
script) a DM decides nothing; where only sentences describe it (a narrative script) the world leaves open what
verification code cannot decide, and the DM's judgement settles it.
"""

from collections.abc import Awaitable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from trpg_env.script.program import ErrorKind
from trpg_env.world import AnyWorld, Ruling, SeededFate, State


class Judgement(NamedTuple):
    """What a DM itself makes of an action.

    Attributes:
        parameter_error: Whether the text is no valid action; verification code has the last word on it.
        place_error: Whether it was tried in the wrong place.
        logic_error: Whether it was tried at the wrong time.
        completed: The completion conditions that are met now, by index.
    """

    parameter_error: bool = False
    place_error: bool = False
    logic_error: bool = False
    completed: tuple[int, ...] = ()

    @property
    def error(self) -> ErrorKind | None:
        """The one error that counts where verification code has accepted the text; of two, the first."""
        if self.place_error:
            return "place"
        return "logic" if self.logic_error else None


class Narration(NamedTuple):
    """A DM's words.

    Attributes:
        thought: What the DM makes of the player's state; never shown to the player.
        observation: What the player is told.
        judgement: What the DM judged itself; None where it only narrates. It decides in a narrative script, and
            stands in `info["audit"]` beside the engine's ruling in a grounded one.
    """

    thought: str
    observation: str
    judgement: Judgement | None = None


@runtime_checkable
class DungeonMaster(Protocol):
    """Puts a world's rulings into words. One object serves one environment; it can be pickled and deep-copied.

    Some attributes are optional: `judges`, true where the DM gives a judgement with each answer, without which it plays
    grounded scripts only; `usage`, the counts of tokens and calls of the episode so far; and `recorded`, true where what it
    says is kept for a replay, or comes from one.
    """

    kind: str
    """What the trajectory calls it: `rules`, `llm`, or a name of its own."""

    def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration | Awaitable[Narration]:
        """The opening scene of an episode; whatever was kept of the last one is dropped. May be a coroutine.

        Args:
            world: The world in play, grounded or narrative.
            state: The state at the start.
            fate: The episode's seed and luck, for whatever the DM draws.
        """
        ...

    def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration | Awaitable[Narration]:
        """The answer to one action. May be a coroutine; an exception ends the episode as broken."""
        ...

    def snapshot(self) -> Any:
        """What the DM keeps of the episode (a transcript, say), as JSON-like data."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Take up what `snapshot` gave.

        Raises:
            ValueError: It is nothing of the kind.
        """
        ...
