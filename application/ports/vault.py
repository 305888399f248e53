from abc import abstractmethod
from typing import Protocol
from uuid import UUID


class Vault(Protocol):
    """Secrets of others that we must be able to read again, such as those that senders sign with.

    Storage holds them sealed: whoever reads a copy of it, and has not the server's secret, learns nothing.
    """

    @abstractmethod
    def seal(self, secret: str, *, owner: UUID) -> bytes:
        """The secret, readable only here and only as this owner's."""

    @abstractmethod
    def open(self, sealed: bytes, *, owner: UUID) -> str:
        """What was sealed, under the present server secret or the one before.

        Raises `PermanentPortError`: for another owner, altered, or under another server secret.
        """

    @abstractmethod
    def renewed(self, sealed: bytes, *, owner: UUID) -> bytes | None:
        """The same under the present server secret; None: it is already. Raises `PermanentPortError` likewise."""
