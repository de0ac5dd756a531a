"""What a page is made of: sections of figures and tables. Whoever has more to show hands in sections of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trpg_env.report.svg import Svg


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its texts are escaped when the page is written.

    Attributes:
        caption: What it shows.
        columns: The columns' heads, that of the rows' heads among them.
        rows: The rows, each with its head first.
        folded: Whether it is to be unfolded before it is seen: it says in numbers what a figure shows.
        words: Whether its cells are words and not numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    folded: bool = False
    words: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its caption.

    Attributes:
        caption: What it shows.
        drawing: The drawing, made with `Drawing` or let in by `foreign`.
        note: How it is to be read.
        wide: Whether it wants the page's whole width.
    """

    caption: str
    drawing: Svg
    note: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading.

    Attributes:
        title: Its heading.
        lead: A sentence or two before the figures; nothing where none are needed.
        figures: The figures, side by side where there is room.
        tables: The tables below them.
        legend: What marks stand for, each with its words.

    Example:
        >>> section = Section("Diversity", tables=[Table("Trigrams", ["run", "distinct"], [["a", "0.4"]])])
        >>> section.slug
        'diversity'
    """

    title: str
    lead: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    legend: Sequence[tuple[Svg, str]] = field(default=())

    @property
    def slug(self) -> str:
        """The section's id in the page."""
        kept = "".join(c if c.isascii() and c.isalnum() else " " for c in self.title.lower())
        return "-".join(kept.split()) or "section"
