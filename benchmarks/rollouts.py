"""Trajectories per second to disk, their verification by replay, and memory over a long run.

Usage: python benchmarks/rollouts.py [--episodes N] [--processes P] [--json FILE]

The erring player plays every grounded script of the library with the rules DM, through the command, as a user would.
The baseline of the same run takes the same actions in bare environments of one process, with nothing decided, kept or
written: what a trajectory costs beyond being played. Memory is the resident set of the command with all its processes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import gymnasium as gym

import trpg_env  # noqa: F401 - registers AgentRefine-v0
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script
from trpg_env.trajectory import Statistics, Trajectory, read_trajectories

REPLAYED = 2_000
PAGE = 4096


def family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(c) for t in tasks for c in (t / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(p for child in children for p in family(child))]


def resident(pid: int) -> int:
    """The resident memory of a process and all below it, in bytes; pages that they share count for each."""
    total = 0
    for member in family(pid):
        try:
            total += int(Path(f"/proc/{member}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


def measured(command: list[str]) -> tuple[float, list[tuple[float, int]], str]:
    """Run a command: the seconds it took, its memory over time, and what it printed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    memory: list[tuple[float, int]] = []

    def watch() -> None:
        while process.poll() is None:
            memory.append((time.perf_counter() - began, resident(process.pid)))
            time.sleep(0.2)

    watching = threading.Thread(target=watch)
    watching.start()
    printed, _ = process.communicate()
    seconds = time.perf_counter() - began
    watching.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}\n{printed}")
    return seconds, memory, printed


def bare(trajectories: list[Trajectory]) -> float:
    """Trajectories per second where the same actions are taken in bare environments."""
    envs: dict[str, Any] = {}
    for trajectory in trajectories:
        assert trajectory.script is not None
        if trajectory.script not in envs:
            envs[trajectory.script] = gym.make("AgentRefine-v0", script=trajectory.script)
            envs[trajectory.script].reset(seed=0)
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        for trajectory in trajectories:
            env = envs[trajectory.script or ""]
            env.reset(seed=trajectory.seed, options={"luck": trajectory.luck})
            for player, _ in trajectory.exchanges():
                env.step(player.action)
        best = max(best, len(trajectories) / (time.perf_counter() - began))
    for env in envs.values():
        env.close()
    return best


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with Sandbox() as sandbox:
        scripts = [name for name in library() if load_script(name, sandbox=sandbox).grounded]
    command = [sys.executable, "-m", "trpg_env"]
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/episodes.jsonl"
        played = ["rollout", "--scripts", *scripts, "--player", "erring", "-n", str(options.episodes)]
        seconds, memory, _ = measured(
            [*command, *played, "--processes", str(options.processes), "--out", file]
        )
        size = Path(file).stat().st_size
        verifying, _, _ = measured([*command, "verify", file])
        first, statistics = [], Statistics()
        for trajectory in read_trajectories(file):
            statistics.add(trajectory)
            if len(first) < REPLAYED:
                first.append(trajectory)
    baseline = bare(first)
    rate, checked = options.episodes / seconds, options.episodes / verifying
    half = [m for t, m in memory if seconds * 0.4 < t < seconds * 0.6]
    end = [m for t, m in memory if seconds * 0.8 < t < seconds * 0.95]
    figures = {
        "episodes": options.episodes,
        "scripts": len(scripts),
        "processes": options.processes,
        "bare_per_second": baseline,
        "rollouts_per_second": rate,
        "verified_per_second": checked,
        "verifying_seconds": verifying,
        "bytes_each": size / options.episodes,
        "resident_half_way": max(half, default=0),
        "resident_near_the_end": max(end, default=0),
        "statistics": statistics.as_dict(),
    }
    print(
        f"{options.episodes:,} episodes, {len(scripts)} scripts, {size / options.episodes:,.0f} bytes each\n"
    )
    print(f"{'the same actions, bare environments':<44}{baseline:>9,.0f} /s   1.00")
    name = f"played to disk, {options.processes} processes"
    print(f"{name:<44}{rate:>9,.0f} /s   {rate / baseline:.2f}   {seconds:.1f} s, start and end included")
    print(
        f"{'verified by replay, 1 process':<44}{checked:>9,.0f} /s   {checked / baseline:.2f}   {verifying:.1f} s"
    )
    print(
        f"\nmemory of all processes over time ({options.processes} that play, as many sandboxes, and the one that writes):"
    )
    for share in range(0, 100, 10):
        sample = [m for t, m in memory if seconds * share / 100 <= t < seconds * (share + 10) / 100]
        if sample:
            print(f"  {share:>3} - {share + 10:>3} %   {max(sample) / 2**20:7.1f} MiB")
    print()
    print("\n".join(statistics.lines()))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
