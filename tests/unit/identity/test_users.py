from dataclasses import replace
from datetime import timedelta

import pytest

from application.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from application.identity.get_reachability import GetReachability
from application.identity.get_user import GetUser
from application.identity.list_users import ListUsers
from application.identity.rotate_contact_secret import SECRET_OVERLAP
from application.identity.set_reachability import ContactDraft, RuleDraft
from application.ports.page import PageRequest
from domain.identity.actor import Actor, CredentialKind
from domain.identity.role import Permission, Role
from domain.identity.user import User
from domain.notification.contact import Channel
from domain.shared.errors import InvalidValueError
from domain.shared.urgency import Urgency
from tests.support.identity import PASSWORD, START, MemoryWorld, a_user, actor_of

NEW = "another password"
MAIL = ContactDraft(channel=Channel.EMAIL, address="ada@example.test", label="desk")
SLACK = ContactDraft(channel=Channel.SLACK, address="U0001")


def by_key(user: User) -> Actor:
    return replace(actor_of(user), credential=CredentialKind.API_KEY)


async def test_a_new_user_chooses_a_password_by_the_link(world: MemoryWorld, admin: User) -> None:
    new = await world.create_user(email=" Bob@Example.test", name=" Bob ", role=Role.RESPONDER, actor=actor_of(admin))
    assert (new.user.email, new.user.name, new.user.version) == ("bob@example.test", "Bob", 1)
    tokens = await world.finish_setup(new.setup_secret, PASSWORD)
    assert (await world.authenticate(tokens.access_token)).user_id == new.user.id
    assert (await world.log_in("bob@example.test", PASSWORD)).access_token
    assert world.actions == ["user.create", "user.finish_setup", "user.log_in"]


async def test_an_address_is_taken_once(world: MemoryWorld, admin: User) -> None:
    with pytest.raises(ConflictError):
        await world.create_user(email=admin.email, name="Bob", role=Role.VIEWER, actor=actor_of(admin))
    assert world.actions == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RESPONDER, Role.MANAGER])
async def test_only_admins_administer_users(world: MemoryWorld, admin: User, role: Role) -> None:
    actor = actor_of(await world.add(a_user(2, role=role)))
    with pytest.raises(ForbiddenError):
        await world.create_user(email="x@example.test", name="X", role=Role.VIEWER, actor=actor)
    with pytest.raises(ForbiddenError):
        await world.update_user(actor.user_id, role=Role.ADMIN, actor=actor)
    with pytest.raises(ForbiddenError):
        await world.issue_setup_link(admin.id, actor=actor)
    with pytest.raises(ForbiddenError):
        await world.set_reachability(admin.id, contacts=(), rules=(), actor=actor)


async def test_an_update_changes_what_is_named_and_tells_the_audit(world: MemoryWorld, admin: User, ada: User) -> None:
    changed = await world.update_user(
        ada.id,
        name="Ada L.",
        role=Role.MANAGER,
        time_zone="Europe/London",
        slack_user_id="U0001",
        expected_version=1,
        actor=actor_of(admin),
    )
    assert (changed.name, changed.role, changed.time_zone) == ("Ada L.", Role.MANAGER, "Europe/London")
    assert (changed.slack_user_id, changed.email, changed.version) == ("U0001", ada.email, 2)
    (entry,) = world.database.audit
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["role"], entry.after["role"]) == ("responder", "manager")
    assert "argon2" not in repr(entry)
    unlinked = await world.update_user(ada.id, slack_user_id="", actor=actor_of(admin))
    assert unlinked.slack_user_id is None


async def test_an_update_without_a_change_writes_nothing(world: MemoryWorld, admin: User, ada: User) -> None:
    assert await world.update_user(ada.id, name=ada.name, is_active=True, actor=actor_of(admin)) == ada
    assert world.actions == []


async def test_an_update_of_another_version_conflicts(world: MemoryWorld, admin: User, ada: User) -> None:
    with pytest.raises(ConflictError):
        await world.update_user(ada.id, name="X", expected_version=2, actor=actor_of(admin))


async def test_the_last_active_admin_stays_one(world: MemoryWorld, admin: User, ada: User) -> None:
    with pytest.raises(ConflictError, match="last active admin"):
        await world.update_user(admin.id, role=Role.MANAGER, actor=actor_of(admin))
    with pytest.raises(ConflictError, match="last active admin"):
        await world.update_user(admin.id, is_active=False, actor=actor_of(admin))
    assert (await world.update_user(admin.id, name="Still admin", actor=actor_of(admin))).role is Role.ADMIN
    await world.update_user(ada.id, role=Role.ADMIN, actor=actor_of(admin))
    demoted = await world.update_user(admin.id, role=Role.VIEWER, actor=actor_of(admin))
    assert demoted.role is Role.VIEWER


async def test_deactivating_ends_every_session(world: MemoryWorld, admin: User, ada: User) -> None:
    tokens = await world.log_in(ada.email, PASSWORD)
    await world.update_user(ada.id, is_active=False, actor=actor_of(admin))
    for refused in (world.authenticate(tokens.access_token), world.refresh_session(tokens.refresh_token)):
        with pytest.raises(UnauthenticatedError):
            await refused
    await world.update_user(ada.id, is_active=True, actor=actor_of(admin))
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(tokens.refresh_token)


