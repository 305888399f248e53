"""Who did what to which, when, from where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.shared.ids import UserId
from domain.shared.via import Via


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Stored in the transaction of the write that it tells of. `before` and `after` never hold a secret."""

    id: UUID
    at: datetime
    action: str  # noun.verb: incident.acknowledge, service.create
    noun: str
    noun_id: UUID
    actor_id: UserId | None  # None: a sender or the system
    via: Via
    credential: str = ""
    address: str = ""
    request_id: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
