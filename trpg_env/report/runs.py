"""What a report is of: the results of evaluations and files of trajectories, read as a stream.

An evaluation's folder has the figures and the episodes. A file of trajectories alone has its figures measured as
an evaluation would, for each pair of a player and a DM in it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trpg_env.chats import IMPORTED
from trpg_env.evaluation import Results, ResultsError, read_results
from trpg_env.evaluation.judging.report import FILE as JUDGED
from trpg_env.evaluation.measures import kinds_of
from trpg_env.evaluation.results import FILE
from trpg_env.report.choice import Choice
from trpg_env.report.endings import without_endings
from trpg_env.report.faults import ReportError
from trpg_env.report.learning import Learning
from trpg_env.report.texts import line
from trpg_env.trajectory import Participant, StoreError, Trajectory, read_trajectories
from trpg_env.trajectory.reading import BadLine, TornLine, parsed_lines, unreadable

EPISODES = "episodes.jsonl"
"""The trajectories in an evaluation's folder."""

_TAKEN = (
    "name a folder that trpg-env evaluate wrote, or a file of trajectories as trpg-env rollout, generate or import messages "
    "writes"
)

MOST_PAIRS = 8
"""How many pairs of a player and a DM a file of trajectories may have."""

_HEARSAY = (
    "These are conversations of others. Success, progress and errors are what they themselves tell; where they tell "
    "nothing, an episode counts as without success and a reply as without an error. If no episode tells how it "
    "ended, success and progress are left open."
)

Watch = Callable[[Iterable[Trajectory], Path], Iterable[Trajectory]]
"""Passes the trajectories of a file on; for whoever wants to show how far they are."""

_Pair = tuple[Participant, Participant]


@dataclass(frozen=True)
class Run:
    """One player's play with one DM.

    Attributes:
        name: What the page calls it.
        results: Its figures.
        learning: What happens from turn to turn; of no episodes where there is no file of them.
        file: The trajectories' file; None where there is none.
        remarks: What a reader of the page is to know about it.
    """

    name: str
    results: Results
    learning: Learning = field(default_factory=Learning)
    file: Path | None = None
    remarks: tuple[str, ...] = ()

    def has(self, trajectory: Trajectory) -> bool:
        """Whether an episode of the file is this run's: a file may hold those of several."""
        return (trajectory.player, trajectory.dm) == (self.results.player, self.results.dm)


def read_runs(
    paths: Iterable[str | Path], *, episodes: int = 200, watch: Watch = lambda each, _: each
) -> tuple[list[Run], Choice]:
    """Read what a report is to be of.

    Args:
        paths: Folders of evaluations, or files of trajectories.
        episodes: How many episodes the page is to hold at most, 0 or more.
        watch: Sees each trajectory that is read.

    Returns:
        The runs, in the order of the paths, and which episodes are chosen.

    Raises:
        ReportError: A path is neither, or cannot be read.
    """
    choice, runs = Choice(episodes), list[Run]()
    for given in paths:
        path = Path(given)
        try:
            evaluated = path.is_dir() or path.suffix == Path(FILE).suffix
            read = _evaluation if evaluated else _trajectories
            runs += read(path, len(runs), choice, watch)
        except (ResultsError, StoreError) as error:
            text = str(error)
            raise ReportError(text if str(path) in text else f"{path}: {text}") from None
    if not runs:
        raise ReportError("there is nothing to report: name an evaluation's folder or a file of trajectories")
    return _told_apart(runs), choice


