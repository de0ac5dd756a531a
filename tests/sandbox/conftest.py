from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trpg_env.sandbox import Sandbox, Verdict

Ask = Callable[..., Verdict]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="session")
def ask(sandbox: Sandbox) -> Ask:
    """Ask code, given as the lines of a validate function's body (or as a whole)."""

    def ask(code: str, action: str = "go north", params: Any = None, state: Any = None) -> Verdict:
        if "def validate" not in code:
            code = "def validate(action, params, state):\n" + "".join(
                f"    {line}\n" for line in code.splitlines()
            )
        return sandbox.validate(
            code, action, params or {}, state if state is not None else {"hp": 12, "inventory": ["lamp"]}
        )

    return ask
