"""The map of a script as a drawing: a box for each place, a line for each way, an arrow where there is no way back."""

from itertools import pairwise

import numpy as np

from trpg_env.report.layout import Floats, positions, spread
from trpg_env.report.places import Places
from trpg_env.report.svg import Drawing, Svg, number
from trpg_env.report.texts import line

MOST_PLACES = 60
"""A script with more places has no map: nothing could be read on it."""

_LONGEST = 20
"""How many characters of a place's name are shown."""
_TALL = 24.0


def draw_map(places: Places) -> Svg | None:
    """The map of a script; None where there is none to draw.

    Args:
        places: Its places and ways.
    """
    if not 0 < len(places.names) <= MOST_PLACES:
        return None
    labels = [line(name, _LONGEST) for name in places.names]
    widths = [18 + 6.6 * _columns(label) for label in labels]
    points = spread(positions(places), widths, _TALL, (110.0, 62.0))
    half = np.array(widths) / 2
    left, right = (points[:, 0] - half).min() - 6, (points[:, 0] + half).max() + 6
    top, bottom = points[:, 1].min() - _TALL / 2 - 6, points[:, 1].max() + _TALL / 2 + 6
    points = points - np.array([left, top])
    told = f"{len(labels)} places: {', '.join(labels)}"
    drawing = Drawing(right - left, bottom - top, "Map", told, "map")
    for way in places.ways:
        _way(drawing, points[way.start], points[way.end], widths[way.end], way.both)
    for i, (label, name) in enumerate(zip(labels, places.names, strict=True)):
        x, y = float(points[i, 0]), float(points[i, 1])
        drawing.begin(line(name, 200), class_="place", data_place=str(i))
        drawing.add("rect", x=x - widths[i] / 2, y=y - _TALL / 2, width=widths[i], height=_TALL, rx=5)
        drawing.text(x, y + 4, label, text_anchor="middle")
        drawing.end()
    return drawing.svg()


def _way(drawing: Drawing, start: Floats, end: Floats, wide: float, both: bool) -> None:
    (x, y), (u, v) = start, end
    drawing.add("path", d=f"M{number(x)} {number(y)}L{number(u)} {number(v)}", class_="way")
    if both:
        return
    # The arrow's head is where the line meets the box, and a little before it.
    dx, dy = u - x, v - y
    share = min(wide / 2 / abs(dx) if dx else 9.0, _TALL / 2 / abs(dy) if dy else 9.0, 1.0)
    length = max(float(np.hypot(dx, dy)), 1e-6)
    tip = np.array([u - dx * share, v - dy * share])
    along = np.array([dx, dy]) / length
    aside = np.array([-along[1], along[0]])
    corners = [tip, tip - 9 * along + 4.5 * aside, tip - 9 * along - 4.5 * aside]
    path = "".join(f"L{number(b[0])} {number(b[1])}" for _, b in pairwise(corners))
    drawing.add("path", d=f"M{number(tip[0])} {number(tip[1])}{path}z", class_="arrow")


def _columns(text: str) -> int:
    """How wide a text is about, in letters: those of East Asia are twice as wide."""
    return sum(2 if "\u1100" <= c <= "\uffdc" else 1 for c in text)
