"""The promises of `HeartbeatRepository`, kept by every adapter of it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.page import PageRequest
from domain.heartbeat.heartbeat import Heartbeat, HeartbeatStatus, PingKind
from domain.shared.ids import HeartbeatId
from tests.support.builders import MINUTE, NOON, SHOP_LOGS, SHOP_PROBES
from tests.support.world import Ports


def a_heartbeat(number: int = 1, **more: object) -> Heartbeat:
    values: dict[str, object] = {"integration_id": SHOP_PROBES, "period_seconds": 3600, "grace_seconds": 300, **more}
    return Heartbeat(
        id=HeartbeatId(UUID(int=80_000 + number)),
        name=str(values.pop("name", f"heartbeat {number}")),
        key_hash=bytes([number]) * 32,
        **values,  # type: ignore[arg-type]
    )


async def stored(ports: Ports, *heartbeats: Heartbeat) -> list[Heartbeat]:
    async with ports.transaction:
        return [await ports.heartbeats.save(each) for each in heartbeats]


async def test_a_heartbeat_is_read_as_it_was_saved(ports: Ports) -> None:
    by_cron = a_heartbeat(2, period_seconds=None, cron="30 3 * * *", time_zone="Europe/Berlin", is_post_only=True)
    pinged = a_heartbeat(1).ping(PingKind.START, at=NOON)
    for heartbeat in await stored(ports, pinged, by_cron):
        assert heartbeat.version == 1
        assert await ports.heartbeats.look_up(heartbeat.id) == heartbeat
        async with ports.transaction:
            assert await ports.heartbeats.get(heartbeat.id) == heartbeat
            assert await ports.heartbeats.get_by_key(heartbeat.key_hash) == heartbeat


async def test_one_that_is_not_there_is_not_found(ports: Ports) -> None:
    (heartbeat,) = await stored(ports, a_heartbeat())
    async with ports.transaction:
        await ports.heartbeats.get(heartbeat.id)
        await ports.heartbeats.remove(heartbeat.id)
    with pytest.raises(NotFoundError):
        await ports.heartbeats.look_up(heartbeat.id)
    with pytest.raises(NotFoundError):
        async with ports.transaction:
            await ports.heartbeats.get(heartbeat.id)
    async with ports.transaction:
        assert await ports.heartbeats.get_by_key(heartbeat.key_hash) is None


async def test_the_second_of_two_who_read_the_same_version_is_refused(ports: Ports) -> None:
    (read,) = await stored(ports, a_heartbeat())
    (first,) = await stored(ports, read.ping(PingKind.SUCCESS, at=NOON))
    assert first.version == 2
    with pytest.raises(ConflictError):
        await stored(ports, read.pause())
    assert await ports.heartbeats.look_up(read.id) == first


async def test_keys_may_not_repeat(ports: Ports) -> None:
    await stored(ports, a_heartbeat(1))
    with pytest.raises(ConflictError):
        await stored(ports, replace(a_heartbeat(2), key_hash=a_heartbeat(1).key_hash))


async def test_a_list_is_by_name_and_can_be_of_one_integration(ports: Ports) -> None:
    second, first = a_heartbeat(1, name="b"), a_heartbeat(2, name="a")
    other = a_heartbeat(3, name="c", integration_id=SHOP_LOGS)
    await stored(ports, second, first, other)
    page = await ports.heartbeats.list(PageRequest(limit=2))
    assert ([each.name for each in page.items], page.has_more) == (["a", "b"], True)
    rest = await ports.heartbeats.list(PageRequest(limit=2, after=("b", second.id)))
    assert ([each.name for each in rest.items], rest.has_more) == (["c"], False)
    assert [each.name for each in (await ports.heartbeats.list(PageRequest(), integration_id=SHOP_LOGS)).items] == ["c"]


async def test_what_is_due_is_claimed_in_order_and_then_no_more(ports: Ports) -> None:
    later = a_heartbeat(1).ping(PingKind.SUCCESS, at=NOON)
    sooner = a_heartbeat(2).ping(PingKind.SUCCESS, at=NOON - MINUTE)
    never = a_heartbeat(3)
    kept_later, kept_sooner, _ = await stored(ports, later, sooner, never)
    assert later.next_deadline is not None
    assert await ports.heartbeats.earliest_deadline() == sooner.next_deadline
    at = later.next_deadline
    async with ports.transaction:
        assert await ports.heartbeats.claim_due(at=at - timedelta(hours=1), limit=9) == ()
        assert await ports.heartbeats.claim_due(at=at, limit=1) == (kept_sooner,)
        due = await ports.heartbeats.claim_due(at=at, limit=9)
        assert due == (kept_sooner, kept_later)
        await ports.heartbeats.save_ticked([each.tick(at=at) for each in due])
    async with ports.transaction:
        assert await ports.heartbeats.claim_due(at=at + MINUTE, limit=9) == ()
    down = await ports.heartbeats.look_up(later.id)
    assert (down.status, down.version) == (HeartbeatStatus.DOWN, 2)
    assert await ports.heartbeats.earliest_deadline() is None
