"""What every `Spill` promises: what was put is kept, each integration's events in their order."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from adapters.outbound.memory.spill import MemorySpill
from adapters.outbound.sqs.client import SqsSettings, open_client
from adapters.outbound.sqs.spill import LETTER_BYTES, REQUEST_CHARACTERS, SqsSpill
from adapters.outbound.system.ids import UuidFactory
from adapters.wire.spilled import decoded
from application.alert.routed import ReceivedEvent
from application.alert.set_aside import BODY_BYTES, REASON_CHARACTERS
from application.ports.alert_requests import AlertOrder, RequestedAction
from application.ports.errors import TransientPortError
from application.ports.heartbeats import OUTPUT_CHARACTERS, ReceivedPing
from application.ports.intake import DeadLetter, IntakeTarget, RawEvent
from application.ports.spill import Spill
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, ChangeEvent, Link
from domain.heartbeat.heartbeat import PingKind
from domain.service.service import UrgencyRule
from domain.shared.ids import IntegrationId
from tests.support.builders import (
    BANK_PROBES,
    LADDER,
    NOON,
    SHOP_LOGS,
    SHOP_PROBES,
    a_received_change,
    a_received_request,
    an_event,
    an_integration,
)
from tests.support.engines import Sqs


class Others(NamedTuple):
    """What is no event."""

    changes: list[ChangeEvent] = []  # noqa: RUF012  # never changed
    letters: list[DeadLetter] = []  # noqa: RUF012
    requests: list[tuple[UUID, AlertOrder]] = []  # noqa: RUF012
    pings: list[ReceivedPing] = []  # noqa: RUF012


@dataclass(frozen=True)
class Way:
    """A spill, one that does not answer, and what the first of them holds by now, by integration."""

    spill: Spill
    away: Spill
    held: Callable[[], Awaitable[dict[IntegrationId, list[AlertEvent]]]]
    others: Callable[[], Awaitable[Others]]


@asynccontextmanager
async def memory() -> AsyncIterator[Way]:
    spill = MemorySpill()

    async def held() -> dict[IntegrationId, list[AlertEvent]]:
        found: dict[IntegrationId, list[AlertEvent]] = {}
        for received in spill.kept:
            found.setdefault(received.target.integration.id, []).append(received.event)
        return found

    async def others() -> Others:
        requests = [(each.raw.id, each.order) for each in spill.requests]
        return Others([each.change for each in spill.changes], spill.letters, requests, spill.pings)

    yield Way(spill, MemorySpill(is_away=True), held, others)


@asynccontextmanager
async def queue(sqs: Sqs) -> AsyncIterator[Way]:
    settings = SqsSettings(
        region=sqs.region, endpoint_url=sqs.endpoint, access_key=sqs.access_key, secret_key=sqs.secret_key
    )
    url = sqs.create_queue("spill", FifoQueue="true")

    async def held() -> dict[IntegrationId, list[AlertEvent]]:
        found: dict[IntegrationId, list[AlertEvent]] = {}
        while messages := sqs.receive(url):
            for message in messages:
                spilled = decoded(message["Body"].encode())
                assert spilled.integration_id is not None
                found.setdefault(IntegrationId(spilled.integration_id), []).extend(spilled.events)
                sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]})
        return found

    async def others() -> Others:
        found = [decoded(message["Body"].encode()) for message in sqs.receive(url)]
        return Others(
            [each.change.change for each in found if each.change is not None],
            [each.dead_letter for each in found if each.dead_letter is not None],
            [(each.request.id, each.request.order) for each in found if each.request is not None],
            [each.ping for each in found if each.ping is not None],
        )

    async with open_client(settings) as client:
        spill = SqsSpill(client, url, UuidFactory())
        yield Way(spill, SqsSpill(client, url + "-gone.fifo", UuidFactory()), held, others)


@pytest.fixture(params=["memory", "sqs"])
async def way(request: pytest.FixtureRequest, sqs: Sqs) -> AsyncIterator[Way]:
    async with memory() if request.param == "memory" else queue(sqs) as made:
        yield made


def received(by: IntegrationId, key: str, *, raw: bytes | None = None, **more: Any) -> ReceivedEvent:
    target = IntakeTarget(
        integration=an_integration(by), policy_id=LADDER, policy_version=1, urgency_rule=UrgencyRule.BY_SEVERITY
    )
    body = (
        None
        if raw is None
        else RawEvent(id=UUID(int=7), integration_id=by, received_at=NOON, format="native", body=raw)
    )
    return ReceivedEvent(target, AlertEvent(action=AlertAction.TRIGGER, dedup_key=key, **more), body)


def events_of(batch: Sequence[ReceivedEvent], by: IntegrationId) -> list[AlertEvent]:
    return [each.event for each in batch if each.target.integration.id == by]


async def test_nothing_is_held_until_something_was_put(way: Way) -> None:
    assert not await way.spill.holds_any()
    await way.spill.put([received(SHOP_PROBES, "a")])
    assert await way.spill.holds_any()


async def test_each_integrations_events_are_kept_in_their_order_and_whole(way: Way) -> None:
    first = [
        received(
            SHOP_PROBES if number % 3 else BANK_PROBES,
            f"key {number}",
            summary="Disk läuft voll ☠",
            severity=AlertSeverity.ERROR,
            starts_at=NOON,
            labels={"zone": "north"},
            details={"nested": {"list": [1, 2.5, None, True]}},
            links=(Link(href="https://graphs.example.test/1", text="Graph"),),
            raw=b"{}",
        )
        for number in range(30)
    ]
    second = [received(SHOP_PROBES, "later"), received(SHOP_LOGS, "another")]
    await way.spill.put(first)
    await way.spill.put(second)

    assert await way.held() == {
        SHOP_PROBES: events_of(first + second, SHOP_PROBES),
        BANK_PROBES: events_of(first, BANK_PROBES),
        SHOP_LOGS: events_of(second, SHOP_LOGS),
    }


async def test_more_than_a_message_holds_is_cut_and_keeps_its_order(way: Way) -> None:
    # Hexadecimal digits of a power compress badly enough.
    noise = f"{7**60_000:x}"
    batch = [received(SHOP_PROBES, str(number), details={"noise": noise[number:]}) for number in range(12)]
    await way.spill.put(batch)

    assert await way.held() == {SHOP_PROBES: events_of(batch, SHOP_PROBES)}


async def test_changes_and_letters_are_kept_too(way: Way) -> None:
    change = a_received_change(ChangeEvent(summary="deploy 7"))
    letter = DeadLetter(UUID(int=9), SHOP_PROBES, NOON, "http", "it is no JSON", b"{", {"ce-id": "7"})
    await way.spill.put_change(change)
    await way.spill.put_letter(letter)
    await way.spill.put_letter(letter._replace(integration_id=None))

    assert await way.others() == Others([change.change], [letter, letter._replace(integration_id=None)])


async def test_requests_are_kept_under_their_ids(way: Way) -> None:
    asked = a_received_request(UUID(int=5), note="on it")
    created = a_received_request(UUID(int=6), RequestedAction.CREATE, event=an_event("a", labels={"zone": "north"}))
    await way.spill.put_request(asked)
    await way.spill.put_request(created)

    assert await way.spill.holds_any()
    kept = (await way.others()).requests
    assert kept == [(UUID(int=5), asked.order), (UUID(int=6), created.order)]


async def test_signs_of_life_are_kept_with_when_they_were_given_and_the_end_of_what_they_say(way: Way) -> None:
    ping = ReceivedPing(b"k" * 32, PingKind.FAIL, NOON, 3, "x" * OUTPUT_CHARACTERS + "disk full", is_post=False)
    await way.spill.put_ping(ping)

    assert await way.spill.holds_any()
    (kept,) = (await way.others()).pings
    assert kept == ping._replace(output=ping.output[-OUTPUT_CHARACTERS:])


async def test_of_a_letter_that_no_message_can_hold_the_beginning_is_kept(sqs: Sqs) -> None:
    async with queue(sqs) as way:
        noise = Random(1).randbytes(BODY_BYTES)
        await way.spill.put_letter(DeadLetter(UUID(int=9), None, NOON, "http", "r" * REASON_CHARACTERS, noise))
        (kept,) = (await way.others()).letters

    assert kept.body == noise[:LETTER_BYTES]


async def test_a_spill_that_does_not_answer_says_so_and_is_worth_another_try(way: Way) -> None:
    with pytest.raises(TransientPortError):
        await way.away.put([received(SHOP_PROBES, "a")])
    with pytest.raises(TransientPortError):
        await way.away.put_change(a_received_change(ChangeEvent(summary="deploy 7")))
    with pytest.raises(TransientPortError):
        await way.away.put_letter(DeadLetter(UUID(int=9), None, NOON, "http", "it is no JSON", b"{"))
    with pytest.raises(TransientPortError):
        await way.away.put_request(a_received_request(UUID(int=5)))
    with pytest.raises(TransientPortError):
        await way.away.put_ping(ReceivedPing(b"k" * 32, PingKind.SUCCESS, NOON))
    with pytest.raises(TransientPortError):
        await way.away.holds_any()


async def test_an_event_that_no_message_can_hold_is_refused(sqs: Sqs) -> None:
    async with queue(sqs) as way:
        noise = f"{7 ** (4 * REQUEST_CHARACTERS):x}"
        with pytest.raises(TransientPortError, match="too long for the queue"):
            await way.spill.put([received(SHOP_PROBES, "a", details={"noise": noise})])
        assert not await way.spill.holds_any()
