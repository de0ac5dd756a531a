"""The erring player: follows a plan, makes real errors on the way, and corrects them from what it is told.

It is a planner that knows the world, so that its correct turns are right; its errors are right too, in that the world
rules them to be what they are (see `mistakes`). It errs as real agents do: out of a belief that may outlast the first
answer, by going astray, and by doing a thing again. What it thinks is made of what it was told alone; what it does is
not: where a script lets somebody act on what they have not found out, it may.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from trpg_env.agents import thoughts
from trpg_env.agents.draws import Draws
from trpg_env.agents.mistakes import AHEAD, Mistake, Mistakes
from trpg_env.agents.planner import Planner
from trpg_env.agents.protocol import Info, Turn
from trpg_env.agents.view import environment_of, text_env, world_of
from trpg_env.script.program import ErrorKind
from trpg_env.world import VerificationFailed
from trpg_env.world.grounding import GroundAction
from trpg_env.world.sampling import sample_action
from trpg_env.world.search import STATES, outcomes

RATES: Mapping[ErrorKind, float] = {"parameter": 0.12, "place": 0.12, "logic": 0.12}
"""The default chance of each kind of error before a turn of the plan."""
CHAIN = 0.25
"""The default chance that an error is followed by another one from the same belief before it is corrected."""
WANDER = 0.05
"""The default chance that a turn without an error of its own is a step off the plan."""
REPEAT = 0.03
"""The default chance that such a turn does the last action again."""

_VERBATIM = 0.3
"""The share of further mistakes that are the same mistake, word for word."""
_DETOURS = 4
_MAX_WORLDS = 100


class ErringAgent:
    """A planner that errs on purpose and corrects itself; the same episode for the same seed. A copy of it starts afresh.

    Before each turn of the plan it makes an error of each kind at its rate, if there is one to be made and turns enough
    are left to mend it; with the default rates most episodes of eight or more steps hold two error-and-refines or more.

    Args:
        rates: The chance of each kind of error (`parameter`, `place`, `logic`) before a turn, from 0 to 1.
        chain: The chance that an error is followed by another one from the same belief.
        wander: The chance that a turn without an error is a step off the plan that leaves the goal within reach.
        repeat: The chance that such a turn does the last action again.
        states: The budget of one search for a plan, in states.

    Raises:
        ValueError: A rate is not a probability, or the rates exceed 1 together, or wander and repeat do.

    Example:
        >>> from trpg_env import rollout
        >>> trajectory, = rollout("cool-tomato", ErringAgent(), n=1, seed=3)
        >>> trajectory.success, sum(dm.error is not None for _, dm in trajectory.exchanges()) > 0
        (True, True)
    """

    kind = "erring"
    grounded_only = True

    def __init__(
        self,
        rates: Mapping[ErrorKind, float] = RATES,
        *,
        chain: float = CHAIN,
        wander: float = WANDER,
        repeat: float = REPEAT,
        states: int = STATES,
    ) -> None:
        chances = [*rates.values(), chain, wander, repeat]
        if (
            set(rates) - set(RATES)
            or not all(0 <= chance <= 1 for chance in chances)
            or sum(rates.values()) > 1
            or wander + repeat > 1
        ):
            raise ValueError(
                f"rates are probabilities of {', '.join(RATES)} that sum to at most 1, and so are wander and repeat; "
                f"got {dict(rates)}, chain={chain}, wander={wander}, repeat={repeat}"
            )
        self._rates = dict(rates)
        self._chain, self._wander, self._repeat, self._states = chain, wander, repeat, states
        self._planner = Planner(states)
        self._mistakes: dict[str, Mistakes] = {}

    @property
    def sampling(self) -> dict[str, Any]:
        """Its settings, as a trajectory keeps them."""
        return {
            "rates": dict(self._rates),
            "chain": self._chain,
            "wander": self._wander,
            "repeat": self._repeat,
            "states": self._states,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self._rates, self._chain, self._wander, self._repeat, self._states)

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        """Look at a new episode; what is drawn follows from its seed."""
        self._env = environment_of(env)
        self._heard = text_env(env)
        self._world = world_of(self._env)
        self._draws = Draws(seed, 1)
        self._planner.begin()
        self._last: str | None = None
        self._mistake: Mistake | None = None
        script = self._env.script.hash
        if script not in self._mistakes:
            if len(self._mistakes) >= _MAX_WORLDS:
                self._mistakes.clear()
            self._mistakes[script] = Mistakes(self._world)
        self._possible = self._mistakes[script]

    def act(self, observation: str, info: Info) -> Turn:
        """The plan's next action, or a step beside it."""
        if self._last is None:
            observation = observation.removeprefix(self._heard.instruction).strip()
        erred = self._error_told(info)
        # An error's answer is quoted as such, not as something seen.
        seen, message = ("", info["assessment"]["message"]) if erred is not None else (observation, "")
        plan, length = self._planner.ahead(self._env)
        beside = self._beside(plan, erred) if self._env.episode.turns_left > length + 1 else None
        templates, action = beside or self._on(plan, length)
        # It plans in the world's own words, and speaks in those that it hears.
        worded = self._heard.worded(action)
        thought = thoughts.say(templates, self._draws, seen, action=worded, message=message)
        if erred is not None and beside is None:
            last = self._heard.worded(self._last or "")
            words = {"action": worded, "last": last, "message": message}
            learnt = thoughts.say(thoughts.lesson(erred, message), self._draws, seen, **words)
            thought = f"{learnt} {thought}"
        self._last = action
        return Turn(thought, worded)

    def _error_told(self, info: Info) -> ErrorKind | None:
        if self._last is None:
            return None
        told = info["assessment"]
        if told["parameter_error"]:
            return "parameter"
        if told["place_error"]:
            return "place"
        return "logic" if told["logic_error"] else None

    def _on(self, plan: tuple[str, ...], length: int) -> tuple[thoughts.Templates, str]:
        if not plan:
            actions = self._env.script.program.actions
            return thoughts.LOST, sample_action(actions, self._draws.generator)
        return (thoughts.LAST if length == 1 else thoughts.ON), plan[0]

    def _beside(
        self, plan: tuple[str, ...], erred: ErrorKind | None
    ) -> tuple[thoughts.Templates, str] | None:
        """A step beside the plan, where one is due and can be made."""
        draw = self._draws.chance()
        if erred is not None:
            return self._still(erred) if draw < self._chain else None
        for kind, rate in self._rates.items():
            if draw < rate:
                plan, _ = self._planner.ahead(self._env, AHEAD)
                self._mistake = self._possible.first(kind, self._env.state, plan, self._draws)
                return None if self._mistake is None else (_belief(self._mistake), self._mistake.action)
            draw -= rate
        draw = self._draws.chance()
        if draw < self._wander:
            return self._detour(plan)
        return self._once_more() if draw - self._wander < self._repeat else None

    def _still(self, erred: ErrorKind) -> tuple[thoughts.Templates, str] | None:
        """A further mistake from the belief that the last one rests on, or the same one again."""
        assert self._last is not None
        if self._draws.chance() < _VERBATIM:
            return thoughts.AGAIN, self._last
        if self._mistake is None or self._mistake.action != self._last:
            return None
        plan, _ = self._planner.ahead(self._env, AHEAD)
        self._mistake = self._possible.again(self._mistake, self._env.state, plan, self._draws)
        return None if self._mistake is None else (thoughts.STILL[erred], self._mistake.action)

    def _once_more(self) -> tuple[thoughts.Templates, str] | None:
        """The last action again: mostly an error now, and sometimes a step astray; never one that spoils the goal."""
        if self._last is None:
            return None
        if self._possible.is_error(self._env.state, self._last) is not None or self._harmless(self._last):
            return thoughts.REPEAT, self._last
        return None

    def _detour(self, plan: tuple[str, ...]) -> tuple[thoughts.Templates, str] | None:
        """Something that can be done, is not what the plan wants, and leaves the goal within reach."""
        for action in self._draws.shuffled(self._admissible())[:_DETOURS]:
            if action.text not in plan[:1] and self._leaves_the_goal_within_reach(action):
                return thoughts.DETOUR, action.text
        return None

    def _harmless(self, text: str) -> bool:
        """Whether an action can be done and leaves the goal within reach; False where that is not known."""
        action = next((a for a in self._admissible() if a.text == text), None)
        return action is not None and self._leaves_the_goal_within_reach(action)

    def _admissible(self) -> list[GroundAction]:
        """What can be done now; nothing in a world that is too large to say what would come of it."""
        if not self._planner.explored:
            return []
        try:
            return self._world.admissible.now(self._env.state.values)
        except VerificationFailed:
            return []

    def _leaves_the_goal_within_reach(self, action: GroundAction) -> bool:
        left = self._env.episode.turns_left - 1
        reached = outcomes(self._world, self._env.state.values, action)
        distances = [self._planner.distance(after) for after in reached]
        return all(distance is not None and 0 < distance < left for distance in distances)


def _belief(mistake: Mistake) -> thoughts.Templates:
    if mistake.kind != "parameter":
        return thoughts.BELIEF[mistake.kind]
    return thoughts.WORDING.get(mistake.subject, thoughts.BELIEF["parameter"])


def _made(
    rates: Mapping[ErrorKind, float], chain: float, wander: float, repeat: float, states: int
) -> ErringAgent:
    return ErringAgent(rates, chain=chain, wander=wander, repeat=repeat, states=states)
