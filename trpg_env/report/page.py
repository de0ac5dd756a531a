"""The page: sections, the episodes and the program that shows them, in one file that asks for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from trpg_env._version import __version__
from trpg_env.report.atlas import Atlas
from trpg_env.report.choice import Choice
from trpg_env.report.embedding import json_block, policy
from trpg_env.report.measured import by_difficulty, by_family, errors, success_and_progress
from trpg_env.report.overview import all_figures, evaluated, glance
from trpg_env.report.perturbations import perturbations
from trpg_env.report.reading import reading_matter
from trpg_env.report.runs import Run
from trpg_env.report.section import Section
from trpg_env.report.template import FOLDER, page_template
from trpg_env.report.texts import line
from trpg_env.report.turn_by_turn import recovery, turn_by_turn
from trpg_env.sandbox import Sandbox
from trpg_env.trajectory import Scripts

GENERATOR = "trpg-env report"
"""By what a page is known as one of these."""

_PROGRAM = ("dom.js", "turns.js", "list.js", "reader.js")


@dataclass(frozen=True, slots=True)
class Page:
    """A page and what is in it.

    Attributes:
        html: The page.
        shown: How many episodes can be read in it.
        offered: How many there are.
    """

    html: str
    shown: int
    offered: int


def make_page(
    runs: Sequence[Run],
    choice: Choice,
    sandbox: Sandbox,
    scripts: Scripts | None = None,
    *,
    sections: Sequence[Section] = (),
) -> Page:
    """Make the page of a report. The same input gives the same bytes.

    Args:
        runs: What is reported.
        choice: Which episodes can be read in it.
        sandbox: Where scripts' code runs while episodes are played again for the player's place; it stays the caller's.
        scripts: Where the scripts are found; in the library and by absolute paths where left out.
        sections: What else is to be shown, before the episodes.

    Raises:
        ReportError: Jinja2 is not installed.
        StoreError: A file of trajectories cannot be read any more.
    """
    template = page_template()
    atlas = Atlas(scripts or Scripts(sandbox), sandbox)
    matter = reading_matter(runs, choice.chosen(), atlas)
    shown = len(matter.data["episodes"])
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    program = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in _PROGRAM)
    program = f'"use strict";\n(() => {{\n{program}}})();\n'
    parts = [
        glance(runs),
        success_and_progress(runs),
        by_difficulty(runs),
        by_family(runs),
        errors(runs),
        turn_by_turn(runs),
        recovery(runs),
        perturbations(runs),
        *sections,
        all_figures(runs),
        evaluated(runs),
    ]
    html: str = template.render(
        title=line(", ".join(dict.fromkeys(run.results.suite.name for run in runs)), 60),
        names=line(" · ".join(run.name for run in runs), 200),
        remarks=remarks(runs),
        contaminated=[
            run.name
            for run in runs
            if run.results.contamination is not None and run.results.contamination.contaminated
        ],
        broken=sum(run.results.counts.episodes - run.results.counts.counted for run in runs),
        counted=sum(run.results.counts.counted for run in runs),
        sections=_addressed([section for section in parts if section is not None]),
        maps=matter.maps,
        shown=shown,
        offered=choice.offered,
        data=json_block(matter.data),
        style=style,
        program=program,
        policy=policy(style, program),
        generator=GENERATOR,
        version=__version__,
    )
    return Page(html, shown, choice.offered)


def remarks(runs: Sequence[Run]) -> list[str]:
    """What a reader is to know of the runs; what is said of several is said once."""
    whose: dict[str, list[str]] = {}
    for run in runs:
        for remark in run.remarks:
            whose.setdefault(remark, []).append(run.name)
    return [f"{', '.join(names)}: {remark}" for remark, names in whose.items()]


def _addressed(sections: Sequence[Section]) -> list[tuple[str, Section]]:
    """Sections with their ids in the page, each its own."""
    found: dict[str, Section] = {}
    for section in sections:
        slug, number = f"about-{section.slug}", 1
        while slug in found:
            number += 1
            slug = f"about-{section.slug}-{number}"
        found[slug] = section
    return list(found.items())
