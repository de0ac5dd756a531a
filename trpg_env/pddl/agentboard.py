"""AgentBoard's PDDL games as scripts: its wording, its limit of turns, its count of progress.

Example:
    >>> domain = "(define (domain hand) (:predicates (clear ?x) (holding ?x))"
    >>> domain += "(:action pickup :parameters (?ob) :precondition (clear ?ob) :effect (holding ?ob)))"
    >>> problem = "(define (problem one) (:domain hand) (:objects b1) (:init (clear b1)) (:goal (holding b1)))"
    >>> script = agentboard_script(domain, problem, "blockworld")
    >>> script.goal
    'The goal is to satisfy the following conditions: You are holding b1. '
    >>> from trpg_env.testing import play
    >>> play(script, ["Pickup b1."])[0].observation
    'The b1 is clear. You are holding b1.  The goal is satisfied.'
"""

from os import PathLike
from pathlib import Path

from trpg_env.pddl.agentboard_telling import AgentBoardTelling, said
from trpg_env.pddl.agentboard_words import GAMES, Game
from trpg_env.pddl.domain import read_domain
from trpg_env.pddl.model import Domain
from trpg_env.pddl.problem import read_problem
from trpg_env.pddl.progress import share_of_goal
from trpg_env.pddl.translation import Translation, translate
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, load_script

MAX_TURNS = 30
"""How many actions AgentBoard lets a player take."""


def agentboard_script(
    domain: str,
    problem: str,
    game: str,
    *,
    name: str | None = None,
    max_turns: int = MAX_TURNS,
    sandbox: Sandbox | None = None,
) -> Script:
    """A problem of one of AgentBoard's games, told as AgentBoard tells it.

    Args:
        domain: The domain's text.
        problem: The problem's text.
        game: The game: `barman`, `blockworld`, `gripper` or `tyreworld`.
        name: The script's name; of the domain's and the problem's where left out.
        max_turns: After how many actions an episode is truncated.
        sandbox: Where the script's patterns are looked at; without one, one is started for this call.

    Returns:
        The script. Its goal, opening and observations are AgentBoard's to the letter, and what it takes for an action is an
        action; see `agentboard_progress` for its count of progress.

    Raises:
        PddlError: A text is not of the supported kind.
        ValueError: There is no such game.
    """
    translation = agentboard_translation(domain, problem, game, name=name, max_turns=max_turns)
    return load_script(translation.script, sandbox=sandbox)


def agentboard_translation(
    domain: str, problem: str, game: str, *, name: str | None = None, max_turns: int = MAX_TURNS
) -> Translation:
    """The same, with the way back from the script's states to PDDL's atoms.

    Args:
        domain: The domain's text.
        problem: The problem's text.
        game: The game.
        name: The script's name.
        max_turns: After how many actions an episode is truncated.

    Raises:
        PddlError: A text is not of the supported kind.
        ValueError: There is no such game.
    """
    wording = GAMES.get(game)
    if wording is None:
        raise ValueError(f"AgentBoard has no PDDL game {game!r}; it has {', '.join(GAMES)}")
    read = read_domain(domain)
    return translate(
        read,
        read_problem(problem, read),
        name=name,
        max_turns=max_turns,
        phrases=_phrases(read, wording),
        action_phrases=_texts(read, wording),
        telling=lambda case: AgentBoardTelling(case, wording),
    )


def agentboard_progress(script: Script, progress: float) -> float:
    """Progress as AgentBoard counts it: the best share of the goal's conditions that held at once, the start's included.

    Args:
        script: A script that was made of a problem in PDDL.
        progress: An episode's progress, from 0 to 1.
    """
    return share_of_goal(progress, script.source.data["x-pddl"])


def agentboard_problems(folder: str | PathLike[str], game: str) -> list[Path]:
    """The files of a game's problems in the order of AgentBoard's `problem_index`: that of their names as texts.

    Args:
        folder: The folder that holds the games' folders.
        game: The game.
    """
    return sorted((Path(folder) / game).glob("*.pddl"), key=lambda file: file.name)


def _phrases(domain: Domain, game: Game) -> dict[str, str]:
    """How descriptions of actions say atoms: as observations do, where those leave no term out."""
    phrases: dict[str, str] = {}
    for predicate, arity in domain.predicates.items():
        phrase = game.ours.get(predicate, game.says.get(predicate, "")).rstrip(". ")
        if phrase and all(f"{{{i}}}" in phrase for i in range(arity)):
            phrases[predicate] = phrase
    return phrases


def _texts(domain: Domain, game: Game) -> dict[str, str]:
    """What the player writes, as AgentBoard's list of valid actions has it."""
    return {
        name: said(game.writes, name, [f"{{{i}}}" for i in range(len(action.parameters))]).rstrip(". ")
        for name, action in domain.actions.items()
    }
