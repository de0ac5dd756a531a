from collections.abc import Iterator
from functools import cache

import pytest

from trpg_env.sandbox import Sandbox
from trpg_env.synthesis.examples import Examples


@pytest.fixture(scope="session", autouse=True)
def examples_read_once(sandbox: Sandbox) -> Iterator[None]:
    """The library's examples are the same for every run, and take longer to read than most runs here."""
    read = cache(lambda grounded: Examples(sandbox, grounded=grounded))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("trpg_env.synthesis.scripts.Examples", lambda _, *, grounded: read(grounded))
        yield
