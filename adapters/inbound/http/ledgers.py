"""The ledger of an incident as files of lines: JSON Lines for programs, CSV for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get
from litestar.params import FromPath, QueryParameter

from adapters.inbound.http.incident_bodies import DeliveryBody, NamedBody
from adapters.inbound.http.incidents import incident_ref
from adapters.inbound.http.pagination import Cursors, CursorText, Limit, page_request, page_response
from application.incident.ledger import Acknowledgement, LedgerEntry, ReadLedger
from application.ports.readers import OldestFirst
from domain.identity.actor import Actor
from domain.shared.limits import PAGE_LIMIT
from domain.shared.via import Via


class LedgerFormat(StrEnum):
    JSON_LINES = "jsonl"
    CSV = "csv"


_MEDIA_TYPES: Final = {
    LedgerFormat.JSON_LINES: "application/jsonl; charset=utf-8",
    LedgerFormat.CSV: "text/csv; charset=utf-8; header=present",  # RFC 4180, 3
}
# A spreadsheet would take what senders and providers wrote for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class AcknowledgementBody(msgspec.Struct):
    at: datetime
    by: NamedBody | None  # null: the sender
    via: Via

    @classmethod
    def of(cls, each: Acknowledgement) -> Self:
        return cls(each.at, None if each.by is None else NamedBody(each.by, each.name or ""), each.via)


class LedgerLineBody(DeliveryBody):
    """A message: intent, attempts, receipt, and the first acknowledgement that came after it."""

    rule: int  # counted from 1; above 100 it stands in for one that was refused
    acknowledgement: AcknowledgementBody | None

    @classmethod
    def of_entry(cls, entry: LedgerEntry) -> Self:
        delivery, answer = DeliveryBody.of(entry.record), entry.acknowledgement
        return cls(
            **msgspec.structs.asdict(delivery),
            rule=entry.record.notification.rule_position + 1,
            acknowledgement=None if answer is None else AcknowledgementBody.of(answer),
        )


_COLUMNS: Final = (
    *("id", "purpose", "user_id", "user", "channel", "address", "round", "step", "rule", "created_at", "status"),
    *("may_be_repeat", "was_overtaken", "receipt", "attempt", "started_at", "finished_at", "outcome", "detail"),
    *("acknowledged_at", "acknowledged_by", "destination_id", "destination"),
)


class LedgerController(Controller):
    path = "/v1/incidents"
    tags = ("incidents",)

    @get("/{ref:str}/ledger")
    async def ledger(
        self,
        request: Request[Any, Any, Any],
        ref: FromPath[str],
        read_ledger: FromDishka[ReadLedger],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        format_: Annotated[LedgerFormat, QueryParameter(name="format", description="jsonl or csv.")] = (
            LedgerFormat.JSON_LINES
        ),
        limit: Limit = PAGE_LIMIT,
        cursor: CursorText = None,
    ) -> Response[bytes]:
        """Every message about an incident: intent, attempts, receipt and acknowledgement, oldest first.

        JSON Lines has a message a line, CSV an attempt a line, with its head on each page. The header `Link` has the
        next page.
        """
        asked = page_request(request, cursors, limit=limit, cursor=cursor)
        after = None if asked.after is None else asked.after[1]
        page = await read_ledger(incident_ref(ref), OldestFirst(limit=limit, after=after), actor=actor)
        paged = page_response(
            request,
            cursors,
            page,
            body=LedgerLineBody.of_entry,
            key=lambda entry: ("", entry.record.notification.id),
        )
        lines = paged.content.items
        content = _csv(lines) if format_ is LedgerFormat.CSV else _json_lines(lines)
        return Response(content, media_type=_MEDIA_TYPES[format_], headers={"Link": paged.headers["Link"]})


def _json_lines(lines: Sequence[LedgerLineBody]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _csv(lines: Sequence[LedgerLineBody]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line in lines:
        writer.writerows([_cell(value) for value in row] for row in _rows(line))
    return text.getvalue().encode()


def _rows(line: LedgerLineBody) -> Iterator[tuple[object, ...]]:
    """One for each attempt; one as well for a message that had none."""
    receipt = msgspec.json.encode(line.receipt).decode() if line.receipt else None
    message = (
        *(line.id, line.purpose, *_named(line.user), line.channel, line.address, line.round, line.step),
        *(line.rule, line.created_at, line.status, line.may_be_repeat, line.was_overtaken, receipt),
    )
    answer = line.acknowledgement
    answered = (None, None) if answer is None else (answer.at, None if answer.by is None else answer.by.name)
    end = (*answered, *_named(line.destination))
    for attempt in line.attempts:
        yield (
            *message,
            *(attempt.number, attempt.started_at, attempt.finished_at, attempt.outcome, attempt.detail),
            *end,
        )
    if not line.attempts:
        yield *message, *(None,) * 5, *end


def _named(body: NamedBody | None) -> tuple[object, object]:
    return (None, None) if body is None else (body.id, body.name)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
