import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from adapters.inbound.intake import monitors
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from tests.support import payloads
from tests.support.builders import NOON


def sent(body: bytes = b"", **more: Any) -> Sent:
    return Sent(body=body, received_at=NOON, **more)


def changed(recorded: bytes, **members: object) -> Sent:
    return sent(json.dumps({**json.loads(recorded), **members}).encode())


def only(understood: Understood) -> AlertEvent:
    (event,) = understood.events
    return event


class TestDatadog:
    def test_the_recorded_trigger(self) -> None:
        event = only(monitors.datadog(sent(payloads.DATADOG_TRIGGERED)))

        assert event.action is AlertAction.TRIGGER
        assert event.dedup_key == "3817264"
        assert event.summary == "[Triggered] checkout p95 is high"
        assert event.source == "web-3"
        assert event.severity is AlertSeverity.ERROR
        assert event.occurred_at == datetime(2026, 11, 23, 9, 2, 11, 120_000, tzinfo=UTC)
        assert event.links == (Link(href="https://datadog.example/monitors/412", text="Datadog"),)
        assert event.labels["env"] == "prod"
        assert "urgent" not in event.labels

    @pytest.mark.parametrize(
        ("transition", "action"),
        [
            ("Triggered", AlertAction.TRIGGER),
            ("Re-Triggered", AlertAction.TRIGGER),
            ("Warn", AlertAction.TRIGGER),
            ("Re-Warn", AlertAction.TRIGGER),
            ("No Data", AlertAction.TRIGGER),
            ("Renotify", AlertAction.TRIGGER),
            ("Recovered", AlertAction.RESOLVE),
        ],
    )
    def test_a_transition_decides(self, transition: str, action: AlertAction) -> None:
        assert only(monitors.datadog(changed(payloads.DATADOG_TRIGGERED, transition=transition))).action is action

    def test_an_unknown_transition_opens_nothing(self) -> None:
        assert monitors.datadog(changed(payloads.DATADOG_TRIGGERED, transition="Muted")).events == ()

    def test_without_a_transition_the_type_decides(self) -> None:
        event = only(monitors.datadog(changed(payloads.DATADOG_TRIGGERED, transition="", alert_type="success")))

        assert event.action is AlertAction.RESOLVE

    def test_a_variable_that_was_never_filled_in_is_absent(self) -> None:
        event = only(monitors.datadog(changed(payloads.DATADOG_TRIGGERED, cycle_key="$ALERT_CYCLE_KEY")))

        assert event.dedup_key == "9f2c"

    def test_a_warning_is_one(self) -> None:
        event = only(monitors.datadog(changed(payloads.DATADOG_TRIGGERED, transition="Warn", priority="")))

        assert event.severity is AlertSeverity.WARNING

    def test_as_a_form_it_says_the_same(self) -> None:
        fields = json.loads(payloads.DATADOG_TRIGGERED)

        assert only(monitors.datadog(sent(urlencode(fields).encode()))).dedup_key == "3817264"
        wrapped = urlencode({"payload": payloads.DATADOG_TRIGGERED.decode()}).encode()
        assert only(monitors.datadog(sent(wrapped))) == only(monitors.datadog(sent(payloads.DATADOG_TRIGGERED)))

    def test_without_transition_and_type_it_is_refused(self) -> None:
        with pytest.raises(MalformedEventError, match="/transition: is missing"):
            monitors.datadog(changed(payloads.DATADOG_TRIGGERED, transition="", alert_type=""))

    def test_without_any_key_it_is_refused(self) -> None:
        unnamed = dict.fromkeys(("cycle_key", "aggreg_key", "monitor_id", "id"), "")
        with pytest.raises(MalformedEventError, match="/cycle_key: is missing"):
            monitors.datadog(changed(payloads.DATADOG_TRIGGERED, **unnamed))

    def test_a_key_is_never_cut(self) -> None:
        with pytest.raises(MalformedEventError, match="maximum is 255"):
            monitors.datadog(changed(payloads.DATADOG_TRIGGERED, cycle_key="k" * 256))


class TestUptimeRobot:
    @pytest.mark.parametrize("where", ["body", "query"])
    def test_the_recorded_down(self, where: str) -> None:
        recorded = payloads.UPTIMEROBOT_DOWN
        event = only(
            monitors.uptimerobot(sent(recorded) if where == "body" else sent(query=recorded.decode())),
        )

        assert event.action is AlertAction.TRIGGER
        assert event.dedup_key == "7781"
        assert event.summary == "shop Down HTTP 503"
        assert event.source == "https://shop.example"
        assert event.occurred_at == datetime(2026, 11, 23, 9, 2, 11, tzinfo=UTC)

    def test_up_resolves_the_same_alert(self) -> None:
        event = only(monitors.uptimerobot(sent(query="monitorID=7781&alertType=2")))

        assert (event.action, event.dedup_key) == (AlertAction.RESOLVE, "7781")

    def test_a_certificate_that_expires_is_an_alert_of_its_own_and_a_warning(self) -> None:
        event = only(monitors.uptimerobot(sent(b'{"monitorID":7781,"alertType":3,"monitorFriendlyName":"shop"}')))

        assert (event.dedup_key, event.severity) == ("7781/certificate", AlertSeverity.WARNING)

    @pytest.mark.parametrize("query", ["", "alertType=1", "monitorID=1&alertType=9", "alertType=*alertType*"])
    def test_without_a_state_or_a_monitor_it_is_refused(self, query: str) -> None:
        with pytest.raises(MalformedEventError):
            monitors.uptimerobot(sent(query=query))


