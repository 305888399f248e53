"""What really happened, read from the tables alone once a fault is over, against the promises that must have held.

Of `docs`' invariants it checks I1 (accepted is stored), I2 (one open incident a key), I4 (no page starts after an
answer), I5 (a page twice says so), I6 (steps in order, none twice, none early) and P8 (state is what its events say).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

import asyncpg

from adapters.outbound.postgres.bodies import policy_from
from adapters.outbound.postgres.session import prepare_connection
from adapters.wire import events as wire
from domain.escalation.condition import Circumstances
from domain.escalation.events import EscalationExhausted, EscalationStepReached, EscalationStopped
from domain.escalation.plan import Position, timetable
from domain.escalation.policy import EscalationPolicy
from domain.incident.events import IncidentAcknowledged, IncidentEvent, IncidentResolved
from domain.incident.incident import Incident
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, RunId
from domain.shared.priority import Priority
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency

# The answer's time is read just before its transaction, and its commit follows within this.
COMMIT: Final = timedelta(seconds=1)
# Clocks of two processes are both read from the database, and differ by less.
CLOCKS: Final = timedelta(milliseconds=50)

_OVERLAPPING: Final = """
SELECT a.group_key FROM incidents a JOIN incidents b ON b.service_id = a.service_id AND b.group_key = a.group_key
  AND b.id > a.id AND b.triggered_at < coalesce(a.resolved_at, 'infinity')
  AND a.triggered_at < coalesce(b.resolved_at, 'infinity')
"""
_RUNS: Final = """
SELECT r.id, r.incident_id, r.status, r.started_at, v.body FROM escalation_runs r
JOIN policy_versions v ON v.policy_id = r.policy_id AND v.version = r.policy_version
"""
_ATTEMPTS: Final = """
SELECT a.notification_id, a.number, a.outcome, a.started_at, n.incident_id, n.created_at, n.was_overtaken,
  a.finished_at = a.started_at AND a.outcome = 'unknown' AS is_lost