async def test_a_changed_password_ends_every_other_session(world: MemoryWorld, ada: User) -> None:
    other = await world.log_in(ada.email, PASSWORD)
    tokens = await world.change_password(PASSWORD, NEW, actor=actor_of(ada))
    assert (await world.authenticate(tokens.access_token)).user_id == ada.id
    with pytest.raises(UnauthenticatedError):
        await world.refresh_session(other.refresh_token)
    with pytest.raises(UnauthenticatedError):
        await world.log_in(ada.email, PASSWORD)
    assert (await world.log_in(ada.email, NEW)).access_token


async def test_a_password_is_changed_by_who_knows_the_old_one_and_has_logged_in(world: MemoryWorld, ada: User) -> None:
    for old, actor in [("wrong", actor_of(ada)), (PASSWORD, by_key(ada)), (PASSWORD + "x" * 300, actor_of(ada))]:
        with pytest.raises(ForbiddenError):
            await world.change_password(old, NEW, actor=actor)
    with pytest.raises(InvalidValueError):
        await world.change_password(PASSWORD, "short", actor=actor_of(ada))
    assert world.actions == []


async def test_the_first_admin_gets_a_password_and_a_link(world: MemoryWorld) -> None:
    first = await world.create_first_admin(email="root@example.test", name="Root")
    assert first.user.role is Role.ADMIN
    assert (await world.log_in("root@example.test", first.password)).access_token
    assert first.password not in repr(first) + repr(world.database)
    await world.finish_setup(first.setup_secret, NEW)
    with pytest.raises(UnauthenticatedError):
        await world.log_in("root@example.test", first.password)
    assert (await world.log_in("root@example.test", NEW)).access_token


async def test_there_is_one_first_admin(world: MemoryWorld) -> None:
    await world.create_first_admin(email="root@example.test", name="Root")
    with pytest.raises(ConflictError):
        await world.create_first_admin(email="two@example.test", name="Two")


async def test_a_setup_link_works_once_and_for_a_day(world: MemoryWorld, admin: User, ada: User) -> None:
    late = await world.issue_setup_link(ada.id, actor=actor_of(admin))
    world.wait(timedelta(hours=24))
    with pytest.raises(UnauthenticatedError):
        await world.finish_setup(late, NEW)
    replaced = await world.issue_setup_link(ada.id, actor=actor_of(admin))
    newest = await world.issue_setup_link(ada.id, actor=actor_of(admin))
    with pytest.raises(UnauthenticatedError):
        await world.finish_setup(replaced, NEW)
    with pytest.raises(InvalidValueError):
        await world.finish_setup(newest, "short")
    assert (await world.log_in(ada.email, PASSWORD)).access_token  # the old one works until then
    await world.finish_setup(newest, NEW)
    with pytest.raises(UnauthenticatedError):
        await world.finish_setup(newest, NEW)
    for nonsense in ("", "x", "\ud800"):
        with pytest.raises(UnauthenticatedError):
            await world.finish_setup(nonsense, NEW)


async def test_no_link_for_or_by_somebody_inactive(world: MemoryWorld, admin: User, ada: User) -> None:
    secret = await world.issue_setup_link(ada.id, actor=actor_of(admin))
    await world.update_user(ada.id, is_active=False, actor=actor_of(admin))
    with pytest.raises(UnauthenticatedError):
        await world.finish_setup(secret, NEW)
    with pytest.raises(ConflictError):
        await world.issue_setup_link(ada.id, actor=actor_of(admin))


async def test_users_say_where_they_are_reached(world: MemoryWorld, ada: User) -> None:
    rules = (
        RuleDraft(urgency=Urgency.HIGH, contact=1, delay=timedelta(0)),
        RuleDraft(urgency=Urgency.LOW, contact=0, delay=timedelta(0)),
        RuleDraft(urgency=Urgency.HIGH, contact=0, delay=timedelta(minutes=5)),
    )
    reach = await world.set_reachability(ada.id, contacts=(MAIL, SLACK), rules=rules, actor=actor_of(ada))
    mail, slack = reach.contacts
    assert (mail.address, mail.label, slack.address) == ("ada@example.test", "desk", "U0001")
    assert [(rule.urgency, rule.position, rule.contact_id) for rule in reach.rules] == [
        (Urgency.HIGH, 0, slack.id),
        (Urgency.HIGH, 1, mail.id),
        (Urgency.LOW, 0, mail.id),
    ]
    store = world.new_store()
    assert await GetReachability(store.users)(ada.id, actor=actor_of(a_user(9, role=Role.VIEWER))) == reach
    assert world.actions == ["user.set_reachability"]


