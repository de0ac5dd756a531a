"""Making real mistakes: actions that the world rules to be errors of a wanted kind.

A mistake is never declared, only made: every candidate is put to the world's own ruling first, and taken only where
that is an error of the kind. What one mistake rests on is a *belief* (that something is within reach, that all is
ready for it, that a word will be understood); further mistakes may follow from the same belief.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

from trpg_env.agents.draws import Draws
from trpg_env.script.program import ErrorKind
from trpg_env.world import SeededFate, State, TooManyActions, VerificationFailed, World
from trpg_env.world.grounding import GroundAction

T = TypeVar("T")

POOL = 5_000
"""How many of a script's ground actions are looked through at most, evenly chosen where there are more."""
LOOKED_AT = 60
"""How many of them are looked at for one mistake."""

AHEAD = 6
"""How many actions of the plan a mistake may run ahead to, the next one counted."""

_NO_FATE = SeededFate(0, 0)


@dataclass(frozen=True, slots=True)
class Mistake:
    """An action that is an error, and what it rests on.

    Attributes:
        action: Its text.
        kind: The error it is.
        subject: What it is about: a value, for a place or logic error; the way of putting it, for a parameter error.
    """

    action: str
    kind: ErrorKind
    subject: str


class Mistakes:
    """The mistakes that can be made in one world.

    Args:
        world: The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._pool = _pool(world)
        self._by_text = {action.text: action for action in self._pool}
        self._by_subject: dict[str, list[GroundAction]] = {}
        for action in self._pool:
            for value in dict.fromkeys(action.parameters.values()):
                self._by_subject.setdefault(value, []).append(action)

    def is_error(self, state: State, action: str) -> ErrorKind | None:
        """What the world rules an action to be; errors involve no chance, so any fate will do."""
        try:
            return self._world.rule(state, action, _NO_FATE).error
        except VerificationFailed:
            return None

    def first(self, kind: ErrorKind, state: State, plan: Sequence[str], draws: Draws) -> Mistake | None:
        """A mistake of a kind, near to what the plan is about; None where none was found.

        Args:
            kind: The kind.
            state: The state of play.
            plan: What is to be done next, up to `AHEAD` actions.
            draws: Where the randomness comes from.
        """
        if kind == "parameter":
            meant = plan[0] if plan else self._random_text(draws)
            return self._put_wrongly(_round(_WAYS, draws), meant, plan, state, draws) if meant else None
        # Running ahead of the plan comes before what is about the same things, and that before anything else.
        ahead = [self._by_text[text] for text in plan[1:] if text in self._by_text]
        subjects = dict.fromkeys(value for action in ahead for value in action.parameters.values())
        near = [a for s in subjects for a in self._by_subject[s]]
        candidates = chain(draws.shuffled(ahead), self._some(near, draws), self._some(self._pool, draws))
        return self._real(kind, candidates, state, lambda action: _subject(action, draws))

    def again(self, mistake: Mistake, state: State, plan: Sequence[str], draws: Draws) -> Mistake | None:
        """Another mistake from the same belief; None where there is none.

        Args:
            mistake: The one before, which the world has called an error already.
            state: The state of play.
            plan: What is to be done next, up to `AHEAD` actions.
            draws: Where the randomness comes from.
        """
        if mistake.kind == "parameter":
            others = [text for text in plan[1:] if text != mistake.action]
            ways = [way for way in _WAYS if way.name == mistake.subject]
            return self._put_wrongly(ways, draws.pick(others), plan, state, draws) if others else None
        same = [a for a in self._by_subject.get(mistake.subject, ()) if a.text != mistake.action]
        return self._real(mistake.kind, self._some(same, draws), state, lambda _: mistake.subject)

    def _real(
        self,
        kind: ErrorKind,
        candidates: Iterator[GroundAction],
        state: State,
        subject: Callable[[GroundAction], str],
    ) -> Mistake | None:
        world, values = self._world, state.values
        for action in candidates:
            if world.obstacle(values, action) == kind and self._means_itself(action, state, kind):
                return Mistake(action.text, kind, subject(action))
        return None

    def _means_itself(self, action: GroundAction, state: State, kind: ErrorKind) -> bool:
        """Whether an action's text is ruled to be the error that the action is: another action may take it for its own."""
        meant = self._world.resolver.table.get(action.text)
        if isinstance(meant, GroundAction):
            return meant.name == action.name and meant.parameters == action.parameters
        return self.is_error(state, action.text) == kind

    def _some(self, actions: Sequence[GroundAction], draws: Draws) -> Iterator[GroundAction]:
        return islice(_round(actions, draws), LOOKED_AT)

    def _put_wrongly(
        self, ways: "Iterable[_Way]", meant: str, plan: Sequence[str], state: State, draws: Draws
    ) -> Mistake | None:
        # What gets mixed in is on the player's mind: it comes later in the plan.
        others = [text for text in plan if text != meant]
        other = draws.pick(others) if others else self._random_text(draws) or meant
        for way in ways:
            action = way.put(meant.split(), other.split(), draws)
            if action.strip() and self.is_error(state, action) == "parameter":
                return Mistake(action, "parameter", way.name)
        return None

    def _random_text(self, draws: Draws) -> str:
        return draws.pick(self._pool).text if self._pool else ""


def _round(items: Sequence[T], draws: Draws) -> Iterator[T]:
    """The items from anywhere on, round about."""
    start = int(draws.chance() * len(items))
    return chain(islice(items, start, None), islice(items, start))


def _pool(world: World) -> list[GroundAction]:
    try:
        every = -(-world.grounder.count() // POOL)
        return list(islice(world.grounder.all(), 0, None, max(1, every)))
    except TooManyActions:
        return []


def _subject(action: GroundAction, draws: Draws) -> str:
    values = list(action.parameters.values())
    return draws.pick(values) if values else ""


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of putting an action wrongly: from its words and those of another action."""

    name: str
    put: Callable[[list[str], list[str], Draws], str]


def _misspelt(word: str, draws: Draws) -> str:
    """A word with two neighbouring letters swapped, or one doubled."""
    i = int(draws.chance() * len(word))
    if i + 1 < len(word) and word[i] != word[i + 1]:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return word[: i + 1] + word[i:]


_VERBS = ("use", "try", "handle", "fetch", "visit", "check out", "operate", "grab", "do", "select")

_WAYS = (
    _Way("spelling", lambda words, _, draws: " ".join([*words[:-1], _misspelt(words[-1], draws)])),
    _Way("value", lambda words, other, _: " ".join([*words[:-1], other[-1]])),
    _Way("verb", lambda words, _, draws: " ".join([draws.pick(_VERBS), *words[1:]])),
    _Way("half", lambda words, _, __: " ".join(words[:-1])),
    _Way("sentence", lambda words, _, __: f"I want to {' '.join(words)}"),
    _Way("call", lambda words, _, __: f"{words[0]}({', '.join(words[1:])})"),
    _Way("two", lambda words, other, _: f"{' '.join(words)} and then {' '.join(other)}"),
    _Way("order", lambda words, _, __: " ".join([*words[1:], words[0]])),
)
"""How models get the form of an action wrong: a slip, a value from elsewhere, a verb of their own, something left out,
prose, a call as in code, two actions at once, the words in another order."""
