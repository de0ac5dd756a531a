"""How many different scripts, actions and personas stand behind trajectories.

Synthesis may write one world twice under another name, or the same few actions and personas over and over: each of
them is counted as often as it stands in a script, and once for all that are the same.
"""

import hashlib
import json
from typing import Any

from trpg_env.script import Script
from trpg_env.script.names import fold

_LABELS = frozenset({"schema_version", "name", "title", "family", "provenance", "persona"})
"""What a script says of itself, and not of its world."""


class Variety:
    """Counts the different among scripts, their actions and their personas.

    Scripts are the same in content where they say the same but for name, title, family, provenance and persona,
    whatever the spelling and the order of their keys. Actions are the same where their templates are, personas where
    their sentences are; case, blanks and underscores do not count. Digests are kept, not what they are made of.

    Example:
        >>> from trpg_env import load_script
        >>> variety = Variety()
        >>> for name in ["ship", "cool-tomato", "ship"]:
        ...     variety.add(load_script(name))
        >>> variety.as_dict()["scripts"]
        {'total': 2, 'distinct': 2}
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._scripts, self._actions, self._personas = _Count(), _Count(), _Count()

    def add(self, script: Script) -> None:
        """Take a script into account; one of the same hash has been, and costs nothing."""
        if script.hash in self._seen:
            return
        self._seen.add(script.hash)
        self._scripts.add(_content(script))
        for action in script.program.actions:
            self._actions.add(fold(action.template.text))
        persona = fold(script.persona or "")
        if persona:
            self._personas.add(persona)

    def as_dict(self) -> dict[str, Any]:
        """The counts as plain JSON values."""
        return {name: {"total": count.total, "distinct": count.distinct} for name, count in self._counts()}

    def lines(self) -> list[str]:
        """The counts as lines for people."""
        return [
            f"{f'distinct {name}':<20}{count.distinct} of {count.total}" for name, count in self._counts()
        ]

    def _counts(self) -> list[tuple[str, "_Count"]]:
        return [("scripts", self._scripts), ("actions", self._actions), ("personas", self._personas)]


class _Count:
    """How many texts there were, and how many different ones."""

    def __init__(self) -> None:
        self.total = 0
        self._digests: set[bytes] = set()

    @property
    def distinct(self) -> int:
        return len(self._digests)

    def add(self, text: str) -> None:
        self.total += 1
        self._digests.add(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())


def _content(script: Script) -> str:
    """What a script says of its world, in one spelling."""
    # From the model and not the file: the paper's keys are the house's there, and what is left out has its default.
    return json.dumps(_folded(script.model_dump(exclude=set(_LABELS))), sort_keys=True)


def _folded(data: Any) -> Any:
    if isinstance(data, dict):
        return {fold(key): _folded(value) for key, value in data.items()}
    return [_folded(value) for value in data] if isinstance(data, list) else data
