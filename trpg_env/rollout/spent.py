"""What an episode has cost: the usage of player and DM, each by itself and together."""

from collections.abc import Mapping

from trpg_env.trajectory import COUNTS, PARTICIPANTS


def spent(**participants: object) -> dict[str, int]:
    """The usage of an episode, as a trajectory keeps it.

    Args:
        **participants: Player and DM, by `player` and `dm`; what is no model has no `usage`, or none that can be read,
            and counts for nothing.

    Returns:
        The counts of both together, then of each with its name before; empty where no model took part.

    Example:
        >>> class Model:
        ...     usage = {"calls": 2, "prompt_tokens": 70}
        >>> spent(player=Model(), dm=None)["player_calls"], spent(player=None, dm=None)
        (2, {})
    """
    counted = {f"{who}_": counts for who in PARTICIPANTS if (counts := _usage(participants.get(who)))}
    if not counted:
        return {}
    total = {name: sum(counts[name] for counts in counted.values()) for name in COUNTS}
    return total | {f"{who}{name}": counts[name] for who, counts in counted.items() for name in COUNTS}


def _usage(who: object) -> dict[str, int] | None:
    try:
        usage = getattr(who, "usage", None)
        if not isinstance(usage, Mapping) or not usage:
            return None
        return {name: int(usage.get(name, 0)) for name in COUNTS}
    except Exception:  # a player of somebody's own may have something else of that name
        return None
