from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser, chromium
from hostile import attacked
from pages import erring, evaluation, page_of, wandering, written


@pytest.fixture(scope="session")
def tab() -> Iterator[Browser]:
    """A tab of a headless Chromium."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium is installed; CHROME names one that is elsewhere")
    with browser(program) as tab:
        yield tab


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two runs."""
    folder = tmp_path_factory.mktemp("page")
    paths = [evaluation(folder / "erring", erring()), written(folder / "random.jsonl", wandering())]
    return _saved(folder, page_of(*paths).html)


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of episodes that attack it."""
    folder = tmp_path_factory.mktemp("hostile")
    each = [attacked(t, i) for i, t in enumerate([*erring()[:4], *wandering()[:2]])]
    return _saved(folder, page_of(written(folder / "a.jsonl", each)).html)


def _saved(folder: Path, html: str) -> Path:
    file = folder / "report.html"
    file.write_text(html, encoding="utf-8")
    return file
