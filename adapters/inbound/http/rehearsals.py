"""What past events would have become, for whoever tries a rule before it is saved."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from application.routing.rehearsal import Fate, Tally
from application.routing.rehearse import Difference, Rehearsed
from domain.shared.limits import REHEARSED_DAYS, REHEARSED_DIFFERENCES

RehearsedDays = Annotated[int, Meta(ge=1, le=REHEARSED_DAYS, description="How far back to look.")]


class TallyBody(msgspec.Struct):
    """If nobody had answered. `pages` is how often an incident began to page; `muted` began without."""

    incidents: int
    pages: int
    dropped: int
    muted: int

    @classmethod
    def of(cls, tally: Tally) -> Self:
        return cls(tally.incidents, tally.pages, tally.dropped, tally.muted)


class EventDifferenceBody(msgspec.Struct):
    event_id: UUID
    received_at: datetime
    dedup_key: str
    before: Fate
    after: Fate

    @classmethod
    def of(cls, difference: Difference) -> Self:
        return cls(*difference)


class RehearsedBody(msgspec.Struct):
    """By the rules as they are (`before`), and as they would be (`after`)."""

    since: datetime
    until: datetime
    is_complete: Annotated[bool, Meta(description="Whether all events until now were looked at; else until `until`.")]
    examined: int
    before: TallyBody
    after: TallyBody
    differences: Annotated[list[EventDifferenceBody], Meta(description=f"The first {REHEARSED_DIFFERENCES}.")]
    different: int
    warnings: Annotated[list[str], Meta(description="What they would do beside, such as drop missed heartbeats.")]

    @classmethod
    def of(cls, found: Rehearsed) -> Self:
        return cls(
            since=found.since,
            until=found.until,
            is_complete=found.is_complete,
            examined=found.examined,
            before=TallyBody.of(found.before),
            after=TallyBody.of(found.after),
            differences=[EventDifferenceBody.of(each) for each in found.differences],
            different=found.different,
            warnings=list(found.warnings),
        )
