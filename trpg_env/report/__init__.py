"""A report: evaluations and trajectories as one HTML page that needs no network.

Tables and plots are made here and stand in the page; episodes are read in it turn by turn. Needs the extra `report`.
"""

from trpg_env.report.choice import Choice
from trpg_env.report.faults import ReportError
from trpg_env.report.foreign import foreign
from trpg_env.report.page import Page, make_page
from trpg_env.report.runs import Run, read_runs
from trpg_env.report.section import Figure, Section, Table
from trpg_env.report.svg import Drawing, Svg

__all__ = [
    "Choice",
    "Drawing",
    "Figure",
    "Page",
    "ReportError",
    "Run",
    "Section",
    "Svg",
    "Table",
    "foreign",
    "make_page",
    "read_runs",
]
