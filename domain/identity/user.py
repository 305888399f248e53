"""A person who can be paged, or may look."""

import re
from dataclasses import dataclass, field
from typing import Final

from domain.identity.naming import require_name, require_text
from domain.identity.role import Role
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import ADDRESS_CHARACTERS
from domain.shared.local_time import zone_named

_REGION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")  # ISO 3166-1, and 3166-2
SLACK_ID_CHARACTERS: Final = 64  # theirs have 9 to 11, and no promised end


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: UserId
    email: str  # lower case: the name to log in with
    name: str
    role: Role
    time_zone: str = "UTC"  # IANA
    password_hash: str | None = field(default=None, repr=False)  # None: cannot log in with a password
    slack_user_id: str | None = None  # the linked member whose buttons count as this user's
    is_active: bool = True
    holiday_region: str | None = None  # ISO 3166: whose public holidays are theirs
    version: int = 0

    def __post_init__(self) -> None:
        require_name("name", self.name)
        require_text("email", self.email)
        if self.email != self.email.strip().lower() or "@" not in self.email[1:-1]:
            raise InvalidValueError("email", "must be an e-mail address in lower case")
        if len(self.email) > ADDRESS_CHARACTERS:
            raise InvalidValueError("email", f"has {len(self.email)} characters, allowed are {ADDRESS_CHARACTERS}")
        zone_named("time_zone", self.time_zone)
        if self.holiday_region is not None and not _REGION.fullmatch(self.holiday_region):
            raise InvalidValueError("holiday_region", "must be an ISO 3166 code, such as DE, or DE-BY for a part of it")
        member = self.slack_user_id
        if member is not None and not (member.isascii() and member.isalnum() and len(member) <= SLACK_ID_CHARACTERS):
            raise InvalidValueError("slack_user_id", "must be a Slack member id, such as U0123ABCDEF")
