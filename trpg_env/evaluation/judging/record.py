"""What a model judged of one episode, turn by turn, beside what the engine ruled: a line of `judgements.jsonl`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from trpg_env.script.program import ErrorKind
from trpg_env.trajectory import EpisodeError, Form, Opinions, Participant
from trpg_env.trajectory.model import Text
from trpg_env.trajectory.reading import BadLine, read_lines, unreadable, what_is_wrong
from trpg_env.trajectory.record import Record

FILE: Final = "judgements.jsonl"

Fault = Literal["format", "context", "reply"]
"""Why there is no judgement on a turn: the model's answer had not the form, not after it was shown its fault either; the
question did not fit into its context; the player's own reply named no action, so that nobody was asked."""


class Said(Record):
    """A model's answer.

    Attributes:
        thought: What it makes of the player's state.
        observation: What it would have told the player.
        parameter_error: Whether it holds the action for no valid one.
        place_error: Whether it holds it for tried in the wrong place.
        logic_error: Whether it holds it for tried at the wrong time.
        completed: The completion conditions that it holds for met, by index.
    """

    thought: Text
    observation: Text
    parameter_error: bool
    place_error: bool
    logic_error: bool
    completed: list[int]

    @property
    def own(self) -> ErrorKind | None:
        """The kind of error that it says; of several flags the first counts."""
        return "parameter" if self.parameter_error else self.deciding

    @property
    def deciding(self) -> ErrorKind | None:
        """What of it decides in play, once verification code has accepted the action: its say on place and logic."""
        if self.place_error:
            return "place"
        return "logic" if self.logic_error else None


class JudgedTurn(Record):
    """One of the player's turns.

    Attributes:
        turn: The number of the DM's turn that answers it.
        ruled: What the engine rules: the kind of error, None for none.
        met: The completion conditions that hold after it, by index.
        said: What the model says; None where it gave no judgement.
        fault: Why it gave none.
    """

    turn: int
    ruled: ErrorKind | None
    met: list[int]
    said: Said | None
    fault: Fault | None = None

    @property
    def opinions(self) -> Opinions | None:
        """What both say, parameter errors included; None where there is no judgement."""
        return None if self.said is None else Opinions(self.said.own, self.ruled)

    @property
    def opinions_in_play(self) -> Opinions | None:
        """What both say where the model would have decided; None where verification code decides, or nobody judged."""
        if self.said is None or self.ruled == "parameter":
            return None
        return Opinions(self.said.deciding, self.ruled)


class Judged(Record):
    """What a model judged of one episode.

    Attributes:
        schema_version: The format's version.
        id: The trajectory's.
        script: What people call the script.
        script_hash: Tells it from every other.
        family: Its family.
        seed: The episode's seed.
        luck: Its luck.
        conditions: How many completion conditions the script has.
        player: Who played.
        judge: The model that was asked, with its sampling and prompt.
        turns: The player's turns, up to where the model failed for good.
        error: Why that was; None where all was asked.
        usage: What the questions cost.
    """

    schema_version: Literal[1] = 1
    id: Text
    script: Text
    script_hash: Text
    family: Text
    seed: int
    luck: int
    conditions: int
    player: Participant
    judge: Participant
    turns: list[JudgedTurn]
    error: EpisodeError | None = None
    usage: dict[str, int] = Field(default_factory=dict)


def parse_line(line: bytes) -> Judged:
    """The judged episode on a line.

    Raises:
        BadLine: There is none.
    """
    try:
        return Judged.model_validate_json(line)
    except ValidationError as error:
        whole = all(one["type"] != "json_invalid" for one in error.errors())
        raise BadLine(f"no judged episode: {what_is_wrong(error)}", whole=whole) from None


JUDGEMENTS: Final = Form(parse_line, b'{"schema_version":', "judged episode", "judged episodes")
"""The lines of a file of judgements."""


def read_judged(path: Path) -> Iterator[Judged]:
    """The judged episodes of a file, one by one.

    Raises:
        StoreError: The file cannot be read, or a line is no judged episode.
    """
    for number, line in read_lines(path):
        try:
            yield parse_line(line)
        except BadLine as error:
            raise unreadable(path, number, error) from None
