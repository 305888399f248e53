from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ForbiddenError, NotFoundError, RateLimitedError
from application.identity.set_reachability import ContactDraft, RuleDraft
from application.ports.errors import TransientPortError
from application.ports.notifier import Delivery, Outcome
from domain.identity.actor import CredentialKind
from domain.identity.user import User
from domain.notification.contact import Channel, Contact
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.urgency import Urgency
from tests.support.identity import START, MemoryWorld, actor_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def contact(world: MemoryWorld, ada: User) -> Contact:
    """Ada's, with a rule."""
    drafts = (ContactDraft(channel=Channel.NTFY, address="ada-pages"),)
    rules = (RuleDraft(urgency=Urgency.HIGH, contact=0, delay=MINUTE),)
    reach = await world.set_reachability(ada.id, contacts=drafts, rules=rules, actor=actor_of(ada))
    return reach.contacts[0]


def sent_code(world: MemoryWorld) -> str:
    return world.sender.sent[-1][1]


def wrong_code(world: MemoryWorld) -> str:
    return "000000" if sent_code(world) != "000000" else "111111"


async def test_the_code_that_arrives_verifies_the_contact_and_leaves_the_rules(
    world: MemoryWorld, ada: User, contact: Contact
) -> None:
    before = world.database.rules[ada.id]
    expires_at = await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    assert expires_at == START + 15 * MINUTE
    assert [to for to, _ in world.sender.sent] == [contact]
    world.wait(MINUTE)
    verified = await world.confirm_contact(ada.id, contact.id, code=f" {sent_code(world)} ", actor=actor_of(ada))
    assert verified == replace(contact, verified_at=START + MINUTE)
    assert world.database.contacts[ada.id] == (verified,)
    assert world.database.rules[ada.id] == before
    assert world.actions[-2:] == ["user.request_contact_verification", "user.verify_contact"]
    assert sent_code(world) not in repr(world.database)


async def test_a_wrong_code_is_refused_and_counted(world: MemoryWorld, ada: User, contact: Contact) -> None:
    await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(InvalidValueError, match=f"{left} tries are left"):
            await world.confirm_contact(ada.id, contact.id, code=wrong_code(world), actor=actor_of(ada))
    with pytest.raises(InvalidValueError, match="was tried 5 times"):
        await world.confirm_contact(ada.id, contact.id, code=sent_code(world), actor=actor_of(ada))
    assert world.database.contacts[ada.id] == (contact,)
    world.wait(MINUTE)
    await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    assert (await world.confirm_contact(ada.id, contact.id, code=sent_code(world), actor=actor_of(ada))).verified_at


async def test_a_code_that_is_late_or_was_never_sent_is_refused(
    world: MemoryWorld, ada: User, contact: Contact
) -> None:
    with pytest.raises(InvalidValueError, match="never sent"):
        await world.confirm_contact(ada.id, contact.id, code="000000", actor=actor_of(ada))
    await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    world.wait(15 * MINUTE)
    with pytest.raises(InvalidValueError, match="expired"):
        await world.confirm_contact(ada.id, contact.id, code=sent_code(world), actor=actor_of(ada))


async def test_codes_are_not_sent_faster_than_once_a_minute(world: MemoryWorld, ada: User, contact: Contact) -> None:
    await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    with pytest.raises(RateLimitedError) as caught:
        await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    assert caught.value.retry_after == MINUTE
    assert len(world.sender.sent) == 1


async def test_a_verified_contact_needs_no_other_code(world: MemoryWorld, ada: User, contact: Contact) -> None:
    await world.request_verification(ada.id, contact.id, actor=actor_of(ada))
    first = await world.confirm_contact(ada.id, contact.id, code=sent_code(world), actor=actor_of(ada))
    assert await world.confirm_contact(ada.id, contact.id, code="anything", actor=actor_of(ada)) == first
    with pytest.raises(IllegalTransitionError):
        await world.request_verification(ada.id, contact.id, actor=actor_of(ada))


@pytest.mark.parametrize(
    ("outcome", "error"), [(Outcome.REJECTED, InvalidValueError), (Outcome.RETRY, TransientPortError)]
)
async def test_a_code_that_surely_did_not_go_out_is_said_so(
    world: MemoryWorld, ada: User, contact: Contact, outcome: Outcome, error: type[Exception]
) -> None:
    world.sender.answer = Delivery(outcome=outcome, detail="no such topic")
    with pytest.raises(error, match="no such topic"):
        await world.request_verification(ada.id, contact.id, actor=actor_of(ada))


async def test_only_oneself_or_an_admin_and_only_for_a_contact_of_that_user(
    world: MemoryWorld, admin: User, ada: User, contact: Contact
) -> None:
    await world.request_verification(ada.id, contact.id, actor=actor_of(admin))
    for refused in (
        replace(actor_of(ada), credential=CredentialKind.API_KEY),
        replace(actor_of(ada), user_id=admin.id),
    ):
        with pytest.raises(ForbiddenError):
            await world.request_verification(ada.id, contact.id, actor=refused)
        with pytest.raises(ForbiddenError):
            await world.confirm_contact(ada.id, contact.id, code=sent_code(world), actor=refused)
    with pytest.raises(NotFoundError):
        await world.request_verification(admin.id, contact.id, actor=actor_of(admin))
    with pytest.raises(NotFoundError):
        await world.confirm_contact(admin.id, contact.id, code=sent_code(world), actor=actor_of(admin))
