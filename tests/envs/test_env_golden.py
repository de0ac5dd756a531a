"""Two episodes written out in full: every observation and every reward."""

from collections.abc import Callable
from typing import Any

import pytest

TOMATO = """\
You are: A line cook on her first evening shift
Your goal: Put a cool tomato in the microwave.
Your actions, one each turn, with what may stand for each {placeholder}:
- go {direction}: Walk through an exit. {direction}: east, west.
- open {thing}. {thing}: fridge, microwave.
- close {thing}. {thing}: fridge, microwave.
- take {thing}. {thing}: tomato.
- put {thing} in {container}. {thing}: tomato. {container}: fridge, microwave.
- ask {person} about {topic}. {person}: Ines. {topic}: any text, such as cold, weather.
Places: kitchen, hall.
You have 30 turns.

Place: hall. A draughty hall.
Exits: west (kitchen).
You see: tomato, Ines.
You carry: nothing."""

COOLING_A_TOMATO = [
    ("go up", '"up" is not a valid direction for "go {direction}". Valid: east, west.', "parameter"),
    ("open fridge", "There is no fridge here.", "place"),
    ("ask Ines about cold", "The fridge cools whatever lies in it.", 0),
    ("ask Ines about the weather", "Ines shrugs.", 0),
    ("take tomato", "You take the tomato; it is warm.", 1 / 3),
    ("take tomato", "You hold the tomato already.", "logic"),
    (
        "go west",
        "Place: kitchen. A narrow galley kitchen.\nExits: east (hall).\n"
        "You see: fridge (closed), microwave (open, empty).\nYou carry: tomato.",
        0,
    ),
    ("put tomato in fridge", "You must hold the tomato, and the fridge must be open.", "logic"),
    ("open the fridge", "You open the fridge and see nothing.", 0),
    ("put tomato in fridge", "You put the tomato in the fridge.", 0),
    ("close fridge", "You close the fridge.", 1 / 3),
    ("close fridge", "The fridge is closed already.", "logic"),
    ("open fridge", "You open the fridge and see tomato.", 0),
    ("take tomato", "You take the tomato; it is cool.", 0),
    ("put tomato in microwave", "You put the tomato in the microwave.", 1 / 3),
]

CORRECTING_AN_INVOICE = [
    (
        "open folder documents",
        "documents: The association's files. Messages: nothing. "
        "Files: invoice-214, invoice-214b and members-list. Cards: nothing.",
        0,
    ),
    ("view invoice-214b", "Invoice 214, corrected: fourteen jars of lime honey.", 0),
    (
        "begin draft",
        "You would not know what to write, or to whom. First find out what is wanted.",
        "logic",
    ),
    (
        "open folder inbox",
        "inbox: What has come in. Messages: request and newsletter. Files: nothing. Cards: nothing.",
        0,
    ),
    (
        "read request",
        "From Ruta of Meadow Gold: Invoice 214 charges forty jars; we had fourteen. "
        "Please send the corrected one to billing@meadowgold.example, not to me. Ruta.",
        0,
    ),
    (
        "open folder documents",
        "documents: The association's files. Messages: nothing. "
        "Files: invoice-214, invoice-214b and members-list. Cards: nothing.",
        0,
    ),
    ("begin draft", "An empty sheet with a greeting at the foot of it.", 1 / 6),
    ("begin the letter", 'There is no such action: "begin the letter".', "parameter"),
    ("address draft to billing@meadowgold.example", "To: billing@meadowgold.example", 1 / 6),
    ("title draft Invoice 214, corrected", "Subject: Invoice 214, corrected", 0),
    ("send draft", "The draft has no attachment, though its text promises one.", "logic"),
    ("attach invoice-214b", "Attached: invoice-214b.", 1 / 6),
    ("file request", "You file messages from the inbox, and you are in documents.", "place"),
    (
        "open folder inbox",
        "inbox: What has come in. Messages: request and newsletter. Files: nothing. Cards: nothing.",
        0,
    ),
    (
        "send draft",
        "Off it goes to billing@meadowgold.example.\nThe machine chimes. A receipt has come into the inbox.",
        1 / 6,
    ),
    ("file request", "The request is filed. Left in the inbox: newsletter and receipt.", 1 / 6),
    ("file receipt", "The receipt is filed. Left in the inbox: newsletter.", 1 / 6),
]


def test_the_instruction_and_the_opening_scene(make: Callable[..., Any]) -> None:
    assert make().reset(seed=7, options={"variation": 1})[0] == TOMATO


@pytest.mark.parametrize(
    ("script", "episode"), [("cool-tomato", COOLING_A_TOMATO), ("office-mail", CORRECTING_AN_INVOICE)]
)
def test_an_episode_to_success(
    script: str, episode: list[tuple[str, str, Any]], make: Callable[..., Any]
) -> None:
    env = make(script)
    env.reset(seed=7, options={"variation": 1} if script == "cool-tomato" else {})
    total = 0.0
    for turn, (action, expected, outcome) in enumerate(episode, start=1):
        observation, reward, terminated, truncated, info = env.step(action)
        if outcome == "parameter":
            assert observation.startswith(expected)
        else:
            assert observation == expected
        error = outcome if isinstance(outcome, str) else None
        assert [kind for kind in ("parameter", "place", "logic") if info["assessment"][f"{kind}_error"]] == (
            [error] if error else []
        ), action
        assert reward == pytest.approx(0 if error else outcome), action
        total += reward
        last = turn == len(episode)
        assert (terminated, truncated, info["success"], info["turn"]) == (last, False, last, turn)
    assert total == pytest.approx(1)
    assert info["progress"] == 1
