"""What the figures have in common: SVG by hand, in the colours of the reader's light or dark scheme.

A figure stands alone as a file, where its style gives it the scheme's colours, and inside a page, where it takes the page's
own: all but the marks is in `currentColor`. No text of a trajectory's gets into it unescaped.
"""

import re
from html import escape
from typing import Final

PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
"""Okabe and Ito's colours, which the colour-blind tell apart, without black and yellow, which vanish in one of the schemes."""

_STYLE: Final = (
    ".tde{color:#1b1f24;background:#fff;font-family:system-ui,sans-serif;max-width:100%;height:auto}"
    "@media (prefers-color-scheme:dark){.tde{color:#e8eaed;background:#14171c}}"
)
_LONGEST: Final = 300
"""How much of a text is told, in characters, where it is pointed at."""
_UNFIT: Final = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
"""What no XML may hold, and what turns text around."""


def figure(width: float, height: float, title: str, said: str, body: list[str]) -> str:
    """A whole figure.

    Args:
        width: Its width in pixels, if there is room.
        height: Its height.
        title: What it shows, in a few words.
        said: What is seen in it, for those who cannot see it.
        body: The elements.
    """
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tde" role="img" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}">',
            f"<title>{text(title)}</title>",
            f"<desc>{text(said)}</desc>",
            f"<style>{_STYLE}</style>",
            *body,
            "</svg>",
            "",
        ]
    )


def text(said: str) -> str:
    r"""A text as it may stand between tags and in attributes; what cannot be shown is replaced.

    Example:
        >>> text("a < b \x00") == "a &lt; b \ufffd"
        True
    """
    return escape(_UNFIT.sub("\N{REPLACEMENT CHARACTER}", " ".join(said.split())))


def label(
    said: str,
    x: float,
    y: float,
    longest: int,
    *,
    size: int = 13,
    anchor: str = "start",
    bold: bool = False,
    turned: bool = False,
) -> str:
    """A label that is cut where it is too long, and then says the whole of itself when pointed at.

    Args:
        said: The text.
        x: Where it stands.
        y: Where its base line is.
        longest: The most characters.
        size: The size of its letters.
        anchor: Whether it begins there (`start`), ends there (`end`) or has its middle there (`middle`).
        bold: Whether its letters are heavy.
        turned: Whether it runs upwards.
    """
    said = " ".join(said.split())
    shown = said if len(said) <= longest else f"{said[: longest - 1]}…"
    turn = f' transform="rotate(-45 {x:g} {y:g})"' if turned else ""
    whole = f"<title>{text(said[:_LONGEST])}</title>" if shown != said else ""
    heavy = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" fill="currentColor" font-size="{size}" text-anchor="{anchor}"{heavy}{turn}>'
        f"{text(shown)}{whole}</text>"
    )
