"""From rollouts to data: the erring player plays the whole library, and what it corrected becomes a dataset.

Usage: python examples/rollouts_to_data.py [FOLDER] [EPISODES]
"""

import sys
import time
from pathlib import Path

from tqdm import tqdm

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script
from trpg_env.trajectory import Statistics, Writer, read_trajectories

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")
episodes = int(sys.argv[2]) if len(sys.argv) > 2 else 400

with Sandbox() as sandbox:
    scripts = [load_script(name, sandbox=sandbox) for name in library()]
    playable = [script for script in scripts if script.grounded]
    print(f"The library has {len(scripts)} scripts; the rules play {len(playable)} of them:")
    for script in playable:
        print(f"  {script.name:<15} {script.title}")

    started = time.perf_counter()
    file = folder / "trajectories.jsonl"
    file.unlink(missing_ok=True)
    with Writer(file) as writer:
        played = rollout(playable, ErringAgent(), episodes, sandbox=sandbox)
        for trajectory in tqdm(played, total=episodes, unit=" episodes", disable=None):
            writer.write(trajectory)

summary = export(read_trajectories(file), "messages", folder / "dataset")
print(f"\n{episodes} episodes in {time.perf_counter() - started:.1f} s")
print("\n".join(Statistics.of(read_trajectories(file)).lines()))
print("\n".join(summary.lines()))
print(f"trajectories        {file}")
