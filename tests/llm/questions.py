"""Questions and an answer for the tests of recordings, and a process that records."""

from pathlib import Path
from typing import Any

from trpg_env.llm.exchange import Answer, At, Request, Usage
from trpg_env.llm.question import Question
from trpg_env.llm.recording import Recorder

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
SAID = Answer("Good day.", "Be polite.", "stop", Usage(1, 2, 30, 20, 4))


def question(text: str = "Hello.", seed: int = 7, number: int = 0, **changes: Any) -> Question:
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": text})
    settings = {
        "model": "m",
        "messages": messages,
        "temperature": 0.0,
        "max_tokens": 20,
        "seed": 1,
        **changes,
    }
    return Question(Request(**settings), At(seed, number))


def record_them(file: Path, name: str, barrier: Any, results: Any) -> None:
    """Record 150 answers of one's own, unless others have been quicker; hand over what the file holds."""
    barrier.wait()
    recorder = Recorder(file)
    answers = []
    for number in range(150):
        kept = recorder.find(question(number=number)) or recorder.keep(question(number=number), Answer(name))
        assert isinstance(kept, Answer)
        answers.append(kept.content)
    results.put(answers)
