"""Dealing the episodes of a run to several processes."""

import pickle
from collections import Counter
from collections.abc import Callable
from itertools import islice

from trpg_env.rollout.run import Planned, Run

HANDFUL = 16
"""How many episodes are dealt at once, at most."""


class Hand:
    """What a process has in hand.

    Args:
        careful: Whether it plays what may have killed another process, one episode at a time.

    Attributes:
        episodes: The episodes that it was dealt and has not finished, by their ids.
        part: The part of the scripts that it keeps to.
        asked: Whether it has asked for episodes yet.
        sent_home: Whether it was told that there are no more.
    """

    def __init__(self, *, careful: bool) -> None:
        self.careful = careful
        self.episodes: dict[str, Planned] = {}
        self.part: int | None = None
        self.asked = False
        self.sent_home = False


class Dealer:
    """Deals the episodes that are still to be played.

    A process keeps to its part of the scripts as long as it has episodes left, since what was planned serves again.

    Args:
        run: The run.
        wanted: Which of its episodes are played.
        processes: How many processes play.

    Attributes:
        suspects: Episodes that were being played in a process that died.
    """

    def __init__(self, run: Run, wanted: Callable[[Planned], bool], processes: int) -> None:
        parts = min(processes, len(run.scripts))
        self._left = {part: filter(wanted, run.episodes(part, parts)) for part in range(parts)}
        # Towards the end no process is to sit idle while another has its hands full.
        self._handful = max(1, min(HANDFUL, run.n // (4 * processes)))
        self._players = Counter[int]()
        self._again: list[Planned] = []
        self.suspects: list[Planned] = []

    def more(self) -> bool:
        """Whether there is anything left to deal."""
        while not (self._again or self.suspects) and self._left:
            part = next(iter(self._left))
            self._again = list(islice(self._left[part], 1))
            if not self._again:
                del self._left[part]
        return bool(self._again or self.suspects)

    def back(self, hand: Hand, concurrency: int) -> Planned | None:
        """Take back what a process that died had in hand.

        Args:
            hand: What it had.
            concurrency: How many episodes it had in flight.

        Returns:
            The episode that is lost, if it was played alone; others are dealt again.
        """
        self._leave(hand)
        unfinished = list(hand.episodes.values())
        if hand.careful:
            return unfinished[0] if unfinished else None
        self.suspects += unfinished[:concurrency]
        self._again += unfinished[concurrency:]
        return None

    def out(self, hand: Hand) -> bytes:
        """Deal a handful, none where nothing is left; the episodes pickled."""
        handful = self._handful_for(hand)
        hand.asked, hand.sent_home = True, not handful
        hand.episodes.update({episode.id: episode for episode in handful})
        return pickle.dumps(handful)

    def _handful_for(self, hand: Hand) -> list[Planned]:
        if hand.careful:
            return [self.suspects.pop(0)] if self.suspects else []
        if self._again:
            again, self._again = self._again[: self._handful], self._again[self._handful :]
            return again
        while True:
            if hand.part is None:
                if not self._left:
                    return []
                hand.part = min(self._left, key=lambda part: self._players[part])
                self._players[hand.part] += 1
            handful = list(islice(self._left.get(hand.part, iter(())), self._handful))
            if handful:
                return handful
            self._left.pop(hand.part, None)
            self._leave(hand)

    def _leave(self, hand: Hand) -> None:
        if hand.part is not None:
            self._players[hand.part] -= 1
            hand.part = None
