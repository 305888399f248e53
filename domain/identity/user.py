"""A person who can be paged, or may look."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.identity.role import Role
from domain.shared.errors import InvalidValueError
from domain.shared.ids import UserId
from domain.shared.limits import ADDRESS_CHARACTERS, NAME_CHARACTERS
from domain.shared.text import require_length


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
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        if self.email != self.email.strip().lower() or "@" not in self.email[1:-1]:
            raise InvalidValueError("email", "must be an e-mail address in lower case")
        if len(self.email) > ADDRESS_CHARACTERS:
            raise InvalidValueError("email", f"has {len(self.email)} characters, allowed are {ADDRESS_CHARACTERS}")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidValueError("time_zone", f"{self.time_zone!r} is not an IANA time zone") from None
