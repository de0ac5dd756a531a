"""A conversation as a trajectory, with nothing made up.

- `player.kind` and `dm.kind` are `imported`; `source` is `synthesis`, which means that it was not played in our environment,
  so that nothing can be played again.
- `script_hash` is the hash of what tells one environment from another here: the script's name where the record has one, else all
  that the player was told before its first action.
- What the player was told first is `instruction` and the opening scene: parted behind the line `You have … turns.`, which
  instructions of ours end with, else at the last blank line. A system message stands before the instruction, unless it is
  the one that `export --system-prompt` writes.
- A reply is parted into thought and action as in play. One that does not name a thought and an action is kept as `reply`, with
  neither.
- A reply has an error where the record says so, and no flag where it says nothing. An error of an unknown kind is a logic error, or a
  parameter error where the reply names no action.
- Unless the record says that the goal was reached, the outcome is `truncated` and progress 0: it is not known.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from trpg_env.chats.files import Records
from trpg_env.chats.messages import BadRecord, Conversation, Error, Said, conversation_of
from trpg_env.envs import format_reply
from trpg_env.envs.react import MalformedReply, parse_reply
from trpg_env.llm.reasoning import split_reasoning
from trpg_env.prompts import prompt
from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory

IMPORTED: Final = "imported"
"""The kind of player and DM that others' conversations have."""

_LONGEST_ID: Final = 200
_OPENING: Final = re.compile(r"(?s)(.*?(?:\A|\n)You have [1-9][0-9]{0,8} turns?\.)\n\n(.*)")


@dataclass(frozen=True, slots=True)
class Again:
    """A conversation that stands in the file a second time.

    Attributes:
        id: What it is called.
    """

    id: str


class _Reply(NamedTuple):
    """The parts of a reply."""

    thought: str
    action: str
    reasoning: str | None
    raw: str | None


def is_imported(trajectory: Trajectory) -> bool:
    """Whether a trajectory is somebody else's conversation."""
    return trajectory.source == "synthesis" and trajectory.player.kind == IMPORTED


def import_chats(
    records: Records, family: str, *, completed: bool = False
) -> Iterator[tuple[str, Trajectory | BadRecord | Again]]:
    """The conversations of a file as trajectories, each with its place in the file.

    The same file gives the same trajectories with the same ids. Where two conversations have one id, the
    second is called by its content.

    Args:
        records: The file.
        family: The family of those that name none.
        completed: Whether those that do not say how they ended reached the goal.

    Yields:
        A place, and the trajectory there; or why there is none.

    Raises:
        ChatError: The file can no longer be read.
    """
    known: dict[str, str] = {}
    for place, record in records:
        try:
            conversation = conversation_of(record)
        except BadRecord as error:
            yield place, error
            continue
        found = imported_trajectory(conversation, family, completed=completed)
        content = _content(conversation)
        if known.get(found.id, content) != content:
            found = found.model_copy(update={"id": content})
        if found.id in known:
            yield place, Again(found.id)
            continue
        known[found.id] = content
        yield place, found


def imported_trajectory(conversation: Conversation, family: str, *, completed: bool = False) -> Trajectory:
    r"""A conversation as a trajectory.

    Args:
        conversation: What was said.
        family: Its family, if it names none.
        completed: Whether it reached the goal, if it does not say how it ended.

    Example:
        >>> from trpg_env.chats import conversation_of
        >>> found = imported_trajectory(conversation_of({"messages": [
        ...     {"role": "user", "content": "Get out.\n\nA door."},
        ...     {"role": "assistant", "content": "Thought: Out!\nAction: open door"},
        ...     {"role": "user", "content": "It is open."}]}), "rooms")
        >>> found.instruction, found.turns[1].action, found.turns[2].observation
        ('Get out.', 'open door', 'It is open.')
    """
    said = list(conversation.said)
    system = said.pop(0).text if said[0].role == "system" else ""
    instruction, opening, exchanges = _begun(said)
    if system.strip() and system.strip() != prompt("player"):
        instruction = f"{system}\n\n{instruction}"
    success = completed if conversation.success is None else conversation.success
    progress = float(success)
    turns: list[DMTurn | PlayerTurn] = [_dm(0, opening, None, 0.0)]
    for i, (reply, answer) in enumerate(exchanges):
        parts = _parts(reply.text)
        turns.append(
            PlayerTurn(
                turn=len(turns),
                thought=parts.thought,
                action=parts.action,
                reasoning=parts.reasoning,
                reply=parts.raw,
            )
        )
        last = i == len(exchanges) - 1
        turns.append(_dm(len(turns), answer, _error(reply, parts), progress if last else 0.0))
    environment = conversation.script or f"{instruction}\n\n{opening}"
    return Trajectory(
        id=_id(conversation),
        script=conversation.script,
        script_hash=_hash(environment),
        family=conversation.family or family,
        seed=0,
        luck=0,
        source="synthesis",
        player=Participant(kind=IMPORTED),
        dm=Participant(kind=IMPORTED),
        instruction=instruction,
        turns=turns,
        success=success,
        progress=progress,
        outcome="completed" if success else "truncated",
    )


def _begun(said: Sequence[Said]) -> tuple[str, str, list[tuple[Said, str]]]:
    """The instruction, the opening scene, and each reply with the answer to it."""
    told = said[0].text
    if len(said) > 3 and said[1].error is None and _only_agrees(said):
        instruction, opening, rest = told, said[2].text, said[3:]
    else:
        instruction, opening, rest = *_parted(told), said[1:]
    answers = [one.text for one in rest[1::2]]
    # A conversation that ends on a reply does not tell what came of it.
    answers += [""] * (len(rest) % 2)
    return instruction, opening, list(zip(rest[::2], answers, strict=True))


def _only_agrees(said: Sequence[Said]) -> bool:
    """Whether the first reply takes note of the instruction only: it names no action, and the next one does."""
    first, then = _parts(said[1].text), _parts(said[3].text)
    return not first.action and bool(then.action)


def _parted(told: str) -> tuple[str, str]:
    own = _OPENING.fullmatch(told)
    if own is not None:
        return own[1], own[2]
    instruction, blank, opening = told.rpartition("\n\n")
    return (instruction, opening) if blank else (told, "")


def _parts(text: str) -> _Reply:
    reasoning, visible = split_reasoning(text)
    try:
        thought, action = parse_reply(visible)
    except MalformedReply:
        return _Reply("", "", reasoning, text)
    # What is said again by its parts needs no second place.
    return _Reply(thought, action, reasoning, None if format_reply(thought, action) == text else text)


def _error(reply: Said, parts: _Reply) -> Error | None:
    if isinstance(reply.error, str):
        return reply.error
    if not reply.error:
        return None
    return "logic" if parts.action else "parameter"


def _dm(turn: int, observation: str, error: Error | None, progress: float) -> DMTurn:
    return DMTurn(
        turn=turn,
        thought="",
        observation=observation,
        parameter_error=error == "parameter",
        place_error=error == "place",
        logic_error=error == "logic",
        message="",
        progress=progress,
        completed=[],
        state_hash="",
    )


def _id(conversation: Conversation) -> str:
    named = conversation.id
    return named if named is not None and len(named) <= _LONGEST_ID else _content(conversation)


def _content(conversation: Conversation) -> str:
    return _hash(json.dumps([[one.role, one.text, one.error] for one in conversation.said]))[:16]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
