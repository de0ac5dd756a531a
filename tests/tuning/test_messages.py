"""`export --format messages`: the canonical refinement-tuning dataset."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trpg_env import export, rollout
from trpg_env.agents import ErringAgent, RandomAgent
from trpg_env.script import Script
from trpg_env.trajectory import DMTurn, Participant, PlayerTurn, Trajectory
from trpg_env.tuning import ExportError, conversation


@pytest.fixture(scope="module")
def played(load: Callable[[Any], Script], sandbox: Any) -> list[Trajectory]:
    scripts = [load(name) for name in ("cool-tomato", "dungeon", "office-mail")]
    erring = list(rollout(scripts, ErringAgent(), 12, sandbox=sandbox))
    return erring + list(rollout(scripts, RandomAgent(), 3, sandbox=sandbox, max_turns=10))


def records(folder: Path) -> list[dict[str, Any]]:
    """Every record of every JSON Lines file below a folder."""
    return [
        json.loads(line) for file in sorted(folder.rglob("*.jsonl")) for line in file.read_text().splitlines()
    ]


def flags(trajectory: Trajectory) -> list[bool]:
    """Whether each of the player's turns was erroneous, read off the DM's flags alone."""
    data = trajectory.model_dump()["turns"][2::2]
    return [turn["parameter_error"] or turn["place_error"] or turn["logic_error"] for turn in data]


def runs(errors: list[bool]) -> int:
    """Error-and-refines, counted in another way than the package does."""
    return sum(1 for run in "".join("x" if e else "." for e in errors).rstrip("x").split(".") if run)


def test_a_record_has_messages_id_script_and_family_and_nothing_else(
    played: list[Trajectory], tmp_path: Path
) -> None:
    export(played, "messages", tmp_path)
    written = records(tmp_path)
    assert written
    by_id = {t.id: t for t in played}
    for record in written:
        assert list(record) == ["messages", "id", "script", "family"]
        trajectory = by_id[record["id"]]
        assert (record["script"], record["family"]) == (trajectory.script, trajectory.family)
        for message in record["messages"]:
            expected = (
                ["role", "content"] if message["role"] == "user" else ["role", "content", "loss", "error"]
            )
            assert list(message) == expected


def test_messages_alternate_from_the_user_to_a_correct_reply(
    played: list[Trajectory], tmp_path: Path
) -> None:
    export(played, "messages", tmp_path, min_refinements=0, success_only=False)
    for record in records(tmp_path):
        roles = [message["role"] for message in record["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert record["messages"][-1]["error"] is False


def test_loss_is_just_where_the_dm_found_no_error(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path, min_refinements=0, success_only=False)
    by_id = {t.id: t for t in played}
    errors = 0
    for record in records(tmp_path):
        replies = [m for m in record["messages"] if m["role"] == "assistant"]
        expected = flags(by_id[record["id"]])
        while expected[-1]:
            expected.pop()
        assert [reply["error"] for reply in replies] == expected
        assert [reply["loss"] for reply in replies] == [not error for error in expected]
        errors += sum(expected)
    assert errors > 20


def test_the_contents_are_the_trajectorys_own_words(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path)
    by_id = {t.id: t for t in played}
    for record in records(tmp_path):
        turns = by_id[record["id"]].model_dump()["turns"]
        first, *rest = record["messages"]
        assert first["content"] == f"{by_id[record['id']].instruction}\n\n{turns[0]['observation']}"
        for message, turn in zip(rest, turns[1:], strict=False):
            if turn["role"] == "Player":
                assert message["content"] == f"Thought: {turn['thought']}\nAction: {turn['action']}"
            else:
                assert message["content"] == turn["observation"]


@pytest.mark.parametrize("least", [0, 1, 2, 4])
@pytest.mark.parametrize("success_only", [True, False])
def test_what_is_left_out_is_what_was_asked_to_be(
    least: int, success_only: bool, played: list[Trajectory], tmp_path: Path
) -> None:
    summary = export(played, "messages", tmp_path, min_refinements=least, success_only=success_only)
    expected = [
        t.id
        for t in played
        if runs(flags(t)) >= least and (t.outcome == "completed" or not success_only) and not all(flags(t))
    ]
    assert [record["id"] for record in records(tmp_path)] == expected
    assert summary.records == len(expected)
    assert summary.left_out.total() == len(played) - len(expected)


def test_the_papers_choice_is_the_default(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path / "a")
    export(played, "messages", tmp_path / "b", min_refinements=2, success_only=True, train_errors=False)
    assert records(tmp_path / "a") == records(tmp_path / "b")


def test_errors_can_be_trained_on_as_an_ablation(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path, train_errors=True)
    replies = [m for record in records(tmp_path) for m in record["messages"] if m["role"] == "assistant"]
    assert all(reply["loss"] for reply in replies)
    assert any(reply["error"] for reply in replies)


def test_episodes_that_broke_are_never_written(played: list[Trajectory], tmp_path: Path) -> None:
    broken = [t.model_copy(update={"outcome": "error", "id": f"broken-{t.id}"}) for t in played]
    summary = export(broken + played, "messages", tmp_path, min_refinements=0, success_only=False)
    assert not [r for r in records(tmp_path) if r["id"].startswith("broken")]
    assert summary.left_out["the episode broke"] == len(played)


def test_the_summary_counts_what_was_written(played: list[Trajectory], tmp_path: Path) -> None:
    summary = export(iter(played), "messages", str(tmp_path))
    replies = [m for record in records(tmp_path) for m in record["messages"] if m["role"] == "assistant"]
    assert (summary.replies, summary.trained) == (len(replies), sum(m["loss"] for m in replies))
    assert summary.read.episodes == len(played)
    assert summary.families.total() == summary.records
    assert f"records             {summary.records} of {len(played)} trajectories" in summary.lines()
    assert summary.lines()[-1].endswith(str(tmp_path))


def test_a_readme_tells_what_the_dataset_is(played: list[Trajectory], tmp_path: Path) -> None:
    summary = export(played, "messages", tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("---\n")
    assert f"| records | {summary.records} of {len(played)} trajectories |" in text
    for family, count in summary.families.items():
        assert f"| {family} | {count} |" in text
    assert "licence" in text


def test_nothing_else_is_in_the_folder(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path / "new" / "dataset")
    assert sorted(p.name for p in (tmp_path / "new" / "dataset").iterdir()) == ["README.md", "data.jsonl"]


def test_an_earlier_dataset_is_replaced(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path, min_refinements=0)
    export(played[:1], "messages", tmp_path, min_refinements=0)
    assert [record["id"] for record in records(tmp_path)] == [played[0].id]


def test_where_reading_fails_the_old_dataset_stays(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def torn() -> Iterator[Trajectory]:
        yield from played[:2]
        raise RuntimeError("the file is torn")

    with pytest.raises(RuntimeError, match="torn"):
        export(torn(), "messages", tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_no_trajectories_are_an_empty_dataset(tmp_path: Path) -> None:
    summary = export([], "messages", tmp_path)
    assert (summary.records, records(tmp_path)) == (0, [])


@pytest.mark.parametrize("format", ["", "Messages", "parquet", "messages "])
def test_an_unknown_format_names_those_there_are(format: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="messages"):
        export([], format, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "out", ["file", "file/below", "nul\0l", "x" * 5_000], ids=lambda out: ascii(out[:10])
)
def test_a_folder_that_cannot_be_made_is_an_export_error(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"cannot be"):
        export([], "messages", tmp_path / out)


def test_a_family_of_any_name_does_not_break_the_readmes_table(
    played: list[Trajectory], tmp_path: Path
) -> None:
    odd = played[0].model_copy(update={"family": "a|b\n| c <script>"})
    export([odd], "messages", tmp_path, min_refinements=0)
    (row,) = [line for line in (tmp_path / "README.md").read_text().splitlines() if "script>" in line]
    assert row == "| a\\|b \\| c &lt;script> | 1 |"


def made(errors: list[str | None], said: str) -> Trajectory:
    def dm(turn: int, error: str | None) -> DMTurn:
        return DMTurn(
            turn=turn,
            thought="",
            observation=said,
            parameter_error=error == "parameter",
            place_error=error == "place",
            logic_error=error == "logic",
            message="",
            progress=0,
            completed=[],
            state_hash="",
        )

    turns: list[DMTurn | PlayerTurn] = [dm(0, None)]
    for error in errors:
        turns += [PlayerTurn(turn=len(turns), thought=said, action=said), dm(len(turns) + 1, error)]
    return Trajectory(
        id="x",
        script=None,
        script_hash="",
        family=said,
        seed=0,
        luck=0,
        player=Participant(kind="x"),
        dm=Participant(kind="x"),
        instruction=said,
        turns=turns,
        success=True,
        progress=1,
        outcome="completed",
    )


some_errors = st.lists(st.sampled_from([None, "parameter", "place", "logic"]), max_size=12)


@given(some_errors, st.booleans())
def test_any_conversation_alternates_and_ends_on_a_correct_reply(
    errors: list[str | None], train_errors: bool
) -> None:
    messages = conversation(made(errors, "x"), train_errors=train_errors)
    if not messages:
        assert all(errors)
        return
    assert [m.role for m in messages] == ["user", "assistant"] * (len(messages) // 2)
    replies = messages[1::2]
    assert replies[-1].error is False
    assert [m.error for m in replies] == [e is not None for e in errors[: len(replies)]]
    assert all(errors[len(replies) :])
    assert [m.loss for m in replies] == [train_errors or not m.error for m in replies]
    assert all(m.loss is None and m.error is None for m in messages[::2])


@settings(max_examples=30)
@given(st.text(alphabet=st.characters(), max_size=30))
def test_any_text_is_written_on_one_line_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    out = tmp_path_factory.mktemp("dataset")
    trajectory = made([None], text)
    export([trajectory], "messages", out, min_refinements=0)
    (line,) = (out / "data.jsonl").read_bytes().splitlines(keepends=True)
    assert line.endswith(b"\n")
    said = trajectory.family
    assert json.loads(line)["messages"][1]["content"] == f"Thought: {said}\nAction: {' '.join(said.split())}"
