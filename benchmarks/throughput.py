"""Steps per second, resets, start and memory, beside an empty text environment in the same run.

Usage: python benchmarks/throughput.py [--seconds S] [--json FILE]

Each script is driven along a random walk of admissible actions that is drawn beforehand, so most steps
succeed (a tenth of them are other valid actions, mostly erroneous in the state they meet). One core, through `gym.make`. The
machine's noise shows in the spread of the baseline: compare ratios, not figures of different runs.
"""

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import trpg_env  # noqa: F401 - registers AgentRefine-v0
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script
from trpg_env.world import World

WALK = 2_000


class Empty(gym.Env[str, str]):
    """A text environment that does nothing."""

    observation_space = gym.spaces.Text(100)
    action_space = gym.spaces.Text(100)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        return "nothing", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        return "nothing", 0.0, False, False, {}


def best_rate(run: Callable[[], int], seconds: float) -> float:
    """The best rate of several runs: what the code can do when the machine lets it."""
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until or not best:
        started = time.perf_counter()
        done = run()
        best = max(best, done / (time.perf_counter() - started))
    return best


def walk_of(env: gym.Env[str, str]) -> list[str]:
    """A walk of which nine steps in ten succeed, and none ends the episode."""
    rng = np.random.default_rng(0)
    inner: Any = env.unwrapped
    env.reset(seed=0)
    env.action_space.seed(0)
    walk: list[str] = []
    for _ in range(WALK * 20):
        possible = [action.text for action in inner.world.admissible.now(inner.state.values)]
        succeed = possible and rng.random() < 0.9
        action = possible[int(rng.integers(len(possible)))] if succeed else env.action_space.sample()
        before = inner.snapshot()
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            inner.restore(before)
            continue
        walk.append(action)
        if len(walk) == WALK:
            break
    return walk


def stepping(env: gym.Env[str, str], walk: list[str]) -> Callable[[], int]:
    """A run along a walk."""

    def run() -> int:
        env.reset(seed=0)
        step = env.step
        for action in walk:
            step(action)
        return len(walk)

    return run


def resetting(env: gym.Env[str, str]) -> Callable[[], int]:
    """A run of resets."""

    def run() -> int:
        for seed in range(200):
            env.reset(seed=seed)
        return 200

    return run


def script_row(name: str, sandbox: Sandbox, seconds: float) -> dict[str, Any]:
    """All figures of one library script."""
    sandbox.match("warm", "up")
    started = time.perf_counter()
    World(load_script(name, sandbox=sandbox), sandbox)
    compile_ms = (time.perf_counter() - started) * 1e3
    env = gym.make("AgentRefine-v0", script=name, max_turns=1_000_000)
    inner: Any = env.unwrapped
    walk = walk_of(env)
    listing = gym.make("AgentRefine-v0", script=name, max_turns=1_000_000, admissible_actions=True)
    env.reset(seed=0)
    succeeded = sum(not env.step(action)[4]["assessment"]["message"] for action in walk)
    row = {
        "script": name,
        "ground_actions": inner.world.grounder.count(),
        "succeed": round(succeeded / len(walk), 2),
        "steps_per_s": round(best_rate(stepping(env, walk), seconds)),
        "steps_per_s_with_admissible": round(best_rate(stepping(listing, walk), seconds)),
        "reset_us": round(1e6 / best_rate(resetting(env), seconds / 2), 1),
        "compile_ms": round(compile_ms, 1),
    }
    env.close()
    listing.close()
    return row


