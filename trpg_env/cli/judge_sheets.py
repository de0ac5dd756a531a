"""`trpg-env evaluate --judge-sample` and `--judge-sheet`: a sheet for people, and what they have made of it."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from trpg_env.cli.arguments import scripts_in
from trpg_env.cli.judge_sources import EPISODES, episode_files
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.evaluation.judging import (
    Candidate,
    Drawn,
    Judged,
    People,
    candidate,
    draw,
    read_key,
    read_sheet,
)
from trpg_env.evaluation.judging.drawing import Verdicts, ruled_in, said_by, said_in
from trpg_env.evaluation.judging.people_table import people_lines
from trpg_env.evaluation.judging.record import FILE as JUDGED
from trpg_env.evaluation.judging.record import read_judged
from trpg_env.evaluation.judging.sheet import KEY, SHEET, Key, KeyRow, key_row, sheet_row, sheet_text
from trpg_env.sandbox import Sandbox
from trpg_env.script import load_script
from trpg_env.trajectory import (
    NoScript,
    Participant,
    Scripts,
    Trajectory,
    Verifier,
    compare,
    read_trajectories,
)
from trpg_env.trajectory.reading import reason
from trpg_env.trajectory.remains import put

PEOPLE = "people.json"


def drawn(options: argparse.Namespace) -> int:
    """Write a sheet for people, and its key.

    Raises:
        WrongUse: The options do not fit together, there is nothing to draw from, or another sheet is there.
        StoreError: A file cannot be read.
    """
    if options.out is None:
        raise WrongUse(f"--out is missing: name the folder for {SHEET} and {KEY}")
    out: Path = options.out
    judged_here = options.judge or not options.trajectories
    named = [out] if judged_here else options.trajectories
    if judged_here and not (out / EPISODES).exists():
        raise WrongUse(f"{out / EPISODES} is not there; name what to draw from with --trajectories")
    material = _Material(episode_files(named))
    chosen = draw(material.candidates, options.judge_sample, np.random.default_rng(options.seed))
    if not chosen:
        raise WrongUse(
            "there is nothing to draw: no trajectory has both a turn that was called right and one that was called wrong"
        )
    assert material.dm is not None, "something was drawn"
    with Sandbox() as sandbox:
        given = [load_script(name, sandbox=sandbox) for name in scripts_in(options.scripts or [])]
        rows = _Rows(material, Scripts(sandbox, given), Verifier(sandbox)).of(chosen)
    key = Key(
        dm=material.dm,
        seed=options.seed,
        wanted=options.judge_sample,
        rows=[row for row, _ in rows],
    )
    _write(out, sheet_text(cells for _, cells in rows), key)
    show(f"sheet               {out / SHEET}: {len(rows) // 2} turns called right and as many called wrong")
    show(f"key                 {out / KEY}; keep it from whoever fills in the sheet")
    if material.by_engine:
        tell("the DM is the engine here, or its verdicts are the engine's: people are asked about those")
    if len(rows) < 2 * options.judge_sample:
        complain(
            f"{len(rows) // 2} of {options.judge_sample} trajectories were drawn: no others have both a turn that was called "
            "right and one that was called wrong"
        )
        return 1
    return 0


class _Material:
    """What can be drawn from, and who called turns right and wrong.

    Attributes:
        files: The files of trajectories.
        judged: The judgements of a model, by the trajectory's id.
        candidates: The trajectories that turns may be drawn from.
        dm: Who said so.
        by_engine: Whether that was the engine.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files
        self.judged: dict[str, Judged] = {}
        self.candidates: list[Candidate] = []
        self.dm: Participant | None = None
        self.by_engine = False
        seen: set[str] = set()
        for file in files:
            judgements = file.with_name(JUDGED)
            is_judged = file.name == EPISODES and judgements.exists()
            if is_judged:
                self.judged |= {one.id: one for one in read_judged(judgements)}
            for trajectory in read_trajectories(file):
                if trajectory.id in seen:
                    raise WrongUse(
                        f"{file}: episode {trajectory.id} is there a second time; name each file once"
                    )
                seen.add(trajectory.id)
                self._add(trajectory, is_judged)

    def said(self, trajectory: Trajectory) -> Verdicts:
        """What was said of a trajectory's turns."""
        judged = self.judged.get(trajectory.id)
        return said_in(trajectory) if judged is None else said_by(judged, trajectory)

    def _add(self, trajectory: Trajectory, is_judged: bool) -> None:
        judged = self.judged.get(trajectory.id)
        if is_judged and judged is None:
            return  # not yet, or it broke
        found = candidate(trajectory.id, self.said(trajectory))
        if found is None:
            return
        dm = trajectory.dm if judged is None else judged.judge
        if self.dm is not None and dm != self.dm:
            raise WrongUse(
                "--trajectories: the turns were called right or wrong by several DMs; name those of one at a time"
            )
        self.dm = dm
        self.by_engine |= judged is None and trajectory.dm.kind == "rules"
        self.candidates.append(found)


