import json
from datetime import UTC, datetime
from itertools import count

import msgspec
import pytest

from adapters.inbound.intake import native
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from tests.support import payloads


def never() -> str:
    pytest.fail("the sender named the alert; no key was to be made")


def problems(document: object) -> list[FieldError]:
    with pytest.raises(MalformedEventError) as caught:
        native.translate(json.dumps(document).encode(), new_key=never)
    return list(caught.value.errors)


def test_one_event() -> None:
    assert native.translate(payloads.NATIVE_TRIGGER, new_key=never) == (
        AlertEvent(
            action=AlertAction.TRIGGER,
            dedup_key="db-3/disk",
            summary="Disk 92% full",
            source="db-3",
            severity=AlertSeverity.WARNING,
            occurred_at=datetime(2026, 11, 23, 9, 2, 11, tzinfo=UTC),
            group_key="db-3",
            labels={"team": "data"},
            details={"percent": 92},
            links=(Link(href="https://rb.example/disk", text="runbook"),),
        ),
    )


def test_several_events_in_their_order() -> None:
    events = [
        {"action": "trigger", "summary": "a"},
        {"action": "resolve", "dedup_key": "k"},
        {"action": "trigger", "summary": "b"},
    ]
    numbers = count()

    translated = native.translate(json.dumps({"events": events}).encode(), new_key=lambda: f"made-{next(numbers)}")

    assert [(event.action, event.dedup_key) for event in translated] == [
        (AlertAction.TRIGGER, "made-0"),
        (AlertAction.RESOLVE, "k"),
        (AlertAction.TRIGGER, "made-1"),
    ]


def test_there_may_be_500_events_and_no_more() -> None:
    event = {"action": "resolve", "dedup_key": "k"}

    assert len(native.translate(json.dumps({"events": [event] * 500}).encode(), new_key=never)) == 500
    too_many = [FieldError("/events", "must be a list of 1 to 500 events")]
    assert problems({"events": [event] * 501}) == too_many
    assert problems({"events": []}) == too_many
    assert problems({"events": {}}) == too_many


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"summary": None}, FieldError("/summary", "must be 'str', got 'null'")),
        ({"summary": "x" * 1025}, FieldError("/summary", "must be 'str' of length <= 1024")),
        ({"summary": " "}, FieldError("/summary", "is required to trigger")),
        ({"dedup_key": "k" * 256}, FieldError("/dedup_key", "must be 'str' of length <= 255")),
        ({"dedup_key": ""}, FieldError("/dedup_key", "must be 'str' of length >= 1")),
        ({"dedup_key": " "}, FieldError("/dedup_key", "must not be blank")),
        ({"action": "open"}, FieldError("/action", "must be one of 'trigger', 'acknowledge', 'resolve'")),
        (
            {"severity": "page"},
            FieldError("/severity", "must be one of 'critical', 'error', 'warning', 'info'"),
        ),
        ({"Severity": "info"}, FieldError("/Severity", "unknown field")),
        ({"a/b~c": 1}, FieldError("/a~1b~0c", "unknown field")),
        (
            {"occurred_at": "soon"},
            FieldError("/occurred_at", "must be an RFC 3339 date and time, such as 2026-11-23T09:02:11Z"),
        ),
        ({"labels": {"a": 1}}, FieldError("/labels/a", "must be 'str', got 'int'")),
        ({"labels": {"a": "x" * 1025}}, FieldError("/labels/a", "must be 'str' of length <= 1024")),
        ({"labels": {"": "x"}}, FieldError("/labels/", "must be 'str' of length >= 1")),
        ({"labels": {str(n): "" for n in range(65)}}, FieldError("/labels", "must hold at most 64 labels")),
        ({"labels": []}, FieldError("/labels", "must be 'object', got 'array'")),
        ({"details": "text"}, FieldError("/details", "must be 'object', got 'str'")),
        ({"group_key": "g" * 256}, FieldError("/group_key", "must be 'str' of length <= 255")),
        ({"source": "s" * 1025}, FieldError("/source", "must be 'str' of length <= 1024")),
        (
            {"links": [{"href": "https://a"}, {"href": "javascript:x"}]},
            FieldError("/links/1/href", "must be 'str' matching regex '^https?://'"),
        ),
        ({"links": [{"text": "x"}]}, FieldError("/links/0", "Object missing required field 'href'")),
        ({"events": []}, FieldError("/action", "unknown field beside events")),
    ],
)
def test_a_wrong_field_is_named_with_its_limit(members: dict[str, object], error: FieldError) -> None:
    assert error in problems({"action": "trigger", "dedup_key": "k", "summary": "x", **members})


def test_every_wrong_field_of_every_event_is_named() -> None:
    events = [{"action": "trigger", "summary": 1, "sevrity": "info"}, {"action": "resolve"}, {}, 7]

    assert problems({"events": events}) == [
        FieldError("/events/0/sevrity", "unknown field"),
        FieldError("/events/0/summary", "must be 'str', got 'int'"),
        FieldError("/events/1/dedup_key", "is required to resolve"),
        FieldError("/events/2/action", "is required"),
        FieldError("/events/3", "must be an object"),
    ]


def test_names_and_choices_that_are_no_text_are_wrong_fields() -> None:
    assert problems({"action": "\ud800"})[0].pointer == "/action"
    assert problems({"action": "resolve", "dedup_key": "k", "\ud800": 1}) == [FieldError("/\ufffd", "unknown field")]


def test_what_is_no_object() -> None:
    assert problems([]) == [FieldError("", "the body must be a JSON object")]


def test_text_is_made_storable() -> None:
    sent = (
        b'{"action":"trigger","dedup_key":"k\\u0000","summary":"s\\u0000","labels":{"a":"b\\u0000"},'
        b'"details":{"c\\u0000":"d\\u0000"}}'
    )

    (event,) = native.translate(sent, new_key=never)

    assert (event.dedup_key, event.summary) == ("k\ufffd", "s\ufffd")
    assert (event.labels, event.details) == ({"a": "b\ufffd"}, {"c\ufffd": "d\ufffd"})


def test_the_contract_is_in_the_schema() -> None:
    (_, schemas) = msgspec.json.schema_components([native.EventBody, native.EventBatchBody])
    event = schemas["EventBody"]

    assert event["required"] == ["action"]
    assert event["additionalProperties"] is False
    assert event["properties"]["summary"]["maxLength"] == 1024
    assert schemas["EventBatchBody"]["properties"]["events"]["maxItems"] == 500
