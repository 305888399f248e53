"""The promises of `Directory`, kept by every adapter of it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from application.ports.contact_proofs import Tried
from application.ports.directory import Reachability, Unreachable
from application.ports.notifier import Outcome
from domain.identity.role import Role
from domain.notification.contact import Channel, Contact
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId
from tests.support.builders import ADA, BEN, CAT, CREW, DAN, MINUTE, NOON, ROTA, a_contact, a_step, a_town, to_user
from tests.support.oncall import a_shadow, a_temporary, an_override
from tests.support.world import Ports

UNKNOWN = UUID(int=404)


async def test_schedules_come_as_they_are_with_the_overrides_that_are_still_to_come_as_they_were_made(
    ports: Ports,
) -> None:
    first = an_override(1, BEN, "2999-01-02 00:00", "2999-01-03 00:00")
    second = an_override(2, BEN, "2999-01-01 00:00", "2999-01-02 00:00", replaces=ADA)
    async with ports.transaction:
        await ports.schedules.add_override(ROTA, first, at=NOON)
        await ports.schedules.add_override(ROTA, second, at=NOON)

    (schedule,) = a_town().schedules
    expected: dict[ScheduleId, Schedule] = {ROTA: replace(schedule, overrides=(first, second), version=1)}
    assert await ports.directory.schedules({ROTA, ScheduleId(UNKNOWN)}, at=NOON) == expected
    assert await ports.directory.schedules(set(), at=NOON) == {}


async def test_schedules_come_with_their_temporary_schedules_and_without_shadows(ports: Ports) -> None:
    fair = a_temporary(1, "2999-01-02 00:00", "2999-01-03 00:00", (BEN, "2999-01-02 00:00", "2999-01-02 08:00"))
    fair = replace(fair, is_layer=True)
    async with ports.transaction:
        await ports.schedules.add_temporary(ROTA, fair, at=NOON)
        shadow = a_shadow(1, BEN, "2999-01-02 00:00", "2999-01-03 00:00", follows=ADA)
        await ports.schedules.add_shadow(ROTA, shadow, at=NOON)
    found = (await ports.directory.schedules({ROTA}, at=NOON))[ROTA]
    assert (found.temporaries, found.shadows) == ((fair,), ())


async def test_a_team_has_its_members_in_their_order(ports: Ports) -> None:
    async with ports.transaction:
        team = await ports.teams.get(CREW)
        await ports.teams.save(replace(team, member_ids=(CAT, ADA, BEN)))

    assert await ports.directory.team_members({CREW, TeamId(UNKNOWN)}) == {CREW: (CAT, ADA, BEN)}
    assert await ports.directory.team_members(set()) == {}


async def test_a_user_is_reached_by_contacts_and_rules(ports: Ports) -> None:
    reached = await ports.directory.reachability({ADA})

    assert set(reached[ADA].contacts) == {a_contact(ADA), a_contact(ADA, Channel.SLACK)}
    assert reached[ADA].rules == a_town().rules[ADA]
    assert await ports.directory.reachability(set()) == {}


async def test_a_user_without_contacts_is_there_with_none(ports: Ports) -> None:
    async with ports.transaction:
        await ports.users.save_reachability(BEN, [], [])

    assert await ports.directory.reachability({BEN}) == {BEN: Reachability(user_id=BEN, contacts=(), rules=())}


async def test_only_active_users_can_be_reached(ports: Ports) -> None:
    assert (await ports.directory.reachability({ADA, DAN, UserId(UNKNOWN)})).keys() == {ADA}


async def test_admins_are_those_who_are_active(ports: Ports) -> None:
    async with ports.transaction:
        for user_id in (BEN, ADA, DAN):
            await ports.users.save(replace(await ports.users.get(user_id), role=Role.ADMIN))

    assert await ports.directory.admins() == (ADA, BEN)


async def test_who_is_active_is_found_by_whole_address(ports: Ports) -> None:
    emails = {"user-2@example.test", "user-1@example.test", "user-4@example.test", "user-3@example"}
    assert await ports.directory.active_by_email(emails) == (ADA, BEN)
    assert await ports.directory.active_by_email(()) == ()


async def refused(ports: Ports, *contacts: Contact, outcome: Outcome = Outcome.REJECTED, at: datetime = NOON) -> None:
    async with ports.transaction:
        tries = [Tried(each.user_id, each.channel, each.address, at, outcome) for each in contacts]
        await ports.contact_proofs.record(tries)


async def test_whoever_has_left_has_no_contact_or_only_such_as_refuse_is_unreachable(ports: Ports) -> None:
    assert await ports.directory.unreachable({ADA, BEN, UserId(UNKNOWN)}, set(), set()) == ()
    assert await ports.directory.unreachable({DAN}, set(), set()) == (Unreachable(DAN, "User 4"),)

    async with ports.transaction:
        await ports.users.save_reachability(CAT, [], [])
    await refused(ports, a_contact(ADA), a_contact(BEN), a_contact(BEN, Channel.SLACK))
    found = await ports.directory.unreachable({ADA, BEN, CAT}, set(), set())
    assert found == (Unreachable(BEN, "User 2"), Unreachable(CAT, "User 3"))

    await refused(ports, a_contact(BEN), outcome=Outcome.DELIVERED, at=NOON + MINUTE)
    assert await ports.directory.unreachable({BEN}, set(), set()) == ()


async def test_a_contact_that_is_not_verified_reaches_nobody_beside_one_that_is(ports: Ports) -> None:
    mail, chat = a_contact(BEN), replace(a_contact(BEN, Channel.SLACK), verified_at=NOON)
    async with ports.transaction:
        await ports.users.save_reachability(BEN, [mail, chat], [])
    await refused(ports, chat)
    assert await ports.directory.unreachable({BEN}, set(), set()) == (Unreachable(BEN, "User 2"),)

    async with ports.transaction:
        await ports.users.save_reachability(BEN, [mail, replace(chat, verified_at=None)], [])
    assert await ports.directory.unreachable({BEN}, set(), set()) == ()


async def test_members_of_teams_and_those_who_take_turns_are_looked_at_too(ports: Ports) -> None:
    async with ports.transaction:
        for user_id in (ADA, BEN, CAT):
            await ports.users.save_reachability(user_id, [], [])

    assert [each.user_id for each in await ports.directory.unreachable(set(), {CREW}, set())] == [BEN, CAT]
    assert [each.user_id for each in await ports.directory.unreachable(set(), set(), {ROTA})] == [ADA, CAT]


async def test_anywhere_is_in_the_newest_version_of_a_policy_in_its_teams_and_in_any_schedule(ports: Ports) -> None:
    assert await ports.directory.unreachable_anywhere(limit=9) == (Unreachable(DAN, "User 4"),)
    async with ports.transaction:
        for user_id in (ADA, BEN, CAT):
            await ports.users.save_reachability(user_id, [], [])

    assert [each.user_id for each in await ports.directory.unreachable_anywhere(limit=9)] == [ADA, BEN, CAT, DAN]
    assert [each.user_id for each in await ports.directory.unreachable_anywhere(limit=2)] == [ADA, BEN]
    async with ports.transaction:
        for policy in a_town().policies:
            stored = await ports.policies.get(policy.id)
            await ports.policies.save(replace(stored, steps=(a_step(to_user(ADA)),)))
    assert [each.user_id for each in await ports.directory.unreachable_anywhere(limit=9)] == [ADA, CAT]
