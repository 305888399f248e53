from datetime import datetime, time, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from adapters.inbound.http.attempts import AttemptLimiter
from adapters.inbound.http.drills import DrillBody
from adapters.inbound.http.etag import content_tag, created, require_match, tagged, version_tag
from adapters.inbound.http.fields import Email, Name, Password, TimeZone, Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    IdsFilter,
    Limit,
    NameFilter,
    PageBody,
    page_request,
    page_response,
)
from adapters.inbound.http.sessions import TokensBody
from application.identity.change_password import ChangePassword
from application.identity.confirm_contact import ConfirmContact
from application.identity.create_user import CreateUser
from application.identity.get_reachability import GetReachability
from application.identity.get_shift_wishes import GetShiftWishes
from application.identity.get_user import GetUser
from application.identity.issue_setup_link import IssueSetupLink
from application.identity.list_users import ListUsers
from application.identity.request_verification import RequestContactVerification
from application.identity.rotate_contact_secret import RotateContactSecret
from application.identity.set_reachability import ContactDraft, RuleDraft, SetReachability
from application.identity.set_shift_wishes import SetShiftWishes
from application.identity.update_user import UpdateUser
from application.notification.drill_user import DrillUser
from application.ports.directory import Reachability
from domain.identity.actor import Actor
from domain.identity.role import Role
from domain.identity.user import User
from domain.notification.contact import Channel, Contact
from domain.notification.shift_wishes import ShiftWishes
from domain.shared.ids import ContactId, UserId
from domain.shared.limits import (
    ADDRESS_CHARACTERS,
    CONTACTS_PER_USER,
    NAME_CHARACTERS,
    RULES_PER_URGENCY,
    STEP_DELAY_SECONDS_MAX,
)
from domain.shared.urgency import Urgency

SlackMember = Annotated[str, Meta(min_length=1, max_length=64, description="A Slack member id.")]
ContactIndex = Annotated[int, Meta(ge=0, description="Its place in the list of contacts, from 0.")]
RuleDelay = Annotated[int, Meta(ge=0, le=STEP_DELAY_SECONDS_MAX, description="After the user's turn came.")]


HolidayRegion = Annotated[
    str,
    Meta(
        pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="ISO 3166, such as DE or DE-BY: whose public holidays count."
    ),
]


class UserBody(msgspec.Struct):
    """A person who can be paged, or may look."""

    id: UUID
    email: str
    name: str
    role: Role
    time_zone: str
    slack_user_id: str | None
    is_active: bool
    holiday_region: str | None
    version: Version

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            role=user.role,
            time_zone=user.time_zone,
            slack_user_id=user.slack_user_id,
            is_active=user.is_active,
            holiday_region=user.holiday_region,
            version=user.version,
        )


