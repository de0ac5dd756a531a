"""Dealing the episodes of a run to several processes."""

import pickle
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
        items: The items that it keeps to, by their places in the run.
        asked: Whether it has asked for episodes yet.
        sent_home: Whether it was told that there are no more.
    """

    def __init__(self, *, careful: bool) -> None:
        self.careful = careful
        self.episodes: dict[str, Planned] = {}
        self.items: set[int] = set()
        self.asked = False
        self.sent_home = False


class Dealer:
    """Deals the episodes that are still to be played.

    Each process keeps to items of its own, since what was planned serves again; when they are played it helps with
    another's, one item at a time.

    Args:
        run: The run.
        wanted: Which of its episodes are played.
        processes: How many processes play.

    Attributes:
        suspects: Episodes that were being played in a process that died.
    """

    def __init__(self, run: Run, wanted: Callable[[Planned], bool], processes: int) -> None:
        items = range(min(len(run.items), run.n))
        self._piles = {i: filter(wanted, run.episodes(i)) for i in items}
        self._left = {i: len(range(i, run.n, len(run.items))) for i in items}
        # Towards the end no process is to sit idle while another has its hands full.
        self._handful = max(1, min(HANDFUL, run.n // (4 * processes)))
        self._processes = processes
        self._unclaimed = set(items)
        self._again: list[Planned] = []
        self.suspects: list[Planned] = []

    def more(self) -> bool:
        """Whether there is anything left to deal."""
        while not (self._again or self.suspects) and self._piles:
            self._again = self._from(next(iter(self._piles)), 1)
        return bool(self._again or self.suspects)

    def back(self, hand: Hand, concurrency: int) -> Planned | None:
        """Take back what a process that died had in hand.

        Args:
            hand: What it had.
            concurrency: How many episodes it had in flight.

        Returns:
            The episode that is lost, if it was played alone; others are dealt again.
        """
        self._unclaimed |= hand.items
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
        if not hand.items:
            hand.items = set(sorted(self._unclaimed)[:: self._processes])
            self._unclaimed -= hand.items
            # Whoever comes next chooses among fewer.
            self._processes = max(1, self._processes - 1)
        while self._piles:
            own = [i for i in hand.items if i in self._piles]
            item = max(own or self._piles, key=self._left.__getitem__)
            hand.items.add(item)
            handful = self._from(item, self._handful)
            if handful:
                return handful
        return []

    def _from(self, item: int, most: int) -> list[Planned]:
        """The next episodes of an item; none where it has no more."""
        episodes = list(islice(self._piles[item], most))
        self._left[item] -= len(episodes)
        if not episodes:
            del self._piles[item]
        return episodes
