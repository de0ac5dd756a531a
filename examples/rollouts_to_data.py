"""From play to data: the erring player plays the whole library, each episode is verified, datasets are exported.

In the end there is a page to look at. Called again, it goes on where it was. The same with commands: trpg-env rollout,
verify --stats, export, report.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent
from trpg_env.report import ReportError, make_page, read_runs
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script
from trpg_env.trajectory import Scripts, Similarity, Statistics, StoreError, Verifier, read_trajectories
from trpg_env.tuning import ExportError


def main() -> int:
    """Play, verify, export."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", nargs="?", default="demo-output", type=Path, help="(default demo-output)")
    parser.add_argument("episodes", nargs="?", default=3_000, type=int, help="how many (default 3000)")
    arguments = parser.parse_args()
    folder, episodes = arguments.folder, arguments.episodes
    file = folder / "trajectories.jsonl"
    started = time.perf_counter()

    with Sandbox() as sandbox:
        scripts = [load_script(name, sandbox=sandbox) for name in library()]
    playable = [script for script in scripts if script.grounded]
    print(f"The library has {len(scripts)} scripts; the rules play {len(playable)} of them:")
    for script in playable:
        print(f"  {script.name:<16} {script.title}")

    played = rollout(playable, ErringAgent(), episodes, processes=2, out=file)
    count = sum(1 for _ in tqdm(played, total=episodes, unit=" episodes", desc="playing", disable=None))
    print(f"\n{count:,} episodes played, {episodes:,} in {file} ({time.perf_counter() - started:.1f} s)")

    statistics, similarity, faults = Statistics(), Similarity(np.random.default_rng(0)), 0
    with Sandbox() as sandbox:
        found, verifier = Scripts(sandbox), Verifier(sandbox)
        for trajectory in tqdm(
            read_trajectories(file), total=episodes, unit=" episodes", desc="verifying", disable=None
        ):
            for fault in verifier.verify(trajectory, found.of(trajectory)):
                print(fault)
                faults += 1
            statistics.add(trajectory)
            similarity.add(trajectory)
    print(f"verified by playing again: {faults} faults\n")
    print("\n".join([*statistics.table(), *similarity.lines()]))

    for format in ("messages", "openai", "paper"):
        summary = export(read_trajectories(file), format, folder / format, split=0.1)
        print(f"\n{format}\n" + "\n".join(summary.lines()))
    report = folder / "report.html"
    try:
        runs, choice = read_runs(
            [file], watch=lambda each, _: tqdm(each, unit=" episodes", desc="reporting", disable=None)
        )
        with Sandbox() as sandbox:
            page = make_page(runs, choice, sandbox)
        report.write_text(page.html, encoding="utf-8")
        print(
            f"\nreport\n{page.shown:,} of {page.offered:,} episodes can be read in it: {report.absolute().as_uri()}"
        )
    except ReportError as error:  # without its extra there is all but the report
        print(f"\n{error}")
    print(f"\nall of it in {time.perf_counter() - started:.1f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StoreError, ExportError) as error:  # the folder holds something else
        sys.exit(str(error))
