"""ALFWorld's actions as texts: how they are written, and how what a player writes is read."""

import re
from collections.abc import Mapping
from typing import NamedTuple

TEMPLATES: Mapping[str, str] = {
    "go": "go to {recep}",
    "open": "open {recep}",
    "close": "close {recep}",
    "take": "take {obj} from {recep}",
    "move": "move {obj} to {recep}",
    "use": "use {obj}",
    "heat": "heat {obj} with {recep}",
    "cool": "cool {obj} with {recep}",
    "clean": "clean {obj} with {recep}",
    "slice": "slice {obj} with {tool}",
    "examine": "examine {thing}",
    "inventory": "inventory",
    "look": "look",
    "help": "help",
}
"""How each action is written in these games. `{recep}` is a receptacle, `{obj}` and `{tool}` are objects, `{thing}` is either."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "move": ("put {obj} in/on {recep}", "put {obj} in {recep}", "put {obj} on {recep}"),
    "use": ("toggle {obj}",),
    "check": ("check valid actions",),
}
"""Other ways of writing that are understood: those of AgentBoard's prompt, of older releases of ALFWorld, and AgentBoard's own
action, which lists what can be done."""

_VALUE = re.compile(r"\{(\w+)\}")
_MAX_LENGTH = 200


class Action(NamedTuple):
    """An action.

    Attributes:
        name: Its name in `TEMPLATES`, or `check`.
        values: What its placeholders stand for.
    """

    name: str
    values: Mapping[str, str] = {}

    def __str__(self) -> str:
        """As these games write it."""
        template = TEMPLATES.get(self.name) or SPELLINGS[self.name][0]
        return template.format(**self.values)


def _pattern(template: str) -> re.Pattern[str]:
    literal = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile(_VALUE.sub(r"(?P<\1>[a-z]+ [0-9]+)", literal))


_PATTERNS = [
    *((name, _pattern(template)) for name, template in TEMPLATES.items()),
    *((name, _pattern(template)) for name, templates in SPELLINGS.items() for template in templates),
]


def read(text: str) -> Action | None:
    """The action that a text is; None where it is none. Blanks around it and a full stop behind it are no matter.

    Example:
        >>> str(read("put mug 1 in/on desk 2."))
        'move mug 1 to desk 2'
        >>> read("fly to the moon")
    """
    text = text.strip().removesuffix(".").strip()
    if len(text) > _MAX_LENGTH:
        return None
    for name, pattern in _PATTERNS:
        if match := pattern.fullmatch(text):
            return Action(name, match.groupdict())
    return None
