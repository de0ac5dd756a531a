"""From a trajectory to a conversation, with the loss that refinement tuning puts on each reply.

The DM's observations are the user's messages, the player's thought and action (ReAct) the assistant's; the
first user message carries the instruction. A reply counts towards the loss if its action was right, and
not if it was erroneous (paper, Eq. 1). A conversation ends on a correct reply.
"""

from dataclasses import dataclass

from trpg_env.envs import format_reply
from trpg_env.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `loss` and `error` are None for the user's."""

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


def conversation(trajectory: Trajectory, *, train_errors: bool = False) -> list[Message]:
    """The conversation of a trajectory; empty where no reply was correct.

    Args:
        trajectory: The trajectory.
        train_errors: Whether erroneous replies count towards the loss too (an ablation).
    """
    opening = trajectory.turns[0]
    exchanges = trajectory.exchanges()
    while exchanges and exchanges[-1][1].error is not None:
        exchanges.pop()
    if not exchanges:
        return []
    messages = [Message("user", f"{trajectory.instruction}\n\n{opening.observation}")]  # type: ignore[union-attr]
    for i, (player, dm) in enumerate(exchanges):
        error = dm.error is not None
        reply = format_reply(player.thought, player.action)
        messages.append(Message("assistant", reply, loss=train_errors or not error, error=error))
        if i < len(exchanges) - 1:
            messages.append(Message("user", dm.observation))
    return messages