def start_seconds() -> tuple[float, float, float]:
    """In a fresh interpreter: `import trpg_env`, that and the first `gym.make`, and its peak memory in MB."""
    code = (
        "import time; t = time.perf_counter(); import trpg_env; a = time.perf_counter() - t; "
        "import gymnasium; gymnasium.make('AgentRefine-v0', script='ship').reset(seed=0); "
        "b = time.perf_counter() - t; import resource; "
        "print(a, b, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    figures = [tuple(map(float, run.stdout.split())) for run in runs]
    best = min(figures)
    return best[0], best[1], best[2]


def large_script() -> dict[str, Any]:
    """A script of 101,124 ground actions."""
    places = {f"room {i}": {"exits": [f"room {(i + 1) % 318}"]} for i in range(318)}
    items = {f"stone {i}": {"at": f"room {i}"} for i in range(318)}
    return {
        "goal": "Put stone 3 into room 1.",
        "environment": {"places": places, "items": items, "player": {"at": "room 0"}},
        "completion_conditions": [{"when": '"stone 3".at == "room 1"'}],
        "available_actions": {
            "send {stone} to {room}": {
                "verification_code": r"^send (?P<stone>stone \d+) to (?P<room>room \d+)$",
                "parameters": {"stone": "items", "room": "places"},
                "preconditions": [{"when": "stone.at != room"}],
                "effects": ["stone.at = room"],
            }
        },
    }


def large_row() -> dict[str, Any]:
    """What a script with 100,000 ground actions costs."""
    started = time.perf_counter()
    env = gym.make("AgentRefine-v0", script=large_script())
    env.reset(seed=0)
    load = time.perf_counter() - started
    walk = [f"send stone {i % 300 + 10} to room {i * 7 % 300}" for i in range(25)]
    rate = best_rate(stepping(env, walk), 0.5)
    env.close()
    return {"load_s": round(load, 2), "steps_per_s": round(rate)}


def others(seconds: float) -> dict[str, float]:
    """Other environments, where they are installed: `pip install 'trpg-env[bench]'`."""
    rates: dict[str, float] = {}
    for name, stepper in (("pddlgym blocks", pddlgym_blocks), ("TextWorld, admissible", textworld_game)):
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                rates[name] = best_rate(stepper(), seconds)
        except ImportError as error:
            print(f"{name}: not measured, {error}", file=sys.stderr)
    return rates


def pddlgym_blocks() -> Callable[[], int]:
    """Random steps in pddlgym's blocks world; its observations are states, not texts."""
    import pddlgym

    env = pddlgym.make("PDDLEnvBlocks-v0")
    state, _ = env.reset()

    def run() -> int:
        nonlocal state
        for _ in range(200):
            state, _, done, *_ = env.step(env.action_space.sample(state))
            if done:
                state, _ = env.reset()
        return 200

    return run


def textworld_game() -> Callable[[], int]:
    """Random admissible steps in a small TextWorld game, played from its `.json` (so without its texts)."""
    import textworld
    from textworld.generator import make_game

    options = textworld.GameOptions()
    options.seeds, options.nb_rooms, options.nb_objects, options.quest_length = 1234, 4, 8, 4
    folder = tempfile.mkdtemp()
    make_game(options).save(f"{folder}/game.json")
    env = textworld.start(f"{folder}/game.json", textworld.EnvInfos(admissible_commands=True))
    rng = np.random.default_rng(0)
    state = env.reset()

    def run() -> int:
        nonlocal state
        for _ in range(200):
            commands = state.admissible_commands
            state, _, done = env.step(commands[int(rng.integers(len(commands)))])
            if done:
                state = env.reset()
        return 200

    return run


def main() -> None:
    """Measure, print a table, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=1.5, help="for each figure (default 1.5)")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    options = parser.parse_args()
    gym.register("Empty-v0", entry_point=Empty)
    empty = gym.make("Empty-v0")
    baseline = best_rate(stepping(empty, ["x"] * 20_000), options.seconds)
    with Sandbox() as sandbox:
        names = [name for name in library() if load_script(name, sandbox=sandbox).grounded]
        rows = [script_row(name, sandbox, options.seconds) for name in names]
    importing, start, memory = start_seconds()
    figures = {
        "empty_steps_per_s": round(baseline),
        "scripts": rows,
        "large": large_row(),
        "import_s": round(importing, 2),
        "start_s": round(start, 2),
        "host_mb_after_start": round(memory),
        "host_mb_of_this_run": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "others": {name: round(rate) for name, rate in others(options.seconds).items()},
    }
    print(
        f"{'':<16}{'actions':>8}{'succeed':>9}{'steps/s':>10}{'of empty':>10}{'admissible':>12}{'reset µs':>10}{'compile ms':>12}"
    )
    print(f"{'empty':<16}{'':>8}{'':>9}{baseline:>10,.0f}{1:>10.2%}")
    for row in rows:
        share = row["steps_per_s"] / baseline
        print(
            f"{row['script']:<16}{row['ground_actions']:>8}{row['succeed']:>9.0%}{row['steps_per_s']:>10,}{share:>10.2%}"
            f"{row['steps_per_s_with_admissible']:>12,}{row['reset_us']:>10}{row['compile_ms']:>12}"
        )
    for name, rate in figures["others"].items():
        print(f"{name:<33}{rate:>10,}{rate / baseline:>10.2%}")
    print(
        f"{'101,124 actions':<33}{figures['large']['steps_per_s']:>10,}   loads in {figures['large']['load_s']} s"
    )
    print(f"import {importing:.2f} s, with the first gym.make {start:.2f} s, host process {memory:.0f} MB")
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
