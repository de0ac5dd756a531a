"""From a keyword to a dungeon master."""

import os

from trpg_env.dm.protocol import DungeonMaster
from trpg_env.dm.rules import RulesDM


def dungeon_master(
    dm: str | DungeonMaster,
    *,
    model: str | None = None,
    base_url: str | None = None,
    record: str | os.PathLike[str] | None = None,
    replay: str | os.PathLike[str] | None = None,
) -> DungeonMaster:
    """The dungeon master that an environment's keywords ask for.

    Args:
        dm: `"rules"`, `"llm"`, or a DM object, which is given back.
        model: For `"llm"`: `"local"`, or the name of a model that is served at `base_url`.
        base_url: Where it is served.
        record: A file that keeps every exchange.
        replay: Such a file, which answers instead of the model.

    Raises:
        ValueError: It is none of them, or the keywords do not fit.

    Example:
        >>> dungeon_master("rules").kind
        'rules'
    """
    if dm == "llm":
        if model is None:
            raise ValueError(
                'dm="llm" wants a model: model="local", or the name of one that is served at base_url'
            )
        from trpg_env.dm.llm import LLMDM  # noqa: PLC0415

        return LLMDM(model, base_url=base_url, record=record, replay=replay)
    given = {"model": model, "base_url": base_url, "record": record, "replay": replay}
    useless = next((name for name, value in given.items() if value is not None), None)
    if useless is not None:
        raise ValueError(f'{useless}=… is for dm="llm"; dm={dm!r} asks no model through it')
    if dm == "rules":
        return RulesDM()
    if isinstance(dm, str | type) or not isinstance(dm, DungeonMaster):
        raise ValueError(f'dm={dm!r} is not "rules", "llm" or a DM object (see trpg_env.dm.DungeonMaster)')
    return dm
