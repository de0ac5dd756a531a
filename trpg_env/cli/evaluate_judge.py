"""`trpg-env evaluate --judge`: a model's judgement on every action of grounded scripts, beside the engine's."""

import argparse
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path

from trpg_env.cli.arguments import positive
from trpg_env.cli.judge_sheets import answers, drawn
from trpg_env.cli.judge_sources import EPISODES, Material, played_before, played_here, script_of, unlike
from trpg_env.cli.models import dm_keywords, limits
from trpg_env.cli.playing import AGAIN, refuse_company
from trpg_env.cli.progress import Progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.evaluation.judging import (
    JUDGEMENTS,
    Judge,
    Judged,
    Judgements,
    JudgingError,
    judge_all,
    read_judgements,
)
from trpg_env.evaluation.judging.record import FILE as JUDGED
from trpg_env.evaluation.judging.record import read_judged
from trpg_env.evaluation.judging.report import FILE as FIGURES
from trpg_env.evaluation.judging.table import lines
from trpg_env.sandbox import Sandbox, SandboxFault
from trpg_env.script import ScriptError
from trpg_env.trajectory import Journal, Scripts, Verifier, WriteFailed, read_trajectories
from trpg_env.trajectory.reading import reason
from trpg_env.trajectory.remains import put
from trpg_env.tuning.folder import dataset_files

_SHEETS = frozenset({"judge_sheet", "judge_key", "out"})
_SAMPLE = frozenset({"judge_sample", "trajectories", "scripts", "seed", "out"})
_JUDGE = _SAMPLE | {
    *("judge", "dm", "dm_model", "dm_temperature", "base_url", "timeout", "record", "replay", "concurrency")
}
_PLAYER = frozenset({"player", "player_model", "player_temperature", "prompt"})
_PLAY = _PLAYER | {"n", "samples", "max_turns", "processes", "held_out", "training"}
"""The options that each of these takes."""


def add_judge_options(command: argparse.ArgumentParser) -> None:
    """Add what is judged, and by whom."""
    group = command.add_argument_group(
        "judging the DM",
        "How well a model judges actions: beside the engine, which knows the truth of grounded scripts, and beside people.",
    )
    group.add_argument(
        "--judge",
        action="store_true",
        help="have the model of --dm-model judge every action that --player takes in grounded scripts, and compare with the "
        f"engine; writes {JUDGED} and {FIGURES} to --out",
    )
    group.add_argument(
        "--judge-sample",
        type=positive,
        metavar="N",
        help="write a sheet for people: of N trajectories one turn that was called right and one that was called wrong, "
        "drawn with --seed, with empty cells for their answers; the key is beside it",
    )
    group.add_argument(
        "--judge-sheet",
        nargs="+",
        type=Path,
        metavar="SHEET",
        help="read such sheets back, each filled in by somebody: agreement with the DM, the engine and one another",
    )
    group.add_argument(
        "--judge-key", type=Path, metavar="KEY", help="the sheets' key (default: key.json beside the first)"
    )
    group.add_argument(
        "--trajectories",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="with --judge: judge the actions in these files or folders instead of playing; with --judge-sample: draw from "
        "these (default: from --out)",
    )


def judging(options: argparse.Namespace) -> bool:
    """Whether anything is asked for that has to do with judging."""
    return bool(
        options.judge
        or options.judge_sample
        or options.judge_sheet
        or options.judge_key
        or options.trajectories
    )


def judge(options: argparse.Namespace) -> int:
    """Have a model judge, draw a sheet for people, or read sheets back.

    Raises:
        WrongUse: The options do not fit together, or something that is named cannot be read.
    """
    try:
        if options.judge_sheet:
            _refuse_but(options, "--judge-sheet", _SHEETS)
            return answers(options)
        if options.judge_key:
            raise WrongUse("--judge-key is for --judge-sheet; name the sheets that were filled in")
        if options.judge:
            return _judge(options)
        if options.judge_sample is None:
            raise WrongUse("--trajectories is for --judge and for --judge-sample; say which")
        _refuse_but(options, "--judge-sample without --judge", _SAMPLE)
        return drawn(options)
    except (WriteFailed, SandboxFault) as error:
        complain(f"{error}; put that right, then {AGAIN}")
        return 1
    except ValueError as error:  # of a file, an episode, a sheet, a model
        if isinstance(error, ScriptError):
            raise
        raise WrongUse(str(error)) from None


def _refuse_but(options: argparse.Namespace, what: str, allowed: Collection[str]) -> None:
    for name in unlike(options):
        if name not in allowed:
            flag = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
            raise WrongUse(f"{flag} does not go with {what}; leave it out")


