"""Sheets for people: drawn as the paper says, harmless in a spreadsheet, read back however one has written them."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from played_by_hand import broken, episode, erring
from scipy.stats import binomtest

from trpg_env.evaluation.judging import (
    Candidate,
    Drawn,
    Filled,
    People,
    SheetError,
    draw,
    read_key,
    read_sheet,
)
from trpg_env.evaluation.judging.drawing import candidate, said_in
from trpg_env.evaluation.judging.people import wilson
from trpg_env.evaluation.judging.people_table import people_lines
from trpg_env.evaluation.judging.sheet import COLUMNS, Key, KeyRow, key_row, row_id, sheet_row, sheet_text
from trpg_env.trajectory import Participant

DM = Participant(kind="llm", model="m")


def key(said: str, ruled: str | None = None) -> Key:
    """A key of rows r0, r1, … that were called right (`.`) or wrong (`l`); `-` where the engine cannot be asked."""
    labels = {".": "none", "l": "place", "-": None}
    rows = [
        KeyRow(
            id=f"r{i}",
            trajectory="t",
            turn=2,
            script="ship",
            said=labels[letter],  # type: ignore[arg-type]
            ruled=labels[(ruled or "-" * len(said))[i]],  # type: ignore[arg-type]
        )
        for i, letter in enumerate(said)
    ]
    return Key(dm=DM, seed=0, wanted=len(said) // 2, rows=rows)


def filled(answers: str, name: str = "a") -> Filled:
    """Answers to r0, r1, …: `y`, `n`, or `-` for none."""
    right = {f"r{i}": letter == "y" for i, letter in enumerate(answers) if letter != "-"}
    return Filled(name, right, answers.count("-"))


# Drawing.


def test_one_right_and_one_wrong_turn_of_each_trajectory_are_drawn() -> None:
    candidates = [Candidate(f"t{i}", [2, 4], [6, 8, 10]) for i in range(9)]
    found = draw(candidates, 5, np.random.default_rng(0))
    assert len(found) == len(set(found)) == 10
    by_id: dict[str, list[int]] = {}
    for one in found:
        by_id.setdefault(one.id, []).append(one.turn)
    assert len(by_id) == 5
    assert all(sum(turn < 5 for turn in turns) == 1 for turns in by_id.values())


def test_the_order_of_files_makes_no_difference_and_the_seed_does() -> None:
    candidates = [Candidate(f"t{i}", [2, 4], [6, 8, 10]) for i in range(9)]
    first = draw(candidates, 5, np.random.default_rng(0))
    assert draw(candidates[::-1], 5, np.random.default_rng(0)) == first
    assert draw(candidates, 5, np.random.default_rng(1)) != first


def test_the_order_of_rows_does_not_tell_which_turn_was_called_right() -> None:
    candidates = [Candidate(f"t{i}", [2], [4]) for i in range(40)]
    found = draw(candidates, 40, np.random.default_rng(0))
    right = [one.turn == 2 for one in found]
    assert 10 < sum(right[:40]) < 30
    assert 10 < sum(right[::2]) < 30


def test_only_a_trajectory_with_both_can_be_drawn_from() -> None:
    assert candidate("t", said_in(erring("..."))) is None
    assert candidate("t", said_in(erring("pl"))) is None
    assert candidate("t", said_in(erring(".l."))) == ("t", [2, 6], [4])
    assert said_in(broken("ship", 0, errors=".l")) == {}


def test_a_reply_that_names_no_action_is_not_asked_about() -> None:
    player = Participant(kind="llm", model="m")
    played = episode(("", "p", "s", "East!"), ("go", ".", "s", "Thought: x\nAction: go"), player=player)
    assert said_in(played) == {4: None}


# Writing.


def test_a_row_tells_what_the_player_knew_and_not_what_anybody_said_of_it() -> None:
    played = episode(("go east", "."), ("go west", "."), ("look", "."), ("win", "."), ("dance", "p"))
    drawn = Drawn("x", 10)
    row = key_row(drawn, "ship", said_in(played), {10: "place"})
    assert (row.said, row.ruled) == ("parameter", "place")
    cells = dict(zip(COLUMNS, sheet_row(row, played, "You dance."), strict=True))
    assert cells == {
        "id": row_id(drawn),
        "script": "ship",
        "turn": "5",
        "instruction": "Win.\nYou have 9 turns.",
        "before": "DM: seen\n\nPlayer: go west\n\nDM: seen\n\nPlayer: look\n\nDM: seen\n\nPlayer: win\n\nDM: seen",
        "action": "dance",
        "answer": "You dance.",
        "action right?": "",
        "comment": "",
    }
    text = sheet_text([cells.values()]).decode("utf-8-sig")
    assert not {"parameter", "place", "error"} & set(text.lower().split())


@given(st.lists(st.lists(st.text(max_size=12), min_size=9, max_size=9), max_size=4))
def test_whatever_was_written_a_sheet_is_csv_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    data = sheet_text(rows)
    assert data.startswith(b"\xef\xbb\xbfid,")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    assert len(read) == len(rows) + 1
    for row in read:
        assert len(row) == len(COLUMNS)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")']
)
def test_a_cell_that_a_spreadsheet_would_carry_out_begins_with_an_apostrophe(text: str) -> None:
    data = sheet_text([["r1", text, *[""] * 7]]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert rows[1][1] == f"'{text}"


def test_a_cell_is_no_longer_than_a_spreadsheet_takes_and_has_no_control_characters() -> None:
    data = sheet_text([["r1", "x" * 40_000, "a\x00\x1b[2Jb", *[""] * 6]]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert len(rows[1][1]) == 30_000
    assert rows[1][2] == "a��[2Jb"


# Reading back.


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str | bytes, name: str = "sheet.csv") -> Path:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


ANSWERS = (
    "id,script,action right?,comment\r\nr0,ship,yes,\r\nr1,ship,No,well\r\nr2,ship,,\r\nr3,ship, Y ,\r\n"
)
READ = ({"r0": True, "r1": False, "r3": True}, 1)


@pytest.mark.parametrize(
    "data",
    [
        ANSWERS.encode(),
        ANSWERS.encode("utf-8-sig"),
        ANSWERS.replace(",", ";").encode("utf-8-sig"),
        ANSWERS.replace(",", "\t").encode("utf-16"),
        ANSWERS.replace("\r\n", "\n").encode(),
        ANSWERS.replace("\r\n", "\r").encode(),
        ANSWERS.replace("\r\n", ",,\r\n").encode() + b",,,,,\r\n\r\n",
        ANSWERS.replace("r2,ship,,", "r2").encode(),
        ANSWERS.replace("r2,ship,,\r\n", "").encode(),
        b'"comment";"action right?";"id"\n"a;b\nc";"yes";"r0"\n"";"NO";"r1"\n"";"true";"r3"\n',
        ANSWERS.replace("action right?", "Action  right?").encode(),
    ],
    ids=[
        *("as written", "BOM", "semicolons", "tabs in UTF-16", "line feeds", "carriage returns"),
        *("empty cells and rows", "short row", "row left out", "other columns, quoted", "other case"),
    ],
)
def test_a_sheet_is_read_however_a_spreadsheet_has_written_it(
    data: bytes, write: Callable[..., Path]
) -> None:
    sheet = read_sheet(write(data), key(".l.l"))
    assert (sheet.right, sheet.unanswered) == READ


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ANSWERS.replace(",No,", ",maybe,"), 'sheet.csv:3: "maybe" is no answer; write yes or no'),
        (ANSWERS.replace("r3", "r9"), 'sheet.csv:5: "r9" stands for the id, which is no row'),
        (ANSWERS.replace("r3", "r0"), "sheet.csv:5: row r0 is here a second time, line 2 has it too"),
        (
            ANSWERS.replace("No,well", "No,well,really"),
            "sheet.csv:3: 5 cells stand here, the first line has 4",
        ),
        (ANSWERS.replace("well", '"well'), "sheet.csv:3: this row cannot be read"),
        (ANSWERS.replace("action right?", "right"), "sheet.csv:1: the first line has to name the columns"),
        ("", "sheet.csv:1: the first line has to name the columns"),
        (ANSWERS.encode().replace(b"well", b"\xfc"), "sheet.csv:3: this is no UTF-8"),
        ('id,action right?,comment\nr0,yes,"a\nb"\nr9,yes,\n', 'sheet.csv:4: "r9" stands'),
        (ANSWERS.encode("utf-16")[:-1], "sheet.csv is cut short"),
    ],
    ids=[
        *("no answer", "other id", "twice", "more cells", "open quotation mark", "no column", "empty"),
        *("no UTF-8", "behind two lines", "cut short"),
    ],
)
def test_what_is_no_such_sheet_is_refused_by_its_line(
    text: str | bytes, told: str, write: Callable[..., Path]
) -> None:
    with pytest.raises(SheetError) as refused:
        read_sheet(write(text), key(".l.l"))
    assert told in str(refused.value)


def test_what_is_no_key_is_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    made = key(".l")
    assert read_key(write(made.text(), "key.json")) == made
    for text in ("{}", "[", made.text().replace("r1", "r0")):
        with pytest.raises(SheetError, match="is no key of a sheet"):
            read_key(write(text, "key.json"))
    with pytest.raises(SheetError, match=r"not there; key\.json was written"):
        read_key(tmp_path / "nowhere" / "key.json")
    with pytest.raises(SheetError, match="is a folder"):
        read_key(tmp_path)


# People.


def test_the_papers_figures_come_out_of_answers_like_the_papers() -> None:
    people = People.of(key("." * 50 + "l" * 50), [filled("y" * 47 + "n" * 3 + "n" * 41 + "y" * 9)])
    (one,) = people.annotators
    assert (one.dm.right.agreed, one.dm.right.n, one.dm.wrong.agreed, one.dm.wrong.n) == (47, 50, 41, 50)
    # Agreed on 88 of 100; by chance (50·56 + 50·44) of 100² = 0.5.
    assert one.dm.kappa == pytest.approx((0.88 - 0.5) / 0.5)
    assert one.engine is None
    told = people_lines(people)
    assert "  of 50 turns that the DM calls right they agree on 47 (94.0%, 83.8% to 97.9%)" in told
    assert "  of 50 turns that the DM calls wrong they agree on 41 (82.0%, 69.2% to 90.2%)" in told


def test_people_are_set_beside_the_engine_where_it_can_be_asked() -> None:
    people = People.of(key("..ll", "l.l-"), [filled("nynn")])
    (one,) = people.annotators
    assert (one.dm.right.agreed, one.dm.wrong.agreed) == (1, 2)
    assert one.engine is not None
    assert (one.engine.right.agreed, one.engine.right.n, one.engine.wrong.agreed, one.engine.wrong.n) == (
        1,
        1,
        2,
        2,
    )
    assert one.engine.kappa == 1


def test_unanswered_rows_are_in_no_figure() -> None:
    assert people_lines(People.of(key("..ll"), [filled("----")]))[3:] == ["a: 0 answers, 4 unanswered"]
    (one,) = People.of(key("..ll"), [filled("y-n-")]).annotators
    assert (one.answered, one.unanswered, one.dm.right.n, one.dm.wrong.n) == (2, 2, 1, 1)


def test_annotators_are_set_beside_one_another_and_the_majority_is_told() -> None:
    sheets = [filled("yyyynn", "a"), filled("yynnnn", "b"), filled("yyy--n", "c")]
    people = People.of(key("...lll"), sheets)
    first, second, third = people.pairs
    assert (first.first, first.second, first.all.agreed, first.all.n) == ("a", "b", 4, 6)
    # By chance 4·2 + 2·4 = 16 of 36; agreed 4·6 = 24.
    assert first.kappa == pytest.approx(8 / 20)
    assert (second.all.agreed, second.all.n, third.all.agreed, third.all.n) == (4, 4, 3, 4)
    assert people.majority is not None
    # r3: one for, one against, one silent.
    assert (people.majority.answered, people.majority.unanswered) == (5, 1)
    assert (people.majority.dm.right.agreed, people.majority.dm.wrong.agreed) == (3, 2)
    told = people_lines(people)
    assert "a and b: 4 of 6 (66.7%, 30.0% to 90.3%), kappa 0.400" in told


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys(case: tuple[int, int]) -> None:
    agreed, n = case
    wanted = binomtest(agreed, n).proportion_ci(method="wilson")
    assert wilson(agreed, n) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_an_interval_of_nothing_is_none() -> None:
    assert wilson(0, 0) is None
    (one,) = People.of(key(".l"), [filled("--")]).annotators
    assert one.dm.right.share is one.dm.right.low is one.dm.kappa is None
    assert people_lines(People.of(key(".l"), [filled("--")]))
