"""Each sender at its address, with the answer that it understands (docs/integrations.md, "What each is answered")."""

import gzip
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from adapters.inbound.http.senders import EVENT_BYTES, SENDERS, Sender
from adapters.inbound.intake.allowances import UNSIGNED_KEPT
from adapters.inbound.intake.signatures import GRAFANA_SIGNATURE, SENTRY_SIGNATURE
from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.randomness import SystemRandomness
from domain.alert.alert import AlertStatus
from domain.service.integration import IntegrationKind
from domain.service.mapping import EventMapping
from tests.support import payloads
from tests.support.builders import NOON, SHOP_PROBES
from tests.support.doors import KEY, Doors, doors
from tests.support.world import SECRET_KEY

RECORDED = {
    "alertmanager": payloads.ALERTMANAGER_FIRING,
    "grafana": payloads.GRAFANA_FIRING,
    "prometheus": payloads.PROMETHEUS_FIRING,
    "cloudevents": payloads.CLOUDEVENT,
    "email": payloads.NAGIOS_MAIL,
    "json": payloads.GITHUB_WORKFLOW_FAILED,
    "datadog": payloads.DATADOG_TRIGGERED,
    "sentry": payloads.SENTRY_EVENT_ALERT,
    "uptimerobot": payloads.UPTIMEROBOT_DOWN,
    "uptime-kuma": payloads.UPTIME_KUMA_DOWN,
    "zabbix": payloads.ZABBIX_PROBLEM,
}
FIRING = {
    "labels": {"alertname": "TargetDown", "job": "node"},
    "startsAt": "2026-11-23T11:50:00Z",
    "endsAt": "2026-11-23T12:04:00Z",
}
PROMETHEUS = f"/integrations/{KEY}/prometheus/api/v2/alerts"

each_sender = pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)


def address(sender: Sender, key: str = KEY) -> str:
    return f"/integrations/{key}/{sender.name}{sender.appended}"


@pytest.fixture
async def town() -> AsyncIterator[Doors]:
    async with doors(mapping=EventMapping(summary="workflow_run.name")) as open_doors:
        yield open_doors


def test_every_sender_of_the_table_is_a_kind_of_integration_and_has_a_recorded_body() -> None:
    assert {sender.name for sender in SENDERS} <= {kind.value for kind in IntegrationKind}
    assert {sender.name for sender in SENDERS} == set(RECORDED)


@each_sender
async def test_a_recorded_body_opens_an_alert_and_is_kept_as_it_came(town: Doors, sender: Sender) -> None:
    body = RECORDED[sender.name]
    if sender.name == "prometheus":  # its alert's end has to lie ahead
        body = body.replace(b'"endsAt":"2026-11-23T09', b'"endsAt":"2026-11-23T19')

    answer = await town.ask(address(sender), body)

    assert answer.status_code in {200, 202}
    (alert,) = town.alerts
    assert alert.status is AlertStatus.FIRING
    kept = body.replace(KEY.encode(), b"[redacted]")  # a mail has it in its headers
    assert [(raw.format, raw.body) for raw in town.database.raw_events] == [(sender.name, kept)]
    assert town.reasons == []


@each_sender
@pytest.mark.parametrize("body", [b"\xff\x00", b'{"a":', b"[[1]]"])
async def test_what_its_sender_will_never_mend_is_kept_for_people(town: Doors, sender: Sender, body: bytes) -> None:
    answer = await town.ask(address(sender), body)

    assert answer.status_code == (400 if sender.name == "prometheus" else 202)
    assert len(town.reasons) == 1
    assert town.alerts == ()


@each_sender
async def test_nobodys_key_is_refused_and_nothing_is_kept(town: Doors, sender: Sender) -> None:
    answer = await town.ask(address(sender, "0" * 32), RECORDED[sender.name])

    assert answer.status_code == 401
    assert (town.alerts, town.reasons) == ((), [])


@each_sender
async def test_too_long_a_body_is_refused(town: Doors, sender: Sender) -> None:
    assert (await town.ask(address(sender), b" " * (sender.limit_bytes + 1))).status_code == 413
    assert sender.limit_bytes >= EVENT_BYTES


