from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from application.notification.notify import Notify, Telling
from application.ports.directory import Directory, Reachability
from application.ports.ids import IdFactory
from application.ports.incidents import IncidentRepository
from application.ports.notifications import NotificationRepository, Settlement
from domain.incident.incident import Incident, IncidentStatus
from domain.notification.contact import Channel, Contact
from domain.notification.fall_back import contact_failed, fall_back
from domain.notification.notification import Notification, NotificationStatus, Purpose
from domain.shared.ids import IncidentId, NotificationId, UserId


@dataclass(frozen=True, slots=True)
class FallBack:
    """After a contact has refused a message for good, in the transaction that records it.

    A page goes on to the person's next contact, and the owner is told of the contact on all others.
    """

    incidents: IncidentRepository
    notifications: NotificationRepository
    directory: Directory
    notify: Notify
    ids: IdFactory

    async def hold(self, refused: Collection[Notification]) -> Mapping[IncidentId, Incident]:
        """The incidents that pages were refused about. Ask before any notification is held.

        While they are held nobody answers, so that no page is made after an answer (P3).
        """
        ids = {page.incident_id for page in refused if _is_page(page) and page.incident_id is not None}
        return {incident.id: incident for incident in await self.incidents.get_many(ids)} if ids else {}

    async def __call__(
        self, refused: Sequence[Settlement], incidents: Mapping[IncidentId, Incident], *, at: datetime
    ) -> None:
        people = await self.go_on([each.change.state for each in refused], incidents, at=at)
        tellings = [
            Telling([contact.user_id], contact_failed(contact, detail=each.attempt.detail, at=at), {_place(contact)})
            for each in refused
            if (contact := _contact_of(each.change.state, people)) is not None
        ]
        await self.notify.each(tellings, at=at)

    async def go_on(
        self, failed: Sequence[Notification], incidents: Mapping[IncidentId, Incident], *, at: datetime
    ) -> Mapping[UserId, Reachability]:
        """To the next contacts of these people, who are returned. Nobody is told of the contacts that failed."""
        people = await self.directory.reachability({each.user_id for each in failed if each.user_id is not None})
        pages = [each for each in failed if _is_page(each)]
        await self.notifications.add(await self._instead(pages, incidents, people, at))
        return people

    async def _instead(
        self,
        refused: Sequence[Notification],
        incidents: Mapping[IncidentId, Incident],
        people: Mapping[UserId, Reachability],
        at: datetime,
    ) -> list[Notification]:
        steps = defaultdict(list)
        for page in await self.notifications.of_same_steps([page.id for page in refused]):
            steps[_step(page)].append(page)
        made = []
        for page in refused:
            assert page.incident_id is not None
            incident, person = incidents.get(page.incident_id), _person_of(page, people)
            if incident is None or person is None or not _still_asks(incident, person.user_id):
                continue
            step = steps[_step(page)]
            plan = fall_back(page, person.contacts, person.rules, step=step, urgency=incident.urgency, at=at)
            if plan is None:
                continue
            instead = replace(
                page,
                id=NotificationId(self.ids.new()),
                rule_position=plan.rule_position,
                channel=plan.channel,
                address=plan.address,
                status=NotificationStatus.PENDING,
                created_at=at,
                next_deadline=plan.due_at,
                attempts=0,
                may_be_repeat=False,
            )
            step.append(instead)  # so that two that were refused at once do not go to the same contact
            made.append(instead)
        return made


def _still_asks(incident: Incident, user_id: UserId) -> bool:
    return incident.status is IncidentStatus.TRIGGERED and user_id not in incident.answered_by


def _is_page(notification: Notification) -> bool:
    """Of a person: a destination has nothing to fall back to."""
    is_of_step = notification.purpose is Purpose.PAGE and notification.run_id is not None
    return is_of_step and notification.user_id is not None


def _step(page: Notification) -> tuple[object, ...]:
    return page.run_id, page.round, page.step, page.user_id


def _place(contact: Contact) -> tuple[Channel, str]:
    return contact.channel, contact.address


def _person_of(notification: Notification, people: Mapping[UserId, Reachability]) -> Reachability | None:
    return None if notification.user_id is None else people.get(notification.user_id)


def _contact_of(refused: Notification, people: Mapping[UserId, Reachability]) -> Contact | None:
    """None: it is the person's no more."""
    person = _person_of(refused, people)
    contacts = () if person is None else person.contacts
    return next((each for each in contacts if _place(each) == (refused.channel, refused.address)), None)
