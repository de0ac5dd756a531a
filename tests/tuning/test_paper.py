"""`export --format paper`: the wire format of the paper's figure."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tuning_helpers import ABLATIONS, asked, dm, made, published, records, some_errors, trajectories

from trpg_env import export
from trpg_env.trajectory import PlayerTurn, Trajectory
from trpg_env.tuning import ExportError, read_paper


def test_turns_have_the_keys_of_the_figure(tmp_path: Path) -> None:
    export([made("p.", "a", "ship")], "paper", tmp_path, min_refinements=1)
    (record,) = records(tmp_path)
    right = {"parameter_error": False, "place_error": False, "logic_error": False}
    assert record == {
        "trajectory": [
            {"turn": 0, "role": "DM", "Thought": "t", "Observation": "scene", **right},
            {"turn": 1, "role": "Player", "Thought": "why 1", "Action": "do 1"},
            {
                "turn": 2,
                "role": "DM",
                "Thought": "t",
                "Observation": "seen 1",
                **right,
                "parameter_error": True,
            },
            {"turn": 3, "role": "Player", "Thought": "why 2", "Action": "do 2"},
            {"turn": 4, "role": "DM", "Thought": "t", "Observation": "seen 2", **right},
        ],
        "id": "a",
        "script": "s",
        "family": "ship",
        "instruction": "rules of play",
    }


@settings(max_examples=30)
@given(trajectory=trajectories(some_errors.map(lambda errors: f".{errors}")))
def test_whatever_was_played_is_read_back(trajectory: Trajectory, tmp_path: Path) -> None:
    export([trajectory], "paper", tmp_path, min_refinements=0)
    (record,) = records(tmp_path)
    assert read_paper(record) == trajectory.turns
    assert (record["id"], record["script"], record["family"], record["instruction"]) == (
        trajectory.id,
        published(trajectory.script),
        trajectory.family,
        trajectory.instruction,
    )


def test_what_the_wire_format_does_not_tell_is_blank(played: list[Trajectory], tmp_path: Path) -> None:
    export(played, "paper", tmp_path)
    by_id = {t.id: t for t in played}
    untold = {"message": "", "progress": 0.0, "completed": [], "state_hash": ""}
    for record in records(tmp_path):
        wanted = [
            turn.model_copy(update={"reasoning": None, "reply": None} if turn.role == "Player" else untold)
            for turn in by_id[record["id"]].turns
        ]
        assert read_paper(record) == wanted


def test_an_error_at_the_end_stays_for_it_was_played(tmp_path: Path) -> None:
    summary = export([made(".p.pp")], "paper", tmp_path, min_refinements=0)
    assert len(records(tmp_path)[0]["trajectory"]) == 11
    assert (summary.replies, summary.errors) == (5, 3)
    assert "loss" not in "".join(summary.lines())


@pytest.mark.parametrize("ablation", ABLATIONS[1:])
def test_an_ablation_of_the_loss_is_refused(ablation: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=f"so {ablation} does not go with it.*messages, openai"):
        export([], "paper", tmp_path / "x", **asked(ablation))
    assert not (tmp_path / "x").exists()


TURN: dict[str, Any] = {"turn": 0, "role": "DM", "Thought": "", "Observation": ""}
TURN |= {"parameter_error": False, "place_error": False, "logic_error": False}


def test_a_record_of_ones_own_is_read_too() -> None:
    player = {"turn": 1, "role": "Player", "Thought": "why", "Action": "go"}
    assert read_paper({"trajectory": [TURN, player]}) == [
        dm(0, "", thought=""),
        PlayerTurn(turn=1, thought="why", action="go"),
    ]


@pytest.mark.parametrize(
    ("record", "where"),
    [
        ({}, "trajectory"),
        ({"trajectory": []}, "trajectory"),
        ({"trajectory": "turns"}, "trajectory"),
        ({"trajectory": [1]}, "trajectory.0"),
        ({"trajectory": [{}]}, "0"),
        ({"trajectory": [TURN | {"role": "GM"}]}, "0"),
        ({"trajectory": [TURN, {"turn": 1, "role": "Player", "Thought": "no action"}]}, "1.Player.action"),
        ({"trajectory": [TURN | {"mood": "good"}]}, "0.DM.mood"),
        ({"trajectory": [{k: v for k, v in TURN.items() if k != "place_error"}]}, "0.DM.place_error"),
    ],
    ids=str,
)
def test_what_is_no_record_is_refused_with_its_place(record: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueError, match=rf"not a record of the paper's format: {where}: "):
        read_paper(record)
