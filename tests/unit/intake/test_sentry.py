import json
from datetime import UTC, datetime

import pytest

from adapters.inbound.intake import sentry
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from tests.support import payloads
from tests.support.builders import NOON


def understood(document: object, resource: str = "") -> Understood:
    headers = {"sentry-hook-resource": resource} if resource else {}
    return sentry.translate(Sent(body=json.dumps(document).encode(), received_at=NOON, headers=headers))


def only(result: Understood) -> AlertEvent:
    (event,) = result.events
    return event


def issue(action: str) -> dict[str, object]:
    return {"action": action, "data": {"issue": {"id": "4417540176", "project": {"id": "17"}, "title": "TimeoutError"}}}


@pytest.mark.parametrize("resource", ["event_alert", ""])
def test_the_recorded_issue_alert(resource: str) -> None:
    event = only(understood(json.loads(payloads.SENTRY_EVENT_ALERT), resource))

    assert event.action is AlertAction.TRIGGER
    assert event.dedup_key == "17/4417540176"
    assert event.summary == "TimeoutError: upstream checkout"
    assert event.source == "pay.charge"
    assert event.severity is AlertSeverity.ERROR
    assert event.occurred_at == datetime(2026, 11, 23, 9, 1, 17, 677_000, tzinfo=UTC)
    assert event.labels == {
        "environment": "prod",
        "release": "2026.11.3",
        "project": "17",
        "rule": "Prod errors > 50/min",
    }
    assert event.links == (
        Link(
            href="https://sentry.example/organizations/acme/issues/4417540176/events/e4874d664c3540c1a32eab185f12c5ab/",
            text="Sentry",
        ),
    )


@pytest.mark.parametrize("action", ["resolved", "ignored", "archived"])
def test_the_end_of_an_issue_resolves_its_alert(action: str) -> None:
    event = only(understood(issue(action), "issue"))

    assert event.action is AlertAction.RESOLVE
    assert event.dedup_key == only(understood(json.loads(payloads.SENTRY_EVENT_ALERT))).dedup_key


def test_an_issue_that_comes_back_triggers_and_a_new_one_waits_for_its_alert_rule() -> None:
    assert only(understood(issue("unresolved"), "issue")).action is AlertAction.TRIGGER
    assert understood(issue("created"), "issue").events == ()


@pytest.mark.parametrize(
    ("action", "expected", "severity"),
    [
        ("critical", AlertAction.TRIGGER, AlertSeverity.CRITICAL),
        ("warning", AlertAction.TRIGGER, AlertSeverity.WARNING),
        ("resolved", AlertAction.RESOLVE, AlertSeverity.CRITICAL),
    ],
)
def test_a_metric_alert_has_the_key_of_its_rule(action: str, expected: AlertAction, severity: AlertSeverity) -> None:
    document = {"action": action, "data": {"metric_alert": {"id": "9", "alert_rule": {"id": "5", "name": "p95"}}}}
    event = only(understood(document, "metric_alert"))

    assert (event.action, event.dedup_key, event.severity) == (expected, "metric/5", severity)


@pytest.mark.parametrize("resource", ["installation", "comment", "error"])
def test_other_resources_say_nothing(resource: str) -> None:
    assert understood(json.loads(payloads.SENTRY_EVENT_ALERT), resource).events == ()


def test_an_alert_without_an_issue_is_refused() -> None:
    with pytest.raises(MalformedEventError, match="/data/event/issue_id: is missing"):
        understood({"action": "triggered", "data": {"event": {}}})


def test_a_body_of_no_known_resource_is_refused() -> None:
    with pytest.raises(MalformedEventError, match="no resource that is known"):
        understood({"action": "triggered", "data": {}})
