"""What `EventDeliveries` and `SubscriptionRepository` promise, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.event_deliveries import DeliveryKey, DeliveryQuery, Health, LeasedDelivery, Settlement
from application.ports.event_log import EventPosition
from application.ports.page import PageRequest
from domain.incident.events import IncidentAnnotated
from domain.shared.ids import SubscriptionId
from domain.shared.via import Via
from domain.subscription.delivery import Attempt, DeliveryStatus, EventDelivery, Verdict
from domain.subscription.subscription import Subscription
from tests.contract.core.conftest import OpenSession
from tests.contract.core.storing import an_open_incident
from tests.support.builders import ADA, CREW, MINUTE, NOON, an_incident
from tests.support.subscriptions import a_delivery, a_subscription
from tests.support.world import Ports

LEASE_END = NOON + MINUTE
OF_ONE = DeliveryQuery(subscription_id=a_subscription().id)


async def subscribed(ports: Ports, number: int = 1) -> Subscription:
    async with ports.transaction:
        stored = await ports.subscriptions.save(a_subscription(number, team_id=CREW))
        await ports.subscriptions.add_secret(stored.id, "whsec_one", old_expire_at=NOON)
        await ports.event_deliveries.begin(stored.id, EventPosition(0, 0))
    return stored


async def recorded(ports: Ports, number: int, *, incident: int = 1, of: int = 1) -> EventDelivery:
    """A delivery of an event that is really in the log, since a lease reads it there."""
    event = IncidentAnnotated(
        incident_id=an_incident(incident).id, by=ADA, via=Via.API, note=str(number), at=NOON + number * MINUTE / 60
    )
    async with ports.transaction:
        await ports.events.append([event])
    *_, logged = await ports.events.of_incident(event.incident_id, limit=1000)
    made = a_delivery(
        number,
        subscription_id=a_subscription(of).id,
        transaction=logged.position.transaction,
        sequence=logged.position.sequence,
        event_at=event.at,
        incident_id=event.incident_id,
    )
    async with ports.transaction:
        await ports.event_deliveries.record([made], {made.subscription_id: logged.position}, at=NOON)
    return made


async def lease(
    ports: Ports,
    number: int = 1,
    *,
    at: datetime = NOON,
    limit: int = 10,
    each: int = 10,
    without: frozenset[SubscriptionId] = frozenset(),
) -> tuple[LeasedDelivery, ...]:
    async with ports.transaction:
        return await ports.event_deliveries.lease_due(
            UUID(int=number), at=at, until=at + MINUTE, limit=limit, each=each, without=without
        )


async def settle(ports: Ports, leased: LeasedDelivery, verdict: Verdict = Verdict.DELIVERED) -> None:
    settled, again_at = leased.delivery.settle(Attempt(NOON, NOON, verdict, "said"), jitter=0.5)
    async with ports.transaction:
        assert await ports.event_deliveries.hold([leased.lease]) == {leased.lease}
        await ports.event_deliveries.settle([Settlement(settled, leased.lease, again_at)], at=NOON)


def numbers(leased: tuple[LeasedDelivery, ...]) -> list[int]:
    return [each.delivery.id.int - 70_000 for each in leased]


async def test_of_each_incident_the_first_event_is_leased_alone(ports: Ports) -> None:
    await subscribed(ports)
    await an_open_incident(ports, 1)
    await an_open_incident(ports, 2)
    for number, incident in ((1, 1), (2, 1), (3, 2)):
        await recorded(ports, number, incident=incident)

    first = await lease(ports)
    assert sorted(numbers(first)) == [1, 3]
    assert await lease(ports, 2) == ()
    await settle(ports, first[0])
    assert numbers(await lease(ports, 2)) == [2]


async def test_a_lease_has_what_a_sender_needs(ports: Ports) -> None:
    subscription = await subscribed(ports)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    incident = await an_open_incident(ports, trace=trace)
    await recorded(ports, 1)
    (leased,) = await lease(ports)

    assert (leased.subscription, leased.secrets, leased.leased_at) == (subscription, ("whsec_one",), NOON)
    assert leased.event.kind == "incident.annotated"
    assert leased.incident is not None
    assert (leased.incident.number, leased.incident.title) == (incident.number, incident.title)
    assert leased.incident.trace == trace
    assert (leased.delivery.attempts, leased.delivery.may_be_repeat) == (1, False)


async def test_a_lease_that_ran_out_is_another_s_and_the_next_attempt_may_be_a_repeat(ports: Ports) -> None:
    await subscribed(ports)
    await an_open_incident(ports)
    await recorded(ports, 1)
    (lost,) = await lease(ports, 1)
    (mine,) = await lease(ports, 2, at=LEASE_END)

    assert (mine.delivery.attempts, mine.delivery.may_be_repeat) == (2, True)
    assert not await ports.event_deliveries.is_held(lost.lease)
    assert await ports.event_deliveries.is_held(mine.lease)
    async with ports.transaction:
        assert await ports.event_deliveries.hold([lost.lease, mine.lease]) == {mine.lease}


async def test_a_failing_event_holds_back_its_own_incident_and_no_other(ports: Ports) -> None:
    await subscribed(ports)
    await an_open_incident(ports, 1)
    await an_open_incident(ports, 2)
    await recorded(ports, 1)
    (leased,) = await lease(ports)
    await settle(ports, leased, Verdict.FAILED)
    await recorded(ports, 2)
    await recorded(ports, 3, incident=2)

    assert numbers(await lease(ports, 2)) == [3]
    assert numbers(await lease(ports, 3, at=NOON + timedelta(seconds=5))) == [1]


async def test_no_more_of_one_subscription_than_its_share_and_none_of_those_left_out(ports: Ports) -> None:
    one, two = await subscribed(ports, 1), await subscribed(ports, 2)
    for number in (1, 2, 3):
        await an_open_incident(ports, number)
        await recorded(ports, number, incident=number)
    await recorded(ports, 4, of=2)

    shared = await lease(ports, each=2)
    assert [each.subscription.id for each in shared].count(one.id) == 2
    assert [each.subscription.id for each in shared].count(two.id) == 1
    assert await lease(ports, 2, without=frozenset({one.id})) == ()
    assert len(await lease(ports, 3)) == 1


async def test_what_is_paused_or_switched_off_is_not_leased(ports: Ports) -> None:
    subscription = await subscribed(ports)
    await an_open_incident(ports)
    await recorded(ports, 1)
    async with ports.transaction:
        await ports.event_deliveries.save_health({subscription.id: Health(NOON, NOON + MINUTE)})
    assert await lease(ports) == ()
    assert await ports.event_deliveries.earliest_deadline() == NOON + MINUTE
    assert await ports.event_deliveries.health_of([subscription.id]) == {subscription.id: Health(NOON, NOON + MINUTE)}
    async with ports.transaction:
        await ports.subscriptions.save(replace(subscription, is_enabled=False))
    assert await lease(ports, at=NOON + MINUTE) == ()
    assert await ports.event_deliveries.earliest_deadline() is None
    async with ports.transaction:
        assert await ports.event_deliveries.claim_cursors(limit=10) == ()


async def test_a_cursor_is_where_the_last_record_left_it(ports: Ports) -> None:
    subscription = await subscribed(ports)
    incident = await an_open_incident(ports)
    made = await recorded(ports, 1)
    async with ports.transaction:
        (cursor,) = await ports.event_deliveries.claim_cursors(limit=10)
        teams = await ports.event_deliveries.teams_of([incident.id, an_incident(9).id])
    assert cursor == (subscription, EventPosition(made.transaction, made.sequence))
    assert teams == {incident.id: CREW}


async def test_the_log_is_newest_first_in_pages_and_by_status(ports: Ports) -> None:
    await subscribed(ports)
    await an_open_incident(ports)
    made = [await recorded(ports, number) for number in (1, 2, 3)]
    (leased,) = await lease(ports)
    await settle(ports, leased)

    first = await ports.event_deliveries.list(replace(OF_ONE, limit=2))
    assert ([each.id for each in first.items], first.has_more) == ([made[2].id, made[1].id], True)
    after = DeliveryKey(made[1].event_at, made[1].id)
    rest = await ports.event_deliveries.list(replace(OF_ONE, limit=2, after=after))
    assert ([each.id for each in rest.items], rest.has_more) == ([made[0].id], False)
    assert rest.items[0].log == (Attempt(NOON, NOON, Verdict.DELIVERED, "said"),)
    for status, ids in ((DeliveryStatus.DELIVERED, [made[0].id]), (DeliveryStatus.FAILED, [])):
        page = await ports.event_deliveries.list(replace(OF_ONE, status=status))
        assert [each.id for each in page.items] == ids
    assert (await ports.event_deliveries.get(made[0].id)) == rest.items[0]
    with pytest.raises(NotFoundError):
        await ports.event_deliveries.get(a_delivery(99).id)


async def test_what_was_settled_in_an_interval_is_replayed_once_and_before_what_waits(ports: Ports) -> None:
    subscription = await subscribed(ports)
    await an_open_incident(ports)
    made = [await recorded(ports, number) for number in (1, 2)]
    (leased,) = await lease(ports)
    await settle(ports, leased)
    interval = (subscription.id, NOON, NOON + MINUTE)
    found = await ports.event_deliveries.settled_between(*interval, only_failed=False, limit=10)
    assert [each.id for each in found] == [made[0].id]
    assert await ports.event_deliveries.settled_between(*interval, only_failed=True, limit=10) == ()

    async with ports.transaction:
        assert await ports.event_deliveries.replay([each.replay() for each in found], at=NOON) == 1
    async with ports.transaction:
        assert await ports.event_deliveries.replay([each.replay() for each in found], at=NOON) == 0
    (again,) = await lease(ports, 2)
    assert (again.delivery.id, again.delivery.replays, again.delivery.may_be_repeat) == (made[0].id, 1, True)


async def test_a_lane_that_waits_can_be_hurried(ports: Ports) -> None:
    subscription = await subscribed(ports)
    await an_open_incident(ports)
    await recorded(ports, 1)
    (leased,) = await lease(ports)
    await settle(ports, leased, Verdict.FAILED)
    async with ports.transaction:
        await ports.event_deliveries.hurry(subscription.id, at=NOON)
    assert numbers(await lease(ports, 2)) == [1]


async def test_two_who_lease_at_once_never_have_the_same(open_session: OpenSession, ports: Ports) -> None:
    await subscribed(ports)
    for number in (1, 2):
        await an_open_incident(ports, number)
        await recorded(ports, number, incident=number)
    other = await open_session()
    first = await lease(ports, 1, limit=1)
    second = await lease(other, 2)
    assert sorted(numbers(first) + numbers(second)) == [1, 2]


async def test_secrets_overlap_for_as_long_as_was_said(ports: Ports) -> None:
    subscription = await subscribed(ports)
    async with ports.transaction:
        await ports.subscriptions.add_secret(subscription.id, "whsec_two", old_expire_at=NOON + MINUTE)
    both = await ports.subscriptions.secrets(subscription.id, at=NOON)
    assert [each.secret for each in both] == ["whsec_two", "whsec_one"]
    async with ports.transaction:
        await ports.subscriptions.add_secret(subscription.id, "whsec_three", old_expire_at=NOON + MINUTE)
    assert [each.secret for each in await ports.subscriptions.secrets(subscription.id, at=NOON)] == [
        "whsec_three",
        "whsec_two",
    ]
    assert [each.secret for each in await ports.subscriptions.secrets(subscription.id, at=NOON + MINUTE)] == [
        "whsec_three"
    ]


async def test_subscriptions_are_listed_by_name_of_some_teams_or_of_all(ports: Ports) -> None:
    one, two = await subscribed(ports, 1), await subscribed(ports, 2)
    async with ports.transaction:
        everything = await ports.subscriptions.save(a_subscription(3, team_id=None))
    assert (await ports.subscriptions.list(PageRequest())).items == (one, two, everything)
    assert (await ports.subscriptions.list(PageRequest(), team_ids={CREW})).items == (one, two)
    after = (one.name, one.id)
    page = await ports.subscriptions.list(PageRequest(limit=1, after=after))
    assert (page.items, page.has_more) == ((two,), True)
    assert await ports.subscriptions.count() == 3


async def test_a_subscription_is_saved_by_version_under_a_name_of_its_own_and_deleted(ports: Ports) -> None:
    one = await subscribed(ports)
    async with ports.transaction:
        assert await ports.subscriptions.get(one.id) == one
        changed = await ports.subscriptions.save(replace(one, event_kinds=("incident.*",)))
    assert await ports.subscriptions.look_up(one.id) == changed
    for wrong in (one, a_subscription(2, name=one.name)):
        with pytest.raises(ConflictError):
            async with ports.transaction:
                await ports.subscriptions.save(wrong)
    await an_open_incident(ports)
    await recorded(ports, 1)
    async with ports.transaction:
        await ports.subscriptions.delete(one.id)
    with pytest.raises(NotFoundError):
        await ports.subscriptions.look_up(one.id)
    assert await lease(ports) == ()
