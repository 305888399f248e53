from dataclasses import dataclass, replace

from application.audit.record import RecordAudit
from application.authorize import require
from application.errors import ConflictError
from application.identity.facts import user_facts
from application.identity.holiday_region import require_holidays
from application.ports.clock import Clock
from application.ports.credentials import CredentialRepository
from application.ports.holidays import HolidayCalendar
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.role import Permission, Role
from domain.identity.user import User
from domain.shared.ids import UserId


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """An admin changes what somebody is called, may do, or whether they are here at all."""

    users: UserRepository
    credentials: CredentialRepository
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    holidays: HolidayCalendar

    async def __call__(
        self,
        user_id: UserId,
        *,
        name: str | None = None,
        role: Role | None = None,
        time_zone: str | None = None,
        is_active: bool | None = None,
        slack_user_id: str | None = None,
        holiday_region: str | None = None,
        expected_version: int | None = None,
        actor: Actor,
    ) -> User:
        """None leaves a field as it is; an empty Slack member unlinks, an empty region clears it.

        Deactivating ends every session.

        Raises:
            ForbiddenError, NotFoundError, InvalidValueError.
            ConflictError: the version is not the expected one, the Slack member is taken, or nobody would be left to
                administer.
        """
        require(actor, Permission.ADMINISTER)
        async with self.transaction:
            admins = await self.users.active_admins()  # first, which keeps the order of locks
            user = await self.users.get(user_id)
            if expected_version is not None and user.version != expected_version:
                raise ConflictError("user", user_id)
            changed = replace(
                user,
                name=user.name if name is None else name.strip(),
                role=user.role if role is None else role,
                time_zone=user.time_zone if time_zone is None else time_zone,
                is_active=user.is_active if is_active is None else is_active,
                slack_user_id=user.slack_user_id if slack_user_id is None else slack_user_id or None,
                holiday_region=user.holiday_region if holiday_region is None else holiday_region or None,
            )
            if changed.holiday_region != user.holiday_region:
                require_holidays(self.holidays, changed.holiday_region)
            if changed == user:
                return user
            if admins == {user_id} and not (changed.is_active and changed.role is Role.ADMIN):
                raise ConflictError("user", user_id, "is the last active admin: make somebody else one first")
            at = self.clock.now()
            saved = await self.users.save(changed)
            if user.is_active and not saved.is_active:
                await self.credentials.revoke_sessions_of(user_id, at=at)
            await self.record_audit(
                "user.update", user_id, actor=actor, at=at, before=user_facts(user), after=user_facts(saved)
            )
            return saved
