"""Interactive fiction for the Z-machine, played by Jericho (Hausknecht et al., 2020), as in AgentBoard.

The games are the user's: each story file below `jericho` is a task. AgentBoard's subgoals are used where they are at hand;
where not, the game's own score is what is measured.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trpg_env.envs.game import Opening, Task, Told, task_hash
from trpg_env.suites.benchmark import STEPS, Benchmark
from trpg_env.suites.data import Data, DataError, field
from trpg_env.suites.jericho.emulator import Emulator, EmulatorEnded, Said
from trpg_env.suites.jericho.expert import RELEASES, walkthrough
from trpg_env.suites.jericho.story import SUFFIXES, stories
from trpg_env.suites.jericho.words import (
    ALONE,
    MOVES,
    TEMPLATES,
    candidates,
    cleaned,
    ended,
    fault,
    line,
    nouns,
    outside,
    shown,
)

FOLDER = "jericho"
LABELS = "agentboard/jericho.jsonl"
SOURCE = "whoever publishes the games, such as github.com/historicalsource/zork1 (COMPILED/zork1.z3)"
RULES = 1

_ASK = "check valid actions"
_THINGS = 20
_BROKEN = "The game has broken down, and the episode ends."
_INSTRUCTION = """\
{goal}

Actions are commands in a few words of English, one at a time:
- north, south, east, west, up, down, northeast, …, in, out: to go somewhere
- look; inventory; wait
- a verb and a thing, such as examine THING, take THING, open THING, read THING, turn on THING
- a verb and two things, such as put THING in THING, unlock THING with THING
- check valid actions: lists actions that do something here
The game cannot be saved, restored, restarted or left."""


class Jericho:
    """Plays stories, each in a process of its own.

    Args:
        data: Where the stories are.
    """

    def __init__(self, data: Data) -> None:
        self._data = data
        self._emulator: Emulator | None = None
        self._broken = False

    def begin(self, task: Task, seed: int) -> Opening:
        """Start a story; its chance is the same whatever the seed is.

        Raises:
            EmulatorEnded: It cannot be played.
            DataError: It is not there any more.
        """
        path = self._data.path(f"{FOLDER}/{task.data['file']}", SOURCE)
        release = RELEASES.get(task.data["sha256"])
        if self._emulator is None or self._broken or self._emulator.story != path:
            self.close()
            self._emulator = Emulator(path, release.seed if release else 0, release.like if release else "")
        self._broken = True
        self._subgoals: list[str] = list(task.data["subgoals"])
        self._ahead = list(self._subgoals)
        self._plan = walkthrough(release, self._emulator.walkthrough)
        self._at = 0
        self._score, self._most = 0, 0
        self._things: list[str] = []
        said = self._emulator.reset()
        self._hear(said)
        self._broken = False
        goal = task.data["goal"] or (
            f"Play the story {path.stem}, and score as many of its {self._most} points as you can."
        )
        return Opening(_INSTRUCTION.format(goal=goal), cleaned(said.text), self._progress())

    def _hear(self, said: Said) -> None:
        self._state = said.state
        self._seen = [cleaned(text) for text in said.seen]
        self._score = self._score if said.score is None else said.score
        self._most = self._most if said.most is None else said.most
        text = cleaned(said.text)
        for pattern in self._ahead:  # one at most in a turn, as in AgentBoard
            if shown(pattern, text):
                self._ahead.remove(pattern)
                break
        assert self._emulator is not None
        seen = nouns(text, self._emulator.words)
        self._things = list(dict.fromkeys((*seen, *self._things)))[:_THINGS]

    def _progress(self) -> float:
        if self._subgoals:
            return 1 - len(self._ahead) / len(self._subgoals)
        return min(max(self._score / self._most, 0.0), 1.0) if self._most else 0.0

    def act(self, action: str) -> Told:
        """What comes of an action."""
        text = line(action)
        if self._plan[self._at : self._at + 1] == [action.strip()]:
            self._at += 1
        try:
            return self._acted(text)
        except EmulatorEnded:
            self._broken = True
            return Told(_BROKEN, self._progress(), over=True, error="parameter", message=_BROKEN)

    def _acted(self, text: str) -> Told:
        if self._broken or self._emulator is None:
            raise EmulatorEnded(_BROKEN)
        wrong = None
        if not text or not text.isascii():
            wrong = "Write a command in plain English letters."
        elif outside(text):
            wrong = f"{text.split(maxsplit=1)[0]!r} is a command to the program, and not to the world."
        if wrong:
            return Told(wrong, self._progress(), error="parameter", message=wrong)
        if "check" in text.lower() and "action" in text.lower():
            observation = f"These actions do something here: {', '.join(self.admissible())}"
            return Told(observation, self._progress(), name=_ASK)
        said = self._emulator.step(text)
        self._hear(said)
        observation = cleaned(said.text)
        progress, kind = self._progress(), fault(observation)
        success = progress >= 1.0 or (said.won and not self._subgoals)
        verb, _, rest = text.partition(" ")
        return Told(
            observation,
            1.0 if success else progress,
            success,
            said.over or said.won or ended(observation),
            kind,
            observation if kind else "",
            None if kind == "parameter" else verb.lower(),
            {"rest": rest} if rest and kind != "parameter" else {},
        )

    def admissible(self) -> Sequence[str]:
        """Commands on what is seen and carried that move or change something; others may, which are not tried."""
        if self._broken or self._emulator is None:
            return []
        try:
            *told, waited = self._emulator.attempts(["look", "inventory", "wait"])
            seen = nouns(" ".join(cleaned(said.text) for said in told), self._emulator.words)
            tried = candidates(list(dict.fromkeys(seen))[:_THINGS])
            found: dict[str, str] = {}
            for text, said in zip(tried, self._emulator.attempts(tried), strict=True):
                if said.state not in (self._state, waited.state) and not fault(cleaned(said.text)):
                    found.setdefault(said.state, text)
        except EmulatorEnded:
            self._broken = True
            return []
        return [*found.values(), *ALONE]

    def sample(self, rng: np.random.Generator) -> str:
        """A command on things that have been told of, each kind of command as likely."""
        templates = TEMPLATES if self._things else (*MOVES, *ALONE)
        template = templates[int(rng.integers(len(templates)))]
        if "{" not in template:
            return template
        first, second = (self._things[int(number)] for number in rng.integers(len(self._things), size=2))
        return template.format(thing=first, other=second)

    def state(self) -> str:
        """What is seen and carried, the score, and what of the goal is ahead: who walks about elsewhere makes no difference."""
        return repr((self._seen, self._score, self._ahead, self._broken))

    def expert(self) -> str | None:
        """The next action of the walkthrough, where there is one."""
        return self._plan[self._at] if self._at < len(self._plan) else None

    def close(self) -> None:
        """End the emulator's process; the next story starts another."""
        if self._emulator is not None:
            self._emulator.close()
            self._emulator = None


