"""ScienceWorld's actions: which there are, which one a text is, and what is wrong with it, read off the answer.

The simulator does not tell whether an action was carried out; its sentences do.
"""

import re
from collections.abc import Mapping

from trpg_env.envs.game import ErrorKind

ASK = "check valid actions"
"""AgentBoard's own action, which lists the others."""

ACTIONS = (
    "look around: tells the room and what is in it",
    "look at OBJ, look in OBJ, read OBJ: examines an object, its contents, or what is written on it",
    "inventory: tells what you carry",
    "task: tells the task again",
    "go to OBJ: goes to an adjacent room",
    "open OBJ, close OBJ: a door or a container",
    "pick up OBJ, put down OBJ: into your inventory, or out of it",
    "move OBJ to OBJ, pour OBJ into OBJ, dunk OBJ in OBJ: into a container, or a container into a liquid",
    "mix OBJ: mixes what is in a container",
    "activate OBJ, deactivate OBJ: a device",
    "use OBJ on OBJ: uses a tool, such as a thermometer",
    "eat OBJ, flush OBJ: as they say",
    "focus on OBJ: shows that this object is the one that the task asks for",
    "wait, wait1: lets ten moments pass, or one",
    "a number: chooses, where the answer was a numbered list of what you may have meant",
    f"{ASK}: lists the actions",
)
"""The actions as a player is told of them; `OBJ` stands for an object."""

TEMPLATES = (
    "look around",
    "look at {object}",
    "look in {object}",
    "inventory",
    "go to {object}",
    "open {object}",
    "close {object}",
    "pick up {object}",
    "put down {object}",
    "move {object} to {other}",
    "pour {object} into {other}",
    "dunk {object} in {other}",
    "mix {object}",
    "activate {object}",
    "deactivate {object}",
    "use {object} on {other}",
    "read {object}",
    "eat {object}",
    "flush {object}",
    "focus on {object}",
    "wait",
    "wait1",
)
"""The actions with what may stand in them: `{object}` and `{other}` are objects, or a room to go to."""

_OBJECT, _OTHER = r"(?P<object>.+?)", r"(?P<other>.+)"
_FORMS = [
    (name, re.compile(form, re.IGNORECASE))
    for name, form in (
        (ASK, ASK),
        ("look around", r"look(?: around)?"),
        ("inventory", r"inventory|i"),
        ("task", "task"),
        ("reset task", "reset task"),
        ("help", "help"),
        ("objects", "objects"),
        ("wait", r"wait(?:10)?"),
        ("wait1", "wait1"),
        ("choose", r"(?P<number>\d+)"),
        ("look in", rf"look in(?:to|side)? {_OBJECT}"),
        ("look at", rf"(?:look (?:at|on)|examine) {_OBJECT}"),
        ("focus on", rf"focus(?: on)? {_OBJECT}"),
        ("pick up", rf"(?:pick up|get|take) {_OBJECT}"),
        ("put down", rf"(?:put down|drop) {_OBJECT}"),
        ("move", rf"(?:move|put) {_OBJECT} (?:to|in|into|on) {_OTHER}"),
        ("pour", rf"pour {_OBJECT} (?:to|in|into|on) {_OTHER}"),
        ("dunk", rf"dunk {_OBJECT} (?:in|into) {_OTHER}"),
        ("use", rf"use {_OBJECT} (?:with|on) {_OTHER}"),
        ("go to", rf"(?:go|walk|move)(?: to| into| through)? {_OBJECT}"),
        ("activate", rf"(?:activate|turn on) {_OBJECT}"),
        ("deactivate", rf"(?:deactivate|turn off) {_OBJECT}"),
        *((verb, rf"{verb} {_OBJECT}") for verb in ("open", "close", "mix", "read", "eat", "flush", "use")),
    )
]

_UNKNOWN = re.compile(r"No known action matches that input\.|Unknown action\..*|ERROR.*|", re.DOTALL)
_NOT_DONE = re.compile(
    r"I'm not sure .*|It'?s not clear .*|You can't .*|That can't be moved there.*|That object .* in the inventory\."
    r"|That is already .*|You must disconnect .*|The door doesn't appear .*|<ERROR>.*"
    r"|The .* (?:is already .*|is not .*|is in is not .*|is empty, so .*|isn't .*|aren't .*|can't be .*|appears broken.*"
    r"|does not contain .*)"
)
_AMBIGUOUS = "Ambiguous request"
_CHOICE = re.compile(r"^(\d+):\t", re.MULTILINE)


def understood(action: str) -> tuple[str | None, Mapping[str, str]]:
    """The action that a text is, and its values; None where it looks like none.

    Example:
        >>> understood("pour metal pot into sink")
        ('pour', {'object': 'metal pot', 'other': 'sink'})
    """
    for name, form in _FORMS:
        if read := form.fullmatch(action):
            return name, read.groupdict()
    return None, {}


def fault(observation: str) -> ErrorKind | None:
    """What was wrong with an action that was answered so: None where it was carried out, or asked back about.

    Example:
        >>> fault("The door is already open.")
        'logic'
    """
    if _UNKNOWN.fullmatch(observation):
        return "parameter"
    return "logic" if _NOT_DONE.fullmatch(observation) else None


def choices(observation: str) -> list[str]:
    r"""The numbers that may be answered where the simulator asks back; none where it does not.

    Example:
        >>> choices("Ambiguous request: Please enter the number:\n0:\topen this\n1:\topen that\n")
        ['0', '1']
    """
    return _CHOICE.findall(observation) if observation.startswith(_AMBIGUOUS) else []
