"""What an episode is called, and its seed: what follows from a run and its place in it, whoever plays and when."""

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


def episode_seed(seed: int, episode: int) -> int:
    """The seed of one episode of a run, from 0 to 2**53 - 1: so many that no two episodes share one."""
    digest = hashlib.blake2b(f"{seed}:{episode}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 11
