from abc import abstractmethod
from typing import NamedTuple, Protocol


class PasswordCheck(NamedTuple):
    is_right: bool
    new_hash: str | None = None  # to store in place of the old one, whose cost is no longer what is asked for


class PasswordHasher(Protocol):
    """Slow on purpose, and bounded: logins wait for each other rather than delay pages."""

    @abstractmethod
    async def hash(self, password: str) -> str: ...

    @abstractmethod
    async def check(self, password: str, password_hash: str) -> PasswordCheck:
        """A hash that cannot be read is not matched by any password."""

    @abstractmethod
    async def check_nobody(self) -> None:
        """Take as long as `check` does, for a user that there is not."""
