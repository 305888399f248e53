from dataclasses import dataclass

from adapters.outbound.memory.database import MemorySession
from application.ports.texted_pages import TextedPage, TextedPages
from domain.incident.incident import Incident, IncidentStatus
from domain.notification.contact import Channel
from domain.notification.notification import Notification, Purpose
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class MemoryTextedPages(TextedPages):
    session: MemorySession

    async def newest(self, address: str, *, number: int | None = None) -> TextedPage | None:
        database = self.session.database
        paged = [
            (database.incidents[page.incident_id], page.user_id)
            for page in database.notifications.values()
            if page.incident_id is not None and page.user_id is not None and self._may_answer(page, address)
        ]
        meant = [(incident, user_id) for incident, user_id in paged if _is_meant(incident, number)]
        if not meant:
            return None
        incident, user_id = max(meant, key=lambda each: (each[0].triggered_at, each[0].id, -each[1].int))
        return TextedPage(user_id, incident.id, incident.number)

    async def owners(self, address: str) -> tuple[UserId, ...]:
        contacts = (contact for contacts in self.session.database.contacts.values() for contact in contacts)
        owners = {
            contact.user_id
            for contact in contacts
            if (contact.channel, contact.address) == (Channel.SMS, address) and contact.verified_at is not None
        }
        return tuple(sorted(owners))

    def _may_answer(self, page: Notification, address: str) -> bool:
        was_texted = page.purpose is Purpose.PAGE and page.channel is Channel.SMS and page.attempts > 0
        contacts = () if page.user_id is None else self.session.database.contacts.get(page.user_id, ())
        proved = {(each.channel, each.address) for each in contacts if each.verified_at is not None}
        return was_texted and page.address == address and (Channel.SMS, address) in proved


def _is_meant(incident: Incident, number: int | None) -> bool:
    return incident.status is IncidentStatus.TRIGGERED if number is None else incident.number == number
