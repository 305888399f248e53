import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.inbound.intake import alertmanager
from adapters.inbound.intake.errors import MalformedEventError
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from domain.alert.fingerprint import fingerprint, group_hash
from tests.support import payloads

GROUP_KEY = '{}:{alertname="HighErrorRate", cluster="eu-1"}'


def alert(status: str = "firing", **members: object) -> dict[str, object]:
    labels = {"alertname": "TargetDown", "instance": "10.2.0.7:9100", "replica": "a", "severity": "page"}
    return {
        "status": status,
        "labels": labels,
        "annotations": {},
        "startsAt": "2026-11-23T08:59:31.632Z",
        "endsAt": "2026-11-23T09:10:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint(labels),
        **members,
    }


def body(*alerts: object, **members: object) -> bytes:
    document: dict[str, Any] = {
        "version": "4",
        "groupKey": GROUP_KEY,
        "status": "firing",
        "receiver": "web\\.hook",
        "alerts": list(alerts),
        "truncatedAlerts": 0,
        "groupLabels": {"alertname": "TargetDown"},
        "commonLabels": {"alertname": "TargetDown", "job": "node"},
        "commonAnnotations": {},
        "externalURL": "http://am.example:9093",
        **members,
    }
    return json.dumps(document).encode()


def each(sent: bytes, ignore_labels: frozenset[str] = frozenset()) -> tuple[AlertEvent, ...]:
    return alertmanager.translate(sent, mode="alert", ignore_labels=ignore_labels)


def group(sent: bytes) -> tuple[AlertEvent, ...]:
    return alertmanager.translate(sent, mode="group")


def only(events: tuple[AlertEvent, ...]) -> AlertEvent:
    (event,) = events
    return event


class TestEachAlert:
    def test_the_recorded_firing_alert(self) -> None:
        assert each(payloads.ALERTMANAGER_FIRING) == (
            AlertEvent(
                action=AlertAction.TRIGGER,
                dedup_key="38cf7fe9cd30e910",
                summary="checkout 5xx at 7.2%",
                source="Alertmanager",
                severity=AlertSeverity.CRITICAL,
                starts_at=datetime(2026, 11, 23, 8, 59, 31, 632_000, tzinfo=UTC),
                group_key=group_hash(GROUP_KEY),
                labels={
                    "alertname": "HighErrorRate",
                    "cluster": "eu-1",
                    "service": "checkout",
                    "severity": "critical",
                },
                details={
                    "annotations": {
                        "summary": "checkout 5xx at 7.2%",
                        "runbook_url": "https://rb.example/checkout-5xx",
                    },
                    "receiver": "core-sre",
                    "notification_reason": "first notification",
                },
                links=(
                    Link(href="https://rb.example/checkout-5xx", text="runbook"),
                    Link(
                        href="http://prom.example:9090/graph?g0.expr=job%3Aerr%3Aratio+%3E+0.05&g0.tab=1",
                        text="source",
                    ),
                    Link(href="http://am.example:9093", text="Alertmanager"),
                ),
            ),
        )

    def test_the_recorded_grafana_alert(self) -> None:
        event = only(each(payloads.GRAFANA_FIRING, ignore_labels=frozenset({"service"})))

        assert event.dedup_key == "c9a1f7de2b4c0e11"  # as sent: it counts labels that are not in the body
        assert event.summary == "p95 1.9 s over 5 m"
        assert event.source == "Grafana"
        assert event.severity is None
        assert event.details["values"] == {"A": 1.91, "C": 1}
        assert [link.text for link in event.links] == ["dashboard", "panel", "source", "silence", "Grafana"]

    def test_each_alert_resolves_by_its_own_status(self) -> None:
        events = each(body(alert("resolved"), alert("firing")))

        assert [event.action for event in events] == [AlertAction.RESOLVE, AlertAction.TRIGGER]
        assert [event.occurred_at for event in events] == [datetime(2026, 11, 23, 9, 10, tzinfo=UTC), None]

    def test_the_end_that_a_firing_alert_expects_is_not_when_it_occurred(self) -> None:
        assert only(each(body(alert(endsAt="2026-11-23T09:03:31Z")))).occurred_at is None

    def test_an_alert_without_a_status_has_the_groups(self) -> None:
        assert only(each(body(alert(status=""), status="resolved"))).action is AlertAction.RESOLVE

    @pytest.mark.parametrize("absent", [None, "", 0.5, "f" * 256])
    def test_a_missing_fingerprint_is_computed(self, absent: object) -> None:
        labels = {"alertname": "alert1", "lbl1": "val1", "empty": ""}
        sent = absent if absent != 0.5 else None

        assert only(each(body(alert(labels=labels, fingerprint=sent)))).dedup_key == "fac0861a85de433a"

    def test_replicas_report_one_alert(self) -> None:
        first = alert()
        labels = {**first["labels"], "replica": "b"}  # type: ignore[dict-item]
        second = alert(labels=labels, fingerprint=fingerprint(labels))

        apart = each(body(first, second))
        together = each(body(first, second), ignore_labels=frozenset({"replica"}))

        assert apart[0].dedup_key != apart[1].dedup_key
        assert together[0].dedup_key == together[1].dedup_key
        assert together[1].labels["replica"] == "b"

    def test_a_fingerprint_is_kept_when_nothing_ignored_is_in_it(self) -> None:
        sent = alert(fingerprint="0123456789abcdef")

        assert only(each(body(sent), ignore_labels=frozenset({"pod"}))).dedup_key == "0123456789abcdef"

    @pytest.mark.parametrize(
        ("annotations", "summary"),
        [
            ({"summary": "s", "description": "d"}, "s"),
            ({"summary": "", "description": "d"}, "d"),
            ({"message": "m", "description": "d"}, "m"),
            ({}, "TargetDown 10.2.0.7:9100"),
            ("text", "TargetDown 10.2.0.7:9100"),
        ],
    )
    def test_the_summary_is_the_best_there_is(self, annotations: object, summary: str) -> None:
        assert only(each(body(alert(annotations=annotations)))).summary == summary

    def test_without_a_name_the_fingerprint_is_the_summary(self) -> None:
        event = only(each(body(alert(labels={"job": "node"}, fingerprint="00ff"))))

        assert (event.summary, event.source, event.severity) == ("00ff", "node", None)

    def test_the_receiver_is_unescaped(self) -> None:
        assert only(each(body(alert()))).details["receiver"] == "web.hook"

    def test_identity_counts_labels_that_are_dropped(self) -> None:
        labels = {f"l{number}": "x" for number in range(70)}

        event = only(each(body(alert(labels=labels, fingerprint=None))))

        assert event.dedup_key == fingerprint(labels)
        assert len(event.labels) == 64
        assert event.details["tocsin.dropped_labels"] == 6

    def test_no_alerts_say_nothing(self) -> None:
        assert each(body()) == ()


