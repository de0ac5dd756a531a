"""`load_script`: a library name, a path, a mapping or a script → a script that is sound enough to be played."""

import contextlib
import copy
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trpg_env.sandbox import Sandbox
from trpg_env.script import faults
from trpg_env.script.analysis import analyse
from trpg_env.script.faults import Fault, ScriptError, ScriptNotFound
from trpg_env.script.model import Script, explain, is_of_other_form
from trpg_env.script.names import fold, suggestion
from trpg_env.script.source import MAX_CHARACTERS, Data, Source

MAX_FAULTS = 200
"""How many faults are reported at most."""
SUFFIXES = (".yaml", ".yml", ".json")

ScriptLike = str | Path | Mapping[str, Any] | Script


@cache
def library() -> Mapping[str, Path]:
    """The scripts that come with the package: name → file, in alphabetical order."""
    package = Path(__file__).resolve().parents[1]
    installed, checkout = package / "scripts_library", package.parent / "scripts_library"
    folder = installed if installed.is_dir() else checkout
    return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix in SUFFIXES}


def load_script(script: ScriptLike, *, sandbox: Sandbox | None = None) -> Script:
    """Load a script.

    Args:
        script: A library name, a path to a JSON or YAML file, a mapping with the keys of such a file, or a
            script that is loaded already (returned as it is).
        sandbox: Where the script's patterns and code are looked at; without one, one is started for this call.

    Returns:
        The script: the file's keys are its attributes.

    Raises:
        ScriptError: With every fault that was found: file, line, place, and what to write instead.
        TypeError: `script` is none of these things.

    Example:
        >>> script = load_script("cool-tomato")
        >>> script.goal, script.grounded
        ('Put a cool tomato in the microwave.', True)
    """
    if isinstance(script, Script):
        return script
    origin: str | None = None
    default_name = "script"
    if isinstance(script, Mapping):
        source: Source = Data(dict(script))
    elif isinstance(script, str | Path):
        path, origin = _find(script)
        default_name = path.stem
        source = _read(path, str(script) if origin == str(path) else path.name)
    else:
        raise TypeError(
            f"a script is a library name, a path, a mapping or a Script, not a {type(script).__name__}"
        )
    if sandbox is not None:
        return _build(source, default_name, origin, sandbox)
    with Sandbox() as own:
        return _build(source, default_name, origin, own)


def _find(name: str | Path) -> tuple[Path, str]:
    text = str(name)
    if isinstance(name, str) and text in library():
        return library()[text], text
    path = Path(name)
    try:
        if path.is_file():
            resolved = path.resolve()
            return resolved, str(resolved)
        is_folder = path.is_dir()
    except (OSError, ValueError):
        is_folder = False
    if is_folder:
        raise ScriptNotFound([Fault("is a folder; name a script in it", file=_shown(text))])
    if isinstance(name, Path) or path.suffix in SUFFIXES or "/" in text:
        raise ScriptNotFound([Fault("there is no such file", file=_shown(text))])
    hint = suggestion(text[:100], library()) or f"; the library has {', '.join(library())}"
    raise ScriptNotFound([Fault(f"there is no such library script or file{hint}", file=_shown(text))])


def _shown(text: str) -> str:
    return repr(text[:100])[1:-1] or "''"


def _read(path: Path, shown: str) -> Source:
    try:
        size = path.stat().st_size
        if size > 4 * MAX_CHARACTERS:
            raise ScriptError(
                [Fault(f"has {size:,} bytes; a script has at most {MAX_CHARACTERS:,} characters", file=shown)]
            )
        return Source(path.read_bytes().decode("utf-8"), shown)
    except UnicodeDecodeError as error:
        raise ScriptError([Fault(f"is not UTF-8 text (byte {error.start})", file=shown)]) from None
    except OSError as error:
        raise ScriptError([Fault(f"cannot be read: {error.strerror}", file=shown)]) from None


def _build(source: Source, default_name: str, origin: str | None, sandbox: Sandbox) -> Script:
    data = source.data
    if not isinstance(data, dict):
        raise ScriptError(
            [source.fault((), "a script is a mapping with goal, environment and available_actions")]
        )
    if not any(fold(key) == "name" for key in data):
        data = {**data, "name": default_name}
    collected: list[Fault] = []
    script = _validated(data, source, collected)

    def report(path: faults.Path, message: str) -> None:
        collected.append(source.fault(path, message))
        if len(collected) >= MAX_FAULTS:
            raise _Enough

    program = None
    with contextlib.suppress(_Enough):
        program = analyse(script, sandbox, report)
    if program is None or collected:
        raise ScriptError(_in_order(collected))
    script._origin, script._source, script._program, script._hash = (
        origin,
        source,
        program,
        data_hash(source.data),
    )
    return script


def _validated(data: dict[str, Any], source: Source, collected: list[Fault]) -> Script:
    """The model of a script; unknown keys are reported and left out, so that the rest is looked at all the same."""
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        errors = [e for e in error.errors(include_url=False) if not is_of_other_form(e)]
    collected += [source.fault(*explain(e)) for e in errors[:MAX_FAULTS]]
    if all(e["type"] == "extra_forbidden" for e in errors):
        known = copy.deepcopy(data)
        for e in errors:
            _leave_out(known, e["loc"])
        # What is missing now may be what was misspelt: not a fault of its own.
        with contextlib.suppress(ValidationError):
            return Script.model_validate(known)
    raise ScriptError(_in_order(collected))


def _leave_out(data: Any, path: tuple[int | str, ...]) -> None:
    """Delete what stands at a path of keys, in whatever spelling the file has them."""
    for key in path[:-1]:
        data = data[key] if isinstance(key, int) else next(data[k] for k in data if fold(k) == fold(key))
    del data[next(k for k in data if fold(k) == fold(str(path[-1])))]


def data_hash(data: Any) -> str:
    """SHA-256 of a script's data: what `Script.hash` is."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Enough(Exception):
    """So much is wrong with a script that nobody reads on."""


def _in_order(found: list[Fault]) -> list[Fault]:
    return sorted(dict.fromkeys(found), key=lambda fault: fault.line or 0)
