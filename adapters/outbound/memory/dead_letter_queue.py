from dataclasses import dataclass, field, replace

from application.errors import NotFoundError
from application.ports.dead_letter_queue import (
    MESSAGE_ID_ATTRIBUTE,
    REASON_ATTRIBUTE,
    REDRIVE_LIMIT,
    SENT_AT_ATTRIBUTE,
    DeadLetterQueue,
    QueuedDeadLetter,
    Redrive,
    with_origin,
)


@dataclass(slots=True)
class MemoryDeadLetterQueue(DeadLetterQueue):
    """Two lists. `source` is the queue that messages go back to."""

    letters: list[QueuedDeadLetter] = field(default_factory=list)
    source: list[QueuedDeadLetter] = field(default_factory=list)

    async def list(self, limit: int) -> tuple[QueuedDeadLetter, ...]:
        return tuple(self.letters[:limit])

    async def show(self, message_id: str) -> QueuedDeadLetter:
        for letter in self.letters[:REDRIVE_LIMIT]:
            if letter.message_id == message_id:
                return letter
        raise NotFoundError("dead letter", message_id)

    async def redrive(self, limit: int, *, dry_run: bool = True) -> Redrive:
        moved = tuple(self.letters[: min(limit, REDRIVE_LIMIT)])
        if not dry_run:
            self.source += [_sent_again(letter) for letter in moved]
            self.letters = self.letters[len(moved) :]
        return Redrive(is_dry_run=dry_run, moved=moved)


def _sent_again(letter: QueuedDeadLetter) -> QueuedDeadLetter:
    own = {name: value for name, value in letter.attributes.items() if name != REASON_ATTRIBUTE}
    sent_at = str(int(letter.sent_at.timestamp() * 1000))
    origin = {MESSAGE_ID_ATTRIBUTE: letter.message_id, SENT_AT_ATTRIBUTE: sent_at}
    return replace(letter, reason=None, receives=0, attributes=with_origin(own, origin))