class CreateUserBody(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    name: Name
    role: Role
    time_zone: TimeZone = "UTC"
    slack_user_id: SlackMember | None = None
    holiday_region: HolidayRegion | None = None


class NewUserBody(msgspec.Struct):
    """A user, and the secret of the link by which they choose a password, shown this once."""

    user: UserBody
    setup_secret: str


class PatchUserBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is; null unlinks the Slack member, and leaves no region."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    slack_user_id: SlackMember | UnsetType | None = UNSET
    holiday_region: HolidayRegion | UnsetType | None = UNSET


class ContactBody(msgspec.Struct):
    id: UUID
    channel: Channel
    address: str
    label: str
    verified_at: datetime | None
    fault: str | None  # why nothing can reach it: it was given before that was asked

    @classmethod
    def of(cls, contact: Contact) -> Self:
        return cls(
            id=contact.id,
            channel=contact.channel,
            address=contact.address,
            label=contact.label,
            verified_at=contact.verified_at,
            fault=contact.fault,
        )


class RuleBody(msgspec.Struct, forbid_unknown_fields=True):
    """For one urgency: this contact, so long after the user's turn came."""

    urgency: Urgency
    contact: ContactIndex
    delay_seconds: RuleDelay


class QuietHoursBody(msgspec.Struct, forbid_unknown_fields=True):
    """Every night in the user's own zone, maybe over midnight: what is of low urgency waits until they end."""

    starts: time
    ends: time


class ReachabilityBody(msgspec.Struct):
    """Where a user is reached, and in which order. Without a rule for an urgency: everywhere at once."""

    contacts: list[ContactBody]
    rules: list[RuleBody]
    quiet_hours: QuietHoursBody | None

    @classmethod
    def of(cls, reachability: Reachability) -> Self:
        places = {contact.id: place for place, contact in enumerate(reachability.contacts)}
        return cls(
            contacts=[ContactBody.of(contact) for contact in reachability.contacts],
            rules=[
                RuleBody(
                    urgency=rule.urgency,
                    contact=places[rule.contact_id],
                    delay_seconds=round(rule.delay.total_seconds()),
                )
                for rule in sorted(reachability.rules, key=lambda rule: (rule.urgency, rule.position))
            ],
            quiet_hours=None
            if reachability.quiet_hours is None
            else QuietHoursBody(starts=reachability.quiet_hours.starts, ends=reachability.quiet_hours.ends),
        )


class NewContactBody(msgspec.Struct, forbid_unknown_fields=True):
    channel: Channel
    address: Annotated[str, Meta(min_length=1, max_length=ADDRESS_CHARACTERS)]
    label: Annotated[str, Meta(max_length=NAME_CHARACTERS)] = ""


class SetReachabilityBody(msgspec.Struct, forbid_unknown_fields=True):
    """In place of everything that was said before. The order of the rules is theirs within an urgency."""

    contacts: Annotated[list[NewContactBody], Meta(max_length=CONTACTS_PER_USER)]
    rules: Annotated[list[RuleBody], Meta(max_length=RULES_PER_URGENCY * len(Urgency))]
    quiet_hours: QuietHoursBody | None = None


class ShiftWishesBody(msgspec.Struct):
    """Which notices of their shifts a user wants: that they will be on call, that they are, that they handed off."""

    ahead: bool
    started: bool
    ended: bool

    @classmethod
    def of(cls, wishes: ShiftWishes) -> Self:
        return cls(ahead=wishes.ahead, started=wishes.started, ended=wishes.ended)


class PatchShiftWishesBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is not there stays as it is."""

    ahead: bool | UnsetType = UNSET
    started: bool | UnsetType = UNSET
    ended: bool | UnsetType = UNSET


class VerificationBody(msgspec.Struct):
    """A code is on its way to the contact, over its own channel."""

    expires_at: datetime


class ConfirmContactBody(msgspec.Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(min_length=1, max_length=64, description="The code that arrived at the contact.")]


class ContactSecretBody(msgspec.Struct):
    """What messages to the contact are signed with from now on, shown this once."""

    secret: str


class ChangePasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    old: Password
    new: Password


class SetupLinkBody(msgspec.Struct):
    """The secret of a link by which a password can be chosen, shown this once."""

    setup_secret: str


class UserController(Controller):
    path = "/v1/users"
    tags = ("users",)

    @get("/")
    async def list(
        self,
        request: Request[Any, Any, Any],
        list_users: FromDishka[ListUsers],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
        named: NameFilter = None,
        ids: IdsFilter = None,
    ) -> Response[PageBody[UserBody]]:
        """Users by name."""
        found = await list_users(
            page_request(request, cursors, limit=limit, cursor=cursor, named=named, ids=ids), actor=actor
        )
        return page_response(request, cursors, found, body=UserBody.of, key=lambda user: (user.name, user.id))

    @post("/")
    async def create(
        self, data: JSONBody[CreateUserBody], create_user: FromDishka[CreateUser], actor: FromDishka[Actor]
    ) -> Response[NewUserBody]:
        """Let somebody in. The answer has the secret of their setup link, this once."""
        new = await create_user(
            email=data.email,
            name=data.name,
            role=data.role,
            time_zone=data.time_zone,
            slack_user_id=data.slack_user_id,
            holiday_region=data.holiday_region,
            actor=actor,
        )
        body = NewUserBody(user=UserBody.of(new.user), setup_secret=new.setup_secret)
        return created(body, location=f"/v1/users/{new.user.id}", tag=version_tag(new.user.version))

    @get("/me")
    async def read_self(
        self, request: Request[Any, Any, Any], get_user: FromDishka[GetUser], actor: FromDishka[Actor]
    ) -> Response[UserBody]:
        """Whoever asks."""
        user = await get_user(actor.user_id, actor=actor)
        return tagged(request, UserBody.of(user), tag=version_tag(user.version))

    @post("/me/password", status_code=200)
    async def change_password(
        self,
        data: JSONBody[ChangePasswordBody],
        change_password: FromDishka[ChangePassword],
        attempts: FromDishka[AttemptLimiter],
        actor: FromDishka[Actor],
    ) -> TokensBody:
        """Replace one's password. Every session ends, and a new one begins."""
        await attempts.spend(f"password {actor.user_id}")
        return TokensBody.of(await change_password(data.old, data.new, actor=actor))

    @get("/{user_id:uuid}")
    async def read(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        get_user: FromDishka[GetUser],
        actor: FromDishka[Actor],
    ) -> Response[UserBody]:
        """One user."""
        user = await get_user(UserId(user_id), actor=actor)
        return tagged(request, UserBody.of(user), tag=version_tag(user.version))

    @patch("/{user_id:uuid}")
    async def update(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        data: JSONBody[PatchUserBody],
        get_user: FromDishka[GetUser],
        update_user: FromDishka[UpdateUser],
        actor: FromDishka[Actor],
    ) -> Response[UserBody]:
        """Change some of a user. Who is made inactive is logged out and paged no more."""
        old = await get_user(UserId(user_id), actor=actor)
        require_match(request, tag=version_tag(old.version))
        user = await update_user(
            old.id,
            name=_said(data.name),
            role=_said(data.role),
            time_zone=_said(data.time_zone),
            is_active=_said(data.is_active),
            slack_user_id="" if data.slack_user_id is None else _said(data.slack_user_id),
            holiday_region="" if data.holiday_region is None else _said(data.holiday_region),
            expected_version=old.version,
            actor=actor,
        )
        return tagged(request, UserBody.of(user), tag=version_tag(user.version))

    @post("/{user_id:uuid}/setup-link", status_code=200)
    async def issue_setup_link(
        self, user_id: FromPath[UUID], issue_setup_link: FromDishka[IssueSetupLink], actor: FromDishka[Actor]
    ) -> SetupLinkBody:
        """A new setup link, for a forgotten password. The old password works until it is used."""
        return SetupLinkBody(await issue_setup_link(UserId(user_id), actor=actor))

    @post("/{user_id:uuid}/drill", status_code=200)
    async def drill(
        self, user_id: FromPath[UUID], drill_user: FromDishka[DrillUser], actor: FromDishka[Actor]
    ) -> DrillBody:
        """Send a user a test page on each of their contacts, once a minute at most."""
        return DrillBody.of(await drill_user(UserId(user_id), actor=actor))

    @get("/{user_id:uuid}/notification-rules")
    async def read_reachability(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        get_reachability: FromDishka[GetReachability],
        actor: FromDishka[Actor],
    ) -> Response[ReachabilityBody]:
        """Where and in which order a user is reached."""
        body = ReachabilityBody.of(await get_reachability(UserId(user_id), actor=actor))
        return tagged(request, body, tag=content_tag(body))

    @put("/{user_id:uuid}/notification-rules")
    async def set_reachability(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        data: JSONBody[SetReachabilityBody],
        get_reachability: FromDishka[GetReachability],
        set_reachability: FromDishka[SetReachability],
        actor: FromDishka[Actor],
    ) -> Response[ReachabilityBody]:
        """Say anew where and in which order a user is reached. A contact that stays keeps its id."""
        old = ReachabilityBody.of(await get_reachability(UserId(user_id), actor=actor))
        require_match(request, tag=content_tag(old))
        reachability = await set_reachability(
            UserId(user_id),
            contacts=[
                ContactDraft(channel=contact.channel, address=contact.address, label=contact.label)
                for contact in data.contacts
            ],
            rules=[
                RuleDraft(urgency=rule.urgency, contact=rule.contact, delay=timedelta(seconds=rule.delay_seconds))
                for rule in data.rules
            ],
            quiet_hours=None if data.quiet_hours is None else (data.quiet_hours.starts, data.quiet_hours.ends),
            actor=actor,
        )
        body = ReachabilityBody.of(reachability)
        return tagged(request, body, tag=content_tag(body))

    @get("/{user_id:uuid}/shift-notices")
    async def read_shift_wishes(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        get_shift_wishes: FromDishka[GetShiftWishes],
        actor: FromDishka[Actor],
    ) -> Response[ShiftWishesBody]:
        """Which notices of their shifts a user wants."""
        body = ShiftWishesBody.of(await get_shift_wishes(UserId(user_id), actor=actor))
        return tagged(request, body, tag=content_tag(body))

    @patch("/{user_id:uuid}/shift-notices")
    async def set_shift_wishes(
        self,
        request: Request[Any, Any, Any],
        user_id: FromPath[UUID],
        data: JSONBody[PatchShiftWishesBody],
        set_shift_wishes: FromDishka[SetShiftWishes],
        actor: FromDishka[Actor],
    ) -> Response[ShiftWishesBody]:
        """Say which notices of their shifts a user wants. Each wish is its own: no `If-Match` is asked for."""
        wishes = await set_shift_wishes(
            UserId(user_id), ahead=_said(data.ahead), started=_said(data.started), ended=_said(data.ended), actor=actor
        )
        body = ShiftWishesBody.of(wishes)
        return tagged(request, body, tag=content_tag(body))

    @post("/{user_id:uuid}/contacts/{contact_id:uuid}/verification", status_code=202)
    async def request_verification(
        self,
        user_id: FromPath[UUID],
        contact_id: FromPath[UUID],
        request_verification: FromDishka[RequestContactVerification],
        actor: FromDishka[Actor],
    ) -> VerificationBody:
        """Send a code of six digits to the contact. Once a minute, five times a day."""
        expires_at = await request_verification(UserId(user_id), ContactId(contact_id), actor=actor)
        return VerificationBody(expires_at)

    @post("/{user_id:uuid}/contacts/{contact_id:uuid}/confirm", status_code=200)
    async def confirm_contact(
        self,
        user_id: FromPath[UUID],
        contact_id: FromPath[UUID],
        data: JSONBody[ConfirmContactBody],
        confirm_contact: FromDishka[ConfirmContact],
        actor: FromDishka[Actor],
    ) -> ContactBody:
        """Say the code that arrived: the contact counts from now on. A code is good for five tries."""
        contact = await confirm_contact(UserId(user_id), ContactId(contact_id), code=data.code, actor=actor)
        return ContactBody.of(contact)

    @post("/{user_id:uuid}/contacts/{contact_id:uuid}/secret", status_code=200)
    async def rotate_contact_secret(
        self,
        user_id: FromPath[UUID],
        contact_id: FromPath[UUID],
        rotate_contact_secret: FromDishka[RotateContactSecret],
        actor: FromDishka[Actor],
    ) -> ContactSecretBody:
        """A new secret for a webhook's signatures, shown this once. The old one signs as well for a day."""
        return ContactSecretBody(await rotate_contact_secret(UserId(user_id), ContactId(contact_id), actor=actor))


def _said[T](member: T | UnsetType) -> T | None:
    return None if isinstance(member, UnsetType) else member