def _judge(options: argparse.Namespace) -> int:
    _refuse_but(options, "--judge", _JUDGE | _PLAY)
    if options.trajectories:
        unseeded = _JUDGE if options.judge_sample is not None else _JUDGE - {"seed"}
        _refuse_but(options, "--judge --trajectories, which plays nothing", unseeded)
    elif options.player is None:
        raise WrongUse(
            "--player is missing: name whose actions are judged, such as --player erring, or name --trajectories"
        )
    if options.dm_model is None:
        raise WrongUse(
            "--judge wants --dm-model: the model that judges, local (the embedded one) or what it is called where it is served"
        )
    out = _out(options)
    refuse_company(options)
    keywords = dm_keywords(argparse.Namespace(**{**vars(options), "dm": "llm"}))
    model = Judge(**keywords, limits=limits(options, options.concurrency))
    played = played_before(options, out) if options.trajectories else played_here(options, out)
    if isinstance(played, int):
        return played
    with Sandbox() as sandbox:
        stopped = _fill(out, model, options, sandbox, played)
    if stopped is not None:
        return stopped
    code = _measured(out, played)
    return max(code, drawn(options)) if options.judge_sample is not None else code


def _out(options: argparse.Namespace) -> Path:
    if options.out is None:
        raise WrongUse(f"--out is missing: name the folder for {EPISODES}, {JUDGED} and {FIGURES}")
    out: Path = options.out
    if out.exists() and not out.is_dir():
        raise WrongUse(f"--out {out} is no folder; name one for {EPISODES}, {JUDGED} and {FIGURES}")
    if dataset_files(out):
        raise WrongUse(f"--out {out} is a dataset's folder; name another one")
    if (out / FIGURES).exists():
        try:
            read_judgements(out)
        except JudgingError as error:  # somebody else's
            raise WrongUse(f"--out: {error}; name another folder, or delete the file") from None
    its = [(out / name).absolute() for name in (EPISODES, JUDGED, FIGURES)]
    if options.record is not None and Path(options.record).absolute() in its:
        raise WrongUse(f"--record is {options.record}, a file of --out; exchanges want one of their own")
    return out


def _fill(
    out: Path, model: Judge, options: argparse.Namespace, sandbox: Sandbox, played: Material
) -> int | None:
    """Have judged what the folder lacks; the exit code where that stopped too early."""
    wanted, file, n = set(played.ids), out / JUDGED, len(played.ids)
    scripts, verifier, broken = Scripts(sandbox, played.scripts), Verifier(sandbox), list[Judged]()

    def take(judged: Judged) -> None:
        if judged.error is not None:
            broken.append(judged)

    run = {"judge": model.participant.model_dump(mode="json")}
    with Journal(file, JUDGEMENTS, run, played.ids, take, called=out) as journal:
        if journal.torn is not None:
            tell(f"the last line of {file} was torn; it is set aside in {journal.torn}")
        if journal.records:
            tell(f"{file} has {journal.records} of {n} judged episodes already")
        for one in broken[:1]:
            complain(_cause(one))
        episodes = (
            (trajectory, verifier.world(script_of(scripts, trajectory)))
            for trajectory in read_trajectories(out / EPISODES)
            if trajectory.id in wanted and trajectory.id not in journal
        )
        asking = judge_all(model, episodes, options.concurrency)
        try:
            with Progress(n, "episodes judged", begun=journal.records) as progress, closing(asking):
                for judged in asking:
                    journal.append(judged.model_dump_json().encode() + b"\n")
                    if judged.error is not None and not broken:
                        with progress.aside():  # at once: all the others may break in the same way
                            complain(_cause(judged))
                    take(judged)
                    progress.advance(broken=judged.error is not None)
            journal.close()
        except (WriteFailed, SandboxFault) as error:
            complain(f"{error}; {journal.records} of {n} are in {file}: put that right, then {AGAIN}")
            with suppress(WriteFailed):  # said already
                journal.close()
            return 1
        except KeyboardInterrupt:
            complain(f"interrupted; {journal.records} of {n} judged episodes are in {file}: {AGAIN}")
            return 130
    return None


def _cause(judged: Judged) -> str:
    assert judged.error is not None
    return f"the first episode that could not be judged: script {judged.script}: {judged.error.kind}: {judged.error.message}"


def _measured(out: Path, played: Material) -> int:
    found = Judgements.of(read_judged(out / JUDGED))
    try:
        put(out / FIGURES, found.text().encode())
    except OSError as error:
        complain(f"{out / FIGURES} cannot be written: {reason(error)}; put that right, then {AGAIN}")
        return 1
    for line in lines(found):
        show(line)
    show(f"written to          {out / FIGURES}")
    if broken := found.counts.episodes - found.counts.counted:
        tell(
            f"{broken} of {found.counts.episodes} episodes could not be judged; to have them judged again delete their lines, "
            f'which have an "error", from {out / JUDGED}'
        )
    return 1 if broken or played.broken else 0
