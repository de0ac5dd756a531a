"""The messages between a dungeon master and a model that plays, made to fit the model's context.

They are kept whole until the model says that they are too long. Then the oldest exchanges after the first message
are left out, well below what was too long, so that not every turn begins with a message that was never sent before:
servers keep what they have read, from the beginning on.
"""

from trpg_env.llm.exchange import Message

_TOO_MUCH = 0.9
"""The share of what was too long that is not sent again."""
_KEPT = 0.65
"""The share of it that is left, at most, when exchanges are left out."""


class Chat:
    """The chat of one episode.

    Args:
        system: The system message.

    Example:
        >>> chat = Chat("Play.")
        >>> chat.hear("Win. You are in the hall.")
        >>> chat.say("Action: win")
        >>> chat.hear("Too early.")
        >>> [message["role"] for message in chat.messages()]
        ['system', 'user', 'assistant', 'user']
    """

    def __init__(self, system: str) -> None:
        self._system = system
        # The player's replies stand at odd places.
        self._texts: list[str] = []
        self._worked = 0
        self._room: int | None = None

    def hear(self, observation: str) -> None:
        """Take in what the player is told; instead of what it was told last, where it has not answered that."""
        if len(self._texts) % 2:
            self._texts.pop()
        self._texts.append(observation)
        if self._room is not None and self._size() > self._room:
            self._leave_out(int(self._room * _KEPT))

    def say(self, reply: str) -> None:
        """Take in the player's answer: what it answers was not too long."""
        self._worked = max(self._worked, self._size())
        self._texts.append(reply)

    def messages(self) -> list[Message]:
        """The chat as messages, the system's first and the dungeon master's last."""
        said: list[Message] = [{"role": "system", "content": self._system}]
        for i, text in enumerate(self._texts):
            said.append({"role": "assistant" if i % 2 else "user", "content": text})
        return said

    def shorten(self) -> bool:
        """Leave out the oldest exchanges, since all of them are too long; the first message and the last exchange stay.

        Returns:
            Whether there were any to leave out.
        """
        size = self._size()
        # Texts differ in how many tokens a character is, so what worked may be longer than what does not.
        self._room = min(self._worked or size, int(size * _TOO_MUCH))
        return self._leave_out(int(size * _KEPT))

    def _leave_out(self, most: int) -> bool:
        """Leave out exchanges, one at least, until there are no more characters than `most`."""
        texts, size, end = self._texts, self._size(), 1
        while end + 2 < len(texts) and (end == 1 or size > most):
            size -= len(texts[end]) + len(texts[end + 1])
            end += 2
        del texts[1:end]
        return end > 1

    def _size(self) -> int:
        return len(self._system) + sum(map(len, self._texts))