@each_sender
async def test_another_method_is_refused_with_the_ones_that_are_taken(town: Doors, sender: Sender) -> None:
    answer = await town.ask(address(sender), method="DELETE")

    assert answer.status_code == 405
    assert answer.headers["allow"] == ", ".join(sorted(sender.methods))


@each_sender
async def test_a_slash_at_the_end_of_an_address_does_not_matter(town: Doors, sender: Sender) -> None:
    assert (await town.ask(address(sender) + "/", RECORDED[sender.name])).status_code in {200, 202}


@each_sender
async def test_while_storage_is_away_it_is_asked_to_come_again(town: Doors, sender: Sender) -> None:
    town.storage.is_away = True
    with capture_logs():
        answer = await town.ask(address(sender), RECORDED[sender.name])

    assert answer.status_code == 503  # never 429, which Alertmanager's webhook does not send again
    assert answer.headers["retry-after"] == "1"


@each_sender
async def test_whoever_sends_too_much_hears_it_in_the_status_that_it_comes_again_after(sender: Sender) -> None:
    async with doors(events_per_minute=1, event_burst=1) as town:
        first = await town.ask(address(sender), RECORDED[sender.name])
        with capture_logs() as logs:
            refused = [await town.ask(address(sender), RECORDED[sender.name]) for _ in range(3)]

        assert first.status_code != refused[0].status_code
        # 429 is not sent again by Alertmanager and Grafana (protocols, "Which status code does what at the sender")
        assert {each.status_code for each in refused} == {429 if sender.name == "cloudevents" else 503}
        assert {each.headers["retry-after"] for each in refused} <= {"59", "60"}
        assert [each["event"] for each in logs] == ["integration_throttled"]  # a storm fills no log
        assert len(town.database.raw_events) <= 1
        assert town.registry.get_sample_value("tocsin_intake_throttled_total", {"door": sender.name}) == 3


@each_sender
async def test_a_body_may_come_compressed_and_is_kept_as_it_was(town: Doors, sender: Sender) -> None:
    body = RECORDED[sender.name].replace(b'"endsAt":"2026-11-23T09', b'"endsAt":"2026-11-23T19')

    answer = await town.ask(address(sender), gzip.compress(body), headers={"Content-Encoding": "gzip"})

    assert answer.status_code in {200, 202}
    assert len(town.alerts) == 1
    assert town.database.raw_events[0].body == body.replace(KEY.encode(), b"[redacted]")


@each_sender
async def test_a_compressed_bomb_is_too_long_a_body(town: Doors, sender: Sender) -> None:
    bomb = gzip.compress(bytes(sender.limit_bytes + 1))

    assert (await town.ask(address(sender), bomb, headers={"Content-Encoding": "gzip"})).status_code == 413


@each_sender
async def test_json_nested_without_end_is_refused_like_any_other(town: Doors, sender: Sender) -> None:
    for body in (b"[" * 100_000, b'{"a":' * 100_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000):
        answer = await town.ask(address(sender), body)
        assert answer.status_code in {202, 400}
    assert town.alerts == ()


class TestCompression:
    async def test_another_coding_is_refused_with_the_one_that_is_taken(self, town: Doors) -> None:
        answer = await town.ask("/v2/enqueue", payloads.PAGERDUTY_TRIGGER, headers={"Content-Encoding": "br"})

        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip")
        assert town.alerts == ()

    async def test_what_is_no_gzip_is_said_not_to_be(self, town: Doors) -> None:
        answer = await town.ask("/v2/enqueue", payloads.PAGERDUTY_TRIGGER, headers={"Content-Encoding": "gzip"})

        assert answer.status_code == 400
        assert answer.json()["errors"][0].startswith("the body is no gzip")


