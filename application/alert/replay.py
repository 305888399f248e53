from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import batched, groupby
from typing import Final, NamedTuple

from application.alert.ingest import IngestEvents
from application.alert.replay_plan import ReadBody, Wanted, planned
from application.alert.routed import ReceivedEvent, received_in
from application.alert.verdict import Verdict, VerdictOutcome, matched_labels
from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import NotFoundError
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.inbox import Inbox
from application.ports.intake import IntakeStore, IntakeTarget, RawEvent
from application.ports.integrations import IntegrationRepository
from application.ports.kept_bodies import BodyReader, KeptBodies, KeptBody, KeptKey, Reading
from application.ports.offload import Offload
from application.ports.stored_events import PastEvent
from application.ports.transaction import Transaction
from application.routing.rehearsal import Rehearsal, Tally, teams_led_to
from application.routing.rules import CurrentRules
from domain.alert.alert_event import AlertAction, AlertEvent
from domain.alert.grouping import group_key_of
from domain.identity.actor import Actor
from domain.identity.role import Permission
from domain.routing.rulebook import Rulebook
from domain.service.integration import Integration, IntegrationKind
from domain.shared.errors import InvalidValueError
from domain.shared.ids import IntegrationId
from domain.shared.limits import INGEST_BATCH, REHEARSED_DAYS, REPLAYED_BODIES, REPLAYED_BYTES

CONSUMER: Final = "replay"
# Ways by which what was set aside may have been refused for what it said. In a queue it was, too, for its age.
_MENDABLE: Final = frozenset({"http", "smtp"})
_READ_AT_ONCE: Final = 50  # bodies; each may be megabytes long


class Effects(NamedTuple):
    """What events that are done now come to."""

    repeated: int = 0  # that were replayed before
    over: int = 0  # answers to what is not firing, or has been heard of since
    dropped: int = 0  # by today's rules
    alerts: int = 0  # new ones
    occurrences: int = 0  # more of alerts that fire
    resolved: int = 0  # alerts

    def plus(self, other: "Effects") -> "Effects":
        return Effects(*map(sum, zip(self, other, strict=True)))


class Replayed(NamedTuple):
    """What came of it, or would have."""

    since: datetime
    until: datetime  # how far it came
    next_since: datetime | None  # where to go on when there is more than one request replays
    bodies: int
    unreadable: int  # bodies that say nothing today either
    taken: int  # events that had been taken as they are read today, and were left alone
    over: int  # events whose condition has ended, as far as the bodies tell
    effects: Effects
    shadow: Tally | None  # of a dry run: all of the events by today's rules, if nobody had answered


class _Read(NamedTuple):
    bodies: Sequence[ReadBody]
    unreadable: int
    next_since: datetime | None


class _Sorted(NamedTuple):
    """Which events of a batch are handed on, and what that comes to."""

    handed_on: Sequence[Wanted]
    effects: Effects


