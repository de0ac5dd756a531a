"""What a language model's replies say: the action that was played, or that there is none in them.

The player that is a language model (`kind` is `llm`) is held to one format, and what is malformed went to the environment
as a parameter error. So its raw replies must say what the trajectory says was done. The replies of other
players are in a form of their own.
"""

from trpg_env.envs.react import MalformedReply, Refused, parse_reply
from trpg_env.llm.reasoning import split_reasoning
from trpg_env.script import Fault
from trpg_env.trajectory.model import PlayerTurn, Trajectory, writable
from trpg_env.trajectory.wording import contrast

LLM = "llm"
"""The kind of the player that is a language model."""


def given(trajectory: Trajectory, turn: PlayerTurn) -> str:
    """A player's action as the environment got it: refused with a message, where the reply is malformed."""
    said = _said(trajectory, turn)
    return Refused(turn.action, said.message) if isinstance(said, Refused) else turn.action


def check_replies(trajectory: Trajectory) -> Fault | None:
    """The first action that is not what the player's raw reply says."""
    for player, _ in trajectory.exchanges():
        said = _said(trajectory, player)
        if said == player.action:
            continue
        stands, wanted = contrast(player.action, str(said))
        instead = (
            f"the reply names none: {said.message}"
            if isinstance(said, Refused)
            else f"the reply says {wanted}"
        )
        return Fault(f"{stands} stands here, {instead}", f"turns[{player.turn}].action")
    return None


def _said(trajectory: Trajectory, turn: PlayerTurn) -> str:
    if turn.reply is None or trajectory.player.kind != LLM or trajectory.source != "rollout":
        return turn.action
    try:
        return writable(parse_reply(split_reasoning(turn.reply)[1]).action)
    except MalformedReply as error:
        return Refused("", str(error))