class TestGroup:
    def test_one_event_for_the_group(self) -> None:
        event = only(group(payloads.ALERTMANAGER_FIRING))

        assert event.action is AlertAction.TRIGGER
        assert event.dedup_key == event.group_key == group_hash(GROUP_KEY)
        assert event.summary == "checkout 5xx at 7.2%"
        assert event.severity is AlertSeverity.CRITICAL
        assert event.details["num_firing"] == 1
        assert event.details["firing"] == [
            {
                "fingerprint": "38cf7fe9cd30e910",
                "labels": {
                    "alertname": "HighErrorRate",
                    "cluster": "eu-1",
                    "service": "checkout",
                    "severity": "critical",
                },
                "summary": "checkout 5xx at 7.2%",
            }
        ]

    def test_the_group_fires_while_any_alert_does_whatever_its_status_says(self) -> None:
        event = only(group(body(alert("resolved"), alert("firing"), status="resolved")))

        assert event.action is AlertAction.TRIGGER
        assert (event.details["num_firing"], event.details["num_resolved"]) == (1, 1)

    def test_the_group_resolves_with_its_last_alert(self) -> None:
        event = only(group(body(alert("resolved"), status="resolved")))

        assert event.action is AlertAction.RESOLVE
        assert event.occurred_at == datetime(2026, 11, 23, 9, 10, tzinfo=UTC)

    @pytest.mark.parametrize("truncated", [1, "3", True])
    def test_a_cut_list_does_not_resolve(self, truncated: object) -> None:
        assert group(body(alert("resolved"), status="resolved", truncatedAlerts=truncated)) == ()

    def test_a_cut_list_still_triggers(self) -> None:
        event = only(group(body(alert("resolved"), alert(), truncatedAlerts=5)))

        assert event.action is AlertAction.TRIGGER
        assert event.details["truncated_alerts"] == 5

    @pytest.mark.parametrize("truncated", [0, None, "0"])
    def test_a_whole_list_resolves(self, truncated: object) -> None:
        assert only(group(body(alert("resolved"), truncatedAlerts=truncated))).action is AlertAction.RESOLVE

    def test_no_alerts_say_nothing(self) -> None:
        assert group(body(status="resolved")) == ()

    def test_the_worst_firing_alert_grades_the_group(self) -> None:
        graded = [
            alert(labels={"alertname": "a", "severity": "warning"}),
            alert(labels={"alertname": "b", "severity": "high"}),
            alert("resolved", labels={"alertname": "c", "severity": "critical"}),
        ]

        assert only(group(body(*graded))).severity is AlertSeverity.ERROR

    def test_the_youngest_firing_alert_dates_the_group(self) -> None:
        younger = alert(startsAt="2026-11-23T09:05:00Z")

        assert only(group(body(alert(), younger))).starts_at == datetime(2026, 11, 23, 9, 5, tzinfo=UTC)

    def test_a_group_without_a_summary_is_named_by_its_labels(self) -> None:
        event = only(group(body(alert(), alert())))

        assert event.summary == "[FIRING:2] TargetDown node"

    def test_a_group_of_one_is_named_by_its_alert(self) -> None:
        assert only(group(body(alert(annotations={"summary": "node down"})))).summary == "node down"

    def test_grafanas_title_is_a_summary(self) -> None:
        assert only(group(body(alert(), alert(), orgId=1, title="[FIRING:2] p95"))).summary == "[FIRING:2] p95"

    def test_a_group_needs_its_key(self) -> None:
        with pytest.raises(MalformedEventError, match="/groupKey"):
            group(body(alert(), groupKey=None))
        assert only(each(body(alert(), groupKey=None))).group_key is None

    def test_a_large_group_shows_its_first_members(self) -> None:
        event = only(group(body(*[alert()] * 150)))

        assert event.details["num_firing"] == 150
        assert len(event.details["firing"]) == 100  # type: ignore[arg-type]


class TestRefusal:
    @pytest.mark.parametrize(
        ("sent", "pointer"),
        [
            (b"{}", "/alerts"),
            (body(alerts={}), "/alerts"),
            (body(alert(), "text"), "/alerts/1"),
            (body(alert(status="odd"), status="odd"), "/alerts/0/status"),
            (body(alert(labels={"a": ""}, fingerprint="")), "/alerts/0/labels"),
            (body(*[{}] * 10_001), "/alerts"),
            (b"[]", ""),
        ],
    )
    def test_the_field_is_named(self, sent: bytes, pointer: str) -> None:
        with pytest.raises(MalformedEventError) as caught:
            each(sent)

        assert [error.pointer for error in caught.value.errors] == [pointer]
