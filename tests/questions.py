"""A question in HotpotQA's form, small enough to answer by hand."""

import json
from pathlib import Path
from typing import Any

HELD_OUT = Path(__file__).parents[2] / "shared" / "heldout"
QUESTION = {
    "id": "q1",
    "question": "In which country does the river that flows through Lund rise?",
    "answer": "the Sweden",
    "type": "bridge",
    "level": "hard",
    "supporting_facts": {"title": ["Lund", "Hoje River"], "sent_id": [0, 0]},
    "context": {
        "title": ["Lund", "Hoje River", "Moon"],
        "sentences": [
            ["Lund is a city.", " The Hoje River flows through Lund."],
            ["The Hoje River rises in Sweden.", " Sweden is its only country."],
            ["The Moon is far."],
        ],
    },
}


def data(folder: Path, *records: Any) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records or [QUESTION]]
    (folder / "hotpotqa.jsonl").write_text("\n".join(lines) + "\n")
    return folder