def _tasks(data: Data, split: str | None) -> list[Task]:
    folder = data.path(FOLDER, SOURCE)
    labels = _labels(data)
    tasks = []
    for story in stories(folder):
        label = labels.get(story.path.stem, {})
        made = {
            "file": story.path.name,
            "sha256": story.sha256,
            "goal": label.get("goal"),
            "subgoals": label.get("subgoals", []),
        }
        hashed = task_hash("jericho", RULES, {key: made[key] for key in ("sha256", "goal", "subgoals")})
        name, difficulty = story.path.name, label.get("difficulty")
        tasks.append(Task(name, hashed, story.path.stem, STEPS, difficulty, made, f"jericho/{name}"))
    if not tasks:
        raise DataError(f"{folder} has no story file ({', '.join(SUFFIXES)}); get some from {SOURCE}")
    return tasks


def _labels(data: Data) -> Mapping[str, Mapping[str, Any]]:
    """AgentBoard's annotations, by the name of the game; none where they are not at hand."""
    try:
        data.path(LABELS, "AgentBoard")
    except DataError:
        return {}
    labels = {}
    for place, record in data.lines(LABELS, "AgentBoard"):
        more = record.get("additional_info")
        named = record if "game_name" in record or not isinstance(more, dict) else more
        subgoals = field(record, "subgoals", list, place)
        if not subgoals or not all(isinstance(pattern, str) for pattern in subgoals):
            raise DataError(f"{place}: 'subgoals' is to be a list of texts; get the file again")
        difficulty = record.get("difficulty") if record.get("difficulty") in ("easy", "hard") else None
        labels[Path(field(named, "game_name", str, place)).stem] = {
            "goal": field(record, "goal", str, place),
            "subgoals": subgoals,
            "difficulty": difficulty,
        }
    return labels


BENCHMARK = Benchmark(
    "jericho",
    "interactive fiction, such as Zork",
    {
        "tasks": "ours: each story file in the data (AgentBoard plays twenty)",
        "instruction": "AgentBoard: the goal, where its annotations are in the data; ours: the goal elsewhere, and the actions",
        "progress": "AgentBoard: share of annotated subgoals, where its annotations are in the data; ours elsewhere: score / highest score",
        "success": "AgentBoard: all subgoals; ours elsewhere: the highest score, or the game says it is won",
        "turns": f"AgentBoard: {STEPS}",
        "chance": "AgentBoard: the same game always goes the same way",
    },
    _tasks,
    Jericho,
    packages=("jericho",),
    modules=("jericho",),
    install='pip install "trpg-env[jericho]"',
)
"""The benchmark."""
