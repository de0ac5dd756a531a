"""What is said over and over, kept."""

_MOST = 2_000
_LONGEST = 2_000


class Kept:
    """Texts with what they come to; not too many, and none that is too long."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get(self, text: str) -> str | None:
        """What a text comes to; None where that is not kept."""
        return self._texts.get(text)

    def put(self, text: str, made: str) -> str:
        """Keep what a text comes to; it is given back."""
        if len(text) <= _LONGEST:
            if len(self._texts) >= _MOST:
                self._texts.clear()
            self._texts[text] = made
        return made
