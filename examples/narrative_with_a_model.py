"""A narrative script with a language model as dungeon master: played, recorded, and played again from the recording.

Once the random player plays, once the model itself.

By default with the embedded model, which is small and writes nonsense: it shows that the machinery runs on any machine.
For sense, name a model that is served somewhere: --model NAME --base-url http://localhost:8000/v1.
"""

import argparse
import sys
import time
from itertools import chain
from pathlib import Path

from trpg_env import Trajectory, rollout, verify
from trpg_env.agents import LLMAgent, RandomAgent
from trpg_env.dm import LLMDM
from trpg_env.llm import ModelUnavailable
from trpg_env.trajectory.usage import usage_lines

SCRIPT = "unix-admin"


def _short(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 110 else f"{line[:109]}…"


def main() -> int:
    """Play, play back, compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", nargs="?", default="demo-output", type=Path, help="(default demo-output)")
    parser.add_argument("--model", default="local", help="(default local: the embedded model)")
    parser.add_argument("--base-url", help="where the model is served")
    parser.add_argument("--episodes", default=1, type=int, help="by each player (default 1)")
    parser.add_argument("--max-turns", default=4, type=int, help="(default 4)")
    options = parser.parse_args()
    recording = options.folder / "models.sqlite"
    options.folder.mkdir(parents=True, exist_ok=True)

    def played(**recorded: Path) -> list[Trajectory]:
        asked = {"base_url": options.base_url, **recorded}
        dm = LLMDM(options.model, **asked)
        players = [RandomAgent(), LLMAgent(options.model, temperature=0.8, **asked)]
        return [
            trajectory
            for player in players
            for trajectory in rollout(SCRIPT, player, options.episodes, dm=dm, max_turns=options.max_turns)
        ]

    started = time.perf_counter()
    try:
        trajectories = played(record=recording)
    except ModelUnavailable as error:
        print(f"A narrative script was to be played here, and is left out: {error}")
        return 0
    print(f"\n{SCRIPT}, with {options.model} as dungeon master ({time.perf_counter() - started:.1f} s)")
    for trajectory in trajectories:
        print(f"played by {trajectory.player.kind}: {trajectory.outcome}, progress {trajectory.progress:.0%}")
        for player, dm in trajectory.exchanges():
            print(f"  > {_short(player.action or f'no action in: {player.reply}')}")
            print(f"    [{dm.error or 'correct'}] {_short(dm.observation)}")
        print("\n".join(f"  {line}" for line in usage_lines(trajectory.usage)))

    started = time.perf_counter()
    again = played(replay=recording)
    same = [t.model_dump_json() for t in trajectories] == [t.model_dump_json() for t in again]
    faults = list(chain.from_iterable(verify(t, SCRIPT) for t in again))
    broken = sum(t.outcome == "error" for t in trajectories)
    print(
        f"played again from {recording} ({time.perf_counter() - started:.1f} s): {'the same' if same else 'NOT the same'}"
    )
    print(f"verified: {len(faults)} faults; {broken} episodes broke")
    for fault in faults:
        print(f"  {fault}")
    return 0 if same and not faults else 1


if __name__ == "__main__":
    sys.exit(main())
