from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.ports.links import Links
from application.ports.tokens import LinkTokens
from domain.shared.ids import IncidentId, NotificationId, UserId
from domain.shared.via import Via

# A page that is older has long been escalated past.
GOOD_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SecretLinks(Links):
    base_url: str  # without a slash at its end
    tokens: LinkTokens

    def acknowledge(self, incident_id: IncidentId, user_id: UserId, *, at: datetime, via: Via = Via.EMAIL) -> str:
        token = self.tokens.issue_link(incident_id, user_id, expires_at=at + GOOD_FOR, via=via)
        return f"{self.base_url}/a/{token}"

    def drill(self, notification_id: NotificationId, user_id: UserId, *, at: datetime, via: Via = Via.EMAIL) -> str:
        token = self.tokens.issue_drill(notification_id, user_id, expires_at=at + GOOD_FOR, via=via)
        return f"{self.base_url}/d/{token}"

    def calendar(self, token: str) -> str:
        return f"{self.base_url}/calendar/{token}.ics"

    def incident(self, number: int) -> str:
        return f"{self.base_url}/v1/incidents/INC-{number}"
