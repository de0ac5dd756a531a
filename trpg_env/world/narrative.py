"""A narrative script in play: verification code decides what is an action, the rest is for a dungeon master to judge.

Nobody has written down what an action changes, so the state is what has become of the episode: the actions taken,
the completion conditions reported so far, and a hash over everything that was carried out and told. A `NarrativeWorld`
holds nothing of an episode, as a `World` does not.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from trpg_env.sandbox import Sandbox
from trpg_env.script.model import Script
from trpg_env.script.program import ErrorKind, Program, Setting
from trpg_env.script.templates import normalise
from trpg_env.world.fate import Fate
from trpg_env.world.grounding import GroundAction
from trpg_env.world.resolution import Resolver
from trpg_env.world.ruling import Ruling, State, erroneous
from trpg_env.world.values import Value


class NarrativeWorld:
    """The world of a narrative script.

    A turn has two halves: `rule` gives a parameter error, or a ruling that leaves open what came of the action; then
    `conclude` settles it by a dungeon master's judgement.

    Args:
        script: The script.
        sandbox: Where its patterns and code run; it stays the caller's.

    Attributes:
        grounded: False; a `World` says True.
        script: The script.
        program: What it means.
        resolver: Finds the action that a text means.

    Raises:
        ValueError: The script is a grounded one.

    Example:
        >>> from trpg_env.sandbox import Sandbox
        >>> from trpg_env.script import load_script
        >>> from trpg_env.world import SeededFate
        >>> with Sandbox() as sandbox:
        ...     world = NarrativeWorld(load_script("village-healer", sandbox=sandbox), sandbox)
        ...     start = world.begin(variation=0)
        ...     asked = world.rule(start, "read recipe book", SeededFate(0, 0))
        >>> asked.name, asked.parameters, asked.error
        ('read {text}', {'text': 'recipe book'}, None)
        >>> world.conclude(start, asked, None, [0], "Mint settles the stomach.").state.completed
        (0,)
    """

    grounded = False

    def __init__(self, script: Script, sandbox: Sandbox) -> None:
        program = script.program
        if program.grounded:
            raise ValueError(f"{script.name!r} is a grounded script: the engine plays its world")
        self.script = script
        self.program: Program = program
        self.sandbox = sandbox
        self.resolver = Resolver.of(program, sandbox)
        self._conditions = tuple(range(len(program.completion)))

    def variation_of(self, seed: int) -> int:
        """The variation that a seed draws: there is one."""
        return 0

    def settings(self, variation: int) -> list[Setting]:
        """What a variation sets: nothing.

        Raises:
            ValueError: There is no variation of this number.
        """
        if variation != 0:
            raise ValueError(f"variation {variation} is not one of 0 to 0")
        return []

    def begin(self, variation: int) -> State:
        """The state at the start of an episode."""
        self.settings(variation)
        return State([0], 0, self._conditions, len(self._conditions), (), 0.0)

    def rule(self, state: State, text: str, fate: Fate) -> Ruling:
        """The first half of a turn: whether a text is an action.

        Args:
            state: The state before; it stays as it is.
            text: What the player wrote.
            fate: Decides nothing here.

        Returns:
            A parameter error, or a ruling without one that has changed nothing yet but the number of actions.

        Raises:
            VerificationFailed: The script's pattern or code did not answer.
        """
        text = normalise(text)
        meaning = self.resolver.resolve(text, state.values)
        if not isinstance(meaning, GroundAction):
            parameters = dict(meaning.parameters or {})
            return erroneous(state, text, meaning.name, parameters, "parameter", meaning.message)
        after = _later(state)
        progress = state.progress
        return Ruling(
            text, meaning.name, meaning.parameters, None, "", "", after, False, False, progress, progress
        )

    def refuse(self, state: State, text: str, message: str) -> Ruling:
        """A turn whose text was refused before it reached the script: a parameter error."""
        return erroneous(state, text, None, {}, "parameter", message)

    def conclude(
        self, before: State, ruling: Ruling, error: ErrorKind | None, completed: Iterable[int], told: str
    ) -> Ruling:
        """The second half of a turn: what came of an action that is one.

        Args:
            before: The state before the action.
            ruling: What `rule` gave; a parameter error stays one, whatever was judged.
            error: The error that the dungeon master found; None where it carried the action out.
            completed: The completion conditions that it says are met now; once met, a condition stays met. With an
                error they do not count, since an erroneous action changes nothing.
            told: What the player is told.

        Raises:
            ValueError: There is no such condition.
        """
        if ruling.error is not None:
            return ruling
        if error is not None:
            return erroneous(before, ruling.text, ruling.name, ruling.parameters, error, told)
        met = sorted({*before.completed, *completed})
        if met and not 0 <= met[0] <= met[-1] < len(self._conditions):
            wrong = met[0] if met[0] < 0 else met[-1]
            raise ValueError(
                f"there is no completion condition {wrong}; the script has {len(self._conditions)}, numbered from 0"
            )
        pending = tuple(i for i in self._conditions if i not in met)
        after = _later(before)._replace(
            hash=_chained(before.hash, ruling.text, told),
            pending=pending,
            completed=tuple(met),
            progress=len(met) / len(self._conditions),
        )
        return ruling._replace(
            observation=told,
            state=after,
            success=not pending,
            progress=after.progress,
            before=before.progress,
        )

    def save(self, state: State) -> dict[str, Any]:
        """A state as JSON-like data."""
        return {"turn": state.turn, "hash": f"{state.hash:032x}", "completed": list(state.completed)}

    def load(self, data: dict[str, Any]) -> State:
        """A state from what `save` gave.

        Raises:
            ValueError: It is not a state of this script.
        """
        try:
            turn, digits, completed = int(data["turn"]), str(data["hash"]), tuple(data["completed"])
            if (
                list(completed) != sorted(set(completed) & set(self._conditions))
                or len(digits) != 32
                or turn < 0
            ):
                raise ValueError
            pending = tuple(i for i in self._conditions if i not in completed)
            progress = len(completed) / len(self._conditions)
            return State([turn], int(digits, 16), pending, len(self._conditions), completed, progress)
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"not a state of the script {self.script.name!r}") from None

    def is_sound(self, state: State) -> bool:
        """Whether the parts of a loaded state agree: here all of them follow from one another."""
        return True


def _later(state: State) -> State:
    values: list[Value] = [state.turn + 1]
    return state._replace(values=values)


def _chained(before: int, text: str, told: str) -> int:
    """The hash of a history with one more action: its length stands between the texts, so that they cannot run together."""
    spoken = f"{len(text)}:{text}{told}".encode("utf-8", "surrogatepass")
    return int.from_bytes(
        hashlib.blake2b(before.to_bytes(16, "big") + spoken, digest_size=16).digest(), "big"
    )