class TestLimits:
    async def test_pagerduty_is_throttled_in_its_own_words(self) -> None:
        async with doors(events_per_minute=1, event_burst=1) as town:
            await town.ask("/v2/enqueue", payloads.PAGERDUTY_TRIGGER)
            with capture_logs():
                refused = await town.ask("/v2/enqueue", payloads.PAGERDUTY_TRIGGER)

        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        assert refused.json()["status"] == "throttle exceeded"
        assert refused.json()["errors"] == ["Retry after 60 seconds"]

    async def test_our_own_events_are_throttled_with_a_problem(self) -> None:
        async with doors(events_per_minute=1, event_burst=1) as town:
            authorization = {"Authorization": f"Bearer {KEY}"}
            await town.ask("/v1/events", payloads.NATIVE_TRIGGER, headers=authorization)
            with capture_logs():
                refused = await town.ask("/v1/events", payloads.NATIVE_TRIGGER, headers=authorization)

        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "60"

    async def test_bodies_that_cannot_be_read_count_too(self) -> None:
        async with doors(events_per_minute=1, event_burst=2) as town:
            with capture_logs():
                answers = [await town.ask(f"/integrations/{KEY}/zabbix", b"{") for _ in range(4)]

            assert [each.status_code for each in answers] == [202, 202, 503, 503]
            assert len(town.reasons) == 2


@pytest.mark.parametrize("path", [f"/integrations/{KEY}", f"/integrations/{KEY}/nobody", "/integrations//grafana"])
async def test_what_is_no_senders_address_is_no_door(town: Doors, path: str) -> None:
    assert (await town.ask(path, b"{}")).text == "no door"


class TestPrometheus:
    async def test_it_is_answered_as_an_alertmanager_does(self, town: Doors) -> None:
        answer = await town.ask(PROMETHEUS, json.dumps([FIRING]).encode())

        assert (answer.status_code, answer.content) == (200, b"")

    async def test_of_a_batch_with_an_invalid_alert_the_others_are_stored_all_the_same(self, town: Doors) -> None:
        answer = await town.ask(PROMETHEUS, json.dumps([{"labels": {}}, FIRING]).encode())

        assert answer.status_code == 400
        assert answer.json() == "/0/labels: must hold at least one label"
        assert len(town.alerts) == 1
        assert town.reasons == ["/0/labels: must hold at least one label"]

    @pytest.mark.parametrize("path", [PROMETHEUS, f"/in/prom/{KEY}/api/v2/alerts"])
    async def test_it_comes_below_either_prefix(self, town: Doors, path: str) -> None:
        assert (await town.ask(path, json.dumps([FIRING]).encode())).status_code == 200

    async def test_a_refresh_counts_and_a_repeated_end_clears_once(self, town: Doors) -> None:
        await town.ask(PROMETHEUS, json.dumps([FIRING]).encode())
        town.clock.move_to(town.clock.now() + timedelta(minutes=1))
        await town.ask(PROMETHEUS, json.dumps([{**FIRING, "endsAt": "2026-11-23T12:05:00Z"}]).encode())
        assert [alert.occurrences for alert in town.alerts] == [2]

        for _ in range(2):
            await town.ask(PROMETHEUS, json.dumps([{**FIRING, "endsAt": "2026-11-23T12:01:00Z"}]).encode())

        assert [alert.status for alert in town.alerts] == [AlertStatus.CLEARED]

    async def test_a_late_refresh_of_an_occurrence_that_is_over_opens_nothing(self, town: Doors) -> None:
        await town.ask(PROMETHEUS, json.dumps([FIRING]).encode())
        await town.ask(PROMETHEUS, json.dumps([{**FIRING, "endsAt": "2026-11-23T12:00:00Z"}]).encode())
        await town.ask(PROMETHEUS, json.dumps([FIRING]).encode())

        assert [alert.status for alert in town.alerts] == [AlertStatus.CLEARED]

    async def test_while_it_is_dead_its_alerts_stay(self, town: Doors) -> None:
        """An end that passes without a word is no recovery: a dead Prometheus must not close every incident."""
        await town.ask(PROMETHEUS, json.dumps([FIRING]).encode())
        town.clock.move_to(datetime(2026, 11, 24, tzinfo=UTC))
        await town.ask(PROMETHEUS, b"[]")

        assert [alert.status for alert in town.alerts] == [AlertStatus.FIRING]