@dataclass(frozen=True, slots=True)
class ReplayBodies:
    """The bodies that an integration was sent in an interval once more, as they are read and judged today.

    For whoever has mended a mapping, a rule or a limit. Doing it again changes nothing: an event that was taken, or
    replayed before, is left alone, and one of an alert that fires is one more occurrence, which pages nobody.
    """

    integrations: IntegrationRepository
    bodies: KeptBodies
    reader: BodyReader
    intake: IntakeStore
    alerts: AlertRepository
    inbox: Inbox
    ingest: IngestEvents
    current_rules: CurrentRules
    record_audit: RecordAudit
    offload: Offload
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        integration_id: IntegrationId,
        *,
        since: datetime,
        until: datetime | None = None,
        dry_run: bool,
        actor: Actor,
    ) -> Replayed:
        """At most until now. A dry run changes nothing. Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`.

        What it does it commits in batches, each with its audit entry; after a failure it can be asked again.
        """
        integration = await self.integrations.look_up(integration_id)
        require(actor, Permission.CONFIGURE, team_id=integration.team_id)
        at = self.clock.now()
        until = at if until is None else min(until, at)
        _require_interval(since, until, at)
        read = await self._read(integration, since, until)
        plan = planned(read.bodies, at=at)
        effects = Effects()
        for batch in batched(plan.wanted, INGEST_BATCH):
            work = self._looked_at(batch, integration) if dry_run else self._done(batch, integration, actor)
            effects = effects.plus(await work)
        return Replayed(
            since=since,
            until=read.next_since or until,
            next_since=read.next_since,
            bodies=len(read.bodies) + read.unreadable,
            unreadable=read.unreadable,
            taken=plan.taken,
            over=plan.over,
            effects=effects,
            shadow=await self._shadow(read.bodies, integration, until=until) if dry_run else None,
        )

    async def _read(self, integration: Integration, since: datetime, until: datetime) -> _Read:
        bodies: list[ReadBody] = []
        unreadable = size_bytes = 0
        after: KeptKey | None = None
        while True:
            found = await self.bodies.between(integration.id, since, until, after=after, limit=_READ_AT_ONCE)
            readings = await self.offload.run(partial(self._readings, found, integration))
            for kept, reading in zip(found, readings, strict=True):
                size_bytes += len(kept.body)
                is_full = len(bodies) + unreadable >= REPLAYED_BODIES or size_bytes > REPLAYED_BYTES
                # Never in the middle of an instant, with which the next request begins.
                if is_full and after is not None and kept.received_at > after.received_at:
                    return _Read(bodies, unreadable, kept.received_at)
                after = KeptKey(kept.received_at, kept.id)
                if reading.refusal is None:
                    bodies.append(ReadBody(kept, reading.events))
                else:
                    unreadable += 1
            if len(found) < _READ_AT_ONCE:
                return _Read(bodies, unreadable, None)

    def _readings(self, found: Sequence[KeptBody], integration: Integration) -> list[Reading]:
        return [self._reading(each, integration) for each in found]

    def _reading(self, kept: KeptBody, integration: Integration) -> Reading:
        if kept.refusal is not None and not _may_be_believed(kept, integration):
            return Reading(refusal=kept.refusal)
        return self.reader.read(kept, integration)

    async def _done(self, batch: Sequence[Wanted], integration: Integration, actor: Actor) -> Effects:
        async with self.transaction:
            at = self.clock.now()
            new = await self.inbox.take(CONSUMER, {each.handled_key for each in batch}, at=at)
            target = await self.intake.target_of(integration.key_hash, at=at)
            if target is None:
                raise NotFoundError("integration", integration.id)
            handed_on, effects = await self._sorted(batch, new, integration, at)
            interval = {"since": batch[0].kept.received_at.isoformat(), "until": batch[-1].kept.received_at.isoformat()}
            await self.record_audit(
                "integration.replay", integration.id, actor=actor, at=at, after={**interval, **effects._asdict()}
            )
            if handed_on:
                await self.ingest.apply(list(self._received(handed_on, target, at)))
        return effects

    async def _looked_at(self, batch: Sequence[Wanted], integration: Integration) -> Effects:
        keys = {each.handled_key for each in batch}
        new = keys - await self.inbox.known(CONSUMER, keys)
        async with self.transaction:
            return (await self._sorted(batch, new, integration, self.clock.now())).effects

    async def _sorted(
        self, batch: Sequence[Wanted], new: Collection[str], integration: Integration, at: datetime
    ) -> _Sorted:
        rules = await self.current_rules()
        firing = await self.alerts.firing({(integration.id, each.event.dedup_key) for each in batch})
        last_seen = {alert.dedup_key: alert.last_seen_at for alert in firing}
        opened: set[str] = set()
        handed_on: list[Wanted] = []
        counts: Counter[str] = Counter()
        for each in batch:
            key = each.event.dedup_key
            if each.handled_key not in new:
                counts["repeated"] += 1
                continue
            if each.event.action is AlertAction.RESOLVE:
                # A condition that was heard of since is not the one that ended.
                ends = key in last_seen and last_seen[key] <= each.kept.received_at
                counts["resolved" if ends else "over"] += 1
                handed_on += [each] if ends else []
                continue
            handed_on.append(each)
            if _is_dropped(each.event, rules, integration, at):
                counts["dropped"] += 1
            elif key in last_seen or key in opened:
                counts["occurrences"] += 1
            else:
                counts["alerts"] += 1
                opened.add(key)
        return _Sorted(handed_on, Effects(**counts))

    def _received(self, handed_on: Sequence[Wanted], target: IntakeTarget, at: datetime) -> Iterator[ReceivedEvent]:
        """Each body is kept once more with what becomes of it now, since what became of it then stays true."""
        for kept, of_body in groupby(handed_on, key=lambda each: each.kept):
            raw = RawEvent(
                id=self.ids.new(),
                integration_id=target.integration.id,
                received_at=at,
                format=kept.format if kept.refusal is None else target.integration.kind,
                body=kept.body,
                headers=kept.headers,
            )
            yield from received_in(raw, [each.event for each in of_body], target)

    async def _shadow(self, bodies: Sequence[ReadBody], integration: Integration, *, until: datetime) -> Tally:
        rules = await self.current_rules()
        rehearsal = Rehearsal(rules, await teams_led_to((rules,), self.intake))
        for kept, events in bodies:
            rehearsal.feed([_past(kept, event, integration) for event in events])
        rehearsal.pass_until(until)
        return rehearsal.tally


def _require_interval(since: datetime, until: datetime, at: datetime) -> None:
    if since >= until:
        raise InvalidValueError("since", "must be before until, and before now")
    if since < at - timedelta(days=REHEARSED_DAYS):
        raise InvalidValueError("since", f"may be {REHEARSED_DAYS} days ago at most, as long as bodies are kept")


def _may_be_believed(kept: KeptBody, integration: Integration) -> bool:
    """Whether what was set aside can have been refused for what it said alone.

    Where senders sign, it may be somebody else's; from a queue, it may have been too old to page anybody.
    """
    signs = integration.takes_only_signed or integration.kind is IntegrationKind.CLOUDWATCH
    return kept.format in _MENDABLE and not signs


def _is_dropped(event: AlertEvent, rules: Rulebook, integration: Integration, at: datetime) -> bool:
    if rules.is_empty:
        return False
    labels = matched_labels(event)
    decided = rules.decide(labels, integration_id=integration.id, team_id=integration.team_id, at=at)
    return decided.effect.is_dropped


def _past(kept: KeptBody, event: AlertEvent, integration: Integration) -> PastEvent:
    is_trigger = event.action is AlertAction.TRIGGER
    return PastEvent(
        event_id=kept.id,
        received_at=kept.received_at,
        integration_id=integration.id,
        team_id=integration.team_id,
        service_id=integration.service_id,
        verdict=Verdict(
            dedup_key=event.dedup_key,
            action=event.action,
            outcome=VerdictOutcome.OPENED if is_trigger else VerdictOutcome.CLEARED,  # which no rehearsal asks
            group_key=group_key_of(event),
        ),
        labels=matched_labels(event) if is_trigger else None,
        severity=event.severity,
        group_window=integration.group_window,
    )
