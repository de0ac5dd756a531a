"""The verifier of trajectories that a model wrote, both sides in one answer: the paper's rules, turn by turn.

The paper (data construction, verification) refuses a trajectory for four reasons: malformed JSON, or a turn without the
required keys; the last turn is reached and the task is not completed; a player's action matches no action's verification
code and parameters, and the DM's next turn does not report a parameter error; or the task is completed with fewer than two
error-and-refines. In the first three cases the turns before the bad one are kept, in the last none.

Where the paper is silent, a trajectory is held to what every trajectory of ours keeps to, so that `verify` finds nothing
in what is accepted here: DM and player take turns, the DM first; the opening assesses nothing; an erroneous action meets
no condition. When all conditions are met the episode is over, whatever stands behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from trpg_env.llm.extraction import Malformed, fit
from trpg_env.synthesis.reading import Turns, named, spelled
from trpg_env.synthesis.wire import DM, PLAYER, DMSaid, PlayerSaid
from trpg_env.trajectory import DMTurn, PlayerTurn, letter, writable
from trpg_env.trajectory.matching import Matcher
from trpg_env.trajectory.tally import refines
from trpg_env.trajectory.wording import shown

TrajectoryRule = Literal["json", "keys", "order", "unreported", "unfinished", "refinements"]

RULES: Final[Mapping[TrajectoryRule, str]] = {
    "json": "the reply holds no list of turns, or breaks off within a turn",
    "keys": "a turn lacks a required key, or has something else there than it should",
    "order": "DM and player do not take turns, or the opening assesses something",
    "unreported": "an action matches nothing, and the DM's next turn does not report a parameter error",
    "unfinished": "the last turn is reached, and the task is not completed",
    "refinements": "the task is completed with too few error-and-refines",
}
"""Why a trajectory is refused."""

_ROLES: Final = {"dm": DM, "dungeon master": DM, "player": PLAYER}
_COMPLETED: Final = ("completed", "completed_conditions", "task_completed")
"""What models call it."""


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with a trajectory.

    Attributes:
        rule: The rule that it breaks.
        turn: The first bad turn; None where it is the trajectory as a whole.
        message: What is wrong, for the model that wrote it.
    """

    rule: TrajectoryRule
    turn: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a trajectory.

    Attributes:
        turns: The turns before the first bad one; all of them where there is none.
        objection: What is wrong; None where it is accepted.
    """

    turns: list[DMTurn | PlayerTurn]
    objection: Objection | None


class Judge:
    """Judges trajectories of one script.

    Args:
        conditions: The script's completion conditions, for people.
        matcher: Finds its actions in texts.
        min_refinements: How many error-and-refines a trajectory must have.
    """

    def __init__(self, conditions: Sequence[str], matcher: Matcher, min_refinements: int) -> None:
        self._conditions = conditions
        self._matcher = matcher
        self._least = min_refinements

    def judge(self, written: Turns) -> Judged:
        """Judge a trajectory from its first turn on.

        Args:
            written: The turns as they were read, whatever they are.

        Raises:
            VerificationFailed: A pattern or code of the script's did not answer.
        """
        read = self._read(written)
        return self._unreported(read.turns) or read

    def _read(self, written: Turns) -> Judged:
        """The turns up to the end of the episode or the first that has not the form; what the player does is not looked at."""
        turns: list[DMTurn | PlayerTurn] = []
        met: set[int] = set()
        for item in written.items:
            turn = self._turn(item, len(turns), met)
            if isinstance(turn, Objection):
                return Judged(turns, turn)
            turns.append(turn)
            if isinstance(turn, DMTurn):
                met = set(turn.completed)
                if len(met) == len(self._conditions):
                    return Judged(turns, self._too_few(turns))
        return Judged(turns, self._not_the_end(len(turns), met, written.fault))

    def _unreported(self, turns: list[DMTurn | PlayerTurn]) -> Judged | None:
        """What is left before the first action that is none and is not reported."""
        exchanges = [
            (player, dm)
            for player, dm in zip(turns[1::2], turns[2::2], strict=False)
            if isinstance(player, PlayerTurn) and isinstance(dm, DMTurn)
        ]
        self._matcher.prepare(player.action for player, _ in exchanges)
        for player, dm in exchanges:
            # Also where it is reported: code that does not answer would keep `verify` from looking at the trajectory.
            if self._matcher.accepts(player.action) is False and not dm.parameter_error:
                message = (
                    f"turn {dm.turn}: the player's text {shown(player.action)} in turn {player.turn} matches no action's "
                    "verification code and parameters, which this turn has to report: parameter_error is true"
                )
                return Judged(turns[: dm.turn], Objection("unreported", dm.turn, message))
        return None

    def _turn(self, item: Any, number: int, met: set[int]) -> DMTurn | PlayerTurn | Objection:
        role = PLAYER if number % 2 else DM
        if not isinstance(item, dict):
            what = "a list" if isinstance(item, list) else shown(_clean(item))
            return Objection("keys", number, f"turn {number} is {what}; a turn is an object")
        item = named(item)
        said = item.get("role")
        if not isinstance(said, str):
            return Objection("keys", number, f'turn {number} lacks the key "role", or it is no text')
        if _ROLES.get(spelled(said)) != role:
            return Objection(
                "order",
                number,
                f"turn {number} is the {role}'s, not {shown(_clean(said))}'s; DM and player take turns, the DM first",
            )
        item = {**item, "turn": number, "role": role}
        try:
            if role == PLAYER:
                player = fit(item, PlayerSaid)
                return PlayerTurn(turn=number, thought=player.thought, action=player.action)
            dm = fit(self._with_completed(item), DMSaid)
        except Malformed as malformed:
            return Objection("keys", number, f"turn {number}, the {role}'s: {malformed}")
        return self._answer(dm, number, met)

    def _with_completed(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """A DM's turn whose conditions met are a list: none are where it is silent, all where it just says so."""
        said = next((item[key] for key in _COMPLETED if key in item), None)
        if said is None or said is False:
            said = []
        elif said is True:
            said = [*range(len(self._conditions))]
        return {**item, "completed": said}

    def _answer(self, dm: DMSaid, number: int, met: set[int]) -> DMTurn | Objection:
        unknown = next((i for i in dm.completed if not 0 <= i < len(self._conditions)), None)
        if unknown is not None:
            return Objection(
                "keys",
                number,
                f"turn {number}: there is no completion condition {shown(unknown)}; the script has "
                f"{len(self._conditions)}, numbered from 0",
            )
        # Of several errors the first counts, as of a DM's in play.
        kind = letter(dm.parameter_error, dm.place_error, dm.logic_error)
        if not number and kind != ".":
            return Objection("order", 0, "turn 0: the opening assesses nothing; its three errors are false")
        completed = sorted(met if kind != "." or not number else met.union(dm.completed))
        return DMTurn(
            turn=number,
            thought=dm.thought,
            observation=dm.observation,
            parameter_error=kind == "p",
            place_error=kind == "l",
            logic_error=kind == "o",
            message="" if kind == "." else dm.observation,
            progress=len(completed) / len(self._conditions),
            completed=completed,
            state_hash="",
        )

    def _too_few(self, turns: Sequence[DMTurn | PlayerTurn]) -> Objection | None:
        found = refines("".join(_letter(turn) for turn in turns[2:] if isinstance(turn, DMTurn)))
        if found >= self._least:
            return None
        return Objection(
            "refinements",
            None,
            f"The task is completed, but with {found} error-and-refines (one or more erroneous turns in a row, then a correct "
            f"one); there have to be {self._least} at least.",
        )

    def _not_the_end(self, number: int, met: set[int], fault: str | None) -> Objection:
        if fault is not None:
            return Objection("json", number, f"turn {number}: {fault}")
        missing = min(set(range(len(self._conditions))) - met)
        return Objection(
            "unfinished",
            number,
            f"The last turn is reached, and the task is not completed: condition {missing} "
            f"({shown(self._conditions[missing])}) is not among those completed.",
        )


def _clean(said: Any) -> Any:
    """What is quoted to the model: half a surrogate pair cannot be sent."""
    return writable(said) if isinstance(said, str) else said


def _letter(turn: DMTurn) -> str:
    return letter(turn.parameter_error, turn.place_error, turn.logic_error)
