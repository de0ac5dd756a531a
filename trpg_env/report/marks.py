"""How runs and kinds of errors are told apart in drawings: by shape and words, and not by colour alone."""

from trpg_env.report.svg import Drawing, Svg, number

_SHAPES = ("circle", "square", "diamond", "up", "down", "cross")
COLOURS = 8
"""How many colours the style sheet has for runs."""


def mark(drawing: Drawing, run: int, x: float, y: float, size: float = 4.0, *, hollow: bool = False) -> None:
    """Draw a run's mark around a point.

    Args:
        drawing: Where.
        run: Which run, from 0; after the last shape and the last colour they begin anew.
        x: The point.
        y: The point.
        size: Half of the mark's width.
        hollow: Whether only its outline is drawn.
    """
    kind = f"mark r{run % COLOURS}{' hollow' if hollow else ''}"
    shape = _SHAPES[run % len(_SHAPES)]
    if shape == "circle":
        drawing.add("circle", cx=x, cy=y, r=size, class_=kind)
        return
    s, n = size, number
    paths = {
        "square": f"M{n(x - s)} {n(y - s)}h{n(2 * s)}v{n(2 * s)}h{n(-2 * s)}z",
        "diamond": f"M{n(x)} {n(y - s * 1.3)}l{n(s * 1.3)} {n(s * 1.3)} {n(-s * 1.3)} {n(s * 1.3)} {n(-s * 1.3)} {n(-s * 1.3)}z",
        "up": f"M{n(x)} {n(y - s * 1.2)}l{n(s * 1.2)} {n(s * 2.1)}h{n(-s * 2.4)}z",
        "down": f"M{n(x)} {n(y + s * 1.2)}l{n(s * 1.2)} {n(-s * 2.1)}h{n(-s * 2.4)}z",
        "cross": f"M{n(x - s)} {n(y - s)}l{n(2 * s)} {n(2 * s)}m0 {n(-2 * s)}l{n(-2 * s)} {n(2 * s)}",
    }
    drawing.add("path", d=paths[shape], class_=f"{kind} line" if shape == "cross" else kind)


def run_key(run: int) -> Svg:
    """A run's mark by itself, for a legend."""
    drawing = Drawing(14, 14, kind="key")
    mark(drawing, run, 7, 7, 4.5)
    return drawing.svg()


def kind_key(name: str, code: str) -> Svg:
    """A kind of error's mark by itself, for a legend."""
    drawing = Drawing(22, 14, kind="key wide")
    drawing.add("rect", x=0, y=0, width=22, height=14, rx=3, class_=f"bar k-{name}")
    drawing.text(11, 10.5, code, class_="in-bar", text_anchor="middle")
    return drawing.svg()
