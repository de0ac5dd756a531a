"""The erring player: follows a plan, makes real errors on the way, and corrects them from what it is told.

An error is never declared, only made: a candidate is played against the world's own ruling first and taken only
where that ruling is an error of the wanted kind. After the dungeon master's answer the player says what went
wrong and goes on with the plan. Recovery, unlike the choice of errors, uses nothing but the answer.
"""

from collections.abc import Iterator, Mapping

import gymnasium as gym
import numpy as np

from trpg_env.agents.planner import Planner
from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import environment_of
from trpg_env.script.program import Action, ErrorKind
from trpg_env.world import SeededFate, VerificationFailed
from trpg_env.world.sampling import sample_action
from trpg_env.world.search import STATES

RATES: Mapping[ErrorKind, float] = {"parameter": 0.12, "place": 0.12, "logic": 0.12}
"""The default chance of each kind of error before a turn of the plan."""

CHAIN = 0.2
"""The default chance that an error is followed by another before it is corrected."""

_TRIES = 24
_NO_FATE = SeededFate(0, 0)
_MEANT: Mapping[ErrorKind, tuple[str, ...]] = {
    "parameter": (
        'I should be able to "{action}".',
        'Let me try "{action}"; it ought to be understood.',
        'As far as I recall the way to put it is "{action}".',
    ),
    "place": (
        'I can do this from where I am: "{action}".',
        'What I need is close by, I think: "{action}".',
        'No need to go anywhere first: "{action}".',
    ),
    "logic": (
        'Everything is ready for it, so "{action}".',
        'Nothing should stand in the way of "{action}".',
        'This may be the moment for "{action}".',
    ),
}
_NOTICED: Mapping[ErrorKind, tuple[str, ...]] = {
    "parameter": (
        'That was not understood: "{message}" I have to choose an action and values from those I was given.',
        'I was told: "{message}" So I put it wrongly, and I keep to the list of actions now.',
    ),
    "place": (
        'I was told: "{message}" So I am in the wrong place for "{action}".',
        '"{message}" It was not to be done from here; what I need is elsewhere.',
    ),
    "logic": (
        'I was told: "{message}" Something else comes before "{action}".',
        '"{message}" So I had the order wrong; I do first what has to come first.',
    ),
}


