"""Walkthroughs: Jericho's own of the games that it knows, and what is to be added for a release that it does not know."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Release(NamedTuple):
    """A release of a game that Jericho knows in another one.

    Attributes:
        like: The game's name there.
        seed: The chance with which its walkthrough does well here.
        after: An action of the walkthrough.
        added: What is done after that here.
    """

    like: str
    seed: int
    after: str
    added: Sequence[str]


RELEASES: Mapping[str, Release] = {
    # Zork I, release 119: with this seed the fights are won, and the painting stays where it was left in the dam's lobby.
    "37084966477dff679282de42974b2077156b1bd68fad92a65d4ea94d8eb64d79": Release(
        "zork1",
        1698,
        "PUT trunk in case",
        (
            *("down", "north", "east", "east", "east", "up", "east", "north", "take painting"),
            *("south", "south", "down", "west", "west", "west", "south", "up", "put painting in case"),
        ),
    )
}
"""By the SHA-256 of the story file."""


def walkthrough(release: Release | None, known: Sequence[str]) -> list[str]:
    """The actions that win, where they are known.

    Args:
        release: The release, where it is another than Jericho's.
        known: Jericho's walkthrough.
    """
    actions = [action.strip() for action in known]
    if release is not None and release.after in actions:
        at = actions.index(release.after) + 1
        actions[at:at] = release.added
    return actions