async def test_a_contact_that_stays_keeps_its_id_and_its_verification(world: MemoryWorld, ada: User) -> None:
    reach = await world.set_reachability(ada.id, contacts=(MAIL, SLACK), rules=(), actor=actor_of(ada))
    mail, slack = (replace(contact, verified_at=START) for contact in reach.contacts)
    world.database.contacts[ada.id] = (mail, slack)
    moved = replace(SLACK, address="U0002")
    again = await world.set_reachability(
        ada.id, contacts=(moved, replace(MAIL, label="home")), rules=(), actor=actor_of(ada)
    )
    assert again.contacts[0] == replace(mail, label="home")
    assert again.contacts[1].id != slack.id
    assert again.contacts[1].verified_at is None


@pytest.mark.parametrize(
    ("contacts", "rules"),
    [
        ((MAIL, MAIL), ()),
        ((MAIL, replace(MAIL, address=" ada@example.test ")), ()),
        (tuple(replace(MAIL, address=f"{n}@example.test") for n in range(11)), ()),
        ((replace(MAIL, address="nowhere"),), ()),
        ((replace(MAIL, label="x" * 121),), ()),
        ((replace(MAIL, label="\0"),), ()),
        ((MAIL,), (RuleDraft(urgency=Urgency.HIGH, contact=1, delay=timedelta(0)),)),
        ((MAIL,), (RuleDraft(urgency=Urgency.HIGH, contact=-1, delay=timedelta(0)),)),
        ((MAIL,), (RuleDraft(urgency=Urgency.HIGH, contact=0, delay=timedelta(0)),) * 11),
        ((MAIL,), (RuleDraft(urgency=Urgency.HIGH, contact=0, delay=timedelta(days=8)),)),
    ],
)
async def test_contacts_and_rules_that_cannot_be_are_refused(
    world: MemoryWorld, ada: User, contacts: tuple[ContactDraft, ...], rules: tuple[RuleDraft, ...]
) -> None:
    with pytest.raises(InvalidValueError):
        await world.set_reachability(ada.id, contacts=contacts, rules=rules, actor=actor_of(ada))


async def test_an_admin_may_for_another_but_a_key_of_ones_own_may_not(
    world: MemoryWorld, admin: User, ada: User
) -> None:
    await world.set_reachability(ada.id, contacts=(MAIL,), rules=(), actor=by_key(admin))
    with pytest.raises(ForbiddenError):
        await world.set_reachability(ada.id, contacts=(), rules=(), actor=by_key(ada))


HOOK = ContactDraft(channel=Channel.WEBHOOK, address="https://hooks.example.test/ada")


async def test_a_webhook_signs_from_the_first_and_with_another_secret_once_its_owner_takes_one(
    world: MemoryWorld, admin: User, ada: User
) -> None:
    reach = await world.set_reachability(ada.id, contacts=(MAIL, HOOK), rules=(), actor=actor_of(ada))
    mail, hook = reach.contacts
    secrets = world.new_store().contact_secrets
    (first,) = await secrets.of_address(ada.id, Channel.WEBHOOK, HOOK.address, at=START)
    assert await secrets.of_address(ada.id, Channel.EMAIL, MAIL.address, at=START) == ()
    await world.set_reachability(ada.id, contacts=(HOOK, MAIL), rules=(), actor=actor_of(ada))
    assert await secrets.of_address(ada.id, Channel.WEBHOOK, HOOK.address, at=START) == (first,)
    second = await world.rotate_contact_secret(ada.id, hook.id, actor=actor_of(ada))
    third = await world.rotate_contact_secret(ada.id, hook.id, actor=by_key(admin))
    assert len({first, second, third}) == 3
    assert third.startswith("whsec_")
    assert await secrets.of_address(ada.id, Channel.WEBHOOK, HOOK.address, at=START) == (third, second)
    a_day_later = START + SECRET_OVERLAP
    assert await secrets.of_address(ada.id, Channel.WEBHOOK, HOOK.address, at=a_day_later) == (third,)
    assert world.actions[-1] == "user.rotate_contact_secret"
    assert not any(secret in repr(world.database) for secret in (first, second, third))
    with pytest.raises(InvalidValueError, match="signs nothing"):
        await world.rotate_contact_secret(ada.id, mail.id, actor=actor_of(ada))
    with pytest.raises(NotFoundError):
        await world.rotate_contact_secret(admin.id, hook.id, actor=actor_of(admin))
    with pytest.raises(ForbiddenError):
        await world.rotate_contact_secret(ada.id, hook.id, actor=by_key(ada))


async def test_everybody_may_look_and_nobody_without_the_scope(world: MemoryWorld, admin: User, ada: User) -> None:
    store, viewer = world.new_store(), actor_of(a_user(9, role=Role.VIEWER))
    assert await GetUser(store.users)(ada.id, actor=viewer) == ada
    assert (await ListUsers(store.users)(PageRequest(), actor=viewer)).items == (ada, admin)
    with pytest.raises(NotFoundError):
        await GetUser(store.users)(viewer.user_id, actor=viewer)
    blind = replace(viewer, scopes=frozenset({Permission.RESPOND}))
    with pytest.raises(ForbiddenError):
        await GetUser(store.users)(ada.id, actor=blind)
    with pytest.raises(ForbiddenError):
        await ListUsers(store.users)(PageRequest(), actor=blind)
    with pytest.raises(ForbiddenError):
        await GetReachability(store.users)(ada.id, actor=blind)
