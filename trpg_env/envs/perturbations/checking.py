"""Whether a perturbation keeps the meaning: every action there and back, no two of them the same, none that is another."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from trpg_env.envs.perturbations.perturbation import NotApplicable, Perturbation, PerturbationError
from trpg_env.envs.perturbations.vocabulary import Vocabulary
from trpg_env.envs.perturbations.wording import Wording
from trpg_env.envs.react import Refused
from trpg_env.script.names import fold
from trpg_env.script.program import Action

MOST = 20_000
"""How many actions are checked at most, evenly chosen where there are more."""


def ground_texts(actions: Sequence[Action], most: int = MOST) -> Iterator[str]:
    """The texts of actions filled in with values, up to a number for all of them together.

    Args:
        actions: The actions.
        most: How many texts at most.
    """
    each = max(1, most // max(1, len(actions)))
    for action in actions:
        samples = [domain.samples for domain in action.domains]
        count = 1
        for one in samples:
            count *= len(one)
        # The values of the first placeholder are gone through slowest, so steps reach all of them.
        chosen = islice(product(*samples), 0, each * -(-count // each), -(-count // each))
        yield from (action.template.fill([value.spelling for value in values]) for values in chosen)


def checked(
    perturbation: Perturbation, vocabulary: Vocabulary, *, required: bool, most: int = MOST
) -> Wording:
    """The wording that a perturbation makes, checked.

    Args:
        perturbation: The perturbation.
        vocabulary: What an environment says of its wording.
        required: Whether one that changes nothing is refused, or is one of the usual ones and would mix up meanings here.
        most: How many actions are checked at most.

    Raises:
        PerturbationError: The perturbation does not fit the environment.
    """
    try:
        made = Wording(perturbation, vocabulary)
        check(made, ground_texts(vocabulary.actions, most))
    except PerturbationError as error:
        # Whoever brings a table can mend it; the usual ones do not fit every script that there may be.
        if required or (perturbation.table is not None and not isinstance(error, NotApplicable)):
            raise
        return Wording(None, vocabulary)
    return made


def check(wording: Wording, texts: Iterable[str]) -> None:
    """Find out whether a wording is a bijection on actions.

    Args:
        wording: The wording.
        texts: Actions in the old wording.

    Raises:
        PerturbationError: It is none; the text names the action.
    """
    known = {fold(text): text for text in texts}
    said: dict[str, str] = {}
    for folded, text in known.items():
        new = wording.worded(text)
        other = said.setdefault(fold(new), text)
        if other != text:
            raise PerturbationError(f'"{text}" and "{other}" would both be "{new}"; word them differently')
        if fold(new) == folded:
            continue
        # A free text may be anything, other names included; but it is of its own action alone.
        if fold(new) in known or wording.action_of(new) not in (None, wording.action_of(text)):
            raise PerturbationError(
                f'"{text}" would be "{new}", which is another action already; word it differently'
            )
        back = wording.meant(new, _nobody)
        if isinstance(back, Refused) or fold(back) != folded:
            raise PerturbationError(
                f'"{text}" would be "{new}", which would not be understood as that; word it differently'
            )
        if not isinstance(wording.meant(text, _nobody), Refused):
            raise PerturbationError(
                f'"{text}" would still be understood, as another action; word it differently'
            )


def _nobody(text: str) -> None:
    """Nothing but what is said exactly is understood."""
