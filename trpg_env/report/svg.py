"""Drawings as SVG text, made here and not by a plotting library: no fonts, no scripts, the same bytes every time."""

from collections.abc import Mapping
from html import escape

from trpg_env.report.texts import visible

Attribute = str | float | int
"""The value of an attribute; numbers are written with two decimals at most."""


class Svg(str):
    """Markup that was made by `Drawing`: texts in it are escaped, so that a page takes it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """As templates ask for what needs no more escaping."""
        return str(self)


class Drawing:
    """An SVG element under construction.

    Args:
        width: Its width in units of its own; it is shown at whatever width there is.
        height: Its height likewise.
        title: What it shows, for people who cannot see it; nothing for mere decoration.
        description: What can be read off it.
        kind: Its class.

    Example:
        >>> drawing = Drawing(10, 5)
        >>> drawing.text(1, 2.5, "<b>")
        >>> print(drawing.svg())
        <svg viewBox="0 0 10 5" aria-hidden="true"><text x="1" y="2.5">&lt;b&gt;</text></svg>
    """

    def __init__(
        self, width: float, height: float, title: str = "", description: str = "", kind: str = ""
    ) -> None:
        role: dict[str, Attribute] = (
            {"role": "img", "aria-label": f"{title}. {description}".rstrip()}
            if title
            else {"aria-hidden": "true"}
        )
        box: dict[str, Attribute] = {"viewBox": f"0 0 {number(width)} {number(height)}"}
        self._opening = _tag("svg", box | ({"class": kind} if kind else {}) | role)
        self._parts: list[str] = []

    def add(self, name: str, **attributes: Attribute) -> None:
        """Add an element without content; `class_` and `stroke_width` stand for `class` and `stroke-width`."""
        self._parts.append(f"{_tag(name, _named(attributes), end='/>')}")

    def text(self, x: float, y: float, text: str, **attributes: Attribute) -> None:
        """Add a text, its baseline beginning at a point."""
        self._parts.append(f"{_tag('text', {'x': x, 'y': y} | _named(attributes))}{_escaped(text)}</text>")

    def begin(self, title: str = "", **attributes: Attribute) -> None:
        """Begin a group, with a title that is shown where a pointer rests on it."""
        told = f"<title>{_escaped(title)}</title>" if title else ""
        self._parts.append(f"{_tag('g', _named(attributes))}{told}")

    def end(self) -> None:
        """End the group begun last."""
        self._parts.append("</g>")

    def svg(self) -> Svg:
        """The drawing's markup."""
        return Svg(f"{self._opening}{''.join(self._parts)}</svg>")


def number(value: float) -> str:
    """A number as SVG has it.

    Example:
        >>> number(1.5), number(2.0), number(-0.001)
        ('1.5', '2', '0')
    """
    return f"{value:z.2f}".rstrip("0").rstrip(".")


def _escaped(text: str) -> str:
    return escape(visible(text))


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}


def _tag(name: str, attributes: Mapping[str, Attribute], end: str = ">") -> str:
    written = (
        f' {key}="{_escaped(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{''.join(written)}{end}"
