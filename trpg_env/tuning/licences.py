"""Under which licences the scripts stand whose texts a dataset holds."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from trpg_env.script import ScriptError, library
from trpg_env.script.load import SUFFIXES, data_hash
from trpg_env.script.names import fold
from trpg_env.script.source import MAX_CHARACTERS, Source

UNKNOWN = "not known: it stands in the provenance of the scripts, where they name one"

OWN = "Apache-2.0"
"""The licence of the library's scripts that name none themselves: the package's."""

MOST = 1_000
"""How many scripts' files are looked at."""

Played = tuple[str | None, str]
"""A script as a trajectory names it: library name or path, and the hash of its data."""


def licences(scripts: Mapping[Played, int]) -> Counter[str]:
    """The records under each licence.

    Args:
        scripts: How many records each script has.
    """
    found: Counter[str] = Counter()
    for i, ((script, script_hash), records) in enumerate(scripts.items()):
        licence = licence_of(script, script_hash) if script is not None and i < MOST else None
        found[licence or UNKNOWN] += records
    return found


def licence_of(script: str, script_hash: str) -> str | None:
    """The licence that a script's file names; None where that file is not there or is no longer what was played.

    The file is read, not loaded: no sandbox is started for it.

    Example:
        >>> from trpg_env.script import load_script
        >>> licence_of("cool-tomato", load_script("cool-tomato").hash)
        'Apache-2.0'
        >>> licence_of("cool-tomato", "another revision") is None
        True
    """
    data = _data(library().get(script) or Path(script))
    if not isinstance(data, dict) or data_hash(data) != script_hash:
        return None
    provenance = _value(data, "provenance")
    licence = _value(provenance, "licence") if isinstance(provenance, dict) else None
    if isinstance(licence, str):
        return licence
    return OWN if script in library() else None


def _data(path: Path) -> object:
    try:
        # A trajectory may name any path: what is no script's is not even opened.
        if path.suffix not in SUFFIXES or not path.is_file() or path.stat().st_size > 4 * MAX_CHARACTERS:
            return None
        return Source(path.read_bytes().decode(), path.name).data
    except (OSError, ValueError, ScriptError):
        return None


def _value(mapping: Mapping[str, object], key: str) -> object:
    return next((value for name, value in mapping.items() if fold(name) == key), None)
