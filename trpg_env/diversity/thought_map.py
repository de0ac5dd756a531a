"""The map of thoughts as a figure: a mark for each thought, a colour and a shape for each source."""

from collections.abc import Callable
from typing import Final

from trpg_env.diversity.drawing import PALETTE, figure, label, text
from trpg_env.diversity.found import Diversity

_SIDE: Final = 560
_EDGE: Final = 24
_TOP: Final = 40
_LINE: Final = 22
_LEGEND: Final = 230
_LONGEST: Final = 24
_SIZE: Final = 3.4

Shape = Callable[[float, float, float], str]


def _circle(x: float, y: float, r: float) -> str:
    return f"M{x - r:.1f} {y:.1f}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z"


def _polygon(*corners: tuple[float, float]) -> Shape:
    def shape(x: float, y: float, r: float) -> str:
        return "M" + "L".join(f"{x + r * dx:.1f} {y + r * dy:.1f}" for dx, dy in corners) + "z"

    return shape


_THIN: Final = 0.38
_ARM: Final = 1.25

# As many as are no divisor of the number of colours, so that no two of the sources look the same.
_SHAPES: Final[tuple[Shape, ...]] = (
    _circle,
    _polygon((0, -1.25), (1.15, 0.85), (-1.15, 0.85)),
    _polygon((-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)),
    _polygon((0, -1.35), (1.35, 0), (0, 1.35), (-1.35, 0)),
    _polygon((0, 1.25), (1.15, -0.85), (-1.15, -0.85)),
    _polygon(
        *((-_THIN, -_ARM), (_THIN, -_ARM), (_THIN, -_THIN), (_ARM, -_THIN), (_ARM, _THIN), (_THIN, _THIN)),
        *((_THIN, _ARM), (-_THIN, _ARM), (-_THIN, _THIN), (-_ARM, _THIN), (-_ARM, -_THIN), (-_THIN, -_THIN)),
    ),
)


def scatter(found: Diversity) -> str:
    """The map of thoughts as SVG.

    Args:
        found: What was found.
    """
    shown = [[point for point in found.map.points if point.source == i] for i in range(len(found.sources))]
    height = max(_TOP + _SIDE + 2 * _EDGE, _TOP + _EDGE + (len(shown) + 2) * _LINE)
    left, top = _EDGE, _TOP
    body = [
        label("Thoughts", left, 26, 60, size=15, bold=True),
        f'<rect x="{left}" y="{top}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="currentColor" stroke-opacity="0.25"/>',
    ]
    place = _placing(found, left, top)
    for i, points in enumerate(shown):
        x, y = left + _SIDE + _EDGE, top + 16 + i * _LINE
        name = found.sources[i].name
        marks = "".join(_shape(i)(*place(point.x, point.y), _SIZE) for point in points)
        body += [
            f'<path fill-opacity="0.75" fill="{_colour(i)}" d="{marks}"><title>{text(name[:100])}</title></path>',
            f'<path fill="{_colour(i)}" d="{_shape(i)(x, y - 4, 5)}"/>',
            label(f"{name} ({len(points)})", x + 14, y, _LONGEST + 7),
        ]
    note = f"{len(found.map.points)} thoughts; near is alike, far says little"
    body.append(label(note, left, height - 14, 100, size=11))
    said = f"A mark for each of {len(found.map.points)} thoughts of {len(shown)} sources; thoughts that are alike lie together."
    return figure(left + _SIDE + _EDGE + _LEGEND, height, "Map of thoughts", said, body)


def _placing(found: Diversity, left: float, top: float) -> Callable[[float, float], tuple[float, float]]:
    """From the map's coordinates to the figure's, the same scale both ways."""
    xs, ys = [point.x for point in found.map.points], [point.y for point in found.map.points]
    if not xs:
        return lambda x, y: (x, y)
    width = max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    scale = (_SIDE - 2 * _EDGE) / width
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return lambda x, y: (
        left + _SIDE / 2 + (x - middle[0]) * scale,
        top + _SIDE / 2 - (y - middle[1]) * scale,
    )


def _colour(source: int) -> str:
    return PALETTE[source % len(PALETTE)]


def _shape(source: int) -> Shape:
    return _SHAPES[source % len(_SHAPES)]
