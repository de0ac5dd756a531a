"""What `trpg-env evaluate --judge` judges: episodes that it plays, or that are there already."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trpg_env.cli.arguments import check_files, scripts_in
from trpg_env.cli.evaluate_scripts import scripts_evaluation
from trpg_env.cli.playing import fill, tell_broken
from trpg_env.cli.terminal import WrongUse, tell
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, load_script
from trpg_env.trajectory import Journal, NoScript, Scripts, Statistics, Trajectory, read_trajectories
from trpg_env.trajectory.reading import TRAJECTORIES

EPISODES = "episodes.jsonl"

_PLAYED_BEFORE = {"episodes": "given"}
"""Which run a file is of whose episodes were played elsewhere."""


def episode_files(named: Sequence[Path]) -> list[Path]:
    """The files of trajectories; a folder stands for the one that an evaluation wrote into it.

    Args:
        named: Files and folders.

    Raises:
        WrongUse: One of them is not there, or the same is named twice.
    """
    files = [path / EPISODES if path.is_dir() else path for path in named]
    check_files([str(file) for file in files])
    if len({file.resolve() for file in files}) < len(files):
        raise WrongUse("--trajectories: a file is named twice; name each once")
    return files


def unlike(options: argparse.Namespace) -> Iterator[str]:
    """The options that are not what they are where nothing is said."""
    for name, value in vars(options).items():
        if name not in ("command", "run", "defaults") and value != options.defaults(name):
            yield name


@dataclass
class Material:
    """What is to be judged, all of it in one folder's episodes.

    Attributes:
        ids: The episodes.
        broken: How many were played and broke; they are not judged.
        scripts: The scripts, where they are at hand.
    """

    ids: list[str] = field(default_factory=list)
    broken: int = 0
    scripts: Sequence[Script] = ()


def played_here(options: argparse.Namespace, out: Path) -> Material | int:
    """Play what the folder lacks, with the rules as the DM.

    Args:
        options: The command's.
        out: The folder.

    Returns:
        What is to be judged, or the exit code where play stopped too early.

    Raises:
        WrongUse: The options do not fit together, or a script is a narrative one.
        StoreError: The folder holds another run.
    """
    nobody = dict.fromkeys(("dm_model", "dm_temperature"))
    if options.player != "llm":
        nobody |= dict.fromkeys(("base_url", "timeout", "record", "replay"))
    if options.scripts is not None:
        _refuse_narrative(options.scripts)
    with scripts_evaluation(_with(options, dm="rules", **nobody)) as evaluation:
        for hint in evaluation.hints:
            tell(hint)
        statistics, file = Statistics(), out / EPISODES
        with Journal(
            file, TRAJECTORIES, evaluation.run, evaluation.ids, statistics.add, called=out
        ) as journal:
            playing = evaluation.play(lambda id: id not in journal)
            stopped = fill(journal, statistics, evaluation.scripts, evaluation.n, playing)
        if stopped is not None:
            return stopped
        if broken := statistics.outcomes["error"]:
            tell_broken(journal, broken, evaluation.n)
        ids = [t.id for t in read_trajectories(file) if t.error is None]
        return Material(ids, broken, evaluation.scripts)


def _refuse_narrative(named: Sequence[str]) -> None:
    with Sandbox() as sandbox:
        for name in scripts_in(named):
            script = load_script(name, sandbox=sandbox)
            if not script.grounded:
                raise WrongUse(
                    f"{script.name} is a narrative script, of which no engine knows the truth; --judge wants grounded ones, "
                    "and --judge-sample asks people about any"
                )


def played_before(options: argparse.Namespace, out: Path) -> Material:
    """Put those of the trajectories named that can be judged into the folder, so that it has all that was judged.

    Args:
        options: The command's.
        out: The folder.

    Raises:
        WrongUse: There are none, one is there twice, or its script is not to be had.
        StoreError: A file cannot be read, or the folder holds another run.
    """
    files = episode_files(options.trajectories)
    left_out = {"that broke": 0, "that a model wrote in one go": 0, "of narrative scripts": 0}
    played = Material()
    with Sandbox() as sandbox:
        played.scripts = [load_script(name, sandbox=sandbox) for name in scripts_in(options.scripts or [])]
        scripts = Scripts(sandbox, played.scripts)
        for file in files:
            for trajectory in read_trajectories(file):
                if trajectory.error is not None:
                    left_out["that broke"] += 1
                elif trajectory.source != "rollout":
                    left_out["that a model wrote in one go"] += 1
                elif not script_of(scripts, trajectory).grounded:
                    left_out["of narrative scripts"] += 1
                else:
                    played.ids.append(trajectory.id)
    told = [f"{number} {why}" for why, number in left_out.items() if number]
    if told:
        tell(f"trajectories of which the engine does not know the truth are left out: {', '.join(told)}")
    if not played.ids:
        raise WrongUse(
            "--trajectories: there is nothing in them that can be judged; name rollouts of grounded scripts"
        )
    if twice := len(played.ids) - len(set(played.ids)):
        raise WrongUse(
            f"--trajectories: {twice} of the trajectories are there a second time; name each file once"
        )
    if [file.resolve() for file in files] != [(out / EPISODES).resolve()]:
        _copy(files, out, set(played.ids))
    return played


def _copy(files: Sequence[Path], out: Path, ids: set[str]) -> None:
    with Journal(out / EPISODES, TRAJECTORIES, _PLAYED_BEFORE, ids, lambda _: None, called=out) as journal:
        for file in files:
            for trajectory in read_trajectories(file):
                if trajectory.id in ids and trajectory.id not in journal:
                    journal.append(trajectory.model_dump_json().encode() + b"\n")


def script_of(scripts: Scripts, trajectory: Trajectory) -> Script:
    """The very script that was played.

    Raises:
        WrongUse: It is not to be had.
    """
    try:
        script = scripts.of(trajectory)
    except NoScript as error:
        raise WrongUse(f"episode {trajectory.id}: {error}; name it with --scripts") from None
    if script.hash != trajectory.script_hash:
        raise WrongUse(
            f"episode {trajectory.id}: the script {script.name} is not the one that was played; name that with --scripts"
        )
    return script


def _with(options: argparse.Namespace, **changes: object) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(options), **changes})
