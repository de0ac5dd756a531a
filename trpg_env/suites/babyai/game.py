"""BabyAI as AgentBoard has it: minigrid's levels in words, with actions that walk by themselves.

Observations, the actions offered, subgoals and when an episode has succeeded are AgentBoard's (Ma et al., 2024); what an action that is not
carried out is answered with is ours.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from trpg_env.envs.game import Opening, Task, Told, task_hash
from trpg_env.suites.babyai.actions import CHECK, Wrong, idle, offered, read, wrong
from trpg_env.suites.babyai.board import Board
from trpg_env.suites.babyai.distance import Distance
from trpg_env.suites.babyai.expert import Place, Step, plan
from trpg_env.suites.babyai.levels import make_level, parts_done
from trpg_env.suites.babyai.subgoals import Subgoals
from trpg_env.suites.babyai.view import View, described, scene, view
from trpg_env.suites.benchmark import STEPS, Benchmark
from trpg_env.suites.data import Data, DataError, field

FILE = "agentboard/babyai.jsonl"
SOURCE = "AgentBoard's data (huggingface.co/datasets/hkust-nlp/agentboard, babyai/test.jsonl)"
FIRST_SEED = 1234
SEEDS = 4
GONE = ("BabyAI-GoToObjS6-v0",)
"""Levels of AgentBoard's that minigrid no longer has."""
RULES = 1

_LEVEL = re.compile(r"BabyAI-[A-Za-z0-9]+-v[0-9]+")
_REHEARSALS = 10
_COMPLETED = "\n The task is completed."
_INSTRUCTION = """\
You are in a world of rooms and see what is ahead of you. Reach the goal.

Goal: {goal}

Actions, where {{thing}} and {{door}} are written with their numbers, as you are told them:
- turn left
- turn right
- move forward
- go to {{thing}}: walks up to a thing until you look at it
- pickup {{thing}}: walks up to a key, a ball or a box and takes it; you can carry one
- drop: puts what you carry in front of you
- toggle: opens the closed or locked door right in front of you
- go through {{door}}: walks into an open door
- toggle and go through {{door}}: walks up to a closed or locked door, opens it and walks into it
- check available actions: tells which actions can be done now
A locked door opens only while you carry a key of its colour."""

TEMPLATES = (
    "turn left",
    "turn right",
    "move forward",
    "go to {thing}",
    "pickup {thing}",
    "drop",
    "toggle",
    "go through {door}",
    "toggle and go through {door}",
)
"""The actions that the player is told, for perturbations."""


class BabyAI:
    """Plays levels."""

    def begin(self, task: Task, seed: int) -> Opening:
        """Start a level.

        Raises:
            DataError: minigrid has no such level, or another one than AgentBoard had.
        """
        self._level = make_level(task.data["level"], task.data["seed"])
        self._board = Board(self._level)
        self._subgoals = Subgoals(task.data["subgoals"])
        self._left = self._subgoals.all
        self._task = task
        self._plan: list[Step] = []
        self._taken: list[str] = []
        self._look(view(self._board))
        opening = described(self._seen)
        if opening != task.data["opening"]:
            raise DataError(
                f"{task.name}: minigrid draws another level than AgentBoard's from the seed {task.data['seed']}; run: pip install minigrid==3.2.0"
            )
        return Opening(_INSTRUCTION.format(goal=task.data["goal"]), opening)

    def _look(self, seen: View) -> None:
        self._seen = scene(seen, self._board.heading)
        self._actions: dict[str, list[int]] | None = None

    def _offered(self) -> dict[str, list[int]]:
        if self._actions is None:
            self._actions = offered(self._seen)
        return self._actions

    def act(self, action: str) -> Told:
        """What comes of an action."""
        verb, named = read(action)
        if verb == CHECK:
            return self._told(f"You can take the following actions: {', '.join(self._offered())}", verb)
        moves = self._offered().get(f"{verb} {named}".rstrip())
        if moves is None:
            why = wrong(verb, named, self._seen)
        elif not moves:
            why = Wrong("logic", f"You stand in front of {named} already.")
        else:
            return self._moved(moves, verb, named)
        return self._told(why.message, verb, named, why)

    def _told(self, observation: str, verb: str, named: str = "", why: Wrong | None = None) -> Told:
        return Told(
            observation,
            self._subgoals.progress(self._left),
            error=why and why.kind,
            message=why.message if why else "",
            name=verb or None,
            parameters={"thing": named} if named else {},
        )

    def _moved(self, moves: Sequence[int], verb: str, named: str) -> Told:
        """Make moves until one changes nothing of what is seen."""
        board, before, seen = self._board, self._board.situation(), self._seen.view
        self._taken.append(f"{verb} {named}".rstrip())
        for move in moves:
            over = self._level.step(move)[2]
            board.follow(self._level)
            last, seen = seen, view(board)
            if seen == last:
                break
        self._look(seen)
        observation = described(self._seen)
        if over:
            observation += _COMPLETED
        self._left = self._subgoals.left_after(self._left, observation)
        progress = self._subgoals.progress(self._left)
        # A level may also be over because it can no longer be solved: AgentBoard tells that from success by progress alone.
        success = progress == 1 or (over and progress > 0.5)
        if success and not over:
            observation += _COMPLETED
        why = idle(self._seen) if board.situation() == before else None
        return self._told(observation, verb, named, why)._replace(success=success)

    def admissible(self) -> Sequence[str]:
        """What AgentBoard offers."""
        return list(self._offered())

    def sample(self, rng: np.random.Generator) -> str:
        """One of the actions that AgentBoard offers, each as likely."""
        actions = list(self._offered())
        return actions[int(rng.integers(len(actions)))]

    def state(self) -> str:
        """Where the player is, what has changed since the start, and how far the goal and the subgoals are reached."""
        board = self._board
        changed = [(cell, one and one.name) for cell, one in sorted(board.changed.items())]
        carried = board.carrying and board.carrying.name
        return repr((board.at, board.heading, carried, changed, self._left, parts_done(self._level)))

    def expert(self) -> str | None:
        """The next action of a plan that reaches all subgoals; it is made again where the player has left it."""
        here = self._board.situation(), self._left
        step = next((step for step in self._plan if step.before == here), None)
        if step is None:
            self._plan = self._planned()
            step = next(iter(self._plan), None)
        return step and step.action

    def _planned(self) -> list[Step]:
        """A plan, rehearsed: a level that is over before all subgoals are reached is no place to go."""
        distance = Distance([alternatives[0] for alternatives in self._task.data["subgoals"]])
        found: list[Step] = []
        avoided: set[Place] = set()
        for _ in range(_REHEARSALS):
            steps = plan(self._board, self._subgoals, distance, self._left, avoided)
            if steps is None:
                break
            found = steps
            early = self._over_early(steps)
            if early is None:
                break
            avoided.add(steps[early].after)
        return found

    def _over_early(self, steps: Sequence[Step]) -> int | None:
        """The step of a plan after which the episode is over with subgoals left, by index."""
        stage = BabyAI()
        stage.begin(self._task, 0)
        for action in self._taken:
            stage.act(action)
        for number, step in enumerate(steps):
            told = stage.act(step.action)
            if told.success:
                return number if told.progress < 1 else None
        return None

    def close(self) -> None:
        """Nothing is held."""


