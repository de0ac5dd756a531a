"""A fair sample of texts, of bounded size however many there are: those whose keys have the smallest digests.

Which texts they are hangs neither on the order in which they come nor on how often one comes.
"""

import hashlib
from bisect import insort

MAX_TEXT = 10_000
"""How much of a text is kept, in characters."""


class Sample:
    """Keeps the texts with the smallest digests of their keys.

    Args:
        size: How many texts are kept.
        salt: Another salt is another sample.
    """

    def __init__(self, size: int, salt: bytes) -> None:
        self._size, self._salt = size, salt
        self._kept: list[tuple[bytes, str, str]] = []

    def offer(self, key: str, group: str, text: str) -> None:
        """Take a text into account.

        Args:
            key: Tells one text from another; a text with a key that is there already is left out.
            group: Texts of one group are not compared with one another.
            text: The text.
        """
        digest = hashlib.blake2b(key.encode(), digest_size=16, key=self._salt).digest()
        kept = self._kept
        if len(kept) == self._size and digest >= kept[-1][0]:
            return
        if any(digest == other for other, _, _ in kept):
            return
        insort(kept, (digest, group, text[:MAX_TEXT]))
        del kept[self._size :]

    def texts(self) -> list[tuple[str, str]]:
        """The groups and texts kept, in the order of their digests."""
        return [(group, text) for _, group, text in self._kept]
