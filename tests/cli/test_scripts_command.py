"""`trpg-env scripts`: the library, a line each: name, kind, family, title."""

from collections.abc import Callable
from typing import Any

import pytest

from trpg_env.cli import main
from trpg_env.script import Script, library


def test_each_line_has_name_kind_family_and_title_in_columns(
    capsys: pytest.CaptureFixture[str], load: Callable[[Any], Script]
) -> None:
    assert main(["scripts"]) == 0
    lines = capsys.readouterr().out.splitlines()
    scripts = [load(name) for name in library()]
    starts = set()
    for line, script in zip(lines, scripts, strict=True):
        name, kind, family, *_ = line.split()
        assert name == script.name
        assert kind == ("grounded" if script.grounded else "narrative")
        assert family == script.family
        assert line.endswith(f"  {script.title}")
        starts.add(line.rindex(script.title))
    assert len(starts) == 1
