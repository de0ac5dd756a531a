"""Generating scripts and trajectories: everything made ready, a run that can be watched, or just its outcomes."""

import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic

from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptLike, load_script
from trpg_env.synthesis.composed import ComposedPersonas
from trpg_env.synthesis.examples import Examples
from trpg_env.synthesis.outcome import Outcome
from trpg_env.synthesis.personas import Personas
from trpg_env.synthesis.run import JOURNAL, RECORDING, P, Synthesis, Writer
from trpg_env.synthesis.sampling import Sampling, require_whole
from trpg_env.synthesis.scripts import ScriptWriter, WrittenScript, script_prompt_hash
from trpg_env.synthesis.shelves import ScriptFolder, TrajectoryFile
from trpg_env.synthesis.trajectories import TrajectoryWriter, synthesis_id, writer_of
from trpg_env.trajectory import Store, StoreError, Trajectory, episode_seed
from trpg_env.trajectory.reading import reason
from trpg_env.trajectory.statistics import ENOUGH_REFINES

OWN: Final = ".synthesis"
"""The folder, or the ending of the folder, that holds what a run needs to go on."""


@dataclass(frozen=True)
class Ready(Generic[P]):
    """A run made ready.

    Attributes:
        synthesis: The run.
        writer: Has its items written.
        concurrency: How many are in flight.
    """

    synthesis: Synthesis[P]
    writer: Writer[P]
    concurrency: int

    def outcomes(self) -> Generator[Outcome]:
        """Write what is left; see `Synthesis.outcomes`."""
        return self.synthesis.outcomes(self.writer, self.concurrency)


@contextmanager
def script_run(
    out: str | os.PathLike[str],
    n: int,
    sampling: Sampling,
    *,
    personas: Personas | None = None,
    grounded: bool = False,
    seed: int = 0,
    concurrency: int = 1,
) -> Iterator[Ready[WrittenScript]]:
    """A run that generates scripts; see `generate_scripts`."""
    _require_numbers(n=n, seed=seed, concurrency=concurrency)
    folder = Path(out)
    own = folder / OWN
    _require_file_of_its_own(sampling, folder, own)
    _require_own(own)
    shelf = ScriptFolder(folder, own)
    sampling.made(None)
    chosen = ComposedPersonas(seed) if personas is None else personas
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        examples = Examples(sandbox, grounded=grounded)
        run = {
            "makes": "scripts",
            "personas": chosen.digest,
            "grounded": grounded,
            **sampling.as_dict(),
            "prompts": script_prompt_hash(examples, grounded=grounded),
            "n": n,
            "seed": seed,
        }
        synthesis = stack.enter_context(Synthesis(own, run, n, shelf, folder))
        writer = ScriptWriter(
            sampling.made(own),
            chosen,
            seed,
            sandbox,
            examples=examples,
            grounded=grounded,
            temperature=sampling.temperature,
            max_tokens=sampling.tokens,
            max_calls=sampling.max_calls,
        )
        yield Ready(synthesis, writer, concurrency)


@contextmanager
def trajectory_run(
    scripts: ScriptLike | Sequence[ScriptLike],
    out: str | os.PathLike[str],
    n: int,
    sampling: Sampling,
    *,
    seed: int = 0,
    min_refinements: int = ENOUGH_REFINES,
    concurrency: int = 1,
) -> Iterator[Ready[Trajectory]]:
    """A run that generates trajectories; see `generate_trajectories`."""
    wanted: list[Any] = list(scripts) if isinstance(scripts, list | tuple) else [scripts]
    if not wanted:
        raise ValueError("trajectories want at least one script")
    _require_numbers(n=n, seed=seed, min_refinements=min_refinements, concurrency=concurrency)
    file = Path(out)
    own = Path(f"{file}{OWN}")
    _require_file_of_its_own(sampling, file, own)
    _require_own(own)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox())
        loaded = [load_script(script, sandbox=sandbox) for script in wanted]
        sampling.made(None)
        participant = writer_of(sampling.name, sampling.temperature, sampling.tokens)
        run = {
            "makes": "trajectories",
            "scripts": [{"name": script.name, "hash": script.hash} for script in loaded],
            **sampling.as_dict(),
            "prompts": participant.prompt_hash,
            "min_refinements": min_refinements,
            "n": n,
            "seed": seed,
        }
        ids = (synthesis_id(_dealt(loaded, i), episode_seed(seed, i), participant) for i in range(n))
        _require_regular(file)
        store = stack.enter_context(Store(file, run, ids))
        synthesis = stack.enter_context(Synthesis(own, run, n, TrajectoryFile(store, own), file))
        writer = TrajectoryWriter(
            loaded,
            sampling.made(own),
            seed,
            sandbox,
            participant=participant,
            max_calls=sampling.max_calls,
            min_refinements=min_refinements,
        )
        yield Ready(synthesis, writer, concurrency)


