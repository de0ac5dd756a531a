"""`trpg-env diversity`: how diverse the thoughts and environments of trajectories are, in figures and pictures."""

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trpg_env.cli.arguments import check_files, count, positive
from trpg_env.cli.progress import progress
from trpg_env.cli.terminal import WrongUse, complain, show
from trpg_env.diversity import BY, Diversity, DiversityError, heat_map, read_diversity, scatter
from trpg_env.diversity.embedding import ITERATIONS, PERPLEXITY
from trpg_env.diversity.found import FILE, SAMPLE
from trpg_env.diversity.tables import environments_csv, lines, thoughts_csv
from trpg_env.trajectory import StoreError, Trajectory, read_trajectories
from trpg_env.trajectory.reading import count_lines, reason
from trpg_env.trajectory.remains import put

_FILE = "file"
_MOST = 5_000
"""The largest sample: each thought is compared with each."""
_OTHERS = ("thoughts.svg", "thoughts.csv", "environments.svg", "environments.csv")


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "diversity",
        help="measure and draw how diverse thoughts and environments are",
        description="Compare sources of trajectories: how diverse their thoughts are (distinct-n, self-BLEU, similarity, effective "
        "number), a map of the thoughts, and a heat map of how alike the environments are. No model takes part. Exit 1 if a "
        "source has no thoughts; the rest is drawn all the same.",
        epilog="example: trpg-env diversity ours.jsonl agentgym.jsonl --out diversity (trpg-env import messages reads others' data)",
    )
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE.jsonl",
        help="trajectories, from trpg-env rollout, generate or import messages",
    )
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help=f"the folder for {FILE}, {', '.join(_OTHERS)}; earlier ones are replaced",
    )
    command.add_argument(
        "--by",
        choices=[_FILE, *BY],
        default=_FILE,
        help="what the sources are: the files, or whatever the trajectories of all files are told apart by (default file)",
    )
    command.add_argument(
        "--sample",
        type=_sample,
        default=SAMPLE,
        metavar="N",
        help=f"thoughts of each source (default {SAMPLE})",
    )
    command.add_argument(
        "--seed",
        type=count,
        default=0,
        metavar="S",
        help="which thoughts, and how the map begins (default 0)",
    )
    command.add_argument(
        "--perplexity",
        type=_perplexity,
        default=PERPLEXITY,
        metavar="P",
        help=f"about how many neighbours a thought has in the map (default {PERPLEXITY:g})",
    )
    command.add_argument(
        "--iterations",
        type=positive,
        default=ITERATIONS,
        metavar="I",
        help=f"steps of the map (default {ITERATIONS})",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and draw."""
    files = list(dict.fromkeys(options.files))
    check_files(files)
    out: Path = options.out
    _refuse_strangers(out)
    names = _names(files)
    try:
        found = Diversity.of(
            progress(_named(names, options.by), sum(map(count_lines, files)), "trajectories", after=1.0),
            by=options.by,
            seed=options.seed,
            sample=options.sample,
            perplexity=options.perplexity,
            iterations=options.iterations,
            order=list(names.values()) if options.by == _FILE else (),
        )
    except (StoreError, DiversityError) as error:
        raise WrongUse(str(error).replace("another way to tell them apart", "another --by")) from None
    try:
        _write(found, out)
    except (OSError, ValueError) as error:
        complain(f"{out} cannot be written: {reason(error)}; put that right, then call the command again")
        return 1
    for line in lines(found):
        show(line)
    show(f"{'written to':<20}{out}")
    silent = [source.name for source in found.sources if not source.thoughts]
    if silent:
        complain(f"there are no thoughts in {', '.join(silent)}, so nothing is told of them")
    return 1 if silent else 0


def _names(files: Sequence[str]) -> dict[str, str]:
    """What the files are called: by their names alone, where these differ."""
    stems = Counter(Path(file).stem for file in files)
    return {file: Path(file).stem if stems[Path(file).stem] == 1 else file for file in files}


def _named(names: dict[str, str], by: str) -> Iterator[tuple[str, Trajectory]]:
    for file, name in names.items():
        for trajectory in read_trajectories(file):
            yield name if by == _FILE else BY[by](trajectory), trajectory


def _refuse_strangers(out: Path) -> None:
    try:
        if out.exists() and not out.is_dir():
            raise WrongUse(f"--out {out} is no folder; name one")
        there = [name for name in (FILE, *_OTHERS) if (out / name).exists()]
        if FILE in there:
            read_diversity(out)
        elif there:
            raise WrongUse(f"--out {out} holds another {there[0]}; name another folder, or delete the file")
    except DiversityError as error:
        raise WrongUse(f"--out: {error}; name another folder, or delete the file") from None
    except (OSError, ValueError) as error:
        raise WrongUse(f"--out {out} cannot be looked into: {reason(error)}") from None


def _write(found: Diversity, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    put(out / FILE, found.text().encode())  # first, by which the others are known as ours
    texts = (scatter(found), thoughts_csv(found), heat_map(found), environments_csv(found))
    for name, text in zip(_OTHERS, texts, strict=True):
        put(out / name, text.encode())


def _sample(text: str) -> int:
    sample = positive(text)
    if sample > _MOST:
        raise argparse.ArgumentTypeError(f"{sample} is too many; at most {_MOST}")
    return sample


def _perplexity(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1 <= value <= _MOST:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise argparse.ArgumentTypeError(f"{shown!r} is not a number from 1 to {_MOST}, such as 30")
    return value
