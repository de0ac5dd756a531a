"""Importing a problem from its two files."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from trpg_env.pddl.domain import read_domain
from trpg_env.pddl.faults import PddlError
from trpg_env.pddl.forms import MAX_CHARACTERS
from trpg_env.pddl.problem import read_problem
from trpg_env.pddl.translation import Translation, translate


def import_pddl(
    domain: str | PathLike[str],
    problem: str | PathLike[str],
    *,
    max_turns: int | None = None,
    phrases: Mapping[str, str] | None = None,
    action_phrases: Mapping[str, str] | None = None,
) -> Translation:
    """Import a problem.

    Args:
        domain: The domain's file.
        problem: The problem's file.
        max_turns: After how many actions an episode is truncated; six for each object, but at least 30, where left out.
        phrases: Predicate → how an atom of it is said, each term by its number in braces: `{"have": "you have {0}"}`.
        action_phrases: Action → what the player writes, each parameter by its number in braces:
            `{"stack": "put {0} on {1}"}`.

    Returns:
        The translation; its `script` is what `load_script` takes, named after the domain and the problem's file.

    Raises:
        PddlError: A file cannot be read, or what it says is more than STRIPS with types, negative preconditions and
            equality.
        ValueError: A phrase does not go with its predicate or action, or one text would mean two actions.
    """
    read = read_domain(_text(domain), str(domain))
    return translate(
        read,
        read_problem(_text(problem), read, str(problem)),
        name=f"{read.name}-{Path(problem).stem}",
        max_turns=max_turns,
        phrases=phrases,
        action_phrases=action_phrases,
    )


def _text(file: str | PathLike[str]) -> str:
    """A file's text; a byte that is none of UTF-8 is let pass, since in a comment it does no harm."""
    try:
        path = Path(file)
        size = path.stat().st_size
        if size > 4 * MAX_CHARACTERS:
            raise PddlError(
                f"has {size:,} bytes; at most {MAX_CHARACTERS:,} characters are read", file=str(file)
            )
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise PddlError(f"cannot be read: {error.strerror or error}", file=str(file)) from None
    except ValueError as error:
        if isinstance(error, PddlError):
            raise
        raise PddlError("is no file's name", file=ascii(str(file)[:100])) from None
