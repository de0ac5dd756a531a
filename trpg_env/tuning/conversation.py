"""From a trajectory to a conversation, with the loss that refinement tuning puts on each reply.

The DM's observations are the user's messages, the player's thought and action (ReAct) the assistant's; the
first user message carries the instruction. A reply that was malformed, and so is an error, stands as it was
said, for it names no thought and action. A reply counts towards the loss if its action was right, and
not if it was erroneous (paper, Eq. 1). A conversation ends on a correct reply.

Every format is written from this, so that all of them agree on texts and loss.
"""

from dataclasses import dataclass
from typing import Literal

from trpg_env.agents.react import said
from trpg_env.envs import format_reply
from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory

Ablation = Literal["train_errors", "mask_refinements", "drop_refinements"]
"""What the paper takes away from refinement tuning to see what it is good for.

- `train_errors`: erroneous replies count towards the loss too.
- `mask_refinements`: the refining reply, which is the correct one right after erroneous ones, does not count.
- `drop_refinements`: erroneous replies and the DM's answers to them are cut out. An error changes nothing in the
  world, so the refining reply then answers the observation from before the error. Its thought still speaks of an
  error and an answer that are no longer there. The thought is left as it was said, for nothing but the player knows
  which part of it is about the error, and the reply does not count: a model trained on it would learn to
  refer to answers that it never got. So the same replies count as with `mask_refinements`, and the two
  ablations differ in what stands before them alone.
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `loss` and `error` are None where it is no reply."""

    role: str
    content: str
    loss: bool | None = None
    error: bool | None = None

    def as_dict(self) -> dict[str, str | bool]:
        """The message as it is written to files."""
        record: dict[str, str | bool] = {"role": self.role, "content": self.content}
        if self.loss is not None and self.error is not None:
            record |= {"loss": self.loss, "error": self.error}
        return record


def conversation(
    trajectory: Trajectory, ablation: Ablation | None = None, system: str | None = None
) -> list[Message]:
    """The conversation of a trajectory; empty where no reply was correct.

    Args:
        trajectory: The trajectory; its turns alternate, the DM first and last.
        ablation: What is taken away from refinement tuning.
        system: A system message to begin with.
    """
    opening = trajectory.turns[0]
    assert isinstance(opening, DMTurn)
    observation = f"{trajectory.instruction}\n\n{opening.observation}"
    messages: list[Message] = []
    after_error = False
    for player, dm in _to_the_last_correct(trajectory):
        error = dm.error is not None
        if not (error and ablation == "drop_refinements"):
            loss = _counts(ablation, error=error, refining=after_error and not error)
            messages += [Message("user", observation), Message("assistant", _reply(player), loss, error)]
            observation = dm.observation
        after_error = error
    return [Message("system", system), *messages] if system is not None and messages else messages


def _reply(turn: PlayerTurn) -> str:
    if turn.reply is not None and not (turn.thought or turn.action):
        return said(turn.reply)
    return format_reply(turn.thought, turn.action)


def _counts(ablation: Ablation | None, *, error: bool, refining: bool) -> bool:
    if error:
        return ablation == "train_errors"
    return not (refining and ablation in ("mask_refinements", "drop_refinements"))


def _to_the_last_correct(trajectory: Trajectory) -> list[tuple[PlayerTurn, DMTurn]]:
    exchanges = trajectory.exchanges()
    while exchanges and exchanges[-1][1].error is not None:
        exchanges.pop()
    return exchanges
