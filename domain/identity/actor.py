"""Who is acting, by which credential, through which door."""

from dataclasses import dataclass
from enum import StrEnum

from domain.identity.role import PERMITTED, Permission, Role
from domain.shared.ids import TeamId, UserId
from domain.shared.via import Via


class CredentialKind(StrEnum):
    SESSION = "session"  # an access token from a login
    API_KEY = "api_key"
    LINK = "link"  # a signed link in a message: one incident, one user
    SLACK = "slack"  # a signed interaction of a linked Slack member
    TELEPHONE = "telephone"  # the number that a text message came from
    LOCAL = "local"  # the operator, at the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    user_id: UserId
    role: Role
    via: Via = Via.API
    credential: CredentialKind = CredentialKind.SESSION
    scopes: frozenset[Permission] = frozenset(
        Permission
    )  # what the credential was made for; the role limits it further
    team_ids: frozenset[TeamId] = frozenset()
    address: str = ""  # where the request came from, for the audit trail
    request_id: str = ""

    def permits(self, permission: Permission) -> bool:
        """Both the role and the credential must allow it."""
        return permission in PERMITTED[self.role] and permission in self.scopes
