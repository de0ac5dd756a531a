"""What was found as sections of a report: plain data that a page can be made from."""

from typing import NamedTuple

from trpg_env.diversity.found import Diversity
from trpg_env.diversity.heat import heat_map
from trpg_env.diversity.tables import COLUMNS, rows
from trpg_env.diversity.thought_map import scatter


class Section(NamedTuple):
    """A section: a figure or a table.

    Attributes:
        title: Its heading, as plain text.
        text: What it shows and how to read it, likewise.
        svg: The figure, which may stand in a page as it is; None where it is a table.
        columns: The table's head, as plain text: to be escaped.
        rows: The table's cells, likewise.
    """

    title: str
    text: str
    svg: str | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(found: Diversity) -> list[Section]:
    """The sections: the map, the figures, the heat map.

    Args:
        found: What was found; `read_diversity` reads it.

    Example:
        >>> from trpg_env import rollout
        >>> from trpg_env.agents import ErringAgent
        >>> played = [(t.family, t) for t in rollout(["ship", "garden"], ErringAgent(), n=2)]
        >>> [section.title for section in sections(Diversity.of(played, sample=9, iterations=9))]
        ['Map of thoughts', 'Diversity of thoughts', 'Similarity between environments']
    """
    kept = found.map.neighbours_kept
    true = "" if kept is None else f" {kept:.0%} of each thought's nearest are among those most alike."
    return [
        Section(
            "Map of thoughts",
            f"Thoughts that lie together are alike; how far apart groups lie says little.{true}",
            scatter(found),
        ),
        Section(
            "Diversity of thoughts",
            "Higher is more diverse for vocabulary, distinct-n and the effective number; lower for self-BLEU and similarity.",
            columns=COLUMNS,
            rows=tuple(map(tuple, rows(found))),
        ),
        Section(
            "Similarity between environments",
            "The mean cosine between what players were told, source by source; 1 is the same words.",
            heat_map(found),
        ),
    ]
