from dataclasses import dataclass, field

from application.audit.record import RecordAudit
from application.authorize import require
from application.identity.facts import user_facts
from application.identity.holiday_region import require_holidays
from application.identity.setup_link import MakeSetupLink
from application.ports.clock import Clock
from application.ports.holidays import HolidayCalendar
from application.ports.ids import IdFactory
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission, Role
from domain.identity.user import User
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    user: User
    setup_secret: str = field(repr=False)  # for the link by which the user chooses a password; shown once


@dataclass(frozen=True, slots=True)
class CreateUser:
    """An admin lets somebody in, who then chooses a password by a link."""

    users: UserRepository
    make_setup_link: MakeSetupLink
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory
    holidays: HolidayCalendar

    async def __call__(
        self,
        *,
        email: str,
        name: str,
        role: Role,
        time_zone: str = "UTC",
        slack_user_id: str | None = None,
        holiday_region: str | None = None,
        actor: Actor,
    ) -> NewUser:
        """Raises `ForbiddenError`, `InvalidValueError`, and `ConflictError` when address or Slack member are taken."""
        require(actor, Permission.ADMINISTER)
        user = User(
            id=UserId(self.ids.new()),
            email=email.strip().lower(),
            name=name.strip(),
            role=role,
            time_zone=time_zone,
            slack_user_id=slack_user_id or None,
            holiday_region=holiday_region,
        )
        require_holidays(self.holidays, holiday_region)
        async with self.transaction:
            at = self.clock.now()
            saved = await self.users.save(user)
            secret = await self.make_setup_link(saved.id, at=at)
            await self.record_audit("user.create", saved.id, actor=actor, at=at, after=user_facts(saved))
            return NewUser(user=saved, setup_secret=secret)
