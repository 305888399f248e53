"""What commands need done that is not asked of the API: whoever composes the program gives it to them."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple, Protocol

from application.ports.dead_letter_queue import DeadLetterQueue

type Record = dict[str, Any]


class Finding(NamedTuple):
    """The outcome of one check of the installation."""

    check: str
    verdict: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""  # what to do about it


class EffectiveSetting(NamedTuple):
    name: str
    value: str  # masked, when it is a secret
    source: Literal["environment", "file", "profile", "default"]


class Operations(Protocol):
    """Each raises `CommandError`, or an error of the core, when it cannot be done."""

    @abstractmethod
    def up(self, *, demo: bool) -> int: ...

    @abstractmethod
    def http(self) -> int: ...

    @abstractmethod
    def worker(self) -> int: ...

    @abstractmethod
    def consumer(self) -> int: ...

    @abstractmethod
    def migrate(self) -> None: ...

    @abstractmethod
    def check_schema(self) -> None: ...

    @abstractmethod
    def seal(self, told: Callable[[int], None]) -> Record:
        """Seal what lies clear (`clear`) and anew what the key before sealed (`outdated`); `unreadable` is left.

        `told` how many so far, after each batch.
        """

    @abstractmethod
    def create_first_admin(self, *, email: str, name: str) -> Record:
        """As the API answers a new user, with the `password` beside it."""

    @abstractmethod
    def create_key(self, *, name: str, scopes: frozenset[str], days: int) -> Record:
        """For the first admin, as the API answers a new key."""

    @abstractmethod
    def seed_demo(self) -> None: ...

    @abstractmethod
    def remove_demo(self) -> None: ...

    @abstractmethod
    def examine(self, report: Callable[[Finding], None]) -> None:
        """Check the installation; each finding is reported as soon as it is there."""

    @abstractmethod
    def settings(self) -> tuple[EffectiveSetting, ...]: ...

    @abstractmethod
    def with_dead_letters[T](self, use: Callable[[DeadLetterQueue], Awaitable[T]]) -> T:
        """What `use` does with the queue, which is open as long."""
