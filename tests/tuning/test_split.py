"""`--split SHARE`: whole families are held out, always the same ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tuning_helpers import many, records

from trpg_env import export
from trpg_env.tuning.subset import is_held_out

FAMILIES = [f"family {i}" for i in range(40)]
PINNED = ["family 5", "family 20", "family 21", "family 27", "family 39"]
"""Those of them that a share of 0.1 holds out."""


def test_a_family_is_on_one_side_as_a_whole(tmp_path: Path) -> None:
    summary = export(many(200, FAMILIES), "messages", tmp_path, split=0.3)
    train = {r["family"] for r in records(tmp_path, "train.jsonl")}
    test = {r["family"] for r in records(tmp_path, "test.jsonl")}
    assert train
    assert test
    assert train.isdisjoint(test)
    assert train | test == set(FAMILIES)
    assert len(records(tmp_path)) == 200
    assert summary.files == {
        "train.jsonl": len(records(tmp_path, "train.jsonl")),
        "test.jsonl": len(records(tmp_path, "test.jsonl")),
    }
    assert dict(summary.held_out) == dict.fromkeys(test, 5)


def test_other_families_and_other_episodes_move_nobody_to_the_other_side(tmp_path: Path) -> None:
    def held_out(families: list[str], n: int) -> set[str]:
        return set(export(many(n, families), "messages", tmp_path, split=0.3).held_out)

    some, all_of_them = held_out(FAMILIES[:15], 15), held_out(FAMILIES[::-1], 120)
    assert some == all_of_them & set(FAMILIES[:15])
    assert some


@given(st.text(), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_a_larger_share_holds_out_what_a_smaller_one_does(family: str, one: float, other: float) -> None:
    assert is_held_out(family, min(one, other)) <= is_held_out(family, max(one, other))


def test_the_share_is_one_of_families() -> None:
    names = [f"a family of the name {i}" for i in range(2_000)]
    for share in (0.05, 0.2, 0.5, 0.9):
        held_out = sum(is_held_out(name, share) for name in names)
        assert abs(held_out - 2_000 * share) < 5 * (2_000 * share * (1 - share)) ** 0.5


def test_the_choice_is_the_same_in_every_version() -> None:
    """Who has trained on a dataset must not find its held-out families on the other side of a later one."""
    assert [family for family in FAMILIES if is_held_out(family, 0.1)] == PINNED


def test_the_summary_names_the_families_that_are_held_out(tmp_path: Path) -> None:
    lines = export(many(40, FAMILIES), "messages", tmp_path, split=0.1).lines()
    (line,) = [line for line in lines if line.startswith("held out")]
    assert line.startswith("held out            5 of 40 families (12.5%), 5 of 40 records (12.5%): ")
    for family in PINNED:
        assert f"{family} 1" in line


def test_where_no_family_is_held_out_the_summary_says_which_share_would(tmp_path: Path) -> None:
    few = [family for family in FAMILIES if not is_held_out(family, 0.1)][:3]
    summary = export(many(6, few), "messages", tmp_path, split=0.1)
    assert records(tmp_path, "test.jsonl") == []
    assert "held out            0 of 3 families (0.0%), 0 of 6 records (0.0%)" in summary.lines()
    assert summary.shortfalls() == []
    (warning,) = summary.warnings()
    assert warning.startswith("no family is held out at 0.1; ")
    share, family = warning.split("; ")[1].split(" would hold out ")
    assert is_held_out(family, float(share))
    assert not is_held_out(family, float(share) - 0.0101)
    assert list(export(many(6, few), "messages", tmp_path, split=float(share)).held_out) == [family]


def test_where_every_family_is_held_out_the_summary_says_so(tmp_path: Path) -> None:
    summary = export(many(3, PINNED[:1]), "messages", tmp_path, split=0.1)
    assert records(tmp_path, "train.jsonl") == []
    (shortfall,) = summary.shortfalls()
    assert shortfall == "every family is held out, and none is left to train on; a smaller share leaves some"
    assert len(export([], "messages", tmp_path, split=0.1).shortfalls()) == 1


@pytest.mark.parametrize("format", ["paper", "messages", "openai"])
def test_every_format_is_split_alike(format: str, tmp_path: Path) -> None:
    summary = export(many(40, FAMILIES), format, tmp_path, split=0.1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "test.jsonl", "train.jsonl"]
    assert set(summary.held_out) == set(PINNED)
    assert len(records(tmp_path, "test.jsonl")) == len(PINNED)
