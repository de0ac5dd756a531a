"""An expert for AgentBoard's subgoals in ScienceWorld: the simulator's gold path, and what the subgoals ask for on the way.

The gold path wins the simulator's own task. AgentBoard's subgoals were written for one way of doing so, and the gold path
often takes another: another animal, another cup, a door that is not to be opened because it is open. So the expert walks
along the gold path, leaves out what changes nothing, and does what brings about a subgoal as soon as that can be done. It
is found by playing the task ahead.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from trpg_env.suites.benchmark import STEPS
from trpg_env.suites.scienceworld.actions import choices, fault
from trpg_env.suites.scienceworld.subgoals import Subgoals

MAX_STEPS = 200
"""The longest plan."""

_TRIES = 3
_IDLE = re.compile(r"open .*|look around|ERROR.*")  # all doors and containers are open
_WATCHING = re.compile(r"examine .*|use thermometer .*")
_ALTERNATIVES = re.compile(r"\((?:\?:)?([^()|]+(?:\|[^()|]+)+)\)")
_BROUGHT_ABOUT: Sequence[tuple[str, Sequence[Sequence[str]]]] = [
    # To rooms leads the gold path.
    # An egg is called by its animal's name, with or without the word.
    (r"You focus on the (.+) egg\.?", [["focus on {0} egg"], ["focus on {0}"]]),
    (r"You focus on the (.+?)\.?", [["focus on {0}"]]),
    (r"You move the (.+) to the inventory\.?", [["pick up {0}"]]),
    (r"You move the (.+) to the (.+?)\.?", [["move {0} to {1}"]]),
    (r"You pour the (?:contents of the )?(.+) into the (.+?)\.?", [["pour {0} into {1}"]]),
    (r"The (.+) is now activated\.?", [["activate {0}"]]),
    (r"The (.+) is now deactivated\.?", [["deactivate {0}"]]),
    (r"The (.+) is now open\.?", [["close {0}", "open {0}"]]),
    (r"((?:solid|liquid|gaseous) .+)", [["examine {0}"]]),
]
_MIXED = re.compile(r"(\w+) and ([\w-]+)( paint)?(?: mix.*)?")
_CONTAINER = re.compile(r"(?:to|into) the (\w[\w ]*?)\.?$")


def plan(
    begin: Callable[[], object], step: Callable[[str], str], gold: Sequence[str], patterns: Sequence[str]
) -> list[str]:
    """The actions of the expert.

    Args:
        begin: Begins the task anew.
        step: Takes an action, and tells what was observed.
        gold: The gold path.
        patterns: The subgoals.

    Returns:
        What reaches most subgoals, in as few actions as are known for that.
    """
    walks = []
    for eager, hasty in ((False, False), (True, False), (True, True)):
        begin()
        walk = _Walk(step, patterns)
        walk.along(gold, eager=eager, hasty=hasty)
        walks.append(walk)
        if walk.subgoals.progress == 1.0 and walk.useful <= STEPS:
            break
    best = max(walks, key=lambda walk: (walk.subgoals.progress, -walk.useful))
    return best.actions[: best.useful]


class _Walk:
    def __init__(self, step: Callable[[str], str], patterns: Sequence[str]) -> None:
        self._step = step
        self.subgoals = Subgoals(patterns)
        self.actions: list[str] = []
        self.useful = 0
        self._tried: dict[tuple[str, ...], int] = {}

    def along(self, gold: Sequence[str], *, eager: bool, hasty: bool) -> None:
        """Walk along the gold path.

        Args:
            gold: The gold path.
            eager: Whether what brings about a subgoal is done as soon as it can be.
            hasty: Whether ten moments are let pass where the gold path watches a temperature that no subgoal asks for.
        """
        if eager:
            self._bring_about()
        for action in gold:
            if self._ended():
                return
            if _IDLE.fullmatch(action):
                continue
            watching = hasty and _WATCHING.fullmatch(action) and not self._measuring
            observation = self._take("wait" if watching else action)
            if eager and not choices(observation):  # which the gold path answers
                self._bring_about()

    @property
    def _measuring(self) -> bool:
        return any("thermometer measures" in pattern for pattern in self.subgoals.ahead)

    def _ended(self) -> bool:
        return self.subgoals.progress == 1.0 or len(self.actions) >= MAX_STEPS

    def _take(self, action: str) -> str:
        """Take an action; one that is not understood, or could not be done, is kept only where it took time."""
        observation = self._step(action)
        if fault(observation) == "parameter":
            return observation
        self.actions.append(action)
        before = self.subgoals.progress
        self.subgoals.see(observation)
        if self.subgoals.progress > before:
            self.useful = len(self.actions)
        return observation

    def _bring_about(self) -> None:
        """Do what brings about subgoals, until none can be."""
        while not self._ended() and any(self._try(wish) for wish in self._wishes()):
            pass

    def _wishes(self) -> Iterator[Sequence[str]]:
        ahead = [text for pattern in self.subgoals.ahead for text in _expanded(pattern)]
        containers = sorted(
            {read[1] for pattern in self.subgoals.patterns if (read := _CONTAINER.search(pattern))}
        )
        mixed = [read for text in ahead if (read := _MIXED.fullmatch(text))]
        # Paints first: which cup holds which is told by what is to be mixed, and not by what is to be poured.
        yield from (wish for read in mixed if read[3] for wish in _paints(read, containers))
        for text in ahead:
            for form, wishes in _BROUGHT_ABOUT:
                if named := re.fullmatch(form, text):
                    yield from ([action.format(*named.groups()) for action in wish] for wish in wishes)
                    break
        yield from ([f"mix {container}"] for read in mixed if not read[3] for container in containers)

    def _try(self, wish: Sequence[str]) -> bool:
        """Whether something was reached by it; what is not understood costs nothing, and may be tried again."""
        key = tuple(wish)
        if self._tried.get(key, 0) >= _TRIES:
            return False
        before, taken = self.subgoals.progress, len(self.actions)
        for action in wish:
            observation = self._take(action)
            if choices(observation):
                self._take("0")
        if len(self.actions) > taken:
            self._tried[key] = self._tried.get(key, 0) + 1
        return self.subgoals.progress > before


def _expanded(pattern: str) -> Iterator[str]:
    """A pattern with each of its alternatives in turn."""
    if read := _ALTERNATIVES.search(pattern):
        for one in read[1].split("|"):
            yield from _expanded(pattern[: read.start()] + one + pattern[read.end() :])
    else:
        yield pattern


def _paints(read: re.Match[str], containers: Sequence[str]) -> Iterator[Sequence[str]]:
    for container in containers:
        poured = [f"pour cup containing {one.lower()} paint into {container}" for one in read.group(1, 2)]
        yield [*poured, f"mix {container}"]
