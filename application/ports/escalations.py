from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from application.ports.notifications import Subject
from domain.escalation.policy import EscalationPolicy
from domain.escalation.run import EscalationRun
from domain.notification.notification import Notification
from domain.shared.event import DomainEvent
from domain.shared.ids import IncidentId, NotificationId, PolicyId, UserId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency


class DueRun(NamedTuple):
    run: EscalationRun
    subject: Subject  # its incident, now
    tier: int | None = None  # of its service, now

    @property
    def urgency(self) -> Urgency:
        return self.subject.incident.urgency

    @property
    def severity(self) -> Severity:
        return self.subject.incident.severity

    @property
    def answered_by(self) -> tuple[UserId, ...]:
        """Who has acknowledged, while others are still required."""
        return self.subject.incident.answered_by


class StepKey(NamedTuple):
    """A step of a policy, by its place, in whichever version."""

    policy_id: PolicyId
    step: int


class RunRepository(Protocol):
    """Escalation runs inside the current transaction."""

    @abstractmethod
    async def claim_due(self, *, at: datetime, limit: int) -> tuple[DueRun, ...]:
        """Runs whose deadline has come, earliest first, held; those that another worker holds are passed over.

        Of more than `limit`, half are those that have waited longest and half those that have become due last: behind
        thousands of one service's runs another's is taken at once, and none waits for ever.
        """

    @abstractmethod
    async def save(self, runs: Sequence[EscalationRun]) -> None:
        """Store runs that this transaction claimed or stopped."""

    @abstractmethod
    async def record(
        self, runs: Sequence[EscalationRun], *, pages: Sequence[Notification], events: Sequence[DomainEvent]
    ) -> frozenset[NotificationId]:
        """Store runs that this transaction claimed with the pages of their steps, and append what happened.

        Returns the pages that are there now: as with `NotificationRepository.add`, one that was there already stays the
        only one. The couriers are woken of channels on which some of them wait, and not for those that are leased.
        """

    @abstractmethod
    async def add(self, runs: Sequence[EscalationRun]) -> None:
        """Store runs that are new, and wake a worker."""

    @abstractmethod
    async def newest_of(self, incident_id: IncidentId) -> EscalationRun | None:
        """The run that began last, held; waits for a worker that is at it."""

    @abstractmethod
    async def running_of(self, incident_ids: Collection[IncidentId]) -> tuple[EscalationRun, ...]:
        """The runs at work on these incidents, held; waits for a worker that is at one."""

    @abstractmethod
    async def of_incident(self, incident_id: IncidentId) -> tuple[EscalationRun, ...]:
        """Every run there was, oldest first, not held. Needs no transaction."""

    @abstractmethod
    async def earliest_deadline(self) -> datetime | None:
        """When the next run is due, whoever may hold it. Needs no transaction."""

    @abstractmethod
    async def count_stalled(self, *, at: datetime) -> int:
        """Open incidents that were there at `at`, that nothing will happen to, and nothing says why (P2).

        One that nobody has needs a newest run which has a deadline after `at` or is exhausted; and whichever has a
        deadline of its own, such as the end of a snooze, needs it to be after `at`.
        """


class PolicyVersions(Protocol):
    """Policies as they once were. A version never changes."""

    @abstractmethod
    async def get_many(
        self, versions: Collection[tuple[PolicyId, int]]
    ) -> Mapping[tuple[PolicyId, int], EscalationPolicy]: ...

    @abstractmethod
    async def newest_for(self, incident_ids: Collection[IncidentId]) -> Mapping[IncidentId, EscalationPolicy]:
        """What pages for each incident now: the policy that it was reassigned to, if it is still there, or else its
        service's.
        """


class StepTurns(Protocol):
    """Whose turn it is at steps that tell one target after the other."""

    @abstractmethod
    async def take(self, counts: Mapping[StepKey, int]) -> Mapping[StepKey, int]:
        """Take so many turns of each step, inside the current transaction; the first of each, counted from 0.

        No turn is taken twice, and none is left out unless its transaction is undone.
        """

    @abstractmethod
    async def upcoming(self, keys: Collection[StepKey]) -> Mapping[StepKey, int]:
        """The turn of each step that is the next to be taken, counted from 0; takes none. Needs no transaction."""
