import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from adapters.inbound.intake import cloudevents
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from tests.support import payloads
from tests.support.builders import NOON

STRUCTURED = {"content-type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "9f2b6c1e-77",
    "ce-source": "/ci/deployer",
    "ce-type": "com.acme.deploy.failed",
    "ce-subject": "checkout%402026.11.3",
}
EVENT = json.loads(payloads.CLOUDEVENT)


def understood(body: object, headers: Mapping[str, str] = STRUCTURED) -> Understood:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return cloudevents.translate(Sent(body=content, received_at=NOON, headers=headers))


def only(result: Understood) -> AlertEvent:
    (event,) = result.events
    return event


def test_the_recorded_structured_event() -> None:
    assert only(understood(payloads.CLOUDEVENT)) == AlertEvent(
        action=AlertAction.TRIGGER,
        dedup_key="checkout@2026.11.3",
        summary="com.acme.deploy.failed checkout@2026.11.3",
        source="/ci/deployer",
        severity=AlertSeverity.ERROR,
        occurred_at=datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC),
        labels={
            "source": "/ci/deployer",
            "type": "com.acme.deploy.failed",
            "subject": "checkout@2026.11.3",
            "severity": "error",
        },
        details={
            "event_id": "9f2b6c1e-77",
            "env": "prod",
            "step": "migrate",
            "url": "https://ci.example/r/8812",
        },
        links=(Link(href="https://ci.example/r/8812", text="source"),),
    )


def test_a_binary_event_has_its_attributes_in_headers_percent_decoded_once() -> None:
    event = only(understood({"env": "prod"}, BINARY))

    assert event.dedup_key == "checkout@2026.11.3"
    assert event.details == {"event_id": "9f2b6c1e-77", "env": "prod"}
    assert only(understood({}, {**BINARY, "ce-subject": "a%2520b"})).dedup_key == "a%20b"
    assert only(understood({}, {**BINARY, "ce-subject": '"a \\"b\\""'})).dedup_key == 'a "b"'


def test_an_attribute_that_decodes_to_no_utf_8_is_refused() -> None:
    with pytest.raises(MalformedEventError, match="no UTF-8"):
        understood({}, {**BINARY, "ce-subject": "%ff"})


def test_data_that_are_no_json_are_kept_as_text() -> None:
    assert only(understood(b"hello", {**BINARY, "content-type": "text/plain"})).details["value"] == "hello"
    assert only(understood(b"{not", BINARY)).details["value"] == "{not"


def test_of_a_batch_those_that_are_none_are_refused_and_the_others_count() -> None:
    result = understood([EVENT, {**EVENT, "id": ""}, 7, {**EVENT, "subject": "b"}], BATCH)

    assert [event.dedup_key for event in result.events] == ["checkout@2026.11.3", "b"]
    assert [each.pointer for each in result.refused] == ["/1/id", "/2"]
    assert understood([], BATCH) == Understood()


def test_in_structured_mode_the_body_goes_before_the_headers() -> None:
    assert only(understood(EVENT, {**BINARY, **STRUCTURED})).source == "/ci/deployer"


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("com.acme.deploy.failed", AlertAction.TRIGGER),
        ("com.acme.alert.resolved", AlertAction.RESOLVE),
        ("com.acme.Probe.Recovered", AlertAction.RESOLVE),
        ("com.acme.alert/acknowledged", AlertAction.ACKNOWLEDGE),
        ("com.acme.resolved.again", AlertAction.TRIGGER),
    ],
)
def test_the_last_word_of_its_type_says_what_became_of_it(kind: str, action: AlertAction) -> None:
    assert only(understood({**EVENT, "type": kind})).action is action


def test_an_event_about_nothing_in_particular_is_an_alert_of_its_own() -> None:
    assert only(understood({**EVENT, "subject": None})).dedup_key == "/ci/deployer/9f2b6c1e-77"


@pytest.mark.parametrize("name", ["id", "source", "specversion", "type"])
def test_what_is_required_is_named_when_it_is_missing(name: str) -> None:
    with pytest.raises(MalformedEventError, match=f"/{name}: is missing or blank"):
        understood({**EVENT, name: None})


def test_another_version_is_refused() -> None:
    with pytest.raises(MalformedEventError, match=r"/specversion: must be '1\.0'"):
        understood({**EVENT, "specversion": "0.3"})
