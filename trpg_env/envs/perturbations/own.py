"""Tables of one's own: a file that says what stands there, and what is to stand there instead."""

import os
from collections.abc import Iterable
from pathlib import Path

from trpg_env.envs.perturbations.perturbation import Perturbation, PerturbationError
from trpg_env.envs.perturbations.renaming import base_of
from trpg_env.envs.perturbations.templates import same_placeholders
from trpg_env.envs.perturbations.vocabulary import Vocabulary
from trpg_env.script.faults import ScriptError, place_of_path
from trpg_env.script.names import fold
from trpg_env.script.source import Source

MAX_BYTES = 4 << 20
"""The longest file, in bytes."""


def read_table(path: str | os.PathLike[str], kind: str) -> dict[str, str]:
    """Read a table from a file, JSON or YAML: a mapping of texts to texts.

    For `paraphrase` both are templates of actions, with the same placeholders; for `entities` both are names, of which a
    numbered one (`drawer 1`) may be named without its number.

    Args:
        path: The file.
        kind: `paraphrase` or `entities`.

    Raises:
        PerturbationError: It cannot be read, or is no such table; the text names file, line and key.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise PerturbationError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise PerturbationError(f"{path} is no text in UTF-8") from None
    if len(content) > MAX_BYTES:
        raise PerturbationError(f"{path} is longer than {MAX_BYTES:,} bytes")
    try:
        source = Source(text, str(path))
    except ScriptError as error:
        raise PerturbationError(str(error.faults[0])) from None
    if not isinstance(source.data, dict) or not source.data:
        raise PerturbationError(
            f'{path}: a table is a mapping such as {{"go to {{place}}": "head for {{place}}"}}'
        )
    for old, new in source.data.items():
        _check(source, kind, old, new)
    return {old: str(new) for old, new in source.data.items()}


def unused(perturbation: Perturbation, vocabularies: Iterable[Vocabulary]) -> list[str]:
    """What a perturbation's own table has that none of some environments has.

    Args:
        perturbation: The perturbation.
        vocabularies: The environments' wordings.
    """
    known: set[str] = set()
    for one in vocabularies:
        if perturbation.kind == "paraphrase":
            known.update(fold(action.template.text) for action in one.actions)
        else:
            known.update(
                fold(each) for name in (*one.entities, *one.values) for each in (name, base_of(name))
            )
    return [old for old, _ in perturbation.table or () if fold(old) not in known]


def _check(source: Source, kind: str, old: str, new: object) -> None:
    where = f"{source.file}:{source.line((old,))}: {place_of_path((old,))}"
    if not isinstance(new, str) or not new.strip() or not old.strip():
        raise PerturbationError(f"{where}: a text stands for a text; quote it if it is one")
    if kind == "paraphrase":
        try:
            same_placeholders(old, new)
        except PerturbationError as error:
            raise PerturbationError(f"{where}: {error}") from None
        return
    for name in (old.strip(), new.strip()):
        if not (name[0].isalnum() and name[-1].isalnum()) or any(c in name for c in '{}"\n'):
            raise PerturbationError(
                f"{where}: a name begins and ends with a letter or a digit, and {name!r} does not"
            )