class TestUptimeKuma:
    def test_the_recorded_down(self) -> None:
        event = only(monitors.uptime_kuma(sent(payloads.UPTIME_KUMA_DOWN)))

        assert event.action is AlertAction.TRIGGER
        assert event.dedup_key == "12"
        assert event.summary == "[checkout] [🔴 Down] connect ECONNREFUSED 10.2.0.7:443"
        assert event.source == "https://shop.example/health"
        assert event.occurred_at == datetime(2026, 11, 23, 9, 3, 44, 512_000, tzinfo=UTC)

    def test_in_a_form_and_in_the_query_it_says_the_same(self) -> None:
        expected = only(monitors.uptime_kuma(sent(payloads.UPTIME_KUMA_DOWN)))
        head = b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
        multipart = sent(
            head + payloads.UPTIME_KUMA_DOWN + b"\r\n--x--\r\n",
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        document = json.loads(payloads.UPTIME_KUMA_DOWN)
        query = urlencode(
            {name: each if isinstance(each, str) else json.dumps(each) for name, each in document.items()}
        )

        assert only(monitors.uptime_kuma(multipart)) == expected
        by_query = only(monitors.uptime_kuma(sent(query=query)))
        assert (by_query.action, by_query.dedup_key, by_query.summary) == (
            expected.action,
            expected.dedup_key,
            expected.summary,
        )

    def test_up_resolves(self) -> None:
        beat = {"monitorID": 12, "status": 1}

        assert only(monitors.uptime_kuma(changed(payloads.UPTIME_KUMA_DOWN, heartbeat=beat))).action is (
            AlertAction.RESOLVE
        )

    @pytest.mark.parametrize("status", [2, 3])
    def test_pending_and_maintenance_decide_nothing(self, status: int) -> None:
        beat = {"monitorID": 12, "status": status}

        assert monitors.uptime_kuma(changed(payloads.UPTIME_KUMA_DOWN, heartbeat=beat)).events == ()

    def test_its_test_button_opens_nothing(self) -> None:
        assert monitors.uptime_kuma(sent(b'{"heartbeat":null,"monitor":null,"msg":"Testing"}')).events == ()

    def test_tags_are_labels(self) -> None:
        monitor = {"id": 12, "name": "checkout", "tags": [{"name": "env", "value": "prod"}, "odd"]}
        event = only(monitors.uptime_kuma(changed(payloads.UPTIME_KUMA_DOWN, monitor=monitor)))

        assert event.labels == {"name": "checkout", "env": "prod"}


class TestZabbix:
    def test_the_recorded_problem(self) -> None:
        event = only(monitors.zabbix(sent(payloads.ZABBIX_PROBLEM)))

        assert event.action is AlertAction.TRIGGER
        assert event.dedup_key == "20417"
        assert event.summary == "Free disk space is less than 5% on /"
        assert event.source == "db-3"
        assert event.severity is AlertSeverity.ERROR
        assert event.labels == {"host_name": "db-3", "trigger_id": "17023", "scope": "capacity"}

    def test_a_recovery_resolves_the_problem(self) -> None:
        event = only(monitors.zabbix(changed(payloads.ZABBIX_PROBLEM, event_value="0")))

        assert (event.action, event.dedup_key) == (AlertAction.RESOLVE, "20417")

    @pytest.mark.parametrize(
        ("update", "actions"),
        [
            ("acknowledged", [AlertAction.ACKNOWLEDGE]),
            ("acknowledged and commented", [AlertAction.ACKNOWLEDGE]),
            ("commented", []),
            ("unacknowledged", []),
        ],
    )
    def test_of_the_updates_only_an_acknowledgement_counts(self, update: str, actions: list[AlertAction]) -> None:
        understood = monitors.zabbix(
            changed(payloads.ZABBIX_PROBLEM, event_update_status="1", event_update_action=update)
        )

        assert [event.action for event in understood.events] == actions

    def test_a_state_that_is_none_is_refused(self) -> None:
        with pytest.raises(MalformedEventError, match="/event_value"):
            monitors.zabbix(changed(payloads.ZABBIX_PROBLEM, event_value="{EVENT.VALUE}"))
