"""`export --format messages`: the canonical refinement-tuning dataset."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tuning_helpers import (
    ABLATIONS,
    asked,
    expected,
    flags,
    made,
    published,
    records,
    runs,
    said,
    some_errors,
    trajectories,
)

from trpg_env import export
from trpg_env.trajectory import DMTurn, PlayerTurn, Trajectory
from trpg_env.tuning import ExportError, conversation


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
            keys = ["role", "content"] if message["role"] == "user" else ["role", "content", "loss", "error"]
            assert list(message) == keys


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
        wrong = [letter == "x" for letter in flags(by_id[record["id"]]).rstrip("x")]
        assert [reply["error"] for reply in replies] == wrong
        assert [reply["loss"] for reply in replies] == [not error for error in wrong]
        errors += sum(wrong)
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
    wanted = [
        t.id
        for t in played
        if runs(flags(t)) >= least and (t.outcome == "completed" or not success_only) and "." in flags(t)
    ]
    assert [record["id"] for record in records(tmp_path)] == wanted
    assert summary.records == len(wanted)
    assert summary.left_out.total() == len(played) - len(wanted)


def test_the_papers_choice_is_the_default(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path / "a")
    export(played, "messages", tmp_path / "b", min_refinements=2, success_only=True, train_errors=False)
    assert records(tmp_path / "a") == records(tmp_path / "b")


def test_episodes_that_broke_are_never_written(played: list[Trajectory], tmp_path: Path) -> None:
    broken = [t.model_copy(update={"outcome": "error", "id": f"broken-{t.id}"}) for t in played]
    summary = export(broken + played, "messages", tmp_path, min_refinements=0, success_only=False)
    assert not [r for r in records(tmp_path) if r["id"].startswith("broken")]
    assert summary.left_out["the episode broke"] == len(played)


def test_the_same_episode_is_written_once(tmp_path: Path) -> None:
    broken = made(".p.p.", "b", outcome="error")
    twice = [made(".p.p.", "a"), broken, made(".p.p.", "a"), made(".p.p.", "b"), made(".p.p.", "a")]
    summary = export(twice, "messages", tmp_path)
    assert [record["id"] for record in records(tmp_path)] == ["a", "b"]
    assert summary.left_out == {"the same episode again": 2, "the episode broke": 1}


@pytest.mark.parametrize("limit", [None, 5])
def test_another_episode_of_the_same_id_is_left_out_and_counted_as_such(
    limit: int | None, tmp_path: Path
) -> None:
    first, other = made(".p.p.", "a"), made(".p.pp.", "a")
    summary = export([first, other, first, other, made(".p.p.", "b")], "messages", tmp_path, limit=limit)
    assert sorted(record["id"] for record in records(tmp_path)) == ["a", "b"]
    assert {len(record["messages"]) for record in records(tmp_path)} == {10}
    assert summary.left_out == {
        "the same episode again": 1,
        "another episode of the same id: give players that differ another kind, model or sampling": 2,
    }


def test_an_episode_that_differs_in_its_words_alone_is_another_one(tmp_path: Path) -> None:
    first = made(".p.p.", "a")
    turns = [first.turns[0], first.turns[1].model_copy(update={"thought": "else"}), *first.turns[2:]]
    summary = export([first, first.model_copy(update={"turns": turns})], "messages", tmp_path)
    assert [reason.partition(":")[0] for reason in summary.left_out] == ["another episode of the same id"]


def test_excluded_families_are_left_out_and_a_family_that_is_not_there_is_told(tmp_path: Path) -> None:
    three = [made(".p.p.", family, family) for family in ("ship", "dungeon", "office")]
    summary = export(three, "messages", tmp_path, exclude=["ship", "dungeon", "shop"])
    assert [record["family"] for record in records(tmp_path)] == ["office"]
    assert summary.left_out == {"the family is excluded": 2}
    assert summary.shortfalls() == ["no trajectory is of the excluded family shop; did you mean 'ship'?"]
    assert "fell short          no trajectory is of the excluded family shop; did" in "\n".join(
        summary.lines()
    )
    assert export(three, "messages", tmp_path, exclude="ship").left_out.total() == 1


@pytest.mark.parametrize(
    ("script", "name"),
    [("cool-tomato", "cool-tomato"), ("/home/ada/tomato.yaml", "tomato"), ("/home/ada/t.yaml", "t.yaml")],
)
def test_a_scripts_name_in_place_of_a_family_is_told_with_the_family(
    script: str, name: str, tmp_path: Path
) -> None:
    summary = export([made(".p.p.", "a", "household", script=script)], "messages", tmp_path, exclude=[name])
    assert summary.shortfalls() == [
        f"no trajectory is of the excluded family {name}; {name} is a script; its family is household"
    ]


def test_names_that_are_no_family_are_told_in_one_line_each_whatever_is_in_them(tmp_path: Path) -> None:
    trajectories = [made(".p.p.", family="a\nb" * 999, script="x/\n\x1b" * 999), made(".p.p.", "y", "z")]
    told = export(trajectories, "messages", tmp_path, exclude=["c\nd" * 9_999, "no"]).shortfalls()
    assert len(told) == 2
    assert all("\n" not in line and len(line) < 500 for line in told)


def test_turns_that_do_not_alternate_are_left_out_and_counted(tmp_path: Path) -> None:
    good = made(".p.p.")
    bad = {
        "no answer": good.turns[:-1],
        "the player begins": good.turns[1:],
        "the DM twice": [good.turns[0], *good.turns],
        "the player alone": [good.turns[1]],
        "swapped": [good.turns[0], good.turns[2], good.turns[1]],
    }
    odd = [good.model_copy(update={"id": name, "turns": turns}) for name, turns in bad.items()]
    summary = export([*odd, good], "messages", tmp_path, min_refinements=0)
    assert [record["id"] for record in records(tmp_path)] == ["x"]
    assert summary.left_out == {"its turns are not the DM's and the player's in turn": len(bad)}


def test_the_summary_counts_what_was_written(played: list[Trajectory], tmp_path: Path) -> None:
    summary = export(iter(played), "messages", str(tmp_path))
    replies = [m for record in records(tmp_path) for m in record["messages"] if m["role"] == "assistant"]
    assert (summary.replies, summary.trained) == (len(replies), sum(m["loss"] for m in replies))
    assert summary.errors == sum(m["error"] for m in replies)
    assert summary.read.episodes == len(played)
    assert summary.families.total() == summary.records == summary.files["data.jsonl"]
    assert f"records             {summary.records} of {len(played)} trajectories" in summary.lines()
    assert summary.lines()[-1].endswith(str(tmp_path))
    assert all("\n" not in line for line in summary.lines())


def test_no_trajectories_are_an_empty_dataset(tmp_path: Path) -> None:
    summary = export([], "messages", tmp_path)
    assert (summary.records, records(tmp_path)) == (0, [])
    assert summary.shortfalls() == [
        "no record was written, and a dataset without records does not load: there were no trajectories"
    ]
    assert "every trajectory was left out" in export([made("p")], "messages", tmp_path).shortfalls()[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "data.jsonl"]


@pytest.mark.parametrize("format", ["", "Messages", "parquet", "messages ", None, []])
def test_an_unknown_format_names_those_there_are(format: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="paper, messages, openai"):
        export([], format, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"min_refinements": -1}, "min_refinements is a whole number, 0 or more, not -1"),
        ({"min_refinements": "2"}, "min_refinements is a whole number, 0 or more, not '2'"),
        ({"min_refinements": None}, "min_refinements is a whole number"),
        ({"limit": 0}, "limit is a whole number, 1 or more, not 0"),
        ({"limit": "3"}, "limit is a whole number, 1 or more, not '3'"),
        ({"limit": 2.0}, "limit is a whole number"),
        ({"limit": True}, "limit is a whole number"),
        ({"seed": -1}, "seed is a whole number, 0 or more, not -1"),
        ({"seed": "0"}, "seed is a whole number"),
        ({"split": "0.5"}, "split is a share .* not '0.5'"),
        ({"split": 1j}, "split is a share"),
        ({"exclude": 3}, "exclude is a family's name or a list of names, not 3"),
        ({"exclude": ["ship", 3]}, "exclude is a family's name"),
        ({"exclude": None}, "exclude is a family's name"),
        ({"split": 0.0}, "split is a share"),
        ({"split": 1.0}, "split is a share"),
        ({"split": float("nan")}, "split is a share"),
    ],
    ids=str,
)
def test_an_option_out_of_its_range_is_refused_before_anything_is_made(
    options: dict[str, Any], named: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=named):
        export([], "messages", tmp_path / "x", **options)
    assert not (tmp_path / "x").exists()


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    trajectories = [made(".p.p.", f"{i}") for i in range(3)]
    options: dict[str, Any] = {"limit": np.int64(2), "min_refinements": np.int32(1), "seed": np.uint8(1)}
    assert export(trajectories, "messages", tmp_path, split=np.float32(0.5), **options).records == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("e.jsonl", r"'e.jsonl' is a path, not trajectories; write read_trajectories\('e.jsonl'\)"),
        (Path("e.jsonl"), "is a path, not trajectories"),
        (b"e.jsonl", "is a path, not trajectories"),
        (made("."), r"write a list of trajectories: \[trajectory\]"),
        (made(".").model_dump(), r"write a list of trajectories: \[trajectory\]"),
        (None, "trajectories are wanted, such as a list of them, not None"),
        (
            [made(".p.p."), "e.jsonl"],
            r"trajectories\[1\] is a str; a trajectory is a Trajectory or a mapping",
        ),
        ([[made(".")]], r"trajectories\[0\] is a list"),
        ([{}], r"trajectories\[0\] is not a trajectory: id: Field required"),
        ([made(".").model_dump() | {"seed": "x"}], r"trajectories\[0\] is not a trajectory: seed: "),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_trajectory_is_refused_in_one_sentence(given: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=told) as caught:
        export(given, "messages", tmp_path / "x")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("out", [None, 3, b"x"])
def test_a_folder_is_a_path(out: Any) -> None:
    with pytest.raises(ExportError, match="out is a folder's path, not "):
        export([], "messages", out)


def test_mappings_are_taken_as_verify_takes_them(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "messages", tmp_path / "a")
    export([json.loads(t.model_dump_json()) for t in played], "messages", tmp_path / "b")
    assert records(tmp_path / "a") == records(tmp_path / "b") != []


def test_trajectories_are_read_one_at_a_time(tmp_path: Path) -> None:
    (out := tmp_path / "out").mkdir()
    sizes = []

    def slowly() -> Iterator[Trajectory]:
        for i in range(4):
            sizes.append(sum(p.stat().st_size for p in out.iterdir()))
            yield made(".p.p.", f"{i}", instruction="x" * 100_000)

    export(slowly(), "messages", out)
    assert sizes[0] == 0
    assert sizes == sorted(set(sizes))


@given(some_errors)
def test_any_conversation_alternates_and_ends_on_a_correct_reply(errors: str) -> None:
    messages = conversation(made(errors))
    assert [m.role for m in messages] == ["user", "assistant"] * (len(messages) // 2)
    assert not messages or messages[-1].error is False
    assert bool(messages) == ("." in errors)
    assert all(m.loss is None and m.error is None for m in messages[::2])


@pytest.mark.parametrize("ablation", ABLATIONS)
@settings(max_examples=30)
@given(trajectory=trajectories())
def test_whatever_was_played_is_read_back_turn_by_turn_with_its_masks(
    ablation: str | None, trajectory: Trajectory, tmp_path: Path
) -> None:
    summary = export([trajectory], "messages", tmp_path, min_refinements=0, **asked(ablation))
    replies = expected(flags(trajectory), ablation)
    if not any(loss for _, loss, _ in replies):
        assert records(tmp_path) == []
        assert summary.left_out.total() == 1
        return
    (record,) = records(tmp_path)
    opening, *rest = trajectory.turns
    players = [turn for turn in rest if isinstance(turn, PlayerTurn)]
    answers = [turn for turn in rest if isinstance(turn, DMTurn)]
    seen = [f"{trajectory.instruction}\n\n{opening.model_dump()['observation']}"]
    seen += [answers[i].observation for i, _, _ in replies]
    spoken = [said(players[i].thought, players[i].action) for i, _, _ in replies]
    wanted = []
    for user, reply, (_, loss, error) in zip(seen, spoken, replies, strict=False):
        wanted += [
            {"role": "user", "content": user},
            {"role": "assistant", "content": reply, "loss": loss, "error": error},
        ]
    assert record["messages"] == wanted
    assert (record["id"], record["script"], record["family"]) == (
        trajectory.id,
        published(trajectory.script),
        trajectory.family,
    )
    assert (summary.replies, summary.trained) == (len(replies), sum(loss for _, loss, _ in replies))


def test_a_text_of_any_characters_stays_on_its_line(tmp_path: Path) -> None:
    told = "a\nb\r\n\u2028\u0085\x00\x1b🧙"
    export([made(".", instruction=told)], "messages", tmp_path, min_refinements=0)
    (line,) = (tmp_path / "data.jsonl").read_bytes().splitlines(keepends=True)
    assert line.endswith(b"\n")
    assert json.loads(line)["messages"][0]["content"] == f"{told}\n\nscene"


@pytest.mark.parametrize(
    ("reply", "content"),
    [
        ("I cannot decide.", "I cannot decide."),
        ("<think>West?</think>\nAction: go west\nAction: go east\n", "Action: go west\nAction: go east"),
        ("<think>West?", "…"),
        ("", "…"),
    ],
)
def test_a_malformed_reply_stands_as_it_was_said_and_without_loss(reply: str, content: str) -> None:
    trajectory = made(".p.")
    turns = [*trajectory.turns]
    turns[3] = turns[3].model_copy(update={"thought": "", "action": "", "reply": reply})
    messages = conversation(trajectory.model_copy(update={"turns": turns}))
    assert messages[3].as_dict() == {"role": "assistant", "content": content, "loss": False, "error": True}
    assert messages[1].content == "Thought: why 1\nAction: do 1"


def test_an_empty_action_without_a_reply_stays_what_it_is() -> None:
    trajectory = made(".p.")
    turns = [*trajectory.turns]
    turns[3] = turns[3].model_copy(update={"thought": "", "action": ""})
    assert conversation(trajectory.model_copy(update={"turns": turns}))[3].content == "Thought: \nAction: "
