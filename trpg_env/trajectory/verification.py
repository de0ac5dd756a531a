"""Verifying trajectories: is this what was played, and does it keep to the paper's rules?

Where the script is grounded and the trajectory a rollout, play decides: everything is played again and must come
out the same. Elsewhere (a narrative script, a trajectory that a model wrote) the rules decide that need no play.
Few error-and-refines or no success are no faults: `Statistics` counts them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from trpg_env.envs.perturbations import PerturbationError, labelled
from trpg_env.envs.perturbations.checking import checked
from trpg_env.envs.perturbations.vocabulary import of_script
from trpg_env.envs.perturbations.wording import Wording
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, Script, ScriptLike, load_script
from trpg_env.script.faults import place_of_path
from trpg_env.script.instruction import instruction
from trpg_env.trajectory.matching import Matcher, check_parameter_errors
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.origin import check_id, check_origin, check_script_played, limit_of
from trpg_env.trajectory.replay import Replay
from trpg_env.trajectory.replies import check_replies
from trpg_env.trajectory.rules import (
    check_ending,
    check_judged,
    check_limit,
    check_turns,
    misnumbered,
    misplaced,
)
from trpg_env.trajectory.wording import shown
from trpg_env.world import World

MAX_SCRIPTS = 1_000
"""How many scripts are kept compiled at once."""
_MOST_FAULTS = 20
_LONGEST_KEY = 60
_MOST_LIMITS = 32


def verify(
    trajectory: Trajectory | Mapping[str, Any], script: ScriptLike, *, sandbox: Sandbox | None = None
) -> list[Fault]:
    """Find what is wrong with a trajectory.

    Args:
        trajectory: A trajectory, or a mapping as a line of a trajectories' file holds it.
        script: The script that it says was played.
        sandbox: Where the script's patterns and code run; without one, one is started for this call.

    Returns:
        The faults; none where there is nothing wrong. Of each kind of fault the first bad turn is named, such as
        `turns[8].progress`, with what stands there and what play gives.

    Raises:
        ScriptError: The script cannot be loaded.
        TypeError: `trajectory` is neither a trajectory nor a mapping.

    Example:
        >>> from trpg_env import rollout, verify
        >>> from trpg_env.agents import PlannerAgent
        >>> played = next(rollout("cool-tomato", PlannerAgent(), n=1))
        >>> verify(played, "cool-tomato")
        []
        >>> print(verify(played.model_copy(update={"outcome": "failed"}), "cool-tomato")[-1].place)
        outcome
    """
    if sandbox is None:
        with Sandbox() as own:
            return verify(trajectory, script, sandbox=own)
    return Verifier(sandbox).verify(trajectory, load_script(script, sandbox=sandbox))


class Verifier:
    """Verifies many trajectories: each script is compiled once.

    Args:
        sandbox: Where the scripts' patterns and code run; it stays the caller's.

    Example:
        >>> from trpg_env import load_script, rollout
        >>> from trpg_env.agents import PlannerAgent
        >>> with Sandbox() as sandbox:
        ...     script, verifier = load_script("ship", sandbox=sandbox), Verifier(sandbox)
        ...     [verifier.verify(t, script) for t in rollout(script, PlannerAgent(), n=3, sandbox=sandbox)]
        [[], [], []]
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._editions: dict[str, _Edition] = {}

    def verify(self, trajectory: Trajectory | Mapping[str, Any], script: Script) -> list[Fault]:
        """Find what is wrong with a trajectory; see the function `verify`.

        Raises:
            TypeError: `trajectory` is neither a trajectory nor a mapping.
        """
        if isinstance(trajectory, Trajectory):
            found: Iterable[Fault] = self._faults(trajectory, script)
            name: object = trajectory.id
        elif isinstance(trajectory, Mapping):
            try:
                return self.verify(Trajectory.model_validate(dict(trajectory)), script)
            except ValidationError as error:
                found, name = _not_a_trajectory(error), trajectory.get("id")
        else:
            raise TypeError(
                f"a trajectory is a Trajectory or a mapping of its keys, not a {type(trajectory).__name__}"
            )
        episode = episode_name(name)
        return [replace(fault, message=f"{episode}: {fault.message}") for fault in found]

    def world(self, script: Script) -> World:
        """The world of a grounded script, compiled once with the rest of it.

        Raises:
            NotGrounded: The script is a narrative one.
        """
        return self._edition(script).world

    def _faults(self, trajectory: Trajectory, script: Script) -> Iterator[Fault]:
        out_of_place = misplaced(trajectory)
        yield from filter(None, (misnumbered(trajectory), out_of_place))
        yield from check_ending(trajectory)
        other = check_script_played(trajectory, script)
        if other is not None:
            yield other
            if out_of_place is None:
                yield from check_turns(trajectory, None)
            return
        limit, rolled_out = limit_of(trajectory), trajectory.source == "rollout"
        edition = self._edition(script)
        wording, known = edition.wording(trajectory)
        told = None if limit is None else edition.instruction(limit)
        if told is not None and wording is not None:
            told = wording.instruction(told)
        # Words by a table that is not to be had are taken as they stand there.
        yield from check_origin(trajectory, script, told if known or told is None else trajectory.instruction)
        if rolled_out and limit is not None:
            yield from filter(None, [check_id(trajectory, limit)])
        if out_of_place is not None:
            return
        yield from filter(None, [check_replies(trajectory)])
        if not known:
            return
        if rolled_out and script.grounded:
            yield from filter(None, [edition.replay.check(trajectory, limit, wording)])
            return
        conditions = len(script.program.completion)
        wrong = [*check_turns(trajectory, conditions)]
        yield from wrong
        if wording is None:
            yield from check_parameter_errors(trajectory, edition.matcher)
        if rolled_out and not wrong:
            yield from filter(None, [check_judged(trajectory, conditions)])
        if rolled_out and limit is not None:
            yield from check_limit(trajectory, limit)

    def _edition(self, script: Script) -> "_Edition":
        edition = self._editions.pop(script.hash, None)
        if edition is None:
            edition = _Edition(script, self._sandbox)
            if len(self._editions) >= MAX_SCRIPTS:
                del self._editions[next(iter(self._editions))]
        self._editions[script.hash] = edition  # the one used last stands last
        return edition


