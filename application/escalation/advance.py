"""One tick of every escalation that is due."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from application.escalation.resolve_unanswered import ResolveUnanswered, Unanswered
from application.escalation.responders import FindResponders, Responders
from application.notification.lease import Bundle, Leased, LeaseNotifications, Room, leased_at_once
from application.notification.pages_to import page_at, pages_to
from application.ports.alerts import AlertRepository
from application.ports.clock import Clock
from application.ports.escalations import DueRun, PolicyVersions, RunRepository, StepKey, StepTurns
from application.ports.fall_backs import FallBackRepository
from application.ports.ids import IdFactory
from application.ports.notifications import DueNotification
from application.ports.transaction import Transaction
from domain.escalation.asked import Asked, asked
from domain.escalation.condition import Circumstances
from domain.escalation.events import (
    EscalationExhausted,
    EscalationFallBackPaged,
    EscalationStepReached,
    EscalationStepSkipped,
)
from domain.escalation.plan import Look, Position
from domain.escalation.policy import EscalationPolicy, Target, WhenExhausted
from domain.escalation.run import EscalationRun
from domain.notification.notification import Notification
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, NotificationId
from domain.shared.priority import priority_of

BATCH: Final = 100
NO_ROOM: Final[Room] = {}  # all pages wait in the table for whichever courier comes first


class Advanced(NamedTuple):
    """What a tick came to."""

    runs: int  # that moved; a full batch means that there may be more
    leased: Leased  # for the couriers that had room


class _Ticked(NamedTuple):
    """A run that was due, before and after, and what was found."""

    due: DueRun
    policy: EscalationPolicy
    run: EscalationRun
    look: Look

    @property
    def turn_of(self) -> StepKey | None:
        """The step whose turn it takes, if it reaches one that takes turns."""
        reached = self.look.reached
        takes_turns = reached is not None and self.policy.steps[reached.step].takes_turns
        return StepKey(self.policy.id, reached.step) if takes_turns and reached is not None else None

    @property
    def exhausted(self) -> WhenExhausted | None:
        """What the policy says to do now; None: it is not exhausted."""
        return self.policy.when_exhausted if self.look.is_exhausted else None


class _Told(NamedTuple):
    """Those who are told by one run now: by a step, or as its last resort."""

    ticked: _Ticked
    position: Position
    targets: tuple[Target, ...]

    def asked(self, responders: Responders) -> Asked:
        """Those whom the targets mean; who has acknowledged already is not paged again."""
        return asked(responders.of(self.targets), answered=self.ticked.due.answered_by)


@dataclass(frozen=True, slots=True)
class AdvanceEscalations:
    """Takes the runs whose deadline has come, and pages whom their next step means.

    Everything is looked up at now, not at the deadline: after an outage the person on call is the one of this moment.
    A batch costs the same few statements however many runs are in it, and asks for labels, turns and fall-backs only
    when some run of it needs them.

    Pages that leave at once are leased in the same transaction, as long as couriers of this process have room: it is
    theirs to send them once it has committed. If it ends before, the leases run out, and other couriers send them.
    """

    runs: RunRepository
    policies: PolicyVersions
    alerts: AlertRepository
    turns: StepTurns
    fall_backs: FallBackRepository
    find_responders: FindResponders
    lease: LeaseNotifications
    resolve_unanswered: ResolveUnanswered
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(self, *, limit: int = BATCH, room: Room = NO_ROOM) -> Advanced:
        """Raises `TransientPortError`; what it had leased then is nobody's until the leases run out."""
        async with self.transaction:
            at = self.clock.now()
            due = await self.runs.claim_due(at=at, limit=limit)
            ticked = await self._ticked(due, at) if due else []
            leased = await self._page(ticked, room, at) if due else {}
        # An incident is held before its runs are, so this takes a transaction of its own. Until then they stay due.
        await self.resolve_unanswered(
            [
                Unanswered(each.run, tuple(_facts(each, at)))
                for each in ticked
                if each.exhausted is WhenExhausted.RESOLVE
            ]
        )
        return Advanced(len(due), leased)

    async def _page(self, ticked: Sequence[_Ticked], room: Room, at: datetime) -> Leased:
        left = [each for each in ticked if each.exhausted is not WhenExhausted.RESOLVE]
        told = await self._told(left)
        responders = await self.find_responders({target for each in told for target in each.targets}, at=at)
        made = {each.ticked.run.id: self._pages(each, responders, at) for each in told}
        facts = [fact for each in left for fact in _facts(each, at)]
        tellings = [_telling(each, responders, made[each.ticked.run.id], at) for each in told]
        pages = [page for of_run in made.values() for page in of_run]
        subjects = {each.due.run.incident_id: each.due.subject for each in left}
        # What is resolved is resolved after this transaction, which may fail: nothing leased must wait for that.
        leased = leased_at_once(pages, subjects, room=room if len(left) == len(ticked) else NO_ROOM, at=at)
        as_leased = {each.notification.id: each.notification for each in _each_of(leased)}
        added = await self.runs.record(
            [each.run for each in left],
            pages=[as_leased.get(page.id, page) for page in pages],
            events=facts + tellings,
        )
        return await self._admitted(leased, added, at)

    async def _admitted(self, leased: Leased, added: Set[NotificationId], at: datetime) -> Leased:
        """Without pages that were there already (P4), and without those that are more than a contact takes."""
        return {
            channel: await self.lease.within_throttle(channel, _only(bundles, added), at=at)
            for channel, bundles in leased.items()
        }

    async def _ticked(self, due: Sequence[DueRun], at: datetime) -> list[_Ticked]:
        versions = await self.policies.get_many({(each.run.policy_id, each.run.policy_version) for each in due})
        policies = [versions[each.run.policy_id, each.run.policy_version] for each in due]
        labels = await self._labels(due, policies)
        ticked = []
        for each, policy in zip(due, policies, strict=True):
            circumstances = Circumstances(
                severity=each.severity,
                urgency=each.urgency,
                priority=priority_of(each.severity, tier=each.tier),
                labels=labels.get(each.run.incident_id, {}),
            )
            run, look = each.run.tick(policy, circumstances, at=at)
            assert look is not None, "what is not due is not claimed"
            ticked.append(_Ticked(each, policy, run, look))
        return ticked

    async def _labels(
        self, due: Sequence[DueRun], policies: Sequence[EscalationPolicy]
    ) -> Mapping[IncidentId, Mapping[str, str]]:
        wanted = {each.run.incident_id for each, policy in zip(due, policies, strict=True) if policy.asks_for_labels}
        return await self.alerts.first_labels(wanted) if wanted else {}

    async def _told(self, ticked: Sequence[_Ticked]) -> list[_Told]:
        """Whom the steps that are reached tell, and those of last resort."""
        taken = Counter(each.turn_of for each in ticked if each.turn_of is not None)
        turns = dict(await self.turns.take(taken)) if taken else {}
        told = []
        for each in ticked:
            reached, key = each.look.reached, each.turn_of
            if reached is None:
                continue
            told.append(_Told(each, reached, each.policy.steps[reached.step].told(turn=turns[key] if key else 0)))
            if key is not None:
                turns[key] += 1
        return told + await self._told_at_last([each for each in ticked if each.exhausted is WhenExhausted.FALL_BACK])

    async def _told_at_last(self, exhausted: Sequence[_Ticked]) -> list[_Told]:
        if not exhausted:
            return []
        fall_backs = await self.fall_backs.effective({each.policy.team_id for each in exhausted})
        told = []
        for each in exhausted:
            fall_back = fall_backs.get(each.policy.team_id)
            # After all of the steps, so that these pages are none of a step's (P4).
            last = Position(each.policy.repeats, len(each.policy.steps))
            told.append(_Told(each, last, () if fall_back is None else fall_back.targets))
        return told

    def _pages(self, told: _Told, responders: Responders, at: datetime) -> list[Notification]:
        run, urgency = told.ticked.run, told.ticked.due.urgency
        people = (responders.reachability.get(user_id) for user_id in told.asked(responders).still)
        beside = [
            page_at(
                destination,
                incident_id=run.incident_id,
                run_id=run.id,
                position=told.position,
                at=at,
                ids=self.ids,
            )
            for destination in responders.destinations_of(told.targets)
        ]
        return beside + [
            page
            for person in people
            if person is not None
            for page in pages_to(
                person,
                incident_id=run.incident_id,
                run_id=run.id,
                position=told.position,
                urgency=urgency,
                at=at,
                ids=self.ids,
            )
        ]


