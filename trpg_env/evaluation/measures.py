"""What is measured of one episode.

Counts and not shares, so that shares can be pooled over episodes: an episode with two errors says less about how an
agent recovers than one with twenty.
"""

from collections.abc import Sequence

from trpg_env.envs.react import Refused
from trpg_env.script.templates import normalise
from trpg_env.trajectory import CONTEXT_TOO_LONG, Outcome, PlayerTurn, Trajectory
from trpg_env.trajectory.record import Record
from trpg_env.trajectory.replies import given

WITHIN = 3
"""In how many turns an agent is to recover from an error."""


class Measures(Record):
    """What is measured of one episode.

    Attributes:
        id: The trajectory's.
        item: What was played: the script's hash.
        family: The item's family.
        seed: The episode's seed: with the item, the start.
        luck: Its luck, which tells samples of one start apart.
        outcome: How it ended.
        error: The kind of error of an episode that broke, such as `player:timeout`; None where it did not.
        success: Whether the goal was reached.
        progress: The share of milestones reached, from 0 to 1.
        turns: The player's turns.
        parameter: Erroneous turns whose action was no valid one, those of `format` left out.
        place: Erroneous turns whose action was done in the wrong place.
        logic: Erroneous turns whose action was done at the wrong time.
        format: Erroneous turns of a model whose reply could not be read as thought and action.
        recovered: Erroneous turns that were followed by a correct one in time.
        repeated: Erroneous turns that the player had been told about: the same action, in the same state of the world,
            had been answered with an error before.
        context_too_long: Whether it was truncated because the conversation no longer fitted into a model's context.
        calls: Calls of the player's model; None where no model played.
        prompt_tokens: Tokens that it was sent, likewise.
        completion_tokens: Tokens that it answered, likewise.
    """

    id: str
    item: str
    family: str
    seed: int
    luck: int
    outcome: Outcome
    error: str | None
    success: bool
    progress: float
    turns: int
    parameter: int
    place: int
    logic: int
    format: int
    recovered: int
    repeated: int
    context_too_long: bool
    calls: int | None
    prompt_tokens: int | None
    completion_tokens: int | None

    @property
    def broken(self) -> bool:
        """Whether model, sandbox or script broke it: that is no failure of the player's."""
        return self.outcome == "error"

    @property
    def errors(self) -> int:
        """The erroneous turns of all kinds."""
        return self.parameter + self.place + self.logic + self.format


def measure(trajectory: Trajectory, within: int = WITHIN) -> Measures:
    """Measure one episode.

    Args:
        trajectory: The episode.
        within: In how many turns after an error a correct one must come for the error to count as recovered from, 1 or
            more.

    Raises:
        ValueError: `within` is too few.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> (episode,) = rollout("cool-tomato", PlannerAgent(), n=1)
        >>> measured = measure(episode)
        >>> measured.success, measured.errors
        (True, 0)
    """
    if within < 1:
        raise ValueError(f"within={within} is too few: an error is recovered from within 1 turn or more")
    t, usage = trajectory, trajectory.usage
    kinds = kinds_of(t)
    played = "player_calls" in usage
    return Measures(
        id=t.id,
        item=t.script_hash,
        family=t.family,
        seed=t.seed,
        luck=t.luck,
        outcome=t.outcome,
        error=None if t.error is None else t.error.kind,
        success=t.success,
        progress=t.progress,
        turns=len(kinds),
        parameter=kinds.count("parameter"),
        place=kinds.count("place"),
        logic=kinds.count("logic"),
        format=kinds.count("format"),
        recovered=_recovered(kinds, within),
        repeated=_repeated(t, kinds),
        context_too_long=bool(usage.get(CONTEXT_TOO_LONG)),
        calls=usage["player_calls"] if played else None,
        prompt_tokens=usage.get("player_prompt_tokens", 0) if played else None,
        completion_tokens=usage.get("player_completion_tokens", 0) if played else None,
    )


def kinds_of(trajectory: Trajectory) -> list[str | None]:
    """The kind of error that each of the player's turns was; None for a correct one."""
    return [
        "format" if dm.parameter_error and isinstance(given(trajectory, player), Refused) else dm.error
        for player, dm in trajectory.exchanges()
    ]


def _recovered(kinds: Sequence[str | None], within: int) -> int:
    return sum(kind is not None and None in kinds[i + 1 : i + 1 + within] for i, kind in enumerate(kinds))


def _repeated(trajectory: Trajectory, kinds: Sequence[str | None]) -> int:
    told: set[tuple[str, str, str]] = set()
    repeated = 0
    before = trajectory.turns[0]
    for (player, answer), kind in zip(trajectory.exchanges(), kinds, strict=True):
        state = "" if isinstance(before, PlayerTurn) else before.state_hash
        before = answer
        if kind is None:
            continue
        # A reply that cannot be read names no action: it is repeated where the model says the same again.
        said = ("reply", player.reply or "") if kind == "format" else ("action", player.action)
        tried = (state, said[0], normalise(said[1]))
        repeated += tried in told
        told.add(tried)
    return repeated
