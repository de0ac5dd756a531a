"""What an episode is called: the same for the same script, seed, luck, limit of turns, player, DM and parent."""

import hashlib
import json

from trpg_env.trajectory.model import Parent, Participant


def episode_id(
    script_hash: str,
    seed: int,
    luck: int,
    max_turns: int,
    player: Participant,
    dm: Participant,
    parent: Parent | None = None,
) -> str:
    """The id of an episode, from all that determines it.

    Args:
        script_hash: SHA-256 of the script's data.
        seed: The episode's seed.
        luck: Its luck.
        max_turns: After how many actions it is truncated.
        player: Who plays.
        dm: Who answers.
        parent: From where it was branched, if it was.

    Returns:
        16 hexadecimal digits.
    """
    played = [script_hash, seed, luck, max_turns, player.model_dump(), dm.model_dump()]
    if parent is not None:
        played.append(parent.model_dump())
    return hashlib.sha256(json.dumps(played, sort_keys=True).encode()).hexdigest()[:16]
