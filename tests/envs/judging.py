"""A dungeon master that judges as a script of its own says: what a model would answer, without one."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from trpg_env.dm import Judgement, Narration
from trpg_env.llm.errors import ModelError
from trpg_env.world import AnyWorld, Ruling, SeededFate, State

Judged = Judgement | Exception | None


class JudgingDM:
    """Judges the actions of an episode one after another.

    Args:
        judgements: One for each action; an exception is raised instead. After the last one nothing is found.
        delay: Seconds that each answer takes; without it answers are plain.
    """

    kind = "judging"
    judges = True

    def __init__(self, *judgements: Judged, delay: float | None = None) -> None:
        self.judgements, self.delay = judgements, delay
        self.told: list[str] = []

    def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration | Awaitable[Narration]:
        self.told = []
        return self._said(Narration("They begin.", f"Episode {fate.seed}.{fate.luck} begins."))

    def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration | Awaitable[Narration]:
        number = len(self.told)
        self.told.append(ruling.text)
        judged = self.judgements[number] if number < len(self.judgements) else Judgement()
        if isinstance(judged, Exception):
            raise judged
        words = ruling.message or ruling.observation or f"You did it: {ruling.text}."
        return self._said(Narration(f"Action {number}.", words, judged))

    def _said(self, narration: Narration) -> Narration | Awaitable[Narration]:
        return narration if self.delay is None else _later(narration, self.delay)

    def snapshot(self) -> list[str]:
        return list(self.told)

    def restore(self, snapshot: Any) -> None:
        self.told = list(snapshot)


async def _later(narration: Narration, delay: float) -> Narration:
    await asyncio.sleep(delay)
    return narration


class Unwell(ModelError):
    """A model that fails."""

    kind = "timeout"
