"""Texts from models, scripts and files, before they go into a page.

What a browser would obey or cannot show is replaced by what can be seen: control characters by their pictures, marks that
turn the direction of what follows by the replacement character. Escaping is left to whatever writes the page.
"""

_SEEN: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys(
        [*range(0x80, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE, 0xFFFF],
        "\N{REPLACEMENT CHARACTER}",
    ),
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
}


def visible(text: str) -> str:
    """A text as it can be shown; tabs and line breaks stay.

    Example:
        >>> visible("a" + chr(0) + "b")
        'a␀b'
    """
    # Files written elsewhere end their lines with both.
    return text.replace("\r\n", "\n").translate(_SEEN)


def line(text: str, most: int = 80) -> str:
    """A text on one line, cut to a length.

    Args:
        text: The text.
        most: How many characters there are at most, 1 or more.

    Example:
        >>> line("a name  that is long", 8)
        'a name…'
    """
    # Two characters at most become one blank; what is far behind need not be looked at.
    short = " ".join(visible(text[: 4 * most]).split())
    return short if len(short) <= most and len(text) <= 4 * most else f"{short[: most - 1].rstrip()}…"