FROM delivery_attempts a JOIN notifications n ON n.id = a.notification_id WHERE n.purpose = 'page'
ORDER BY a.notification_id, a.number, a.started_at
"""


@dataclass(slots=True)
class History:
    """The story in figures; `violations` must be empty."""

    accepted: int = 0
    lost: int = 0
    incidents: int = 0
    pages: int = 0
    delivered: int = 0
    repeated: int = 0  # pages that a provider got more than once, each of them labelled
    steps: int = 0
    steps_late_seconds: list[float] = field(default_factory=list)  # sorted
    pages_late_seconds: list[float] = field(default_factory=list)  # sorted; of the first attempt after the intent
    violations: list[str] = field(default_factory=list)

    def violate(self, invariant: str, what: str) -> None:
        self.violations.append(f"{invariant}: {what}")


async def read(
    dsn: str, *, accepted: Collection[str] = (), received: Mapping[UUID, Sequence[bool]] | None = None
) -> History:
    """Check the database's story against what clients and providers saw.

    `accepted` are the dedup keys of events that were answered with 2xx. `received` says of each page, by its id, which
    messages its provider took, oldest first, and whether each said that it may be a repeat.
    """
    history = History(accepted=len(accepted))
    connection = await asyncpg.connect(dsn)
    try:
        await prepare_connection(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):  # work may be going on
            await _accepted_is_stored(connection, accepted, history)
            events = await _events(connection)
            await _one_open_incident(connection, history)
            await _state_is_what_events_say(connection, events, history)
            await _steps_in_order(connection, events, history)
            await _no_page_after_an_answer(connection, events, history)
            await _pages_once(connection, received, history)
    finally:
        await connection.close()
    history.steps_late_seconds.sort()
    history.pages_late_seconds.sort()
    return history


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in order; 0 when there are none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


async def _accepted_is_stored(
    connection: "asyncpg.Connection[asyncpg.Record]", accepted: Collection[str], history: History
) -> None:
    stored = {row["dedup_key"] for row in await connection.fetch("SELECT DISTINCT dedup_key FROM alerts")}
    lost = sorted(set(accepted) - stored)
    history.lost = len(lost)
    if lost:
        history.violate("I1", f"{len(lost)} accepted events are not stored, such as {lost[0]}")


async def _events(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[UUID, list[DomainEvent]]:
    rows = await connection.fetch("SELECT incident_id, kind, body FROM domain_events ORDER BY transaction, sequence")
    events: dict[UUID, list[DomainEvent]] = defaultdict(list)
    for row in rows:
        if row["incident_id"] is not None:
            events[row["incident_id"]].append(wire.from_builtins(row["kind"], row["body"]))
    return events


async def _one_open_incident(connection: "asyncpg.Connection[asyncpg.Record]", history: History) -> None:
    for row in await connection.fetch(_OVERLAPPING):
        history.violate("I2", f"two incidents were open at once for {row['group_key']}")
    without_run = await connection.fetchval(
        "SELECT count(*) FROM incidents i WHERE NOT EXISTS (SELECT FROM escalation_runs r WHERE r.incident_id = i.id)"
    )
    if without_run:
        history.violate("P2", f"{without_run} incidents have no escalation")


async def _state_is_what_events_say(
    connection: "asyncpg.Connection[asyncpg.Record]", events: Mapping[UUID, Sequence[DomainEvent]], history: History
) -> None:
    fields = (
        "number",
        "service_id",
        "team_id",
        "group_key",
        "title",
        "severity",
        "urgency",
        "status",
        "triggered_at",
        "acknowledged_at",
        "acknowledged_by",
        "resolved_at",
        "resolved_by",
    )
    for row in await connection.fetch("SELECT * FROM incidents"):
        history.incidents += 1
        told = [event for event in events.get(row["id"], ()) if isinstance(event, IncidentEvent)]
        try:
            folded = Incident.fold(told)
        except ValueError as error:
            history.violate("P8", f"INC-{row['number']}: {error}")
            continue
        for name in fields:
            if getattr(folded, name) != row[name]:
                history.violate("P8", f"INC-{row['number']}: {name} is {row[name]}, its events say {folded}")


async def _steps_in_order(
    connection: "asyncpg.Connection[asyncpg.Record]", events: Mapping[UUID, Sequence[DomainEvent]], history: History
) -> None:
    for row in await connection.fetch(_RUNS):
        told = [
            event
            for event in events.get(row["incident_id"], ())
            if isinstance(event, EscalationStepReached | EscalationExhausted | EscalationStopped)
            and event.run_id == RunId(row["id"])
        ]
        for problem in _problems(told, policy_from(row["body"]), row["started_at"]):
            history.violate("I6", f"run {row['id']}: {problem}")
        reached = [event for event in told if isinstance(event, EscalationStepReached)]
        history.steps += len(reached)
        history.steps_late_seconds += [(event.at - event.due_at).total_seconds() for event in reached]
        ends = {EscalationExhausted: "exhausted", EscalationStopped: "stopped"}
        says = next((status for kind, status in ends.items() if any(isinstance(event, kind) for event in told)), None)
        if (says or "running") != row["status"]:
            history.violate("I6", f"run {row['id']} is {row['status']}, and its events say {says}")


def _problems(told: Sequence[DomainEvent], policy: EscalationPolicy, started_at: datetime) -> Iterator[str]:
    reached = [event for event in told if isinstance(event, EscalationStepReached)]
    # The crew's policies have no conditions, so what the incident is like does not matter.
    circumstances = Circumstances(severity=Severity.SEV1, urgency=Urgency.HIGH, priority=Priority.P1)
    looks = timetable(policy, start=started_at, circumstances=circumstances)
    planned = [moment.look.reached for moment in looks if moment.look.reached is not None]
    positions = [Position(event.round, event.step) for event in reached]
    if positions != planned[: len(positions)]:
        yield f"went through {positions} in place of {planned}"
    for event in reached:
        if event.at < event.due_at:
            yield f"step {event.step + 1} came at {event.at}, before {event.due_at}"
    for before, after in pairwise(reached):
        if after.at - before.at < policy.steps[before.step].delay:
            yield f"step {after.step + 1} followed {after.at - before.at} after step {before.step + 1}"
    ends = [event for event in told if not isinstance(event, EscalationStepReached)]
    if len(ends) > 1:
        yield f"ended {len(ends)} times"
    if ends and told[-1] is not ends[0]:
        yield "went on after its end"


async def _no_page_after_an_answer(
    connection: "asyncpg.Connection[asyncpg.Record]", events: Mapping[UUID, Sequence[DomainEvent]], history: History
) -> None:
    answers = {
        incident_id: min(event.at for event in told if isinstance(event, IncidentAcknowledged | IncidentResolved))
        for incident_id, told in events.items()
        if any(isinstance(event, IncidentAcknowledged | IncidentResolved) for event in told)
    }
    for row in await connection.fetch("SELECT incident_id, created_at FROM notifications WHERE purpose = 'page'"):
        answer = answers.get(row["incident_id"])
        if answer is not None and row["created_at"] > answer + COMMIT:
            history.violate("I4", f"a page of {IncidentId(row['incident_id'])} was intended after its answer")
    for row in await connection.fetch(_ATTEMPTS):
        answer = answers.get(row["incident_id"])
        began_after = answer is not None and row["started_at"] > answer + CLOCKS
        if not began_after or row["outcome"] == "withheld" or row["is_lost"]:  # nothing left then
            continue
        assert answer is not None
        if not row["was_overtaken"] or row["started_at"] > answer + COMMIT:
            late = row["started_at"] - answer
            history.violate("I4", f"page {row['notification_id']} left {late} after an answer, {row['outcome']}")


async def _pages_once(
    connection: "asyncpg.Connection[asyncpg.Record]",
    received: Mapping[UUID, Sequence[bool]] | None,
    history: History,
) -> None:
    history.pages = await connection.fetchval("SELECT count(*) FROM notifications WHERE purpose = 'page'")
    attempts: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in await connection.fetch(_ATTEMPTS):
        attempts[row["notification_id"]].append(row)
    for page, made in attempts.items():
        outcomes = Counter(row["outcome"] for row in made)
        history.pages_late_seconds.append((made[0]["started_at"] - made[0]["created_at"]).total_seconds())
        if outcomes["delivered"] > 1:
            history.violate("I5", f"page {page} was recorded as delivered {outcomes['delivered']} times")
        history.delivered += min(outcomes["delivered"], 1)
        numbers = [row["number"] for row in made if row["outcome"] != "held"]  # what is held back is tried later
        if len(set(numbers)) != len(numbers):
            history.violate("I5", f"page {page} has an attempt twice: {numbers}")
    if received is None:
        return
    known = {row["id"] for row in await connection.fetch("SELECT id FROM notifications")}
    for page, labels in received.items():
        history.repeated += len(labels) > 1
        if page not in known:
            history.violate("I5", f"a provider got page {page}, which is not stored")
        if not all(labels[1:]):
            history.violate("I5", f"page {page} arrived {len(labels)} times, and not each repeat said so: {labels}")
