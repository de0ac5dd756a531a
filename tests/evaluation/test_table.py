"""Results as lines for people."""

from typing import Any

from played_by_hand import LLM, broken, ended

from trpg_env.evaluation import Card, Contamination, Item, Part, Results, Suite
from trpg_env.evaluation.table import lines
from trpg_env.trajectory import Trajectory


def told(trajectories: list[Trajectory], **keywords: Any) -> list[str]:
    return lines(Results.of(trajectories, resamples=20, **keywords))


def row(table: list[str], label: str) -> list[str]:
    """The cells of a line."""
    (line,) = [line for line in table if line.startswith(label)]
    return line.removeprefix(label).split()


def contaminated(complete: bool, *families: str, scripts: list[str] | None = None) -> Contamination:
    card = Card(
        name="d",
        sha256="",
        families=list(families),
        complete=complete,
        held_out=None,
        scripts=scripts or [],
        scripts_complete=scripts is not None,
    )
    items = [Item(name="ship", hash="hash of ship", family="family of ship")]
    return Contamination.of([card], items, lambda family, share: False)


def test_shares_are_percentages_and_counts_are_numbers() -> None:
    table = told([ended("ship", 1, success=True, errors="p..."), ended("ship", 2, success=False)])
    assert row(table, "success") == ["50.0%", "0.0%", "to", "100.0%", "2"]
    assert row(table, "turns per episode") == ["2.5", "1.0", "to", "4.0", "2"]
    assert row(table, "invalid actions")[0] == "20.0%"
    assert row(table, "invalid actions")[-1] == "5"


def test_figures_of_nothing_have_no_line() -> None:
    table = told([ended("ship", 1, success=True)])
    assert not any(line.startswith(("recovery", "tokens", "calls")) for line in table)


def test_who_played_is_told_with_model_and_sampling() -> None:
    table = told([ended("ship", 1, success=True, player=LLM)])
    assert row(table, "player") == ["llm", "(m,", "temperature", "0.0,", "max_tokens", "9)"]


def test_what_broke_is_told_by_kind() -> None:
    table = told(
        [broken("ship", 1), broken("ship", 2), broken("ship", 3, "dm:format"), ended("ship", 4, success=True)]
    )
    assert " ".join(row(table, "broken")) == "3 (dm:format 1, player:timeout 2), in none of the figures"


def test_the_part_of_a_suite_is_told() -> None:
    items = [Item(name="ship", hash="hash of ship", family="f")]
    suite = Suite(name="scripts", items=items, part=Part(side="held_out", share=0.3))
    assert " ".join(row(told([], suite=suite), "suite")) == "scripts: 1 item of 1 family, held out at 0.3"


def test_difficulties_have_a_table_like_families() -> None:
    items = [Item(name="ship", hash="hash of ship", family="f", difficulty="hard")]
    table = told([ended("ship", 1, success=True)], suite=Suite(name="caves", items=items))
    assert row(table, "hard")[0] == "100.0%"


def test_many_families_are_named_in_part() -> None:
    table = told([ended(f"{i:02}", 1, success=True) for i in range(23)])
    assert sum(line.startswith("family of") for line in table) == 20
    assert table[-1] == "and 3 more"


def test_contamination_is_told_with_what_it_is_read_off() -> None:
    episodes = [ended("ship", 1, success=True)]
    for found, said in (
        (
            contaminated(True, "family of ship", scripts=["other"]),
            "yes: trained on family of ship (1 item of 1, 0 by the very script)",
        ),
        (
            contaminated(True, "family of ship", scripts=["hash of ship"]),
            "yes: trained on family of ship (1 item of 1, 1 by the very script)",
        ),
        (
            contaminated(True, "shop", scripts=["hash of ship"]),
            "yes: trained on scripts of the suite under other families (1 item of 1, 1 by the very script)",
        ),
        (
            contaminated(True, "shop", scripts=["other"]),
            "no family and no script of the suite was trained on",
        ),
        (
            contaminated(False, "shop", scripts=["other"]),
            "unknown: a card does not name all of its families and scripts",
        ),
        (
            contaminated(True, "family of ship"),
            "yes: trained on family of ship (1 item of 1); the cards name families, not scripts",
        ),
        (
            contaminated(True, "shop"),
            "unknown: a card does not name all of its families and scripts; the cards name families, not scripts",
        ),
        (
            contaminated(True, "shop").model_copy(update={"contaminated": False}),
            "no family of the suite was trained on; the cards name families, not scripts",
        ),
    ):
        assert told(episodes, contamination=found)[-1] == f"contaminated        {said}"


def test_families_that_begin_alike_are_told_apart() -> None:
    alike = ["chemistry-mix-paint-secondary-color", "chemistry-mix-paint-tertiary-color"]
    table = told([ended(name, 1, success=True, family=name) for name in alike])
    assert [row(table, name)[0] for name in alike] == ["100.0%", "100.0%"]
