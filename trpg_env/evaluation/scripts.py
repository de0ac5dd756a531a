"""The suite of scripts: the library's, or those that are named, as far as the player and the DM can play them."""

from collections.abc import Callable, Sequence

from trpg_env.evaluation.suite import Item, Part, Suite
from trpg_env.script import Script

NAME = "scripts"


def playable(scripts: Sequence[Script], *, grounded: bool) -> tuple[list[Script], list[str]]:
    """Those that can be played, and the names of the others.

    Args:
        scripts: The scripts.
        grounded: Whether only grounded ones can, since the player plans in the engine's world or the rules answer.
    """
    left_out = [script.name for script in scripts if grounded and not script.grounded]
    return [script for script in scripts if script.grounded or not grounded], left_out


def on_side(scripts: Sequence[Script], part: Part, held_out: Callable[[str, float], bool]) -> list[Script]:
    """The scripts on one side of a split, which has a family on one side as a whole.

    Args:
        scripts: The scripts.
        part: The side, and the share of families that is held out.
        held_out: Whether a split holds a family out: `trpg_env.tuning.subset.is_held_out`.
    """
    wanted = part.side == "held_out"
    return [script for script in scripts if held_out(script.family, part.share) == wanted]


def suite(
    scripts: Sequence[Script],
    *,
    max_turns: int | None = None,
    left_out: Sequence[str] = (),
    part: Part | None = None,
) -> Suite:
    """Scripts as a suite; one that is named twice is one item.

    Args:
        scripts: What is played.
        max_turns: After how many actions an episode is truncated; each script's own number where left out.
        left_out: What cannot be played.
        part: Which part of all scripts these are.
    """
    items = {
        script.hash: Item(
            name=script.name, hash=script.hash, family=script.family, max_turns=max_turns or script.max_turns
        )
        for script in scripts
    }
    return Suite(name=NAME, items=list(items.values()), left_out=list(left_out), part=part)
