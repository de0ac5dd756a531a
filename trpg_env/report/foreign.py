"""Drawings that others have made, let into a page: what is known to draw stays, all else goes."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from trpg_env.report.faults import ReportError
from trpg_env.report.svg import Svg

MOST = 4 << 20
"""How long a drawing may be, in characters."""

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_DRAW = "svg g path rect circle ellipse line polyline polygon text tspan title desc"
_PLACE = "viewBox width height x y x1 x2 y1 y2 cx cy r rx ry dx dy d points transform"
_LOOK = (
    "fill fill-opacity stroke stroke-width stroke-dasharray stroke-linecap stroke-linejoin stroke-opacity opacity "
    "text-anchor dominant-baseline font-size font-weight class role aria-label"
)
_ELEMENTS = frozenset(_DRAW.split())
_ATTRIBUTES = frozenset(f"{_PLACE} {_LOOK}".split())
_DEEPEST = 50


def foreign(text: str) -> Svg:
    """Take a drawing over: shapes, texts and groups with their colours and places. Scripts, links, pictures, styles are left out.

    Args:
        text: The drawing, an `<svg>` element with a `viewBox`.

    Raises:
        ReportError: It is none.

    Example:
        >>> print(foreign('<svg viewBox="0 0 9 9"><script>x()</script><circle r="4" onclick="x()"/></svg>'))
        <svg viewBox="0 0 9 9"><circle r="4" /></svg>
    """
    if len(text) > MOST or "<!" in text:
        raise ReportError(
            f"the drawing is longer than {MOST:,} characters, or has declarations; hand in a plain <svg> element"
        )
    try:
        root = ET.fromstring(text)  # noqa: S314  (no declarations, so that no entity grows)
    except ET.ParseError as error:
        raise ReportError(f"the drawing is no SVG: {error}") from None
    if _local(root) != "svg" or "viewBox" not in root.attrib:
        raise ReportError(
            "the drawing is no <svg> element with a viewBox; give it one, so that it fits any width"
        )
    return Svg(ET.tostring(_kept(root, 0), encoding="unicode"))


def _kept(element: ET.Element, depth: int) -> ET.Element:
    attributes = {
        name: value
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and "url(" not in value.lower()
    }
    copy = ET.Element(_local(element), attributes)
    copy.text = element.text
    for child in _drawing(element):
        if depth < _DEEPEST:
            kept = _kept(child, depth + 1)
            kept.tail = child.tail
            copy.append(kept)
    return copy


def _drawing(element: ET.Element) -> Iterator[ET.Element]:
    return (child for child in element if isinstance(child.tag, str) and _local(child) in _ELEMENTS)


def _local(element: ET.Element) -> str:
    return str(element.tag).removeprefix(_NAMESPACE)
