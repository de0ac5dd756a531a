"""ScienceWorld (Wang et al., 2022) as AgentBoard plays it: science lessons in a house of ten rooms, with subgoals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trpg_env.envs.game import Opening, Task, Told, task_hash
from trpg_env.suites.benchmark import STEPS, Benchmark
from trpg_env.suites.data import Data, DataError, field
from trpg_env.suites.scienceworld.actions import ACTIONS, ASK, TEMPLATES, choices, fault, understood
from trpg_env.suites.scienceworld.expert import plan
from trpg_env.suites.scienceworld.java import Simulator, SimulatorEnded, java
from trpg_env.suites.scienceworld.subgoals import Subgoals

FILE = "agentboard/scienceworld.jsonl"
SOURCE = "AgentBoard's data (huggingface.co/datasets/hkust-nlp/agentboard, scienceworld/test.jsonl)"
SIMPLIFICATIONS = "selfWateringFlowerPots,openContainers,openDoors,noElectricalAction"
RULES = 1

_INSTRUCTION = (
    "{goal}\n\nActions, where OBJ stands for an object that you see or carry, or for a room:\n{actions}"
)
_UNSENT = re.compile(r"[\ud800-\udfff]")


class ScienceWorld:
    """Plays tasks in one Java process, which is started with the first of them."""

    def __init__(self) -> None:
        self._simulator: Simulator | None = None
        self._plans: dict[str, list[str]] = {}

    def begin(self, task: Task, seed: int) -> Opening:
        """Start a task; what is drawn by chance follows from its variation, whatever the seed is."""
        self._task = task
        self._subgoals = Subgoals(task.data["subgoals"])
        self._choices: list[str] = []
        self._taken: list[str] = []
        self._plan: list[str] | None = None
        self._at = 0
        observation = self._load()
        self._seen: tuple[str, str] | None = None
        actions = "\n".join(f"- {action}" for action in ACTIONS)
        return Opening(_INSTRUCTION.format(goal=task.data["goal"], actions=actions), observation)

    def _load(self) -> str:
        try:
            return self._loaded(self._running)
        except SimulatorEnded:  # while nobody played, perhaps: a new one is as good
            self.close()
            return self._loaded(self._running)

    def _loaded(self, simulator: Simulator, *, gold: bool = False) -> str:
        data = self._task.data
        simulator.load(data["task"], data["variation"], SIMPLIFICATIONS, gold=gold)
        return f"{simulator.step('look around')}\n{simulator.inventory()}"

    @property
    def _running(self) -> Simulator:
        if self._simulator is None:
            self._simulator = Simulator()
        return self._simulator

    def act(self, action: str) -> Told:
        """What comes of an action.

        Raises:
            SimulatorEnded: The Java process has ended.
        """
        text = _UNSENT.sub("\N{REPLACEMENT CHARACTER}", action).strip()
        if self._plan is not None and self._plan[self._at : self._at + 1] == [text]:
            self._at += 1
        if text == ASK:
            listed = [one for one in self._running.templates() if "reset" not in one]
            observation = f"The actions are: {', '.join([*listed, ASK])}"
            return Told(observation, self._subgoals.progress, name=ASK)
        observation = self._running.step(text)
        self._taken.append(text)
        self._choices = choices(observation)
        self._subgoals.see(observation)
        progress = self._subgoals.progress
        wrong = fault(observation)
        if wrong == "parameter":
            message = observation or "No known action matches that input."
            return Told(message, progress, error=wrong, message=message)
        self._seen = None
        name, values = understood(text)
        message = observation if wrong else ""
        return Told(observation, progress, progress == 1.0, False, wrong, message, name, values)

    def admissible(self) -> Sequence[str]:
        """Every action on objects in reach that would be carried out; slow."""
        return self._choices or [*self._running.valid(), ASK]

    def sample(self, rng: np.random.Generator) -> str:
        """A template filled in with objects in reach, each as likely; a number where one is asked for."""
        if self._choices:
            return self._choices[int(rng.integers(len(self._choices)))]
        template = TEMPLATES[int(rng.integers(len(TEMPLATES)))]
        if "{" not in template:
            return template
        objects = self._running.objects() or ["agent"]
        first, second = (objects[int(number)] for number in rng.integers(len(objects), size=2))
        return template.format(object=first, other=second)

    def state(self) -> str:
        """What is seen and carried, which subgoals are reached, and what is asked."""
        if self._seen is None:
            self._seen = (self._running.look(), self._running.inventory())
        return repr((self._seen, self._subgoals.reached, self._choices))

    def expert(self) -> str | None:
        """The next action of a plan along the gold path; it is made once for each task, in some seconds."""
        if self._plan is None:
            self._plan = self._plans.get(self._task.hash)
        if self._plan is None:
            self._plan = self._plans[self._task.hash] = self._planned()
            self._load()
            for action in self._taken:
                self._running.step(action)
        return self._plan[self._at] if self._at < len(self._plan) else None

    def _planned(self) -> list[str]:
        simulator = self._running
        self._loaded(simulator, gold=True)
        gold = simulator.gold()
        return plan(lambda: self._loaded(simulator), simulator.step, gold, self._subgoals.patterns)

    def close(self) -> None:
        """End the Java process; the next task starts another."""
        if self._simulator is not None:
            self._simulator.close()
            self._simulator = None


def _tasks(data: Data, split: str | None) -> list[Task]:
    tasks: dict[str, Task] = {}
    for place, record in data.lines(FILE, SOURCE):
        task = _task(record, place)
        if task.name in tasks:
            raise DataError(f"{place}: {task.name} is there twice; get the file again")
        tasks[task.name] = task
    if not tasks:
        raise DataError(f"{FILE} has no task; get it from {SOURCE}")
    return list(tasks.values())


def _task(record: dict[str, Any], place: str) -> Task:
    named = record
    if isinstance(record.get("additional_info"), dict):  # as AgentBoard publishes it
        named = {**record["additional_info"], "modified_goal": record.get("goal")}
        named["task_name"] = named.get("env_name")
    name, variation = field(named, "task_name", str, place), field(named, "var", int, place)
    subgoals = field(record, "subgoals", list, place)
    if not subgoals or not all(isinstance(pattern, str) for pattern in subgoals):
        raise DataError(f"{place}: 'subgoals' is to be a list of patterns; get the file again")
    try:
        Subgoals(subgoals)
    except ValueError as error:
        raise DataError(f"{place}: {error}; get the file again") from None
    made = {
        "task": name,
        "variation": variation,
        "goal": field(named, "modified_goal", str, place),
        "subgoals": subgoals,
    }
    hashed = task_hash("scienceworld", RULES, {**made, "simplifications": SIMPLIFICATIONS})
    difficulty = record.get("difficulty") if record.get("difficulty") in ("easy", "hard") else None
    title = f"{name}-{variation}"
    return Task(title, hashed, name, STEPS, difficulty, made, f"scienceworld/{title}")


@dataclass(frozen=True)
class _WithJava(Benchmark):
    def require(self) -> None:
        """See that the package and Java are there.

        Raises:
            MissingExtra: One is not.
        """
        super().require()
        java()


BENCHMARK = _WithJava(
    "scienceworld",
    "science lessons in a house of ten rooms, with subgoals",
    {
        "tasks": "AgentBoard: the tasks in the data, simplified as there",
        "instruction": "AgentBoard: the goal; ours: the list of actions",
        "success": "AgentBoard: all subgoals",
        "progress": "AgentBoard: share of subgoals whose pattern was found in an observation; ours: or that stood there as it is",
        "turns": f"AgentBoard: {STEPS}",
        "chance": "ours: the same task always goes the same way",
    },
    _tasks,
    lambda data: ScienceWorld(),
    packages=("scienceworld",),
    modules=("scienceworld", "py4j"),
    install='pip install "trpg-env[scienceworld]"',
)
"""The benchmark."""