class TestOthers:
    async def test_grafana_may_put(self, town: Doors) -> None:
        answer = await town.ask(f"/integrations/{KEY}/grafana", payloads.GRAFANA_FIRING, method="PUT")

        assert answer.status_code == 202
        assert len(town.alerts) == 1

    async def test_monitors_that_only_know_urls_send_with_get(self, town: Doors) -> None:
        query = payloads.UPTIMEROBOT_DOWN.decode()
        answer = await town.ask(f"/integrations/{KEY}/uptimerobot?{query}", method="GET")

        assert answer.status_code == 202
        assert [alert.dedup_key for alert in town.alerts] == ["7781"]
        assert town.database.raw_events[0].body == payloads.UPTIMEROBOT_DOWN

    async def test_a_test_button_is_answered_and_opens_nothing(self, town: Doors) -> None:
        body = b'{"heartbeat":null,"monitor":null,"msg":"Testing"}'
        answer = await town.ask(f"/integrations/{KEY}/uptime-kuma", body)

        assert answer.json() == {"status": "accepted", "events": 0}
        assert (town.alerts, town.reasons) == ((), [])

    async def test_cloudevents_shake_hands_before_they_are_sent(self, town: Doors) -> None:
        answer = await town.ask(
            f"/integrations/{KEY}/cloudevents",
            method="OPTIONS",
            headers={"WebHook-Request-Origin": "events.example", "WebHook-Request-Rate": "120"},
        )

        assert answer.status_code == 200
        assert answer.headers["webhook-allowed-origin"] == "events.example"
        assert answer.headers["webhook-allowed-rate"] == "*"
        assert answer.headers["allow"] == "POST"

    async def test_what_is_refused_of_a_batch_is_said_and_kept(self, town: Doors) -> None:
        answer = await town.ask(
            f"/integrations/{KEY}/cloudevents",
            b"[" + payloads.CLOUDEVENT + b",{}]",
            headers={"Content-Type": "application/cloudevents-batch+json"},
        )

        assert answer.status_code == 202
        assert answer.json()["events"] == 1
        assert answer.json()["refused"][0] == {"pointer": "#/1/id", "detail": "is missing or blank"}
        assert len(town.reasons) == 1


SECRET = "sentry-client-secret"
SIGNED_BODIES = {"sentry": payloads.SENTRY_EVENT_ALERT, "grafana": payloads.GRAFANA_FIRING}
SIGNATURES = {"sentry": SENTRY_SIGNATURE, "grafana": GRAFANA_SIGNATURE}


def signed(body: bytes, *, sender: str, secret: str = SECRET) -> dict[str, str]:
    return {SIGNATURES[sender]: hmac.digest(secret.encode(), body, "sha256").hex()}


@asynccontextmanager
async def signed_doors(*secrets: str) -> AsyncIterator[Doors]:
    """The shop's probes sign: with the last of the secrets, and for an hour with the one before it."""
    async with doors(kind=IntegrationKind.SENTRY) as town:
        vault = SealedVault(SECRET_KEY.encode(), SystemRandomness())
        integration = town.database.integrations[SHOP_PROBES]
        for secret in secrets:
            integration = integration.sign_with(
                vault.seal(secret, owner=SHOP_PROBES), overlap_ends_at=NOON + timedelta(hours=1)
            )
        town.database.integrations[SHOP_PROBES] = integration
        yield town


