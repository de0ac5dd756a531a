"""Names, and lists of names with types: `a b - block table - object`."""

import re
from collections.abc import Mapping, Sequence

from trpg_env.pddl.faults import shown
from trpg_env.pddl.forms import Form, Word
from trpg_env.pddl.model import OBJECT
from trpg_env.script.names import suggestion

MAX_NAME = 100
_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]*")


def name_of(part: Word | Form, what: str) -> str:
    """A name.

    Args:
        part: The word.
        what: What is named, for faults: "an action".

    Raises:
        PddlError: It is none.
    """
    if isinstance(part, Form):
        part.refuse(f"{what} is named by a word, not by something in brackets")
    if len(part.text) > MAX_NAME:
        part.refuse(f"the name {shown(part.text)} has {len(part.text):,} characters; at most {MAX_NAME}")
    if not _NAME.fullmatch(part.text):
        part.refuse(f"{shown(part.text)} cannot name {what}; names are of letters, digits, - and _")
    return part.text


def variable_of(part: Word | Form) -> str:
    """A variable, with its question mark.

    Raises:
        PddlError: It is none.
    """
    if isinstance(part, Form) or not part.text.startswith("?"):
        part.refuse(f"{shown(str(part))} is no variable; variables begin with a question mark: ?x")
    name_of(Word(part.text[1:], part.line, part.file), "a variable")
    return part.text


def typed(parts: Sequence[Word | Form], what: str, *, variables: bool = False) -> list[tuple[Word, Word]]:
    """Read a list of names, each with its type.

    Args:
        parts: The list.
        what: What is named, for faults: "an object".
        variables: Whether variables are named.

    Returns:
        Each name and its type, in order; `object` where none is given.

    Raises:
        PddlError: A word is no name, or what follows a dash is no type.
    """
    found: list[tuple[Word, Word]] = []
    waiting: list[Word] = []
    position = 0
    while position < len(parts):
        part = parts[position]
        if isinstance(part, Word) and part.text == "-":
            kind = parts[position + 1] if position + 1 < len(parts) else None
            if kind is None:
                part.refuse("a type is missing after the dash")
            if isinstance(kind, Form):
                if kind.head == "either":
                    kind.refuse("(either …) is not supported; declare a type above these in :types")
                kind.refuse("a type is named by a word, not by something in brackets")
            if not waiting:
                part.refuse("nothing stands before the dash; write a b - block, with blanks around the dash")
            name_of(kind, "a type")
            found += [(name, kind) for name in waiting]
            waiting = []
            position += 2
            continue
        name = variable_of(part) if variables else name_of(part, what)
        waiting.append(Word(name, part.line, part.file))
        position += 1
    return found + [(name, Word(OBJECT, name.line, name.file)) for name in waiting]


def types_of(listed: Sequence[tuple[Word, Word]], types: Mapping[str, str], what: str) -> dict[str, str]:
    """A list as name → type.

    Args:
        listed: The list.
        types: The types that are declared.
        what: What is named, for faults: "the object".

    Raises:
        PddlError: A name is given twice, or a type is not declared.
    """
    found: dict[str, str] = {}
    for name, kind in listed:
        if name.text in found:
            name.refuse(f"{what} {shown(name.text)} is given twice")
        if kind.text != OBJECT and kind.text not in types:
            kind.refuse(
                f"the type {shown(kind.text)} is not declared in :types{suggestion(kind.text, types)}"
            )
        found[name.text] = kind.text
    return found
