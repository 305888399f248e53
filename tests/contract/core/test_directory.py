"""The promises of `Directory`, kept by every adapter of it."""

from dataclasses import replace
from uuid import UUID

from application.ports.directory import Reachability
from domain.notification.contact import Channel
from domain.oncall.schedule import Schedule
from domain.shared.ids import ScheduleId, TeamId, UserId
from tests.support.builders import ADA, BEN, CAT, CREW, DAN, ROTA, a_contact, a_town
from tests.support.oncall import a_shadow, a_temporary, an_override
from tests.support.world import Ports

UNKNOWN = UUID(int=404)


async def test_schedules_come_as_they_are_with_the_overrides_that_are_still_to_come_as_they_were_made(
    ports: Ports,
) -> None:
    first = an_override(1, BEN, "2999-01-02 00:00", "2999-01-03 00:00")
    second = an_override(2, BEN, "2999-01-01 00:00", "2999-01-02 00:00", replaces=ADA)
    async with ports.transaction:
        await ports.schedules.add_override(ROTA, first)
        await ports.schedules.add_override(ROTA, second)

    (schedule,) = a_town().schedules
    expected: dict[ScheduleId, Schedule] = {ROTA: replace(schedule, overrides=(first, second), version=1)}
    assert await ports.directory.schedules({ROTA, ScheduleId(UNKNOWN)}) == expected
    assert await ports.directory.schedules(set()) == {}


async def test_schedules_come_with_their_temporary_schedules_and_without_shadows(ports: Ports) -> None:
    fair = a_temporary(1, "2999-01-02 00:00", "2999-01-03 00:00", (BEN, "2999-01-02 00:00", "2999-01-02 08:00"))
    async with ports.transaction:
        await ports.schedules.add_temporary(ROTA, fair)
        await ports.schedules.add_shadow(ROTA, a_shadow(1, BEN, "2999-01-02 00:00", "2999-01-03 00:00", follows=ADA))
    found = (await ports.directory.schedules({ROTA}))[ROTA]
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
