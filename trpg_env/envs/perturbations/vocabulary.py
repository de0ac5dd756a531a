"""What an environment says of its wording: its actions with what may stand for each placeholder, and its names.

Scripts say all of it. A game says what it can: `templates`, its actions as a script writes them (`go to {recep}`), and
`entities()`, the names in play, on the game or in its module.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trpg_env.envs.game import GameEnv
from trpg_env.envs.perturbations.perturbation import NotApplicable, Perturbation
from trpg_env.script.domains import Domain, Free, Value, Values, parse_domain
from trpg_env.script.model import Script
from trpg_env.script.names import fold
from trpg_env.script.program import Action
from trpg_env.script.templates import parse_template
from trpg_env.world import AnyWorld, State, VerificationFailed
from trpg_env.world.grounding import GroundAction


@dataclass(frozen=True)
class Vocabulary:
    """An environment's wording.

    Attributes:
        owner: What people call the environment.
        actions: Its actions in the order in which they are tried; of a game's only templates and domains are told.
        entities: The names of what is in it.
        values: What else may stand for a placeholder, texts alone.
        complete: Whether no other values than those told are understood.
        told: Where what a player is told of the actions is somebody else's text, that text; templates that are not in it
            are not reworded, for the player would not hear of it.
    """

    owner: str
    actions: Sequence[Action]
    entities: Sequence[str]
    values: Sequence[str]
    complete: bool
    told: str | None = None


def of_script(script: Script) -> Vocabulary:
    """The wording of a script."""
    program = script.program
    entities = [name for name in program.entities if name != "player"]
    if not program.grounded:
        entities = list(dict.fromkeys(name for names in program.kinds.values() for name in names))
    known = {fold(name) for name in entities}
    spellings = [
        value.spelling
        for action in program.actions
        for domain in action.domains
        if isinstance(domain, Values)
        for value in domain.values
    ]
    values = [name for name in dict.fromkeys(spellings) if fold(name) not in known]
    return Vocabulary(script.name, program.actions, entities, values, complete=True)


def of_game(env: GameEnv) -> Vocabulary:
    """The wording of a benchmark's game, as far as it tells; the names are those of the task in play."""
    listed = _told(env.game, "entities")
    names: list[str] = []
    if env.task is not None and callable(listed):
        by_fold = {fold(name): " ".join(str(name).split()) for name in listed()}
        names = [name for folded, name in by_fold.items() if folded]
    actions = _actions(env.game, names)
    return Vocabulary(str(env.answerer), actions, names, [], complete=False, told=env.instruction)


def require_told(game: Any, perturbation: Perturbation, owner: str) -> None:
    """See that a game tells what a perturbation is made from.

    Args:
        game: The game.
        perturbation: The perturbation.
        owner: What people call the benchmark.

    Raises:
        NotApplicable: It does not.
    """
    of_names = perturbation.kind in ("spacing", "entities")
    if of_names and not callable(_told(game, "entities")):
        raise NotApplicable(
            f"{owner} does not tell the names in it, so {perturbation.label} cannot be had there"
        )
    if not of_names and not _told(game, "templates"):
        raise NotApplicable(
            f"{owner} has no templates of actions, so {perturbation.label} cannot be had there"
        )


class Meaning(NamedTuple):
    """What a text of the old wording is.

    Attributes:
        template: The action's template; None where that is not to be told.
        values: Its values by placeholder.
    """

    template: str | None
    values: Mapping[str, str]


Understood = Callable[[str], Meaning | None]
"""What a text of the old wording is; None where it is no action."""


def understood_in(world: AnyWorld, state: State) -> Understood:
    """Makes what tells how a text is understood in a script.

    Args:
        world: The script's world.
        state: The state of play.
    """

    def understood(text: str) -> Meaning | None:
        try:
            meaning = world.resolver.resolve(text, state.values)
        except VerificationFailed:
            return Meaning(None, {})  # play meets the same fault, and says so
        return Meaning(meaning.name, meaning.parameters) if isinstance(meaning, GroundAction) else None

    return understood


def _told(game: Any, name: str) -> Any:
    """What a game says of itself, or its module does."""
    module = sys.modules.get(type(game).__module__)
    for holder in (game, module):
        for spelling in (name, name.upper()):
            found = getattr(holder, spelling, None)
            if found is not None:
                return found
    return None


def _actions(game: Any, names: list[str]) -> list[Action]:
    told = _told(game, "templates") or ()
    templates = told.values() if isinstance(told, Mapping) else told
    domain: Domain = parse_domain(names, "name", {}, {}) if names else Free((Value("name", "name"),))
    actions = []
    for i, text in enumerate(templates):
        template = parse_template(text)
        domains = (domain,) * len(template.placeholders)
        actions.append(Action(i, text, template, "", domains, None, (), (), None))
    return actions