def _evaluation(path: Path, first: int, choice: Choice, watch: Watch) -> list[Run]:
    folder = path if path.is_dir() else path.parent
    if path.is_dir() and (path / JUDGED).exists() and not (path / FILE).exists():
        episodes = path / EPISODES if (path / EPISODES).exists() else "the trajectories that were judged"
        raise ReportError(f"{path} tells how good a DM is, which is not reported; name {episodes}")
    results = read_results(path)
    known = path.is_dir() or path.name == FILE
    run = Run(line((folder.resolve().name if known else path.stem) or "evaluation", 40), results)
    file = folder / EPISODES
    # Results of another name may have been put beside other episodes.
    if not (known and file.is_file()):
        return [
            replace(
                run, remarks=(f"There is no {EPISODES} beside its results, so that no episode can be read.",)
            )
        ]
    run = replace(run, file=file)
    seen = 0
    for number, trajectory in _numbered(file, watch):
        if not run.has(trajectory):
            raise ReportError(
                f"{file}:{number}: an episode of another player or DM than {FILE} tells of; evaluate again"
            )
        seen += 1
        _count(run.learning, choice, first, number, trajectory)
    if seen != results.counts.episodes:
        told = f"Its results are of {results.counts.episodes:,} episodes, and {EPISODES} has {seen:,}: evaluate again to measure all."
        run = replace(run, remarks=(told,))
    return [run]


def _trajectories(path: Path, first: int, choice: Choice, watch: Watch) -> list[Run]:
    _refuse_others(path)
    found: dict[str, tuple[_Pair, Learning, int]] = {}
    for number, trajectory in _numbered(path, watch):
        pair = trajectory.player, trajectory.dm
        key = "\n".join(who.model_dump_json() for who in pair)
        if key not in found:
            if len(found) == MOST_PAIRS:
                raise ReportError(
                    f"{path}:{number}: there are more than {MOST_PAIRS} pairs of player and DM in it; give a file for each"
                )
            found[key] = pair, Learning(), first + len(found)
        _, learning, run = found[key]
        _count(learning, choice, run, number, trajectory)
    if not found:
        raise ReportError(f"{path}: there are no trajectories in it")
    stem = line(path.stem or "trajectories", 40)
    runs = []
    for pair, learning, _ in found.values():
        own = (t for t in watch(read_trajectories(path), path) if (t.player, t.dm) == pair)
        name = stem if len(found) == 1 else f"{stem}, {line(pair[0].model or pair[0].kind, 40)}"
        runs.append(_measured(Run(name, Results.of(own), learning, path)))
    return runs


def _refuse_others(path: Path) -> None:
    """Find a file that is of another kind altogether; of one in which a line is wrong, that line is told."""
    _, first = next(parsed_lines(path), (0, None))
    if isinstance(first, BadLine) and not isinstance(first, TornLine) and not first.whole:
        raise ReportError(f"{path} is no file of trajectories; {_TAKEN}")


def _measured(run: Run) -> Run:
    """A run as the page tells of it: conversations of others are no suite, and their figures are what they say themselves."""
    results = run.results
    if results.player is None or results.player.kind != IMPORTED:
        return run
    suite = results.suite.model_copy(update={"name": "imported conversations"})
    results = results.model_copy(update={"suite": suite})
    if results.counts.outcomes.keys() <= {"truncated"}:  # as is every conversation that tells no ending
        results = without_endings(results)
    return replace(run, results=results, remarks=(_HEARSAY,))


def _numbered(path: Path, watch: Watch) -> Iterator[tuple[int, Trajectory]]:
    """The trajectories of a file with the numbers of their lines; blank lines count as lines."""
    numbers: list[int] = []

    def each() -> Iterator[Trajectory]:
        for number, parsed in parsed_lines(path):
            if isinstance(parsed, TornLine):
                raise StoreError(f"{path}:{number}: {parsed}")
            if isinstance(parsed, BadLine):
                raise unreadable(path, number, parsed)
            numbers.append(number)
            yield parsed

    for trajectory in watch(each(), path):
        yield numbers.pop(), trajectory


def _count(learning: Learning, choice: Choice, run: int, number: int, trajectory: Trajectory) -> None:
    learning.add(trajectory)
    choice.offer(run, number, trajectory, kinds_of(trajectory))


def _told_apart(runs: Sequence[Run]) -> list[Run]:
    """Runs of one name get a number behind it."""
    named: list[Run] = []
    taken: set[str] = set()
    for run in runs:
        name, number = run.name, 1
        while name in taken:
            number += 1
            name = f"{run.name} ({number})"
        taken.add(name)
        named.append(replace(run, name=name))
    return named