def _each_of(leased: Leased) -> Iterator[DueNotification]:
    return (each for bundles in leased.values() for bundle in bundles for each in bundle)


def _only(bundles: Sequence[Bundle], added: Set[NotificationId]) -> list[Bundle]:
    kept = (tuple(each for each in bundle if each.notification.id in added) for bundle in bundles)
    return [bundle for bundle in kept if bundle]


def _facts(ticked: _Ticked, at: datetime) -> Iterator[DomainEvent]:
    """What was passed over, and whether that was the end."""
    run = ticked.run
    for position, reason, detail in ticked.look.skipped:
        yield EscalationStepSkipped(
            incident_id=run.incident_id,
            run_id=run.id,
            round=position.round,
            step=position.step,
            reason=reason,
            detail=detail,
            at=at,
        )
    if ticked.exhausted is not None:
        yield EscalationExhausted(incident_id=run.incident_id, run_id=run.id, outcome=ticked.exhausted, at=at)


def _telling(told: _Told, responders: Responders, pages: Sequence[Notification], at: datetime) -> DomainEvent:
    """That a step, or the last resort, meant these people; of those who are still asked, who has no page cannot be
    reached.
    """
    before, meant, (still, answered) = told.ticked.due.run, responders.of(told.targets), told.asked(responders)
    paged = {page.user_id for page in pages}
    destinations = tuple(each.id for each in responders.destinations_of(told.targets))
    unreachable = tuple(user_id for user_id in still if user_id not in paged)
    if told.ticked.look.reached is None:
        return EscalationFallBackPaged(
            incident_id=before.incident_id,
            run_id=before.id,
            responders=meant,
            unreachable=unreachable,
            answered=answered,
            destinations=destinations,
            at=at,
        )
    assert before.next_deadline is not None
    return EscalationStepReached(
        incident_id=before.incident_id,
        run_id=before.id,
        round=told.position.round,
        step=told.position.step,
        due_at=before.next_deadline,
        responders=meant,
        unreachable=unreachable,
        answered=answered,
        destinations=destinations,
        at=at,
    )
