"""Episodes, evaluations and pages to test reports with."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from trpg_env import rollout
from trpg_env.agents import ErringAgent, RandomAgent
from trpg_env.evaluation import Results
from trpg_env.report import Page, Section, make_page, read_runs
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory

SCRIPTS = ("cool-tomato", "dungeon", "garden")


@cache
def erring() -> tuple[Trajectory, ...]:
    """Episodes in which every goal is reached, with errors on the way."""
    return tuple(rollout(list(SCRIPTS), ErringAgent(), 9, seed=1))


@cache
def wandering() -> tuple[Trajectory, ...]:
    """Episodes in which none is."""
    return tuple(rollout(list(SCRIPTS), RandomAgent(), 6, seed=1))


def written(file: Path, trajectories: Iterable[Trajectory]) -> Path:
    """A file of trajectories."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{t.model_dump_json()}\n" for t in trajectories), encoding="utf-8")
    return file


def evaluation(folder: Path, trajectories: Sequence[Trajectory], **arguments: Any) -> Path:
    """A folder as `trpg-env evaluate` writes it."""
    written(folder / "episodes.jsonl", trajectories)
    found = Results.of(trajectories, arguments=arguments, resamples=200)
    (folder / "results.json").write_text(found.text(), encoding="utf-8")
    return folder


def page_of(*paths: Path, episodes: int = 200, sections: Sequence[Section] = ()) -> Page:
    """The page of a report."""
    runs, choice = read_runs(paths, episodes=episodes)
    with Sandbox() as sandbox:
        return make_page(runs, choice, sandbox, sections=sections)


def played(kinds: str, *, outcome: str = "completed", id: str = "e", **changes: Any) -> Trajectory:
    """An episode by hand: a letter for each turn, `.` correct, `p` parameter, `l` place, `o` logic error."""
    turns: list[DMTurn | PlayerTurn] = [_answer(0, ".", 0.0, "opening")]
    for i, letter in enumerate(kinds):
        turns.append(PlayerTurn(turn=2 * i + 1, thought=f"thought {i + 1}", action=f"action {i + 1}"))
        turns.append(_answer(2 * i + 2, letter, (i + 1) / len(kinds), f"answer {i + 1}"))
    made = Trajectory(
        id=id,
        script="ship",
        script_hash="3f",
        family="ship",
        seed=0,
        luck=0,
        player=Participant(kind="someone"),
        dm=Participant(kind="rules"),
        instruction="Do it.",
        turns=turns,
        success=outcome == "completed",
        progress=1.0,
        outcome="completed",
    )
    return made.model_copy(update={"outcome": outcome, **changes})


def _answer(turn: int, letter: str, progress: float, text: str) -> DMTurn:
    return DMTurn(
        turn=turn,
        thought="",
        observation=text,
        parameter_error=letter == "p",
        place_error=letter == "l",
        logic_error=letter == "o",
        message="" if letter == "." else f"wrong: {text}",
        progress=progress,
        completed=[],
        state_hash=f"{turn}",
    )
