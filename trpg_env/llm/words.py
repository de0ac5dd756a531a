"""Texts from outside, fit to be shown: in errors, on a terminal, in a trajectory."""

_READ = 2_000
"""How much of a text is looked at, in characters."""


def shown(text: str, longest: int = 300) -> str:
    r"""A text on one line, without control characters, not too long.

    Args:
        text: Any text.
        longest: How many of its characters are shown.

    Example:
        >>> shown("no\x1b[2J such\nmodel"), shown("word " * 9, longest=6)
        ('no [2J such model', 'word w…')
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:_READ]).split())
    return line if len(line) <= longest else f"{line[:longest]}…"
