"""The ruling: what one action came to. The only thing that passes from the world to dungeon masters and environments."""

from typing import NamedTuple

from trpg_env.script.program import ErrorKind
from trpg_env.world.values import Value

_new = tuple.__new__
"""Makes a named tuple from a tuple of its fields, at a third of what its own constructor costs."""


class State(NamedTuple):
    """The state of play after a turn.

    Attributes:
        values: The world, slot by slot (see `Layout`); at 0 the number of actions taken. Nobody changes the list.
        hash: 128 bits that tell one world from another, the turn left aside.
        pending: The milestones that are still to be reached, by index; those that held at the start do not count.
        counted: How many milestones count.
        completed: The completion conditions that hold now, by index.
        progress: The share of milestones reached so far, from 0 to 1.
    """

    values: list[Value]
    hash: int
    pending: tuple[int, ...]
    counted: int
    completed: tuple[int, ...]
    progress: float

    @property
    def turn(self) -> int:
        """The number of actions taken."""
        return int(self.values[0])


class Ruling(NamedTuple):
    """What one action came to.

    Attributes:
        text: The player's text, blanks collapsed.
        name: The action's template as it was understood; None where it was not.
        parameters: Placeholder → value as text.
        error: The one error of the action; None where it was carried out.
        message: What was wrong; empty where nothing was.
        observation: What the script has the player see after an action that was carried out.
        state: The state after the turn.
        success: Whether the goal is reached.
        failure: Whether the episode has ended without success.
        progress: The share of milestones reached so far, from 0 to 1.
        before: The share before this action.
    """

    text: str
    name: str | None
    parameters: dict[str, str]
    error: ErrorKind | None
    message: str
    observation: str
    state: State
    success: bool
    failure: bool
    progress: float
    before: float


def erroneous(
    state: State, text: str, name: str | None, parameters: dict[str, str], error: ErrorKind, message: str
) -> Ruling:
    """The ruling on an action that was not carried out: a turn is gone, nothing else has changed."""
    values = state.values.copy()
    values[0] = state.turn + 1
    progress = state.progress
    after = _new(State, (values, state.hash, state.pending, state.counted, state.completed, progress))
    return _new(Ruling, (text, name, parameters, error, message, "", after, False, False, progress, progress))


class VerificationFailed(Exception):
    """Verification code or a pattern did not answer: the episode cannot go on.

    Its text names the action.

    Attributes:
        kind: `timeout`, `memory`, `crash` or `rejected`.
        message: What became of it, without the action.
        source: The pattern or code.
    """

    def __init__(self, kind: str, action: str, message: str, source: str) -> None:
        super().__init__(f'"{action}": {message}')
        self.kind = kind
        self.message = message
        self.source = source
