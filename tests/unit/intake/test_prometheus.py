import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.inbound.intake import prometheus
from adapters.inbound.intake.alertmanager import REPLICA_LABELS, translate
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from domain.alert.fingerprint import fingerprint
from tests.support import payloads

BEFORE_ITS_END = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STARTS_AT = datetime(2026, 11, 23, 8, 59, 31, 632_000, tzinfo=UTC)
LABELS = {"alertname": "TargetDown", "job": "node"}


def understood(*alerts: object, at: datetime = BEFORE_ITS_END) -> Understood:
    return prometheus.translate(Sent(body=json.dumps(alerts).encode(), received_at=at, ignore_labels=REPLICA_LABELS))


def only(result: Understood) -> AlertEvent:
    (event,) = result.events
    assert not result.refused
    return event


def recorded(at: datetime) -> AlertEvent:
    sent = Sent(body=payloads.PROMETHEUS_FIRING, received_at=at, ignore_labels=REPLICA_LABELS)
    return only(prometheus.translate(sent))


def test_the_recorded_firing_alert() -> None:
    labels = {
        "alertname": "TargetDown",
        "cluster": "eu-1",
        "instance": "10.2.0.7:9100",
        "job": "node",
        "replica": "a",
        "severity": "critical",
    }
    assert recorded(BEFORE_ITS_END) == AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key=fingerprint(labels, ignore=REPLICA_LABELS),
        summary="node down on 10.2.0.7:9100",
        source="10.2.0.7:9100",
        severity=AlertSeverity.CRITICAL,
        starts_at=STARTS_AT,
        expires_at=datetime(2026, 11, 23, 9, 3, 31, 632_000, tzinfo=UTC),
        labels=labels,
        details={"annotations": {"summary": "node down on 10.2.0.7:9100"}},
        links=(Link(href="http://prom.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1", text="source"),),
    )


def test_an_end_in_the_future_fires_and_one_that_has_come_resolves() -> None:
    ends_at = datetime(2026, 11, 23, 9, 3, 31, 632_000, tzinfo=UTC)

    assert recorded(ends_at - timedelta(microseconds=1)).action is AlertAction.TRIGGER
    assert recorded(ends_at).action is AlertAction.RESOLVE
    assert recorded(ends_at).occurred_at == ends_at


@pytest.mark.parametrize("end", [None, "", "0001-01-01T00:00:00Z"])
def test_an_alert_without_an_end_fires(end: object) -> None:
    assert only(understood({"labels": LABELS, "endsAt": end})).action is AlertAction.TRIGGER


def test_an_alert_without_a_start_began_now() -> None:
    assert only(understood({"labels": LABELS})).starts_at == BEFORE_ITS_END


def test_a_resolved_alert_without_a_start_began_when_it_ended() -> None:
    event = only(understood({"labels": LABELS, "endsAt": "2026-11-23T08:00:00Z"}))

    assert event.action is AlertAction.RESOLVE
    assert event.starts_at == datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_its_key_is_the_one_that_an_alertmanager_sends_for_the_same_labels() -> None:
    body = {"groupKey": "g", "alerts": [{"status": "firing", "labels": LABELS}]}
    (by_webhook,) = translate(json.dumps(body).encode(), mode="alert")

    assert only(understood({"labels": LABELS})).dedup_key == by_webhook.dedup_key


def test_replicas_report_one_alert_and_an_empty_label_is_none() -> None:
    first = only(understood({"labels": {**LABELS, "replica": "a", "pod": ""}}))

    assert first.dedup_key == only(understood({"labels": {**LABELS, "replica": "b"}})).dedup_key


def test_what_is_no_alert_is_refused_by_its_place_and_costs_its_neighbours_nothing() -> None:
    result = understood(
        {"labels": {}},
        {"labels": LABELS},
        "text",
        {"labels": LABELS, "startsAt": "2026-11-23T09:00:00Z", "endsAt": "2026-11-23T08:00:00Z"},
    )

    assert len(result.events) == 1
    assert result.refused == (
        FieldError("/0/labels", "must hold at least one label"),
        FieldError("/2", "must be an object"),
        FieldError("/3/endsAt", "must not be before startsAt"),
    )
    assert json.loads(prometheus.answer_for_refused(result.refused)).startswith("/0/labels: must hold")


@pytest.mark.parametrize("body", [b"", b"{}", b"1", b"null"])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedEventError) as refusal:
        prometheus.translate(Sent(body=body, received_at=BEFORE_ITS_END))
    assert refusal.value.unrecognized


def test_no_more_than_ten_thousand_alerts_come_at_once() -> None:
    assert len(understood(*[{"labels": LABELS}] * 10_000).events) == 10_000
    with pytest.raises(MalformedEventError, match="more than 10,000 alerts"):
        understood(*[{"labels": LABELS}] * 10_001)


def test_nothing_about_the_moment_but_its_end_changes_the_alert() -> None:
    earlier, later = recorded(BEFORE_ITS_END), recorded(BEFORE_ITS_END + timedelta(minutes=1))

    assert replace(earlier) == later


def test_a_firing_alert_is_good_until_its_end_and_without_one_for_five_minutes() -> None:
    now = BEFORE_ITS_END
    ends_at = now + timedelta(minutes=4)
    firing = understood({"labels": LABELS, "endsAt": ends_at.isoformat()}, at=now)
    assert only(firing).expires_at == ends_at
    endless = understood({"labels": LABELS, "endsAt": "0001-01-01T00:00:00Z"}, at=now)
    assert only(endless).expires_at == now + timedelta(minutes=5)


def test_what_is_over_does_not_expire() -> None:
    over = {"labels": LABELS, "startsAt": "2026-11-23T08:00:00Z", "endsAt": BEFORE_ITS_END.isoformat()}
    assert only(understood(over)).expires_at is None