class _Rows:
    """Makes the rows of a sheet and of its key."""

    def __init__(self, material: _Material, scripts: Scripts, verifier: Verifier) -> None:
        self._material, self._scripts, self._verifier = material, scripts, verifier

    def of(self, chosen: Sequence[Drawn]) -> list[tuple[KeyRow, list[str]]]:
        """The rows of some turns, in their order."""
        found = {(row.trajectory, row.turn): (row, cells) for row, cells in self._each(chosen)}
        return [found[one.id, one.turn] for one in chosen]

    def _each(self, chosen: Sequence[Drawn]) -> Iterator[tuple[KeyRow, list[str]]]:
        wanted: dict[str, list[Drawn]] = {}
        for one in chosen:
            wanted.setdefault(one.id, []).append(one)
        for file in self._material.files:
            for trajectory in read_trajectories(file):
                turns = wanted.get(trajectory.id, [])
                if not turns:
                    continue
                name, ruled = self._known(trajectory)
                said, judged = self._material.said(trajectory), self._material.judged.get(trajectory.id)
                answers = {} if judged is None else _answers(judged)
                for one in turns:
                    row = key_row(one, name, said, ruled)
                    yield row, sheet_row(row, trajectory, answers.get(one.turn))

    def _known(self, trajectory: Trajectory) -> tuple[str, Verdicts]:
        """The script's name, and what the engine rules."""
        judged = self._material.judged.get(trajectory.id)
        if judged is not None:
            return judged.script, {turn.turn: turn.ruled for turn in judged.turns}
        try:
            script = self._scripts.of(trajectory)
        except NoScript:
            script = None
        if script is None or script.hash != trajectory.script_hash:
            return trajectory.family, said_in(trajectory) if trajectory.dm.kind == "rules" else {}
        if not script.grounded:
            return script.name, {}
        if trajectory.source == "rollout":
            return script.name, said_in(trajectory)
        return script.name, ruled_in(trajectory, compare(trajectory, self._verifier.world(script)).opinions)


def _answers(judged: Judged) -> dict[int, str]:
    return {turn.turn: turn.said.observation for turn in judged.turns if turn.said is not None}


def _write(out: Path, sheet: bytes, key: Key) -> None:
    """Write both; a sheet that is there, and may be filled in, stays.

    Raises:
        WrongUse: Another one is there, or nothing can be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / SHEET).exists() and (out / SHEET).read_bytes() != sheet:
            raise WrongUse(
                f"{out / SHEET} is there already, with other turns or filled in; name another folder, or move it away"
            )
        put(out / KEY, key.text().encode())
        put(out / SHEET, sheet)
    except OSError as error:
        raise WrongUse(f"--out {out} cannot be written: {reason(error)}") from None


def answers(options: argparse.Namespace) -> int:
    """Read sheets back that people have filled in.

    Raises:
        WrongUse: A sheet is named twice, or nothing can be written.
        SheetError: A sheet or the key cannot be read.
    """
    sheets: list[Path] = options.judge_sheet
    if len({sheet.resolve() for sheet in sheets}) < len(sheets):
        raise WrongUse("--judge-sheet: a sheet is named twice; name each once")
    key = read_key(options.judge_key or sheets[0].with_name(KEY))
    short = len({sheet.name for sheet in sheets}) == len(sheets)
    found = People.of(key, [read_sheet(sheet, key, sheet.name if short else str(sheet)) for sheet in sheets])
    for line in people_lines(found):
        show(line)
    if options.out is not None:
        file: Path = options.out / PEOPLE
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            put(file, (found.model_dump_json(indent=1) + "\n").encode())
        except OSError as error:
            raise WrongUse(f"{file} cannot be written: {reason(error)}") from None
        show(f"written to          {file}")
    return 0
