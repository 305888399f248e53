from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Protocol

# What a message that was set aside carries beside its own attributes. The reason is taken off when it goes back.
REASON_ATTRIBUTE: Final = "tocsin-reason"
# A message that is sent again is a new one to the queue. These two say which it was, and how old it is.
MESSAGE_ID_ATTRIBUTE: Final = "tocsin-message-id"
SENT_AT_ATTRIBUTE: Final = "tocsin-sent-at"  # milliseconds since 1970, as the queue's own SentTimestamp
ATTRIBUTES: Final = 10  # the most that a message of SQS can have
REDRIVE_LIMIT: Final = 1000  # messages in one go


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedDeadLetter:
    """A message in the dead-letter queue. Its body may hold a secret: show it only to whoever may administer."""

    message_id: str
    sent_at: datetime
    body: str = field(repr=False)
    reason: str | None = None  # None: the queue moved it by itself, after too many deliveries
    receives: int = 0
    group_id: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)


class RedriveFailure(NamedTuple):
    message_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """What was done, or with `is_dry_run` would be."""

    is_dry_run: bool
    moved: tuple[QueuedDeadLetter, ...]  # oldest first, as far as the queue keeps an order
    failed: tuple[RedriveFailure, ...] = ()  # these stay where they were


class DeadLetterQueue(Protocol):
    """Messages that could not be handled, and the way back.

    Looking does not take anything away, but hides what is looked at from other readers for the moment.
    Everything raises `TransientPortError` or `PermanentPortError`.
    """

    @abstractmethod
    async def list(self, limit: int) -> tuple[QueuedDeadLetter, ...]:
        """Up to so many of them; the queue decides which."""

    @abstractmethod
    async def show(self, message_id: str) -> QueuedDeadLetter:
        """Raises `NotFoundError` when it is not among the first `REDRIVE_LIMIT`."""

    @abstractmethod
    async def redrive(self, limit: int, *, dry_run: bool = True) -> Redrive:
        """Send up to so many back to be handled, `REDRIVE_LIMIT` at most; without `dry_run` each is sent, then deleted.

        One that is sent and then cannot be deleted is sent again by the next redrive, and recognised as a repeat.
        """


def with_origin[V](attributes: Mapping[str, V], origin: Mapping[str, V]) -> dict[str, V]:
    """The attributes with those of `origin` that are not there yet.

    There is room for ten. Attributes that nobody here reads give way to those that keep a message from being handled
    twice.
    """
    added = {name: value for name, value in origin.items() if name not in attributes}
    kept = sorted(attributes, key=lambda name: (not _is_read(name), name))[: ATTRIBUTES - len(added)]
    return {name: attributes[name] for name in kept} | added


def _is_read(name: str) -> bool:
    return name.startswith("tocsin-") or name == "traceparent"
