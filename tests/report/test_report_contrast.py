"""Colours that stand on one another, in both schemes: at least as far apart as WCAG 2 (AA) asks for."""

import re

import pytest

from trpg_env.report.template import FOLDER

STYLE = (FOLDER / "page.css").read_text(encoding="utf-8")
LIGHT = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE.split("@media", maxsplit=1)[0]))
DARK = LIGHT | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE.split("@media")[1]))
KINDS = ("parameter", "place", "logic", "format")
TEXTS = [
    *((ink, ground) for ink in ("ink", "muted", "accent") for ground in ("page", "card", "soft")),
    *((ink, f"{kind}-soft") for kind in KINDS for ink in ("ink", "muted", "accent")),
    *(("in-bar", kind) for kind in KINDS),
    *((ink, "good-soft") for ink in ("ink", "muted", "good", "accent")),
    *((ink, ground) for ink in ("good", "warn", "parameter") for ground in ("card", "soft")),
    ("warn", "warn-soft"),
    ("card", "accent"),
    *(("warn", f"{kind}-soft") for kind in KINDS),
]
MARKS = [(f"r{run}", "card") for run in range(8)]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXTS)
def test_texts_can_be_read(scheme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(scheme[ink], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_seen(scheme: dict[str, str], mark: str, ground: str) -> None:
    assert contrast(scheme[mark], scheme[ground]) >= 3


def test_the_dark_scheme_has_colours_of_its_own() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert [name for name in LIGHT if LIGHT[name] == DARK[name]] == []