@pytest.mark.parametrize("sender", SIGNED_BODIES)
class TestSigned:
    async def test_what_was_signed_is_taken(self, sender: str) -> None:
        body = SIGNED_BODIES[sender]
        async with signed_doors(SECRET) as town:
            answer = await town.ask(f"/integrations/{KEY}/{sender}", body, headers=signed(body, sender=sender))
            assert answer.status_code == 202
            assert len(town.alerts) == 1

    async def test_the_old_secret_will_do_until_the_overlap_ends(self, sender: str) -> None:
        body = SIGNED_BODIES[sender]
        async with signed_doors(SECRET, "the new secret") as town:
            by_old, by_new = signed(body, sender=sender), signed(body, sender=sender, secret="the new secret")
            address = f"/integrations/{KEY}/{sender}"
            assert (await town.ask(address, body, headers=by_old)).status_code == 202
            assert (await town.ask(address, body, headers=by_new)).status_code == 202
            town.clock.move_to(NOON + timedelta(hours=1))
            assert (await town.ask(address, body, headers=by_old)).status_code == 401
            assert (await town.ask(address, body, headers=by_new)).status_code == 202

    async def test_what_nobody_signed_opens_nothing_and_is_shown_to_people(self, sender: str) -> None:
        body = SIGNED_BODIES[sender]
        async with signed_doors(SECRET) as town:
            forged = signed(body, sender=sender, secret="a guess at it")
            for headers in ({}, forged, signed(body + b" ", sender=sender)):
                answer = await town.ask(f"/integrations/{KEY}/{sender}", body, headers=headers)
                assert answer.status_code == 401
            assert town.alerts == ()
            assert town.reasons == ["it is not signed with the integration's signing secret"] * 3


async def test_a_flood_that_nobody_signed_takes_nothing_from_whoever_signs() -> None:
    body, address = payloads.SENTRY_EVENT_ALERT, f"/integrations/{KEY}/sentry"
    async with signed_doors(SECRET) as town:
        integrations = town.database.integrations
        integrations[SHOP_PROBES] = replace(integrations[SHOP_PROBES], events_per_minute=1, event_burst=1)
        for _ in range(UNSIGNED_KEPT.burst + 5):
            assert (await town.ask(address, body)).status_code == 401
        assert len(town.reasons) == UNSIGNED_KEPT.burst
        assert (await town.ask(address, body, headers=signed(body, sender="sentry"))).status_code == 202


UNSIGNED_DOORS = sorted({sender.name + sender.appended for sender in SENDERS} - SIGNED_BODIES.keys())


@pytest.mark.parametrize("ending", UNSIGNED_DOORS)
async def test_a_key_whose_sender_signs_lets_nobody_in_where_nothing_is_signed(ending: str) -> None:
    async with signed_doors(SECRET) as town:
        body = RECORDED[ending.partition("/")[0]]
        assert (await town.ask(f"/integrations/{KEY}/{ending}", body)).status_code == 401
        assert town.alerts == ()


async def test_nor_does_it_at_the_doors_that_take_the_key_elsewhere() -> None:
    async with signed_doors(SECRET) as town:
        event = {"action": "trigger", "summary": "disk full"}
        bearer = {"authorization": f"Bearer {KEY}"}
        assert (await town.ask("/v1/events", json.dumps(event).encode(), headers=bearer)).status_code == 401
        pagerduty = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "d"} | {
            "payload": {"summary": "disk full", "source": "web-1", "severity": "critical"}
        }
        assert (await town.ask("/v2/enqueue", json.dumps(pagerduty).encode())).status_code == 401
        assert town.alerts == ()


async def test_a_secret_that_cannot_be_read_any_more_lets_nobody_in() -> None:
    body = payloads.SENTRY_EVENT_ALERT
    async with signed_doors(SECRET) as town:
        integration = town.database.integrations[SHOP_PROBES]
        town.database.integrations[SHOP_PROBES] = replace(integration, signing_secret_sealed=b"of another server")
        with capture_logs() as logs:
            answer = await town.ask(f"/integrations/{KEY}/sentry", body, headers=signed(body, sender="sentry"))
        assert answer.status_code == 401
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["signing_secret_unreadable"]


class TestJson:
    async def test_it_is_answered_with_the_keys_and_what_was_refused(self, town: Doors) -> None:
        answer = await town.ask(f"/integrations/{KEY}/json", payloads.GITHUB_WORKFLOW_FAILED)

        (alert,) = town.alerts
        assert answer.json() == {"status": "accepted", "events": [{"dedup_key": alert.dedup_key}], "refused": []}

    async def test_without_a_mapping_it_is_kept_to_try_one_on(self) -> None:
        async with doors() as town:
            answer = await town.ask(f"/integrations/{KEY}/json", b'{"a": 1}')

            assert answer.json()["status"] == "set aside"
            assert [letter.body for letter in town.database.dead_letters] == [b'{"a": 1}']