class _Edition:
    """What is made of a script's data once, for all trajectories of it."""

    def __init__(self, script: Script, sandbox: Sandbox) -> None:
        self._script, self._sandbox = script, sandbox
        self._instructions: dict[int, str] = {}
        self._wordings: dict[str, Wording] = {}

    @cached_property
    def world(self) -> World:
        return World(self._script, self._sandbox)

    @cached_property
    def replay(self) -> Replay:
        return Replay(self.world)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self._script, self._sandbox)

    def wording(self, trajectory: Trajectory) -> tuple[Wording | None, bool]:
        """The words in which a trajectory was played, None for the script's own; and whether they are known."""
        label = perturbation_of(trajectory)
        if label is None:
            return None, True
        by = labelled(label)
        if by is None:
            return None, False
        if label not in self._wordings:
            if len(self._wordings) >= _MOST_LIMITS:
                self._wordings.clear()
            try:
                self._wordings[label] = checked(by, of_script(self._script), required=False)
            except PerturbationError:
                return None, False
        return self._wordings[label], True

    def instruction(self, limit: int) -> str:
        text = self._instructions.get(limit)
        if text is None:
            if len(self._instructions) >= _MOST_LIMITS:
                self._instructions.clear()
            text = self._instructions[limit] = instruction(self._script, limit)
        return text


def perturbation_of(trajectory: Trajectory) -> str | None:
    """What the words of a trajectory were perturbed with; None where they were not."""
    label = (trajectory.dm.sampling or {}).get("perturbation")
    return label if isinstance(label, str) else None


def episode_name(identity: object) -> str:
    """An episode as faults begin with it.

    Example:
        >>> episode_name("3f2a9c"), episode_name(None)
        ('episode 3f2a9c', 'episode null')
    """
    if isinstance(identity, str) and identity.isalnum() and len(identity) <= 40:
        return f"episode {identity}"
    return f"episode {shown(identity if isinstance(identity, str) else None)}"


def _not_a_trajectory(error: ValidationError) -> Iterator[Fault]:
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:_MOST_FAULTS]:
        # Which kind of turn it was read as is no key of the file.
        keys = (part for i, part in enumerate(one["loc"]) if not (i == 2 and part in ("DM", "Player")))
        path = tuple(key[:_LONGEST_KEY] if isinstance(key, str) else key for key in keys)
        yield Fault(f"not a trajectory: {one['msg'][:1].lower()}{one['msg'][1:]}", place_of_path(path))
