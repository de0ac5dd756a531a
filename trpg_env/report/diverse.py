"""How diverse thoughts and environments are, as `trpg-env diversity` found it, as sections of the page."""

from pathlib import Path

from trpg_env.diversity import DiversityError, read_diversity, sections
from trpg_env.report.faults import ReportError
from trpg_env.report.foreign import foreign
from trpg_env.report.section import Figure, Section, Table


def diversity_sections(path: str | Path) -> list[Section]:
    """The map of thoughts, the figures, and the heat map of environments.

    Args:
        path: The folder that `trpg-env diversity` wrote.

    Raises:
        ReportError: There is nothing of the kind.
    """
    try:
        found = read_diversity(path)
    except DiversityError as error:
        raise ReportError(str(error)) from None
    return [
        Section(
            each.title,
            each.text,
            figures=[] if each.svg is None else [Figure(each.title, foreign(each.svg), wide=True)],
            tables=[Table(each.title, each.columns, each.rows)] if each.columns else [],
        )
        for each in sections(found)
    ]
