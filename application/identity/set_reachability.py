from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from application.audit.record import RecordAudit
from application.identity.facts import reachability_facts
from application.identity.self_or_admin import require_self_or_admin
from application.ports.clock import Clock
from application.ports.contact_secrets import ContactSecrets
from application.ports.directory import Reachability
from application.ports.ids import IdFactory
from application.ports.tokens import SecretFactory
from application.ports.transaction import Transaction
from application.ports.users import UserRepository
from domain.identity.actor import Actor
from domain.identity.naming import require_name
from domain.notification.contact import SIGNED, Channel, Contact
from domain.notification.quiet_hours import QuietHours
from domain.notification.rule import NotificationRule
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ContactId, UserId
from domain.shared.limits import CONTACTS_PER_USER, RULES_PER_URGENCY
from domain.shared.urgency import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    channel: Channel
    address: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    urgency: Urgency
    contact: int  # its place in the list of contacts, from 0
    delay: timedelta


@dataclass(frozen=True, slots=True)
class SetReachability:
    """A user, or an admin for them, says where and in which order they are reached, in place of what was said before.

    A contact is its channel and address: one that stays keeps its id, and that it was verified.
    """

    users: UserRepository
    contact_secrets: ContactSecrets
    secrets: SecretFactory
    record_audit: RecordAudit
    transaction: Transaction
    clock: Clock
    ids: IdFactory

    async def __call__(
        self,
        user_id: UserId,
        *,
        contacts: Sequence[ContactDraft],
        rules: Sequence[RuleDraft],
        quiet_hours: tuple[time, time] | None = None,
        actor: Actor,
    ) -> Reachability:
        """Raises `ForbiddenError`, `NotFoundError`, `InvalidValueError`."""
        require_self_or_admin(actor, user_id)
        _require_sound(contacts, rules)
        async with self.transaction:
            at = self.clock.now()
            user = await self.users.get(user_id)
            before = await self.users.reachability(user_id)
            made = self._contacts(user_id, contacts, before)
            await self.users.save_reachability(
                user_id, made, _rules(rules, made), quiet_hours=_quiet_hours(quiet_hours, user.time_zone)
            )
            await self._make_secrets(made, before)
            after = await self.users.reachability(user_id)
            await self._record(before, after, actor=actor, at=at)
            return after

    def _contacts(self, user_id: UserId, drafts: Sequence[ContactDraft], before: Reachability) -> tuple[Contact, ...]:
        known = {(contact.channel, contact.address): contact for contact in before.contacts}
        made = []
        for draft in drafts:
            address = draft.address.strip()
            was = known.get((draft.channel, address))
            contact = Contact(
                id=ContactId(self.ids.new()) if was is None else was.id,
                user_id=user_id,
                channel=draft.channel,
                address=address,
                label=draft.label.strip(),
                verified_at=None if was is None else was.verified_at,
            )
            if contact.fault is not None:
                raise InvalidValueError("address", contact.fault)
            made.append(contact)
        return tuple(made)

    async def _make_secrets(self, made: Sequence[Contact], before: Reachability) -> None:
        """A new contact never goes without its signature; its owner sees the secret on taking another one."""
        known = {contact.id for contact in before.contacts}
        for contact in made:
            if contact.channel in SIGNED and contact.id not in known:
                await self.contact_secrets.put(contact.id, self.secrets.webhook_secret())

    async def _record(self, before: Reachability, after: Reachability, *, actor: Actor, at: datetime) -> None:
        await self.record_audit(
            "user.set_reachability",
            after.user_id,
            actor=actor,
            at=at,
            before=reachability_facts(before),
            after=reachability_facts(after),
        )


def _require_sound(contacts: Sequence[ContactDraft], rules: Sequence[RuleDraft]) -> None:
    """Raises `InvalidValueError` for too many, doubles, or a rule without its contact."""
    if len(contacts) > CONTACTS_PER_USER:
        raise InvalidValueError("contacts", f"has {len(contacts)} entries, allowed are {CONTACTS_PER_USER}")
    if len({(contact.channel, contact.address.strip()) for contact in contacts}) != len(contacts):
        raise InvalidValueError("contacts", "has an address twice")
    for contact in contacts:
        require_name("label", contact.label, least=0)
    for rule in rules:
        if not 0 <= rule.contact < len(contacts):
            raise InvalidValueError("rules", f"names contact {rule.contact}, of which there are {len(contacts)}")
    for urgency, count in Counter(rule.urgency for rule in rules).items():
        if count > RULES_PER_URGENCY:
            raise InvalidValueError(
                "rules", f"has {count} entries of {urgency} urgency, allowed are {RULES_PER_URGENCY}"
            )


def _quiet_hours(given: tuple[time, time] | None, time_zone: str) -> QuietHours | None:
    if given is None:
        return None
    starts, ends = given
    return QuietHours(starts=starts, ends=ends, time_zone=time_zone)


def _rules(drafts: Sequence[RuleDraft], contacts: Sequence[Contact]) -> tuple[NotificationRule, ...]:
    places: Counter[Urgency] = Counter()
    rules = []
    for draft in drafts:
        rules.append(
            NotificationRule(
                urgency=draft.urgency,
                position=places[draft.urgency],
                contact_id=contacts[draft.contact].id,
                delay=draft.delay,
            )
        )
        places[draft.urgency] += 1
    return tuple(rules)
