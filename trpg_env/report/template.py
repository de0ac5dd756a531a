"""The page's template: Jinja2, an extra, with every text escaped that is not markup of ours."""

from pathlib import Path
from typing import Any

from trpg_env.report.faults import ReportError

FOLDER = Path(__file__).parent / "templates"
"""Where template, style sheet and program lie."""


def page_template() -> Any:
    """The template, ready to be rendered.

    Raises:
        ReportError: Jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ReportError(
            "a report needs an extra that is not installed; run: pip install 'trpg-env[report]'"
        ) from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html")
