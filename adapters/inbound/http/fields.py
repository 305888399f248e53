"""Types that bodies and queries share, with their limits, so that the API's description states them too."""

from datetime import UTC, datetime, time
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from litestar.params import QueryParameter
from msgspec import Meta

from adapters.inbound.http.problem import FieldProblem, RequestError
from domain.shared.limits import ADDRESS_CHARACTERS, DESCRIPTION_CHARACTERS, NAME_CHARACTERS

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS)]
Description = Annotated[str, Meta(max_length=DESCRIPTION_CHARACTERS)]
Url = Annotated[str, Meta(min_length=1, max_length=2048, pattern="^https?://")]
Email = Annotated[str, Meta(min_length=3, max_length=ADDRESS_CHARACTERS)]
Password = Annotated[str, Meta(min_length=1, max_length=1024)]
Secret = Annotated[str, Meta(min_length=1, max_length=4096)]
TimeZone = Annotated[str, Meta(min_length=1, max_length=64, description="An IANA name, such as Europe/Berlin.")]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset; answers are in UTC.")]
LocalDateTime = Annotated[datetime, Meta(tz=False, description="Wall-clock time of the schedule's zone, no offset.")]
LocalTime = Annotated[time, Meta(tz=False, description="Wall-clock time of the schedule's zone, no offset.")]
Version = Annotated[int, Meta(ge=0, description="How many times it has been saved; also its ETag.")]

TeamFilter = Annotated[UUID | None, QueryParameter(description="Only what belongs to this team.")]
ServiceFilter = Annotated[UUID | None, QueryParameter(description="Only what belongs to this service.")]
InstantQuery = Annotated[datetime | None, QueryParameter(description="RFC 3339 with an offset, such as Z.")]
KnownAtQuery = Annotated[
    datetime | None,
    QueryParameter(
        description="As was known then: RFC 3339 with an offset, not in the future. Without, as is known now."
    ),
]


def in_utc(at: datetime) -> datetime:
    """The same instant, as the domain wants it."""
    return at.astimezone(UTC)


def query_instant(parameter: str, at: datetime | None) -> datetime | None:
    """Raises `RequestError` 422 for a time without an offset: whose wall clock would that be?"""
    if at is None:
        return None
    if at.tzinfo is None:
        problem = FieldProblem(parameter=parameter, code="invalid_value", detail="must have an offset, such as Z")
        raise RequestError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed", "1 value is not valid.", errors=[problem]
        )
    return in_utc(at)
