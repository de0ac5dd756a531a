"""ALFWorld's text games: household tasks in rooms that are to be searched (Shridhar et al., 2021).

The games are those of the user's data. They are played by rules of our own that are ALFWorld's (`house`): nothing need be
installed, and nothing that stands in a game's file is run.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from trpg_env.envs.game import ErrorKind, Opening, Task, Told
from trpg_env.suites.alfworld.actions import TEMPLATES, Action, read
from trpg_env.suites.alfworld.expert import next_action
from trpg_env.suites.alfworld.games import SOURCE, SPLITS, read_tasks
from trpg_env.suites.alfworld.goal import read_goal
from trpg_env.suites.alfworld.house import House, told_list
from trpg_env.suites.alfworld.layout import read_facts, read_layout
from trpg_env.suites.alfworld.refusals import refusal
from trpg_env.suites.benchmark import STEPS, Benchmark
from trpg_env.suites.data import DataError

__all__ = ["BENCHMARK", "TEMPLATES", "Alfworld"]

_NOTHING = "Nothing happens."

_INSTRUCTION = """\
You are in a house, and have a task in it: {goal}

Take one action at a time. Each is answered with what you see then, or with "Nothing happens." where it cannot be carried out. Name \
things by kind and number as they are told to you. You can carry one object at a time, and what is closed must be \
opened before you see what is in it.

Actions, where {{recep}} is a receptacle, and {{obj}} and {{tool}} are objects:
- go to {{recep}}
- open {{recep}}
- close {{recep}}
- take {{obj}} from {{recep}}
- move {{obj}} to {{recep}}: puts what you carry into or onto it
- use {{obj}}: turns on a lamp
- heat {{obj}} with {{recep}}: heats what you carry, in a microwave
- cool {{obj}} with {{recep}}: cools what you carry, in a fridge
- clean {{obj}} with {{recep}}: cleans what you carry, in a sink
- slice {{obj}} with {{tool}}: slices with a knife that you carry
- examine {{recep}}, or examine {{obj}}: the receptacle that you are at, or what you carry
- inventory: tells what you carry
- look: tells again what you last came upon"""


class Alfworld:
    """Plays games."""

    def begin(self, task: Task, seed: int) -> Opening:
        """Start a game. Nothing in it is left to chance.

        Raises:
            DataError: Its facts do not fit together.
        """
        problem: str = task.data["problem"]
        try:
            layout, facts = read_layout(read_facts(problem))
            self._house = House(layout, facts)
            self._goal = read_goal(task.family, problem)
        except DataError as error:
            raise DataError(f"{task.name}: {error}; get it from {SOURCE}") from None
        self._instruction = _INSTRUCTION.format(goal=task.data["goal"])
        self._subgoals = self._goal.subgoals()
        self._reached = [False] * len(self._subgoals)
        receptacles = told_list(layout.receptacles)
        self._seen = f"You are in the middle of a room. Looking quickly around you, you see {receptacles}."
        return Opening(self._instruction, self._seen)

    def act(self, action: str) -> Told:
        """What comes of an action."""
        understood = read(action)
        if understood is None:
            return self._wrong("parameter", "There is no such action.")
        told = self._unknown(understood) or self._taken(understood)
        return told._replace(
            name=understood.name, parameters={key: str(value) for key, value in understood.values.items()}
        )

    def entities(self) -> list[str]:
        """What the episode's receptacles and objects are called, those not found yet among them."""
        return [*self._house.layout.receptacles, *self._house.layout.objects]

    def admissible(self) -> Sequence[str]:
        """The actions that would be carried out now, in alphabetical order."""
        layout, house = self._house.layout, self._house
        here = [one for one in layout.receptacles if house.here(one)]
        near = [name for one in here for name in house.contents(one)]
        near += [house.held] if house.held else []
        values = {
            "recep": here,
            "obj": near,
            "tool": [house.held] if house.held else [],
            "thing": here + near,
        }
        found = [Action("go", {"recep": one}) for one in layout.receptacles]
        lying = [name for name in layout.objects if (name, house.spot) in house.lying]
        for name in TEMPLATES:
            if name != "go":
                found += _filled(name, {**values, "obj": lying} if name == "slice" else values)
        return sorted({str(one) for one in found if refusal(house, one) is None})

    def sample(self, rng: np.random.Generator) -> str:
        """An action, then things of the right sort for it, each as likely."""
        name = list(TEMPLATES)[int(rng.integers(len(TEMPLATES)))]
        values = {}
        for key in _keys(name):
            things = self._of_sort(key)
            values[key] = things[int(rng.integers(len(things)))]
        return str(Action(name, values))

    def state(self) -> str:
        """All that can change in the house."""
        return self._house.state()

    def expert(self) -> str | None:
        """The next action of one who knows where everything is, from wherever the player has got to."""
        action = next_action(self._house, self._goal)
        return None if action is None else str(action)

    def close(self) -> None:
        """Nothing is held."""

    def _of_sort(self, key: str) -> Sequence[str]:
        layout = self._house.layout
        return {"recep": list(layout.receptacles), "thing": self.entities()}.get(key, list(layout.objects))

    def _unknown(self, action: Action) -> Told | None:
        for key, value in action.values.items():
            if value not in self._of_sort(key):
                what = {"recep": "receptacle", "thing": "thing"}.get(key, "object")
                return self._wrong("parameter", f"There is no {what} {value} in this house.")
        return None

    def _taken(self, action: Action) -> Told:
        if action.name == "look":
            observation = self._seen
        elif action.name == "help":
            observation = self._instruction
        elif action.name == "check":
            observation = f"You can now: {', '.join(self.admissible())}."
        elif found := refusal(self._house, action):
            return self._wrong(found.kind, found.message)
        else:
            observation = self._house.do(action)
        if action.name in ("go", "open"):
            self._seen = observation
        for place, pattern in enumerate(self._subgoals):
            self._reached[place] |= pattern.search(observation) is not None
        won = self._goal.reached(self._house)
        return Told(observation, 1.0 if won else self._progress(), success=won)

    def _progress(self) -> float:
        return sum(self._reached) / (len(self._reached) + 1)

    def _wrong(self, kind: ErrorKind, message: str) -> Told:
        return Told(_NOTHING, self._progress(), error=kind, message=message)


def _keys(name: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", TEMPLATES[name])


def _filled(name: str, values: Mapping[str, Sequence[str]]) -> list[Action]:
    filled: list[dict[str, str]] = [{}]
    for key in _keys(name):
        filled = [{**one, key: value} for one in filled for value in values[key]]
    return [Action(name, one) for one in filled]


BENCHMARK = Benchmark(
    "alfworld",
    "household tasks in rooms that are to be searched, in ALFWorld's text games",
    {
        "tasks": "ALFWorld: the games in the data, in AgentBoard's order",
        "instruction": "AgentBoard's in substance, in our words; `move X to Y` as these games have it, `put X in/on Y` is understood",
        "success": "ALFWorld: the game is won",
        "progress": "AgentBoard: the share of its subgoals found in observations, and of winning; its labels are made from the kind of task",
        "turns": f"AgentBoard: {STEPS}",
    },
    read_tasks,
    lambda data: Alfworld(),
    splits=SPLITS,
)
"""The benchmark."""
