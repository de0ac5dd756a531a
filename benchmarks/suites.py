"""What evaluating on a benchmark costs beyond the benchmark: the whole way against the game's calls, and the benchmark's own package.

Usage: TRPG_DATA=DATA python benchmarks/suites.py [--suites babyai scienceworld] [--episodes N] [--rounds R] [--command N] [--json FILE]

A random player plays some tasks, and what it did is done again in each round, side by side in three ways: in the benchmark's own package
(minigrid's environments with their observations; ScienceWorld's Python class); through `Game.begin` and `Game.act`; and the whole way of
`trpg-env evaluate`: environment, runner, trajectory written to disk, read again and measured. Of each episode the quickest round counts. Suites
whose package or data is missing are left out. Then the command itself is timed on N episodes of babyai, in one process and in two.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from trpg_env.agents import Turn
from trpg_env.envs.game import Game, Task
from trpg_env.evaluation.measures import measure
from trpg_env.rollout.environments import TaskMaker
from trpg_env.rollout.episode import participant
from trpg_env.rollout.prepared import Ready, answerer
from trpg_env.rollout.run import Run
from trpg_env.suites import Data, DataError, MissingExtra, benchmark, make
from trpg_env.trajectory import Journal, read_trajectories
from trpg_env.trajectory.reading import TRAJECTORIES

clock = time.perf_counter
Start = tuple[Task, int, list[str]]
"""An episode's task and seed, and what is done in it."""


class Again:
    """A player that does what was done before, and costs next to nothing."""

    kind = "again"

    def __init__(self, played: dict[int, list[str]]) -> None:
        self._played = played

    def reset(self, env: gym.Env[str, str], seed: int) -> None:
        self._turns = iter(self._played[seed])

    def act(self, observation: str, info: dict[str, Any]) -> Turn:
        return Turn("", next(self._turns))


def random_walk(game: Game, task: Task, seed: int) -> list[str]:
    """What a random player does in an episode."""
    rng = np.random.default_rng(seed)
    game.begin(task, seed)
    actions: list[str] = []
    over = False
    while not over and len(actions) < task.max_turns:
        actions.append(game.sample(rng))
        told = game.act(actions[-1])
        over = told.success or told.over
    return actions


def by_game(game: Game, task: Task, seed: int, actions: Sequence[str]) -> float:
    """Seconds of an episode by the game's calls alone."""
    began = clock()
    game.begin(task, seed)
    for action in actions:
        game.act(action)
    return clock() - began


def whole_way(run: Run, suite: str, agent: Again) -> Iterator[float]:
    """Seconds of each episode in order, until it is measured."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "episodes.jsonl"
        ready = stack.enter_context(Ready(run, agent, TaskMaker(partial(make, suite))))
        for _ in ready.play(lambda episode: episode.item == 0):  # loads what is loaded once
            pass
        seconds = []
        with Journal(file, TRAJECTORIES, run.as_dict(), run.ids(), lambda _: None) as journal:
            with closing(ready.play()) as playing:
                began = clock()
                for done in playing:
                    journal.append(done.line)
                    seconds.append(clock() - began)
                    began = clock()
            journal.close()
        began = clock()
        for number, trajectory in enumerate(read_trajectories(file)):
            measure(trajectory)
            seconds[number] += clock() - began
            began = clock()
    yield from seconds


@contextmanager
def by_minigrid(game: Any, starts: Sequence[Start]) -> Iterator[list[Callable[[], float]]]:
    """The same moves in minigrid's own environments."""
    plays = []
    for task, seed, actions in starts:
        moves: list[int] = []
        game.begin(task, seed)
        step = game._level.step

        def noted(move: int, moves: list[int] = moves, step: Any = step) -> Any:
            moves.append(move)
            return step(move)

        game._level.step = noted
        for action in actions:
            game.act(action)

        def play(task: Task = task, moves: list[int] = moves) -> float:
            env: Any = gym.make(task.data["level"]).unwrapped
            with redirect_stdout(StringIO()):
                began = clock()
                env.reset(seed=task.data["seed"])
                for move in moves:
                    env.step(move)
                return clock() - began

        plays.append(play)
    yield plays


