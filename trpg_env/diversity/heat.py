"""The heat map of environments as a figure: the number stands in each cell, and the deeper the colour, the more alike."""

from typing import Final

from trpg_env.diversity.drawing import PALETTE, figure, label
from trpg_env.diversity.found import Diversity

_EDGE: Final = 24
_WIDE, _NARROW = 52, 34
_MANY: Final = 12
"""With more sources than these, cells are narrow."""
_LONGEST: Final = 24
_LETTER: Final = 7.5
"""How wide a letter of a name is, about."""
_HEAT: Final = PALETTE[0]
_DEEPEST: Final = 0.55
"""How deep the colour gets: the number is to be read in either scheme."""


def heat_map(found: Diversity) -> str:
    """The heat map of environments as SVG.

    Args:
        found: What was found.
    """
    names = [source.name for source in found.sources]
    rows = found.environments.similarity
    cell = _WIDE if len(names) <= _MANY else _NARROW
    side = cell * len(names)
    reach = _LETTER * min(_LONGEST, max(map(len, names)))
    left, top = round(_EDGE + reach + 8), round(48 + 0.75 * reach)
    values = [value for row in rows for value in row if value is not None]
    # What is the same all over would leave all else pale.
    most = max((value for value in values if 0 < value < 1), default=1.0)
    body = [label("Environments", _EDGE, 26, 60, size=15, bold=True)]
    for i, row in enumerate(rows):
        middle = (i + 0.5) * cell
        body += [
            label(names[i], left - 8, top + middle + 4, _LONGEST, anchor="end"),
            label(names[i], left + middle + 2, top - 8, _LONGEST, turned=True),
        ]
        for j, value in enumerate(row):
            x, y = left + j * cell, top + i * cell
            depth = _DEEPEST * min(1.0, (value or 0.0) / most)
            body += [
                f'<rect fill="{_HEAT}" x="{x}" y="{y}" width="{cell - 1}" height="{cell - 1}" fill-opacity="{depth:.3f}"/>',
                label(shown(value), x + cell / 2, y + cell / 2 + 4, 6, size=11, anchor="middle"),
            ]
    note = "mean cosine of what players are told; 1: the same words"
    body.append(label(note, _EDGE, top + side + 30, 100, size=11))
    said = "; ".join(
        f"{names[i]} and {names[j]}: {shown(rows[i][j])}"
        for i in range(len(names))
        for j in range(i, len(names))
    )
    width = max(left + side + 0.75 * reach, 340) + _EDGE
    return figure(round(width), top + side + 46, "Similarity between environments", said[:4_000], body)


def shown(value: float | None) -> str:
    """A similarity as people read it.

    Example:
        >>> shown(0.284), shown(None)
        ('0.28', '–')
    """
    return "–" if value is None else f"{value:.2f}"
