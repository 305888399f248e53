"""A body that came through a door, read once more: the same events, under the same keys."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import pytest

from adapters.inbound.http.body_reader import KeptBodyReader
from adapters.inbound.intake.sentry import RESOURCE_HEADER
from application.ports.kept_bodies import KeptBody, Reading
from domain.service.integration import IntegrationKind
from domain.service.mapping import EventMapping
from tests.integration.intake.test_senders import RECORDED, SECRET, SIGNED_BODIES, signed, signed_doors
from tests.support import payloads
from tests.support.builders import NOON, an_integration
from tests.support.doors import KEY, Doors, doors

MAPPING: Final = EventMapping(summary="workflow_run.name")
INTEGRATION: Final = an_integration(mapping=MAPPING)
NO_KEYS: Final = b'{"events": [{"action": "trigger", "summary": "a"}, {"action": "trigger", "summary": "b"}]}'
PATHS: Final = {
    "pagerduty": ("/v2/enqueue", payloads.PAGERDUTY_TRIGGER),
    "native": ("/v1/events", payloads.NATIVE_TRIGGER),
    "native without keys": ("/v1/events", NO_KEYS),
    "opsgenie": ("/v2/alerts", payloads.OPSGENIE_CREATE),
} | {
    name: (f"/integrations/{KEY}/{name}" + ("/api/v2/alerts" if name == "prometheus" else ""), body)
    for name, body in RECORDED.items()
}
HEADERS: Final = {"sentry": {RESOURCE_HEADER: "event_alert"}}
BINARY: Final = {
    "ce-specversion": "1.0",
    "ce-id": "17",
    "ce-source": "/jobs",
    "ce-type": "test.job.failed",
    "ce-subject": "nightly",
    "content-type": "application/json",
}


@pytest.fixture
async def town() -> AsyncIterator[Doors]:
    async with doors(mapping=MAPPING) as open_doors:
        yield open_doors


async def read_again(town: Doors) -> Reading:
    (raw,) = town.database.raw_events
    kept = KeptBody(raw.id, raw.received_at, raw.format, raw.body, raw.verdicts, headers=raw.headers)
    return KeptBodyReader().read(kept, INTEGRATION)


@pytest.mark.parametrize("name", PATHS)
async def test_what_came_is_read_as_it_was_under_the_keys_that_it_had(town: Doors, name: str) -> None:
    path, body = PATHS[name]
    scheme = "GenieKey" if name == "opsgenie" else "Bearer"
    await town.ask(path, body, headers={"authorization": f"{scheme} {KEY}"} | HEADERS.get(name, {}))
    (raw,) = town.database.raw_events
    reading = await read_again(town)

    assert reading.refusal is None
    assert reading.events
    assert [(event.action, event.dedup_key) for event in reading.events] == [
        (verdict.action, verdict.dedup_key) for verdict in raw.verdicts
    ]


async def test_what_its_headers_alone_say_is_read_again(town: Doors) -> None:
    answer = await town.ask(f"/integrations/{KEY}/cloudevents", b'{"title": "it failed"}', headers=BINARY)
    assert answer.status_code == 202
    (event,) = (await read_again(town)).events

    assert (event.action, event.dedup_key, event.summary) == ("trigger", "nightly", "it failed")
    assert [raw.headers for raw in town.database.raw_events] == [BINARY]


async def test_what_was_set_aside_is_read_by_its_headers_too(town: Doors) -> None:
    body, too_long = b'{"title": "it failed"}', BINARY | {"ce-subject": "n" * 300}
    await town.ask(f"/integrations/{KEY}/cloudevents", body, headers=too_long | {"ce-secret": "s"})
    (letter,) = town.database.dead_letters
    assert letter.headers == too_long

    kept = KeptBody(letter.id, NOON, letter.source, letter.body, refusal=letter.reason, headers=letter.headers)
    integration = replace(INTEGRATION, kind=IntegrationKind.CLOUDEVENTS)
    assert "too long" in str(KeptBodyReader().read(kept, integration).refusal)
    # A reader that refuses it no more would find what it says.
    (event,) = KeptBodyReader().read(kept._replace(headers=BINARY), integration).events
    assert (event.dedup_key, event.summary) == ("nightly", "it failed")


@pytest.mark.parametrize("sender", SIGNED_BODIES)
async def test_what_came_signed_is_read_again_without_its_signature_which_nobody_keeps(sender: str) -> None:
    async with signed_doors(SECRET) as town:
        body = SIGNED_BODIES[sender]
        headers = signed(body, sender=sender) | HEADERS.get(sender, {})
        assert (await town.ask(f"/integrations/{KEY}/{sender}", body, headers=headers)).status_code == 202
        (raw,) = town.database.raw_events
        reading = await read_again(town)

    assert [event.dedup_key for event in reading.events] == [verdict.dedup_key for verdict in raw.verdicts]
    assert raw.headers == HEADERS.get(sender, {})


async def test_a_message_of_a_queue_is_read_by_the_format_that_it_named() -> None:
    body = b'{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "full"}, "fingerprint": "a1"}]}'
    kept = KeptBody(INTEGRATION.id, NOON, "queue", body)
    assert KeptBodyReader().read(kept, INTEGRATION).refusal
    (event,) = KeptBodyReader().read(kept._replace(headers={"tocsin-format": "alertmanager"}), INTEGRATION).events

    assert event.labels["alertname"] == "full"


async def test_a_request_without_a_body_is_read_by_its_query(town: Doors) -> None:
    query = payloads.UPTIMEROBOT_DOWN.decode()
    await town.ask(f"/integrations/{KEY}/uptimerobot?{query}", method="GET")
    (raw,) = town.database.raw_events
    reading = await read_again(town)

    assert [event.dedup_key for event in reading.events] == [verdict.dedup_key for verdict in raw.verdicts]


async def test_an_answer_of_opsgenies_is_read_by_the_alias_that_its_path_named(town: Doors) -> None:
    headers = {"authorization": f"GenieKey {KEY}"}
    await town.ask("/v2/alerts", payloads.OPSGENIE_CREATE, headers=headers)
    (alert,) = town.alerts
    await town.ask(f"/v2/alerts/{alert.dedup_key}/close?identifierType=alias", b"{}", headers=headers)
    raw = town.database.raw_events[-1]
    reading = KeptBodyReader().read(KeptBody(raw.id, raw.received_at, raw.format, raw.body, raw.verdicts), INTEGRATION)

    assert [(event.action, event.dedup_key) for event in reading.events] == [("resolve", alert.dedup_key)]


@pytest.mark.parametrize("format_", ["heartbeat", "sentry", "native"])
async def test_what_says_nothing_without_its_headers_or_at_all_is_refused_with_a_reason(format_: str) -> None:
    kept = KeptBody(INTEGRATION.id, NOON, format_, b"{}")
    assert KeptBodyReader().read(kept, INTEGRATION).refusal


@pytest.mark.parametrize("body", [b"", b"\xff", b"[[1]]", b"null", b"{" * 5000])
@pytest.mark.parametrize("kind", IntegrationKind)
async def test_no_bytes_make_it_raise(kind: IntegrationKind, body: bytes) -> None:
    for format_, refusal in ((kind.value, None), ("http", "why"), ("queue", None), ("sns", None)):
        kept = KeptBody(INTEGRATION.id, NOON, format_, body, refusal=refusal)
        reading = KeptBodyReader().read(kept, an_integration(kind=kind, mapping=MAPPING))
        assert reading.refusal is not None or isinstance(reading.events, tuple)
