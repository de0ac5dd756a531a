"""Judging many episodes, several at once: a model that is waited for need not be waited for one by one."""

import asyncio
from collections.abc import Coroutine, Generator, Iterable, Iterator
from itertools import islice
from typing import Any

from trpg_env.evaluation.judging.judge import Judge
from trpg_env.evaluation.judging.record import Judged
from trpg_env.trajectory import Trajectory
from trpg_env.world import World


def judge_all(
    judge: Judge, episodes: Iterable[tuple[Trajectory, World]], concurrency: int = 1
) -> Generator[Judged]:
    """Judge episodes, each with its script's world; those that are done first come first.

    Args:
        judge: The model.
        episodes: The episodes.
        concurrency: How many are judged at once, 1 or more.

    Raises:
        OtherPlay: An episode is not what the engine plays.
    """
    waiting = (judge.judge(trajectory, world) for trajectory, world in episodes)
    with asyncio.Runner() as runner:
        # The loop stands still between two results; whoever closes the generator calls off what is on its way.
        under_way = runner.run(_begun(islice(waiting, concurrency)))
        while under_way:
            done, under_way = runner.run(_some(under_way))
            for task in done:
                judged = task.result()
                under_way |= runner.run(_begun(islice(waiting, 1)))
                yield judged


Tasks = set[asyncio.Task[Judged]]


async def _begun(coroutines: Iterator[Coroutine[Any, Any, Judged]]) -> Tasks:
    return {asyncio.ensure_future(coroutine) for coroutine in coroutines}


async def _some(under_way: Tasks) -> tuple[Tasks, Tasks]:
    return await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
