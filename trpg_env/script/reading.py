"""Python's parser as the reader of expressions and effects: it reads the text, and nothing is ever run.

What it would pass over in silence (comments) or could choke on (very deep brackets) is refused beforehand; its
complaints become sentences that say what to write instead.
"""

import ast
import keyword
import re
import warnings

MAX_CHARACTERS = 4_000
MAX_NESTING = 60
_KEYWORDS = frozenset(keyword.kwlist)


class ExpressionError(ValueError):
    """An expression or effect that is not of the language; the text says what to write instead."""


class UnreadableError(ExpressionError):
    """A text that is not even of Python's syntax."""


def read(text: str, *, statement: bool = False) -> ast.AST:
    """Python's reading of a text: one expression, or with `statement` one statement.

    Raises:
        ExpressionError: Too long, too deep, or not Python's syntax.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"an expression has at most {MAX_CHARACTERS:,} characters, not {len(text):,}")
    _look_over(text)
    if not text.strip():
        raise ExpressionError("the expression is empty")
    flat = " ".join(text.split("\n")).strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if statement:
                body = ast.parse(flat, mode="exec").body
                if len(body) != 1:
                    raise ExpressionError(f"{shown(text)} is more than one effect; write a list of them")
                return body[0]
            return ast.parse(flat, mode="eval").body
    except SyntaxError as error:
        raise UnreadableError(_syntax(text, error, statement=statement)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(f"{shown(text)} cannot be read: {error}") from None


def _look_over(text: str) -> None:
    """Refuse what Python's parser would pass over or could choke on: comments, and very deep brackets."""
    depth = deepest = 0
    quote = ""
    escaped = False
    for character in text:
        if quote:
            quote = "" if character == quote and not escaped else quote
            escaped = character == "\\" and not escaped
        elif character in "\"'":
            quote = character
        elif character == "#":
            raise ExpressionError(f"{shown(text)} has a comment; comments stand outside of expressions")
        else:
            depth += (character in "([{") - (character in ")]}")
            deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise ExpressionError(f"an expression nests at most {MAX_NESTING} brackets deep")


def _syntax(text: str, error: SyntaxError, *, statement: bool) -> str:
    hint = ""
    if "&&" in text or "||" in text or "!" in text.replace("!=", ""):
        hint = "; write and, or, not"
    elif "=>" in text or "=<" in text:
        hint = "; write >= and <="
    elif not statement and re.search(r"(?<![=!<>])=(?!=)", text):
        hint = "; compare with =="
    else:
        hint = _keyword_hint(text)
    what = "an effect" if statement else "an expression"
    return f"{shown(text)} is not {what}: {error.msg}{hint}"


def _keyword_hint(text: str) -> str:
    """What to write where an entity or an attribute has the name of a word that Python keeps for itself."""
    for word in re.findall(r"(?<=\.)[a-z]+\b", text):
        if word in _KEYWORDS:
            return f"; {word!r} is a word of Python's: give the attribute another name, or read it as x[{word!r}]"
    for word in re.findall(r"\b[a-z]+(?=\.)", text):
        if word in _KEYWORDS:
            return f'; {word!r} is a word of Python\'s: quote the name, "{word}".at'
    return ""


def unparse(node: ast.AST) -> str:
    """Python's spelling of a tree, for messages."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return "an expression that nests too deeply"


def shown(text: str) -> str:
    """A text as messages quote it: the beginning of a long one."""
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
