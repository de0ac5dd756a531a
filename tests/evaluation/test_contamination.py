"""What a dataset's card says of its families and scripts, read from cards that `export` wrote."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played_by_hand import erring

from trpg_env import export
from trpg_env.evaluation import Card, CardError, Contamination, Item, read_card
from trpg_env.trajectory import Trajectory
from trpg_env.tuning import FORMATS
from trpg_env.tuning.subset import is_held_out

TWENTY = [f"family {i}" for i in range(20)]


def episodes(families: list[str]) -> list[Trajectory]:
    return [
        erring("p.o.", id=str(i), family=family, success=True, outcome="completed")
        for i, family in enumerate(families)
    ]


def exported(families: list[str], out: Path, format: str = "messages", split: float | None = None) -> Card:
    export(episodes(families), format, out, split=split)
    return read_card(out)


def told(card: Card, families: list[str]) -> Contamination:
    items = [Item(name=f"of {family}", hash=family, family=family) for family in families]
    return Contamination.of([card], items, is_held_out)


@pytest.mark.parametrize("format", sorted(set(FORMATS) - {"tokens"}))
def test_a_card_names_the_families_of_every_format(format: str, tmp_path: Path) -> None:
    card = exported(["ship", "cave"], tmp_path / "data", format)
    assert (card.name, card.families, card.complete, card.held_out) == ("data", ["cave", "ship"], True, None)


def test_a_card_is_read_by_its_folder_or_by_itself(tmp_path: Path) -> None:
    assert exported(["ship"], tmp_path) == read_card(tmp_path / "README.md") == read_card(str(tmp_path))


def test_a_family_that_was_trained_on_contaminates_its_items_alone(tmp_path: Path) -> None:
    found = told(exported(["ship", "cave"], tmp_path), ["ship", "shop"])
    assert (found.contaminated, found.families, found.items) == (True, ["ship"], ["of ship"])
    assert (found.basis, found.scripts) == ("families and scripts", [])


def test_other_families_contaminate_nothing(tmp_path: Path) -> None:
    found = told(exported(["ship", "cave"], tmp_path), ["shop"])
    assert (found.contaminated, found.families, found.items) == (False, [], [])


@pytest.mark.parametrize("share", [0.3, 0.5, 0.00005])
def test_what_the_dataset_holds_out_was_not_trained_on(share: float, tmp_path: Path) -> None:
    card = exported(TWENTY, tmp_path, split=share)
    assert card.held_out == share
    assert len(card.families) == 20
    assert told(card, TWENTY).families == sorted(f for f in TWENTY if not is_held_out(f, share))


def test_one_of_several_datasets_is_enough(tmp_path: Path) -> None:
    cards = [exported(["ship"], tmp_path / "a"), exported(["cave"], tmp_path / "b")]
    items = [Item(name=name, hash=name, family=name) for name in ("cave", "shop")]
    assert Contamination.of(cards, items, is_held_out).families == ["cave"]


def test_a_card_that_does_not_name_all_families_leaves_it_open(tmp_path: Path) -> None:
    card = exported([f"family {i}" for i in range(203)], tmp_path)
    assert (card.complete, len(card.families)) == (False, 200)
    assert told(card, ["shop"]).contaminated is None
    assert told(card, [card.families[0]]).contaminated is True


def test_a_family_may_be_called_as_the_last_row_of_a_long_table_is(tmp_path: Path) -> None:
    card = exported(["a ship", "and 3 more"], tmp_path)
    assert (card.complete, card.families) == (True, ["a ship", "and 3 more"])


def played(*scripts: tuple[str, str]) -> list[Trajectory]:
    """An episode of each script: its family and its hash."""
    return [
        erring("p.o.", id=str(i), family=family, script_hash=hash, success=True, outcome="completed")
        for i, (family, hash) in enumerate(scripts)
    ]


def card_of(out: Path, *scripts: tuple[str, str], split: float | None = None) -> Card:
    export(played(*scripts), "messages", out, split=split)
    return read_card(out)


def met(card: Card, *scripts: tuple[str, str]) -> Contamination:
    """What was trained on of scripts, each with its family and its hash; their hashes name them too."""
    return Contamination.of([card], [Item(name=h, hash=h, family=f) for f, h in scripts], is_held_out)


def test_a_script_is_found_by_its_hash_whatever_its_family_is_called(tmp_path: Path) -> None:
    card = card_of(tmp_path, ("ship", "aa"), ("cave", "bb"))
    assert (card.scripts, card.scripts_complete) == (["aa", "bb"], True)
    found = met(card, ("vessel", "aa"), ("shop", "cc"))
    assert (found.contaminated, found.families, found.scripts, found.items) == (True, [], ["aa"], ["aa"])


def test_another_script_of_a_family_counts_beside_the_very_one(tmp_path: Path) -> None:
    found = met(card_of(tmp_path, ("ship", "aa")), ("ship", "aa"), ("ship", "dd"), ("shop", "cc"))
    assert (found.families, found.scripts, found.items) == (["ship"], ["aa"], ["aa", "dd"])


def test_a_script_of_a_held_out_family_was_not_trained_on(tmp_path: Path) -> None:
    held_out, trained = (next(f for f in TWENTY if is_held_out(f, 0.5) is side) for side in (True, False))
    card = card_of(tmp_path / "a", (held_out, "aa"), (trained, "bb"), split=0.5)
    assert (card.scripts, card.scripts_complete) == (["bb"], True)
    assert met(card, (held_out, "aa"), ("renamed", "aa")).contaminated is False
    both = card_of(tmp_path / "b", (held_out, "aa"), (trained, "aa"), split=0.5)
    assert met(both, (held_out, "aa")).scripts == ["aa"], "it is on both sides"


def test_a_card_that_does_not_name_all_scripts_leaves_it_open(tmp_path: Path) -> None:
    card = card_of(tmp_path, *(("ship", f"{i}") for i in range(203)))
    assert (card.complete, card.scripts_complete, len(card.scripts)) == (True, False, 200)
    assert met(card, ("shop", "cc")).contaminated is None
    assert met(card, ("shop", card.scripts[0])).contaminated is True


def test_a_card_of_an_earlier_version_names_no_scripts(tmp_path: Path) -> None:
    card_of(tmp_path, ("ship", "aa"))
    file = tmp_path / "README.md"
    file.write_text(file.read_text().partition("\n## Scripts\n")[0])
    card = read_card(tmp_path)
    assert (card.families, card.complete, card.scripts, card.scripts_complete) == (["ship"], True, [], False)
    assert met(card, ("ship", "dd")).contaminated is True
    found = met(card, ("shop", "aa"))
    assert (found.contaminated, found.basis) == (None, "families")


def test_what_an_earlier_version_found_can_still_be_read() -> None:
    card = {"name": "d", "sha256": "", "families": ["ship"], "complete": True, "held_out": None}
    earlier = {"contaminated": False, "basis": "families", "trained_on": [card], "families": [], "items": []}
    found = Contamination.model_validate_json(json.dumps(earlier))
    assert (found.contaminated, found.scripts, found.trained_on[0].scripts) == (False, [], [])


@given(st.lists(st.text(max_size=12) | st.sampled_from(["a|b", "<", "x" * 300]), min_size=1, unique=True))
@settings(max_examples=40)
def test_any_scripts_hash_is_found_again(hashes: list[str]) -> None:
    trajectories = played(*(("ship", hash) for hash in hashes))
    with tempfile.TemporaryDirectory() as folder:
        export(trajectories, "messages", folder)
        card = read_card(folder)
    kept = [("vessel", t.script_hash) for t in trajectories]
    assert len(met(card, *kept).scripts) == len(hashes)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6, unique=True))
@settings(max_examples=60)
def test_any_familys_name_is_found_again(families: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        card = exported(families, Path(folder))
    assert told(card, families).families == sorted({t.family for t in episodes(families)})


@pytest.mark.parametrize(
    "name", ["a | b", "<b>", "&lt;", "\\", "\\|", "*x*", "| 3 |", "a\nb", "x" * 3000, "🧙"]
)
def test_markup_in_a_familys_name_is_part_of_the_name(name: str, tmp_path: Path) -> None:
    card = exported([name], tmp_path)
    assert told(card, [name]).contaminated is True
    assert told(card, [f"{name}!" if len(name) < 100 else "x"]).contaminated is False


def test_what_is_no_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        CardError, match="is not there; name the folder of a dataset that trpg-env export wrote"
    ):
        read_card(tmp_path)
    with pytest.raises(CardError, match="is not there"):
        read_card(tmp_path / "nothing")
    (tmp_path / "README.md").write_text("# A dataset\n")
    with pytest.raises(CardError, match="has no table of families"):
        read_card(tmp_path)
    with pytest.raises(CardError, match="is a device"):
        read_card("/dev/null")


@pytest.mark.parametrize(
    ("row", "instead", "said"),
    [
        ("| cave | 1 |", "| cave | 1 | mine |", r"README\.md:\d+: this row of the families cannot be read"),
        ("| cave | 1 |", "| cave | many |", r"README\.md:\d+: this row of the families cannot be read"),
        ("| cave | 1 |\n", "", r"tells of 2 records, and its families have 1"),
        (
            "| cave | 1 |",
            f"| cave | {'9' * 5_000} |",
            r"README\.md:\d+: this row of the families cannot be read",
        ),
        ("| cave | h | train | 1 |", "| cave | h | 1 |", r"README\.md:\d+: this row of the scripts"),
        ("| cave | h | train | 1 |", "| cave | h | other | 1 |", r"README\.md:\d+: this row of the scripts"),
        ("| cave | h | train | 1 |", "| cave | h |  | 1 |", r"README\.md:\d+: this row of the scripts"),
        ("| s | cave | h | train | 1 |\n", "", r"tells of 2 records, and its scripts have 1"),
        ("| script | family | SHA-256", "| script | SHA", r"README\.md:\d+: the table of the scripts"),
    ],
)
def test_a_family_that_cannot_be_read_does_not_pass_for_one_that_is_not_there(
    row: str, instead: str, said: str, tmp_path: Path
) -> None:
    exported(["ship", "cave"], tmp_path / "data")
    card = tmp_path / "data" / "README.md"
    assert row in card.read_text()
    card.write_text(card.read_text().replace(row, instead))
    with pytest.raises(CardError, match=said):
        read_card(card)


def test_line_ends_of_another_system_change_nothing(tmp_path: Path) -> None:
    families = exported(["ship", "cave"], tmp_path / "data").families
    card = tmp_path / "data" / "README.md"
    card.write_bytes(card.read_bytes().replace(b"\n", b"\r\n"))
    assert read_card(card).families == families