class ErringAgent:
    """A planner that errs on purpose and corrects itself; the same episode for the same seed.

    Args:
        rates: The chance of each kind of error (`parameter`, `place`, `logic`) before a turn, from 0 to 1.
        chain: The chance that an error is followed by another one before it is corrected.
        states: The budget of one search for a plan, in states.

    Raises:
        ValueError: A rate is not a probability, or together they exceed 1.
    """

    kind = "erring"

    def __init__(
        self, rates: Mapping[ErrorKind, float] = RATES, *, chain: float = CHAIN, states: int = STATES
    ) -> None:
        if (
            set(rates) - set(RATES)
            or not all(0 <= r <= 1 for r in (*rates.values(), chain))
            or sum(rates.values()) > 1
        ):
            raise ValueError(
                f"rates are probabilities of {', '.join(RATES)} that sum to at most 1; got {dict(rates)}"
            )
        self._rates = dict(rates)
        self._chain = chain
        self._planner = Planner(states)

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Look at a new episode; what is drawn follows from its seed."""
        self._env = environment_of(env)
        self._rng = np.random.default_rng([seed, 1])
        self._planner.begin()
        self._last: Turn | None = None
        self._tried: set[tuple[str, str]] = set()

    def act(self, observation: str, info: Info) -> Turn:
        """The plan's next action, or an error that is real in this state."""
        noticed = self._noticed(info)
        plan = self._planner.plan(self._env)
        kind = self._drawn_kind(erred=noticed is not None)
        turn = None
        if kind is not None and self._can_afford(plan, info):
            turn = self._error(kind, plan, info)
        if turn is None:
            turn = self._correct(plan)
        if noticed is not None:
            turn = Turn(f"{noticed} {turn.thought}", turn.action)
        self._last = turn
        return turn

    def _noticed(self, info: Info) -> str | None:
        """What the answer to the last action tells, in the player's words."""
        assessment = info["assessment"]
        for kind in RATES:
            if assessment[f"{kind}_error"] and self._last is not None:
                return self._words(_NOTICED[kind], action=self._last.action, message=assessment["message"])
        return None

    def _words(self, templates: tuple[str, ...], **words: str) -> str:
        return templates[int(self._rng.integers(len(templates)))].format(**words)

    def _drawn_kind(self, *, erred: bool) -> ErrorKind | None:
        draw = self._rng.random()
        if erred:
            # A chain goes on with any kind, each as likely as its rate makes it.
            draw = draw / self._chain * sum(self._rates.values()) if draw < self._chain else 1.0
        for kind, rate in self._rates.items():
            if draw < rate:
                return kind
            draw -= rate
        return None

    def _can_afford(self, plan: tuple[str, ...], info: Info) -> bool:
        return self._env.episode.turns_left > len(plan) + 1

    def _error(self, kind: ErrorKind, plan: tuple[str, ...], info: Info) -> Turn | None:
        here = info["state_hash"]
        for action in self._candidates(kind, plan):
            if (here, action) not in self._tried and self._ruled(action) == kind:
                self._tried.add((here, action))
                return Turn(self._words(_MEANT[kind], action=action), action)
        return None

    def _ruled(self, action: str) -> ErrorKind | None:
        """What the world would rule; errors involve no chance, so any fate will do."""
        try:
            return self._env.world.rule(self._env.state, action, _NO_FATE).error
        except VerificationFailed:
            return None

    def _candidates(self, kind: ErrorKind, plan: tuple[str, ...]) -> Iterator[str]:
        if kind == "parameter":
            yield from self._garbled(plan[0] if plan else sample_action(self._actions, self._rng))
            return
        # Running ahead of the plan, or doing again what is done, comes before any other idea.
        ahead = list(plan[1:6])
        if self._last is not None:
            ahead.append(self._last.action)
        yield from (ahead[int(i)] for i in self._rng.permutation(len(ahead)))
        for _ in range(_TRIES):
            yield sample_action(self._actions, self._rng)

    @property
    def _actions(self) -> tuple[Action, ...]:
        return self._env.script.program.actions

    def _garbled(self, action: str) -> Iterator[str]:
        """Ways to get an action's words wrong: a word left out, doubled letters, another verb, a value of another action."""
        words = action.split()
        others = sample_action(self._actions, self._rng).split()
        ideas = [
            " ".join([*words[:-1], _misspelt(words[-1], self._rng)]),
            " ".join([*words[:-1], others[-1]]),
            " ".join([_OTHER_VERBS[int(self._rng.integers(len(_OTHER_VERBS)))], *words[1:]]),
            " ".join(words[:-1]),
            f"please {action}",
        ]
        for i in self._rng.permutation(len(ideas)):
            if ideas[int(i)].strip():
                yield ideas[int(i)]

    def _correct(self, plan: tuple[str, ...]) -> Turn:
        if not plan:
            action = sample_action(self._actions, self._rng)
            return Turn(f'I see no way to the goal from here, so I try "{action}".', action)
        if len(plan) == 1:
            return Turn(f'One step is left: "{plan[0]}".', plan[0])
        return Turn(self._words(_NEXT, action=plan[0]), plan[0])


_NEXT = ('The next step is "{action}".', 'I go on with "{action}".', 'So now "{action}".')
_OTHER_VERBS = ("use", "try", "handle", "fetch", "visit", "check out", "operate")


def _misspelt(word: str, rng: np.random.Generator) -> str:
    """A word with two neighbouring letters swapped, or one doubled."""
    i = int(rng.integers(len(word)))
    if i + 1 < len(word) and word[i] != word[i + 1]:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return word[: i + 1] + word[i:]