def _dealt(scripts: Sequence[Script], item: int) -> Script:
    return scripts[item % len(scripts)]


def _require_numbers(*, n: int, seed: int, concurrency: int, min_refinements: int = 0) -> None:
    require_whole("n", n, 0)
    require_whole("seed", seed, None)
    require_whole("min_refinements", min_refinements, 0)
    require_whole("concurrency", concurrency, 1)


def _require_file_of_its_own(sampling: Sampling, out: Path, own: Path) -> None:
    """Refuse a recording where something else is to be: two writers of one file would leave nothing that can be read."""
    if sampling.record is None:
        return
    record = os.path.realpath(sampling.record)
    taken = [f"{file}{ending}" for file in (out, own / JOURNAL) for ending in ("", ".run", ".torn")]
    among_scripts = record.endswith(".json") and os.path.dirname(record) == os.path.realpath(out)  # noqa: PTH120
    if among_scripts or record in map(os.path.realpath, taken):
        raise ValueError(
            f"{os.fspath(sampling.record)} is no place for the recording: the run itself is kept there; name another file"
        )


def _require_own(own: Path) -> None:
    """Refuse a folder that leads elsewhere or holds what is no file: it may come from anywhere, with what was made."""
    try:
        for path, is_kind in ((own, stat.S_ISDIR), *((own / name, stat.S_ISREG) for name in _OWN_FILES)):
            if os.path.lexists(path) and not is_kind(path.lstat().st_mode):
                raise StoreError(f"{path} is a link or something else that no run makes; delete it")
    except (OSError, ValueError) as error:
        raise StoreError(f"{own} cannot be read: {reason(error)}") from None


_OWN_FILES: Final = (JOURNAL, f"{JOURNAL}.run", f"{JOURNAL}.torn", RECORDING)


def _require_regular(file: Path) -> None:
    """Refuse a pipe or a device: what was made before could not be found there again."""
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError):
        return  # there is none yet, or the store says what is wrong
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise StoreError(f"{file} is no regular file; name one, which the run can be taken up from")


def generate_scripts(
    out: str | os.PathLike[str],
    n: int,
    sampling: Sampling,
    *,
    personas: Personas | None = None,
    grounded: bool = False,
    seed: int = 0,
    concurrency: int = 1,
) -> Iterator[Outcome]:
    """Have a model write scripts, each for a persona, and keep those that pass the verifier (paper, script generation).

    Args:
        out: The folder for the scripts, a JSON file each.
        n: How many personas scripts are asked for.
        sampling: Which model, and how it is asked.
        personas: Whom the scripts are for; composed ones where left out.
        grounded: Whether grounded scripts are asked for, of which only those are kept that a plan solves; else narrative
            ones, the paper's.
        seed: The run's seed.
        concurrency: How many scripts are in flight.

    Yields:
        What became of each script, as soon as it is decided. Those that were decided before, when the same run was
        interrupted, are not yielded again.

    Raises:
        StoreError: The folder holds another run.
        ModelUnavailable: The model can never be asked.
        GaveUp: The model failed at many items in a row.
        ValueError: A number is out of range, or a recording is to be where something else is kept.

    Example:
        >>> sampling = Sampling("gpt-4o", base_url="http://localhost:8000/v1")
        >>> outcomes = generate_scripts("my-scripts", 100, sampling)  # nothing is asked before the first is wanted
    """
    with script_run(
        out, n, sampling, personas=personas, grounded=grounded, seed=seed, concurrency=concurrency
    ) as ready:
        yield from ready.outcomes()


def generate_trajectories(
    scripts: ScriptLike | Sequence[ScriptLike],
    out: str | os.PathLike[str],
    n: int,
    sampling: Sampling,
    *,
    seed: int = 0,
    min_refinements: int = ENOUGH_REFINES,
    concurrency: int = 1,
) -> Iterator[Outcome]:
    """Have a model write trajectories, both sides in one answer, and keep those that pass the verifier.

    Args:
        scripts: One script or several; trajectories are dealt out to them in turn.
        out: The file for the trajectories.
        n: How many trajectories are asked for, in all.
        sampling: Which model, and how it is asked.
        seed: The run's seed.
        min_refinements: How many error-and-refines a trajectory must have.
        concurrency: How many trajectories are in flight.

    Yields:
        What became of each trajectory, as soon as it is decided.

    Raises:
        ScriptError: A script cannot be loaded.
        StoreError: The file holds another run.
        ModelUnavailable: The model can never be asked.
        GaveUp: The model failed at many items in a row.
        ValueError: A number is out of range, or a recording is to be where something else is kept.

    Example:
        >>> sampling = Sampling("gpt-4o", base_url="http://localhost:8000/v1")
        >>> outcomes = generate_trajectories("village-healer", "written.jsonl", 10, sampling)
    """
    with trajectory_run(
        scripts, out, n, sampling, seed=seed, min_refinements=min_refinements, concurrency=concurrency
    ) as ready:
        yield from ready.outcomes()
