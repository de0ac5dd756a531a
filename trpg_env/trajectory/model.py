"""A trajectory: one episode as it was played, one line of JSON.

`turns` begin and end with the DM; a DM's turn assesses the player's turn before it. The keys and their order
are the file format (`schema_version` 1).
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_SURROGATE = re.compile("[\ud800-\udfff]")


def writable(text: str) -> str:
    """Half a surrogate pair is no character and stands in no file: it becomes the replacement character."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


Text = Annotated[str, AfterValidator(writable)]

Outcome = Literal["completed", "failed", "truncated", "error"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DMTurn(_Record):
    """The DM's turn: the opening scene at 0, else the answer to the player's turn before it.

    Attributes:
        turn: Its place among all turns, from 0.
        thought: What the DM makes of the player's state.
        observation: What the player is told.
        parameter_error: Whether the player's action was no valid action.
        place_error: Whether it was done in the wrong place.
        logic_error: Whether it was done at the wrong time.
        message: What was wrong; empty where nothing was.
        progress: The share of milestones reached so far, from 0 to 1.
        completed: The completion conditions that hold now, by index.
        state_hash: Tells one state of the world from another.
    """

    turn: int
    role: Literal["DM"] = "DM"
    thought: Text
    observation: Text
    parameter_error: bool
    place_error: bool
    logic_error: bool
    message: Text
    progress: float
    completed: list[int]
    state_hash: Text

    @property
    def error(self) -> Literal["parameter", "place", "logic"] | None:
        """The kind of error that the player's turn before was; the first, where a model reports several."""
        if self.parameter_error:
            return "parameter"
        if self.place_error:
            return "place"
        return "logic" if self.logic_error else None


class PlayerTurn(_Record):
    """The player's turn.

    Attributes:
        turn: Its place among all turns, from 0.
        thought: Why.
        action: The action's text, as it was given to the environment.
        reasoning: A model's hidden channel, where there was one.
        reply: A model's raw answer, where there was one.
    """

    turn: int
    role: Literal["Player"] = "Player"
    thought: Text
    action: Text
    reasoning: Text | None = None
    reply: Text | None = None


class Participant(_Record):
    """Who played, or who answered."""

    kind: Text
    model: Text | None = None
    sampling: dict[str, Any] | None = None
    prompt_hash: Text | None = None


BY_PLAYER = "player"
"""The kind of error where the player broke: the DM had answered all that was asked of it."""


class EpisodeError(_Record):
    """Why an episode broke.

    Attributes:
        kind: `player`, `dm` or `environment` by whose exception; with what became of a model after a colon, where that
            was it (`player:timeout`, `dm:connection`); `process` where the one that played it died; else why a check
            did not answer (`timeout`, `memory`, `crash`, `rejected`).
        message: What was said.
    """

    kind: Text
    message: Text

    @property
    def by(self) -> str:
        """The kind without what became of a model."""
        return self.kind.partition(":")[0]

    @property
    def unjudged(self) -> bool:
        """Whether it broke while an action was being answered: the last turn keeps that action, which nobody has judged."""
        return self.by not in (BY_PLAYER, "environment")


class Parent(_Record):
    """The trajectory, and the turn in it, from which this one was branched."""

    id: Text
    turn: int


Turn = Annotated[DMTurn | PlayerTurn, Field(discriminator="role")]


class Trajectory(_Record):
    """One episode.

    Attributes:
        schema_version: The format's version.
        id: The same for the same script, seed, luck, limit of turns, player and DM.
        script: The library name or absolute path; None for a script that was a mapping.
        script_hash: SHA-256 of the script's data.
        family: The script's family: a train/held-out split keeps it on one side.
        seed: The episode's seed.
        luck: Its luck.
        source: `rollout` (played in the environment) or `synthesis` (written by a model).
        player: Who played.
        dm: Who answered.
        instruction: What the player was told before play.
        turns: DM and player in turn, the DM first and last.
        success: Whether the goal was reached.
        progress: The share of milestones reached.
        outcome: How it ended; `error` where a model, the sandbox or the player broke.
        error: Why it broke.
        parent: From where it was branched.
        usage: Calls and tokens, where a model took part (see `trpg_env.trajectory.usage`).
    """

    schema_version: Literal[1] = 1
    id: Text
    script: Text | None
    script_hash: Text
    family: Text
    seed: int
    luck: int
    source: Literal["rollout", "synthesis"] = "rollout"
    player: Participant
    dm: Participant
    instruction: Text
    turns: list[Turn] = Field(min_length=1)
    success: bool
    progress: float
    outcome: Outcome
    error: EpisodeError | None = None
    parent: Parent | None = None
    usage: dict[str, int] = Field(default_factory=dict)

    def exchanges(self) -> list[tuple[PlayerTurn, DMTurn]]:
        """Each of the player's turns with the DM's answer to it."""
        pairs = zip(self.turns[1::2], self.turns[2::2], strict=False)
        return [(p, d) for p, d in pairs if isinstance(p, PlayerTurn) and isinstance(d, DMTurn)]
