"""Which action templates a perturbation changes, and into what."""

from pathlib import Path

import pytest

from trpg_env.envs.perturbations import Perturbation, PerturbationError, labelled, perturbation, read_table
from trpg_env.envs.perturbations.templates import reworded
from trpg_env.script.templates import parse_template

ALFWORLD = [
    "go to {recep}",
    "take {obj} from {recep}",
    "put {obj} in/on {recep}",
    "open {recep}",
    "close {recep}",
    "toggle {obj}",
    "clean {obj} with {recep}",
    "cool {obj} with {recep}",
    "heat {obj} with {recep}",
    "inventory",
    "look",
]


def changed(kind: str, templates: list[str], table: dict[str, str] | None = None) -> dict[str, str]:
    by = Perturbation(kind, table=None if table is None else tuple(table.items()))
    found = reworded(by, [parse_template(text) for text in templates])
    return {templates[i]: template.text for i, template in found.items()}


def test_the_papers_perturbations_of_alfworld() -> None:
    assert changed("preposition", ALFWORLD) == {
        f"{verb} {{obj}} with {{recep}}": f"{verb} {{obj}} using {{recep}}"
        for verb in ("clean", "cool", "heat")
    }
    assert changed("verb", ALFWORLD) == {"go to {recep}": "move to {recep}"}
    assert changed("order", ALFWORLD) == {"take {obj} from {recep}": "from {recep} take {obj}"}
    assert changed("spacing", ALFWORLD) == {}


@pytest.mark.parametrize(
    ("kind", "template", "said"),
    [
        ("preposition", "put {thing} in {place}", "put {thing} inside {place}"),
        ("preposition", "ask Ada about {topic}", "ask Ada regarding {topic}"),
        ("verb", "go {way}", "move {way}"),
        ("verb", "cd {path}", "chdir {path}"),
        ("order", "give {dose} ml of {drug}", "of {drug} give {dose} ml"),
        ("order", "heat {thing} for {n} minutes", "for {n} minutes heat {thing}"),
        ("paraphrase", "take {thing} from {place}", "pick up {thing} from {place}"),
        ("paraphrase", "wait", "let time pass"),
    ],
)
def test_what_it_comes_to_elsewhere(kind: str, template: str, said: str) -> None:
    assert changed(kind, [template]) == {template: said}


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("preposition", "listen to {person}"),
        ("preposition", "look in {place}"),
        ("order", "go to {place}"),
        ("order", "wait"),
        ("verb", "go over {notes}"),
        ("paraphrase", "put on {hat}"),
        ("paraphrase", "look up {word}"),
        ("paraphrase", "opening {door}"),
    ],
)
def test_a_verb_and_what_belongs_to_it_stay_together(kind: str, template: str) -> None:
    assert changed(kind, [template]) == {}


def test_what_another_action_is_called_already_stays_with_that_one() -> None:
    assert changed("verb", ["go to {place}", "move to {place}"]) == {}


def test_a_table_of_ones_own() -> None:
    table = {"Go to {recep}": "head for {recep}", "take {obj} from {recep}": "{recep}: {obj} out"}
    assert changed("paraphrase", ALFWORLD, table) == {
        "go to {recep}": "head for {recep}",
        "take {obj} from {recep}": "{recep}: {obj} out",
    }
    with pytest.raises(PerturbationError, match="makes two actions 'look'"):
        changed("paraphrase", ALFWORLD, {"inventory": "look"})


@pytest.mark.parametrize(
    ("kind", "text", "wrong"),
    [
        ("paraphrase", '{"go to {p}":\n "head for {place}"}', "table:1: .*placeholders of 'go to {p}'"),
        ("paraphrase", "look: stare\nwait: {a: b}", "table:2: wait: a text stands for a text"),
        ("paraphrase", 'go {a}: "go {a"', "table:1: .*braces go in pairs"),
        ("entities", "hall: ''", "table:1: hall: a text stands for a text"),
        ("entities", "hall: 7", "table:1: hall: a text stands for a text"),
        ("entities", 'hall: "a\\nb"', "table:1: hall: a name begins and ends"),
        ("entities", 'hall: "-x"', "table:1: hall: a name begins and ends"),
        ("entities", "- hall", "a table is a mapping"),
        ("entities", "hall: &a passage\nhall: *a", "given twice"),
        ("entities", "", "empty"),
        ("entities", "\udcff", "no text in UTF-8"),
    ],
)
def test_a_table_that_is_none_says_where(kind: str, text: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "table"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(PerturbationError, match=wrong) as refused:
        read_table(file, kind)
    assert "\n" not in str(refused.value)


def test_a_table_is_read_from_yaml_and_json(tmp_path: Path) -> None:
    file = tmp_path / "table"
    file.write_text('"go to {p}": "head for {p}"\n')
    assert read_table(file, "paraphrase") == {"go to {p}": "head for {p}"}
    file.write_text('{"hall": "passage"}')
    assert read_table(file, "entities") == {"hall": "passage"}
    with pytest.raises(PerturbationError, match="cannot be read"):
        read_table(tmp_path, "entities")


def test_a_perturbation_has_a_label_of_its_own() -> None:
    made = [
        *map(perturbation, ("preposition", "verb", "order", "spacing", "paraphrase", "entities")),
        perturbation("entities", seed=12345678),
        perturbation("entities", table={"hall": "passage"}),
        perturbation("paraphrase", table={"look": "stare"}),
        perturbation("paraphrase", table={"look": "gaze"}),
    ]
    assert len({one.label for one in made}) == len(made)
    assert [labelled(one.label) for one in made[:7]] == made[:7]
    unknown = [*(one.label for one in made[7:]), "verb-1", "x", "entities-٣", "entities-03", "entities-", ""]
    assert [labelled(label) for label in unknown] == [None] * len(unknown)


@pytest.mark.parametrize(
    ("name", "keywords", "wrong"),
    [
        ("noun", {}, "'noun' is no perturbation; the perturbations are preposition"),
        ("verb", {"seed": 1}, "the same for every seed"),
        ("entities", {"seed": -1}, "0 or more"),
        ("entities", {"seed": True}, "whole number"),
        ("verb", {"table": {"a": "b"}}, "takes no table; paraphrase and entities do"),
    ],
)
def test_what_is_no_perturbation_is_refused(name: str, keywords: dict[str, object], wrong: str) -> None:
    with pytest.raises(PerturbationError, match=wrong):
        perturbation(name, **keywords)  # type: ignore[arg-type]
