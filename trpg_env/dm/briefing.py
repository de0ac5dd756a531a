"""What a language model is told as dungeon master: the script before play, and each turn as it comes.

The wording stands in `prompts/dm*.txt`. Whatever a player may have written is put there as a JSON string, in which
nothing can be read as the end of a message or the beginning of another.
"""

import json
import re
from typing import Any

from trpg_env.dm.opening import opening as opening_of
from trpg_env.prompts import prompt
from trpg_env.script import Script
from trpg_env.script.instruction import action_line
from trpg_env.world import AnyWorld, NarrativeWorld, Ruling, State, World
from trpg_env.world.resolution import MAX_ACTION
from trpg_env.world.values import plain

WORDING = (
    "dm",
    "dm_narrative",
    "dm_grounded",
    "dm_opening",
    "dm_accepted",
    "dm_refused",
    "dm_carried_out",
    "dm_not_carried_out",
    "dm_world",
)
"""The prompts that all of it is made of."""

_SPECIAL = re.compile(r"<|\[(?=/?[A-Z])|[\x7f-\x9f\u2028\u2029\ud800-\udfff\uff5c]")
"""What begins a special token in some model's template (`<|im_end|>`, `[INST]`), breaks a line, or is no character.

Outside a text, compact JSON has none of it.
"""


def compact(value: Any) -> str:
    r"""A value as JSON without blanks, harmless in a prompt.

    Example:
        >>> compact({"said": 'so "what"', "then": ["<|im_end|>"]})
        '{"said":"so \\"what\\"","then":["\\u003c|im_end|>"]}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SPECIAL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def rules(script: Script, how: str | None = None) -> str:
    """The fixed beginning of every conversation about a script: the DM's rules, then the script.

    It hangs on the script alone, so that a server's cache of it serves every turn of every episode.

    Args:
        script: The script.
        how: The prompt that says how actions are answered; the one for scripts of its kind where left out.
    """
    return prompt("dm").format(
        rules=prompt(how or ("dm_grounded" if script.grounded else "dm_narrative")),
        title=script.title,
        persona=f"The player is: {script.persona}\n" if script.persona else "",
        goal=script.goal,
        conditions="\n".join(
            f"{i}. {condition.text}" for i, condition in enumerate(script.program.completion)
        ),
        environment=compact(script.environment),
        actions="\n".join(f"- {action_line(action)}" for action in script.program.actions),
    )


def opening() -> str:
    """What asks for the opening scene."""
    return prompt("dm_opening")


def turn(before: State, ruling: Ruling, *, grounded: bool) -> str:
    """What tells of one action.

    A narrative script's DM is told what verification code makes of it; a grounded one's what the engine made of it,
    but not which kind of error it was: that is for the DM to judge.

    Args:
        before: The state before the action.
        ruling: What the world made of the action.
        grounded: Whether the engine plays the script.
    """
    # A text longer than an action may be was refused unread.
    action = compact(ruling.text if len(ruling.text) <= MAX_ACTION else f"{ruling.text[: MAX_ACTION - 1]}…")
    number = before.turn + 1
    if grounded and ruling.error is None:
        return prompt("dm_carried_out").format(
            turn=number, action=action, observation=compact(ruling.observation)
        )
    if ruling.error is not None:
        name = "dm_not_carried_out" if grounded else "dm_refused"
        return prompt(name).format(turn=number, action=action, message=compact(ruling.message))
    parameters = [f"{placeholder} = {compact(value)}" for placeholder, value in ruling.parameters.items()]
    return prompt("dm_accepted").format(
        turn=number,
        action=action,
        name=compact(ruling.name),
        parameters=f" with {', '.join(parameters)}" if parameters else "",
    )


def present(world: AnyWorld, state: State) -> str:
    """How a grounded script's world stands, for the last message; of a narrative one only its DM knows."""
    if isinstance(world, NarrativeWorld):
        return ""
    seen = world.look(state.values) if state.turn else opening_of(world, state)
    return "\n" + prompt("dm_world").format(seen=compact(seen), world=compact(_changeable(world, state)))


def _changeable(world: World, state: State) -> dict[str, dict[str, Any]]:
    """Entity → attribute → value, of all that may ever differ from the script's environment."""
    layout, found = world.layout, dict[str, dict[str, Any]]()
    for slot, (entity, attribute) in enumerate(layout.names):
        value = state.values[slot]
        if slot and slot not in layout.constant and (value is not None or layout.start[slot] is not None):
            found.setdefault(entity, {})[attribute] = plain(value)
    return found