@contextmanager
def by_scienceworld(game: Any, starts: Sequence[Start]) -> Iterator[list[Callable[[], float]]]:
    """The same actions in ScienceWorld's Python class, in a Java process of its own."""
    from scienceworld import ScienceWorldEnv

    from trpg_env.suites.scienceworld import SIMPLIFICATIONS

    env = ScienceWorldEnv()

    def play(task: Task, seed: int, actions: Sequence[str]) -> float:
        began = clock()
        env.load(task.data["task"], task.data["variation"], SIMPLIFICATIONS)
        env.reset()
        for action in actions:
            env.step(action)
        return clock() - began

    try:
        yield [partial(play, *start) for start in starts]
    finally:
        env.close()


OWN: dict[str, Callable[[Any, Sequence[Start]], AbstractContextManager[list[Callable[[], float]]]]] = {
    "babyai": by_minigrid,
    "scienceworld": by_scienceworld,
}


def row(suite: str, episodes: int, rounds: int) -> dict[str, Any]:
    """All figures of a suite.

    Raises:
        DataError: Its data is missing.
        MissingExtra: Its package is.
    """
    chosen = benchmark(suite)
    chosen.require()
    every = chosen.tasks(Data(), next(iter(chosen.splits), None))
    n = min(episodes, len(every))
    tasks = tuple(every[i * len(every) // n] for i in range(n))
    game = chosen.game(Data())
    run = Run(tasks, participant(Again({})), answerer(suite), n, 0)
    seeds = [episode.seed for episode in run.episodes()]
    played = [random_walk(game, *one) for one in zip(tasks, seeds, strict=True)]
    starts = list(zip(tasks, seeds, played, strict=True))
    best: dict[str, list[float]] = {}
    with OWN[suite](game, starts) as owned:
        for _ in range(rounds):
            taken = {
                "own": [play() for play in owned],
                "game": [by_game(game, *start) for start in starts],
                "whole": list(whole_way(run, suite, Again(dict(zip(seeds, played, strict=True))))),
            }
            best = {way: [*map(min, best.get(way, each), each)] for way, each in taken.items()}
    game.close()
    turns = sum(map(len, played))
    return {
        "suite": suite,
        "episodes": n,
        "turns": turns,
        **{f"{way}_us": round(sum(each) / turns * 1e6, 1) for way, each in best.items()},
    }


def commanded(episodes: int, processes: int) -> float:
    """Seconds of the command, start and end included."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = f"evaluate --suite babyai --player random -n {episodes} --processes {processes} --out {folder}/out"
        began = clock()
        subprocess.run(
            [sys.executable, "-m", "trpg_env", *arguments.split()], check=True, capture_output=True
        )
        return clock() - began


def main() -> None:
    """Measure, print a table, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--suites", nargs="+", choices=sorted(OWN), default=sorted(OWN))
    parser.add_argument("--episodes", type=int, default=24, help="tasks of each suite (default 24)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the quickest counts (default 3)")
    parser.add_argument("--command", type=int, default=1_000, help="episodes of the command (default 1,000)")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    options = parser.parse_args()
    rows = []
    for suite in options.suites:
        try:
            rows.append(row(suite, options.episodes, options.rounds))
        except (DataError, MissingExtra) as error:
            print(f"{suite} is left out: {error}", file=sys.stderr)
    print(
        f"{'µs a turn':<14}{'turns':>7}{'own package':>13}{'game':>9}{'whole':>9}{'whole/game':>12}{'whole/own':>11}"
    )
    for one in rows:
        own, game, whole = one["own_us"], one["game_us"], one["whole_us"]
        print(
            f"{one['suite']:<14}{one['turns']:>7,}{own:>13,.1f}{game:>9,.1f}{whole:>9,.1f}"
            f"{whole / game:>12.3f}{whole / own:>11.3f}"
        )
    figures: dict[str, Any] = {"suites": rows}
    if options.command and any(one["suite"] == "babyai" for one in rows):
        for processes in (1, 2):
            seconds = figures[f"command_s_{processes}"] = round(commanded(options.command, processes), 1)
            print(
                f"{options.command:,} episodes of babyai, random player, {processes} process{'es' * (processes > 1)}: {seconds} s"
            )
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
