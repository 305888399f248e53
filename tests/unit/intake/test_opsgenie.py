import json

import pytest

from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.opsgenie import Created, create, key_of, note_of
from domain.alert.alert_event import AlertAction, AlertSeverity
from domain.shared.limits import SUMMARY_CHARACTERS
from tests.support import payloads


def created(**members: object) -> Created:
    return create(json.dumps({"message": "disk full", **members}).encode(), new_key=lambda: "made")


def test_what_alertmanager_sends_opens_an_alert_named_by_its_alias() -> None:
    event, note = create(payloads.OPSGENIE_CREATE, new_key=lambda: "made")
    assert event.action is AlertAction.TRIGGER
    assert event.dedup_key == "15e4043dc669f75b85839d759259f14bc63f17a6f724c89cf78cb17344c6340c"
    assert event.summary == "[FIRING:1] TargetDown eu-1 (node critical)"
    assert event.labels == {"alertname": "TargetDown", "cluster": "eu-1"}
    assert event.severity is AlertSeverity.ERROR
    assert event.details["description"] == "node down on 10.2.0.7:9100"
    assert event.details["tags"] == ["prod", "eu"]
    assert [link.href for link in event.links] == ["http://am.example:9093/#/alerts?receiver=all"]
    assert note == ""


def test_without_an_alias_it_is_an_alert_of_its_own() -> None:
    assert created().event.dedup_key == "made"
    assert created(alias=" ").event.dedup_key == "made"


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("P1", AlertSeverity.CRITICAL),
        ("P2", AlertSeverity.ERROR),
        ("P3", AlertSeverity.WARNING),
        ("P4", AlertSeverity.INFO),
        ("P5", AlertSeverity.INFO),
    ],
)
def test_a_priority_is_a_severity(priority: str, severity: AlertSeverity) -> None:
    assert created(priority=priority).event.severity is severity


def test_a_sender_that_names_no_priority_pages_no_less_for_it() -> None:
    assert created().event.severity is None  # which is critical, and not Opsgenie's P3


def test_an_alias_may_be_longer_than_a_key() -> None:
    assert key_of("x" * 255) == "x" * 255
    long, other = key_of("x" * 256), key_of("x" * 257)
    assert long.startswith("sha256:")
    assert len(long) <= 255
    assert long != other
    assert created(alias="x" * 256).event.dedup_key == long
    with pytest.raises(MalformedEventError, match="512"):
        created(alias="x" * 513)


def test_a_long_message_is_cut_since_a_refused_alert_pages_nobody() -> None:
    assert len(created(message="x" * 5000).event.summary) == SUMMARY_CHARACTERS


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"message": ""}', b'{"message": {"a": 1}}', b'{"alias": "a"}'])
def test_without_a_message_there_is_no_alert(body: bytes) -> None:
    with pytest.raises(MalformedEventError):
        create(body, new_key=lambda: "made")


def test_a_note_says_whose_it_is() -> None:
    assert created(note="see the graph", user="ann@example.test").note == "ann@example.test: see the graph"
    assert note_of(b'{"note": "fixed", "source": "x"}') == "fixed"
    assert note_of(b'{"user": "ann"}') == ""


def test_whoever_closes_need_say_nothing() -> None:
    assert note_of(b"") == ""
    assert note_of(b"{}") == ""
    with pytest.raises(MalformedEventError):
        note_of(b"{}", is_required=True)


def test_grafanas_details_may_hold_what_is_no_text() -> None:
    event = created(details={"url": "https://graf.example/x", "values": {"B": 1}, "n": 2}, tags=[]).event
    assert event.labels == {"url": "https://graf.example/x", "n": "2"}
    assert [link.href for link in event.links] == ["https://graf.example/x"]
    assert event.details["details"] == {"url": "https://graf.example/x", "values": {"B": 1}, "n": 2}
