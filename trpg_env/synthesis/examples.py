"""The examples that a model is shown before it writes a script: three of the library's, far from one another."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library, load_script
from trpg_env.script.instruction import instruction
from trpg_env.synthesis.draft import draft_of
from trpg_env.trajectory.similarity import overlap, trigrams

SHOTS: Final = 3
"""How many examples are shown (paper, script generation)."""

_OWN: Final = ("schema_version", "name", "family", "provenance", "persona")
"""What is the script's file's and not the world's."""


@dataclass(frozen=True, slots=True)
class Example:
    """A script as it is shown.

    Attributes:
        name: Its name in the library.
        text: Its persona, and the script as JSON.
    """

    name: str
    text: str


class Examples:
    """Chooses examples from the library.

    The first is drawn; each further one is the script that is farthest from those chosen, by the word trigrams that it
    shares with the nearest of them. So different items are shown different worlds, and each sees how different worlds may be.

    Args:
        sandbox: Where the scripts' patterns and code are looked at.
        grounded: Whether the examples are grounded scripts, in full; else all that can be told as narrative ones, so told.

    Attributes:
        digest: Tells them from other examples.

    Example:
        >>> with Sandbox() as sandbox:
        ...     [example.name for example in Examples(sandbox, grounded=True).choose(np.random.default_rng(0))]
        ['ship', 'office-mail', 'unix-config']
    """

    def __init__(self, sandbox: Sandbox, *, grounded: bool) -> None:
        scripts = [load_script(name, sandbox=sandbox) for name in library()]
        told = [(script, _grounded(script) if grounded else _narrative(script)) for script in scripts]
        kept = [(script, text) for script, text in told if text is not None]
        self._examples = [Example(script.name, text) for script, text in kept]
        self.digest: Final = hashlib.sha256("\0".join(text for _, text in kept).encode()).hexdigest()
        self._near = _overlaps([instruction(script) for script, _ in kept])

    def choose(self, generator: np.random.Generator) -> list[Example]:
        """Three examples.

        Args:
            generator: Draws the first.
        """
        chosen = [int(generator.integers(len(self._examples)))]
        while len(chosen) < min(SHOTS, len(self._examples)):
            nearest = self._near[chosen].max(axis=0)
            nearest[chosen] = np.inf
            chosen.append(int(nearest.argmin()))
        return [self._examples[i] for i in chosen]


def _overlaps(texts: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    grams = [set(trigrams(text)) for text in texts]
    return np.array([[overlap(a, b) for b in grams] for a in grams])


def _narrative(script: Script) -> str | None:
    draft = draft_of(script)
    return None if draft is None else _shown(script, draft.model_dump())


def _grounded(script: Script) -> str | None:
    if not script.grounded:
        return None
    data = script.source.data
    return _shown(script, {key: value for key, value in data.items() if key not in _OWN})


def _shown(script: Script, data: Mapping[str, Any]) -> str:
    # In the paper's format it stands in the environment.
    of_the_world = script.environment.get("persona") if isinstance(script.environment, Mapping) else None
    persona = script.persona or of_the_world
    told = [f"Persona: {persona}"] if persona else []
    return "\n".join([*told, f"Script: {json.dumps(data, ensure_ascii=False)}"])
