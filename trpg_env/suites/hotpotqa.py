"""HotpotQA as a game: search and look-up among the question's own ten paragraphs (its distractor setting).

Actions are those of ReAct (Yao et al., 2023): `search[TITLE]` opens a paragraph, `lookup[WORDS]` reads its sentences one by
one, `finish[ANSWER]` ends the episode. There is no Wikipedia behind it: what can be found is what the question came with.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np

from trpg_env.envs.game import Opening, Task, Told, task_hash
from trpg_env.suites.answers import exact_match, f1, normalised
from trpg_env.suites.benchmark import Benchmark
from trpg_env.suites.data import Data, DataError, field

FILE = "hotpotqa.jsonl"
SOURCE = "HotpotQA's distractor set (hotpotqa.github.io), one question a line with the keys id, question, answer, type, level, supporting_facts, context"
TURNS = 10
RULES = 1

_ACTION = re.compile(r"\s*(search|lookup|finish)\s*\[(.*)\]\s*", re.IGNORECASE | re.DOTALL)
_OFFERED = 5
_INSTRUCTION = """\
Answer the question.

Question: {question}

Actions:
- search[title]: opens the article of that title and tells its beginning; where there is none, similar titles are told
- lookup[words]: tells the next sentence of the open article in which the words stand
- finish[answer]: gives your answer, in as few words as possible, and ends the episode"""


class _Article(NamedTuple):
    title: str
    sentences: tuple[str, ...]


class HotpotQA:
    """Plays questions."""

    def begin(self, task: Task, seed: int) -> Opening:
        """Start a question."""
        self._question: str = task.data["question"]
        self._answer: str = task.data["answer"]
        self._gold: Sequence[str] = task.data["supporting"]
        self._articles = [_Article(title, tuple(told)) for title, told in task.data["context"]]
        self._open: _Article | None = None
        self._found: list[str] = []
        self._sought = ""
        self._given: str | None = None
        self._searched: list[str] = []
        return Opening(_INSTRUCTION.format(question=self._question), "No article is open.")

    def act(self, action: str) -> Told:
        """What comes of an action."""
        read = _ACTION.fullmatch(action)
        if read is None:
            return _wrong(
                "parameter", "There is no such action: write search[title], lookup[words] or finish[answer]."
            )
        name, value = read[1].lower(), " ".join(read[2].split())
        if not value:
            return _wrong("parameter", f"Write something in the brackets of {name}[].")
        if name == "search":
            told = self._search(value)
        elif name == "lookup":
            told = self._lookup(value)
        else:
            self._given = value
            right = exact_match(value, self._answer)
            # A right answer of articles alone, such as The The, has no words left to share.
            share = 1.0 if right else f1(value, self._answer)
            told = Told("Your answer is taken.", share, success=right, over=True)
        return told._replace(name=name, parameters={"value": value})

    def _search(self, title: str) -> Told:
        article = next((one for one in self._articles if normalised(one.title) == normalised(title)), None)
        if article is None:
            return _wrong(
                "logic", f"There is no article {title!r}. Similar: {', '.join(self._similar(title))}."
            )
        self._open, self._found, self._sought = article, [], ""
        self._searched.append(article.title)
        return Told("".join(article.sentences).strip(), 0.0)

    def _lookup(self, words: str) -> Told:
        if self._open is None:
            return _wrong("logic", "No article is open: search for one first.")
        if words.lower() != self._sought:
            self._sought = words.lower()
            self._found = [told for told in self._open.sentences if self._sought in told.lower()]
            self._results = len(self._found)
        if not self._found:
            return _wrong(
                "logic", f"{words!r} stands nowhere {'else ' * bool(self._results)}in {self._open.title!r}."
            )
        told = self._found.pop(0).strip()
        return Told(f"(Result {self._results - len(self._found)} / {self._results}) {told}", 0.0)

    def _similar(self, title: str) -> list[str]:
        titles = [one.title for one in self._articles]
        words = set(normalised(title).split())
        shared = sorted(titles, key=lambda one: -len(words & set(normalised(one).split())))
        close = get_close_matches(title, titles, _OFFERED, 0.0)
        return list(
            dict.fromkeys([*(one for one in shared if words & set(normalised(one).split())), *close])
        )[:_OFFERED]

    def admissible(self) -> Sequence[str]:
        """Each article to be searched for; what may be looked up or answered is any text."""
        return [f"search[{one.title}]" for one in self._articles]

    def sample(self, rng: np.random.Generator) -> str:
        """An action, then one of the titles, or a word of what is known, each as likely."""
        name = ("search", "lookup", "finish")[int(rng.integers(3))]
        if name == "search":
            return f"search[{self._articles[int(rng.integers(len(self._articles)))].title}]"
        known = [self._question] if self._open is None else self._open.sentences
        words = " ".join(known).replace("]", " ").split() or ["?"]
        return f"{name}[{words[int(rng.integers(len(words)))]}]"

    def state(self) -> str:
        """The open article, what is looked up in it and how far, and the answer."""
        return repr((self._open and self._open.title, self._sought, len(self._found), self._given))

    def expert(self) -> str | None:
        """The supporting articles, one after another, then the right answer."""
        ahead = [title for title in self._gold if title not in self._searched]
        return f"search[{ahead[0]}]" if ahead else f"finish[{self._answer}]"

    def close(self) -> None:
        """Nothing is held."""


def _wrong(kind: str, message: str) -> Told:
    return Told(message, 0.0, error="parameter" if kind == "parameter" else "logic", message=message)


def _tasks(data: Data, split: str | None) -> list[Task]:
    tasks = []
    for place, record in data.lines(FILE, SOURCE):
        context = field(record, "context", dict, place)
        titles, sentences = field(context, "title", list, place), field(context, "sentences", list, place)
        supporting = field(field(record, "supporting_facts", dict, place), "title", list, place)
        texts = [*titles, *supporting, *(told for one in sentences if isinstance(one, list) for told in one)]
        if not titles or len(titles) != len(sentences) or not all(isinstance(text, str) for text in texts):
            raise DataError(
                f"{place}: 'context' is to have as many lists of sentences as titles; get the file again"
            )
        made = {
            "question": field(record, "question", str, place),
            "answer": field(record, "answer", str, place),
            "supporting": list(dict.fromkeys(supporting)),
            "context": [[title, told] for title, told in zip(titles, sentences, strict=True)],
        }
        if not made["answer"].strip():
            raise DataError(f"{place}: 'answer' is empty; get the file again")
        name, kind = field(record, "id", str, place), field(record, "type", str, place)
        difficulty = record.get("level") if isinstance(record.get("level"), str) else None
        hashed = task_hash("hotpotqa", RULES, made)
        tasks.append(Task(name, hashed, kind, TURNS, difficulty, made, f"hotpotqa/{name}"))
    if not tasks:
        raise DataError(f"{FILE} has no question; get it from {SOURCE}")
    return tasks


BENCHMARK = Benchmark(
    "hotpotqa",
    "questions that want two paragraphs, found by search and look-up among ten",
    {
        "tasks": "HotpotQA: the questions in the data, distractor setting",
        "instruction": "ours, with the actions of ReAct",
        "success": "HotpotQA: exact match",
        "progress": "HotpotQA: F1 of the answer",
        "turns": f"ours: {TURNS}",
    },
    _tasks,
    lambda data: HotpotQA(),
)
"""The benchmark."""
