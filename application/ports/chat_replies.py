from abc import abstractmethod
from typing import Protocol


class ChatReplies(Protocol):
    """A word to somebody who pressed a button in a chat, which nobody else sees."""

    @abstractmethod
    async def reply(self, url: str, text: str) -> None:
        """Post it to the address that came with the press. A courtesy: it never fails, and is tried once."""
