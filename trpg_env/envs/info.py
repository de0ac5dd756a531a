"""`info`: what an environment says of a turn besides the observation, as plain JSON values, with the same keys always."""

from typing import Any

from trpg_env.dm import Judgement
from trpg_env.world import Ruling

Info = dict[str, Any]


def info_of(
    thought: str,
    ruling: Ruling,
    terms: dict[str, float],
    listed: list[str] | None,
    audit: Judgement | None,
) -> Info:
    """`info` of a turn, made afresh: nobody shares it.

    Args:
        thought: The DM's.
        ruling: What the action came to.
        terms: What each term of the reward gave.
        listed: The admissible actions; None where nobody asked for them.
        audit: What a DM judged beside the engine; None where nobody does.
    """
    _, name, parameters, error, message, _, state, success, _, progress, _ = ruling
    info: Info = {
        "success": success,
        "progress": progress,
        "turn": state.values[0],
        "assessment": {
            "parameter_error": error == "parameter",
            "place_error": error == "place",
            "logic_error": error == "logic",
            "message": message,
        },
        "action": {"name": name, "parameters": parameters.copy()},
        "thought": thought,
        "state_hash": state.hash.to_bytes(16, "big").hex(),
        "reward_terms": terms,
        "error": {"kind": None, "message": None},
    }
    if listed is not None:
        info["admissible_actions"] = listed
    if audit is not None:
        info["audit"] = audit._asdict() | {"completed": list(audit.completed)}
    return info


def of_one_shape(value: Any, other: Any) -> bool:
    """Whether two values have the same keys and types all through; null and a text stand for one another."""
    if isinstance(other, dict) and isinstance(value, dict) and other:
        return value.keys() == other.keys() and all(of_one_shape(value[k], other[k]) for k in other)
    return type(value) is type(other) or (other is None and isinstance(value, str))


def copied(value: Any) -> Any:
    """JSON-like data that shares nothing with the original."""
    if isinstance(value, dict):
        return {key: copied(x) for key, x in value.items()}
    return [copied(x) for x in value] if isinstance(value, list) else value