def _tasks(data: Data, split: str | None) -> list[Task]:
    tasks: dict[str, Task] = {}
    for place, record in data.lines(FILE, SOURCE):
        more = field(record, "additional_info", dict, place)
        level, seed = field(more, "subtask", str, place), FIRST_SEED + field(record, "id", int, place) % SEEDS
        if level in GONE:
            continue
        if not _LEVEL.fullmatch(level):
            raise DataError(f"{place}: 'subtask' is {level!r}, and no level of BabyAI's; get the file again")
        made = {
            "level": level,
            "seed": seed,
            "goal": field(record, "goal", str, place),
            "subgoals": _subgoals(record, place),
            "opening": field(more, "init_obs", str, place),
        }
        family = level.removeprefix("BabyAI-").removesuffix("-v0")
        name = f"{family}-{seed}"
        difficulty = record.get("difficulty") if isinstance(record.get("difficulty"), str) else None
        hashed = task_hash("babyai", RULES, made)
        if name in tasks:
            raise DataError(f"{place}: {name} is there twice; get the file again")
        tasks[name] = Task(name, hashed, family, STEPS, difficulty, made, f"babyai/{name}")
    if not tasks:
        raise DataError(f"{FILE} has no level that can be played; get it from {SOURCE}")
    return list(tasks.values())


def _subgoals(record: dict[str, Any], place: str) -> list[list[str]]:
    """For each subgoal its patterns: one, or as many as the record has lists of subgoals (`subgoals`, `subgoals_1`, …)."""
    lists = [field(record, key, list, place) for key in record if "subgoals" in key]
    wrong_ones = not lists or not lists[0] or len({len(one) for one in lists}) > 1
    if wrong_ones or not all(isinstance(pattern, str) for one in lists for pattern in one):
        raise DataError(
            f"{place}: 'subgoals' is to be a list of texts, with at least one, and is not; get the file again"
        )
    return [list(alternatives) for alternatives in zip(*lists, strict=True)]


BENCHMARK = Benchmark(
    "babyai",
    "minigrid's BabyAI levels in words",
    {
        "tasks": "AgentBoard, but for the levels of BabyAI-GoToObjS6-v0, which minigrid no longer has",
        "instruction": "ours, with AgentBoard's goals and actions",
        "success": "AgentBoard: the level is over with more than half of the subgoals reached, or all are",
        "progress": "AgentBoard: the share of subgoals found in observations, one at most a turn",
        "errors": "ours: an action that AgentBoard does not offer, or that changes nothing",
        "turns": f"AgentBoard: {STEPS}",
    },
    _tasks,
    lambda data: BabyAI(),
    packages=("minigrid",),
    modules=("minigrid",),
    install="pip install 'trpg-env[babyai]'",
)
"""The benchmark."""
