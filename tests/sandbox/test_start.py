"""A worker starts wherever its libraries are, and behaves the same each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trpg_env.sandbox import Sandbox

ORDER = """
def validate(action, params, state):
    return ",".join({"a", "b", "c", "d", "e", "f", "g", "h"})
"""


def test_sets_of_texts_are_in_the_same_order_in_every_worker():
    answers = set()
    for _ in range(3):
        with Sandbox() as sandbox:
            answers.add(sandbox.validate(ORDER, "x", {}, {}).message)
    assert len(answers) == 1


def test_a_worker_starts_where_the_libraries_are_only_on_pythonpath(tmp_path):
    site = next(p for p in sys.path if p.endswith("site-packages"))
    root = Path(__file__).parents[2]
    bare = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if not bare.exists():
        pytest.skip(f"no interpreter outside the virtual environment at {bare}")
    code = "from trpg_env.sandbox import Sandbox\nwith Sandbox() as s: print(s.match('a(b)', 'ab'))"
    run = subprocess.run(
        [str(bare), "-c", code],
        env={"PYTHONPATH": os.pathsep.join([str(root), site])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout.strip(), run.stderr) == ("{1: 'b'}", "")
