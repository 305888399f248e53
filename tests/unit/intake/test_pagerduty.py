import json
from datetime import UTC, datetime

import pytest

from adapters.inbound.intake import pagerduty
from adapters.inbound.intake.errors import MalformedEventError
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity, Link
from tests.support import payloads
from tests.support.payloads import ROUTING_KEY


def never() -> str:
    pytest.fail("the sender named the alert; no key was to be made")


def body(payload: object = None, **members: object) -> bytes:
    if payload is None:
        payload = {"summary": "disk full", "source": "db-3", "severity": "critical"}
    document = {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "db-3/disk",
        "payload": payload,
        **members,
    }
    return json.dumps(document).encode()


def event(payload: object = None, *, strict: bool = False, **members: object) -> AlertEvent:
    return pagerduty.translate(body(payload, **members), new_key=never, strict=strict).event


def refusal(sent: bytes, *, strict: bool = False) -> MalformedEventError:
    with pytest.raises(MalformedEventError) as caught:
        pagerduty.translate(sent, new_key=never, strict=strict)
    return caught.value


def reasons(sent: bytes, *, strict: bool = False) -> list[str]:
    return [error.reason for error in refusal(sent, strict=strict).errors]


class TestRecorded:
    @pytest.mark.parametrize("strict", [False, True])
    def test_alertmanagers_trigger(self, strict: bool) -> None:
        routing_key, alert = pagerduty.translate(payloads.PAGERDUTY_TRIGGER, new_key=never, strict=strict)

        assert routing_key == ROUTING_KEY
        assert alert == AlertEvent(
            action=AlertAction.TRIGGER,
            dedup_key="15e4043dc669f75b85839d759259f14bc63f17a6f724c89cf78cb17344c6340c",
            summary="[FIRING:1] TargetDown eu-1 (10.2.0.7:9100 node critical)",
            source="Alertmanager",
            severity=AlertSeverity.CRITICAL,
            labels={"client": "Alertmanager"},
            details={
                "firing": (
                    "Labels:\n - alertname = TargetDown\n - cluster = eu-1\n"
                    "Annotations:\n - summary = node down on 10.2.0.7:9100\n"
                    "Source: http://prom.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1\n"
                ),
                "num_firing": "1",
                "num_resolved": "0",
                "resolved": "",
            },
            links=(
                Link(href="https://rb.example/target-down", text="runbook"),
                Link(href="http://am.example:9093/#/alerts?receiver=all", text="Alertmanager"),
            ),
        )

    @pytest.mark.parametrize("strict", [False, True])
    def test_the_python_clients_resolve_of_three_members(self, strict: bool) -> None:
        routing_key, alert = pagerduty.translate(payloads.PAGERDUTY_RESOLVE, new_key=never, strict=strict)

        assert routing_key == ROUTING_KEY
        assert alert == AlertEvent(action=AlertAction.RESOLVE, dedup_key="db-3/disk")

    def test_the_python_clients_change_event(self) -> None:
        routing_key, change = pagerduty.translate_change(payloads.PAGERDUTY_CHANGE)

        assert routing_key == ROUTING_KEY
        assert change.summary == "checkout 4.2.0 deployed"
        assert change.source == "ci"
        assert change.occurred_at == datetime(2026, 11, 23, 9, 2, 11, 120_000, tzinfo=UTC)
        assert change.details == {"commit": "9f2c1e"}
        assert change.links == (Link(href="https://ci.example/runs/7", text="run 7"),)


class TestLeniency:
    @pytest.mark.parametrize("severity", ["page", "", None, 3, ["critical"]])
    def test_an_unknown_severity_is_left_to_the_integration(self, severity: object) -> None:
        assert event({"summary": "x", "source": "db-3", "severity": severity}).severity is None

    def test_severity_and_action_may_be_in_any_case(self) -> None:
        alert = event({"summary": "x", "severity": "WARNING"}, event_action="Acknowledge")

        assert alert.action is AlertAction.ACKNOWLEDGE
        assert event({"summary": "x", "severity": "WARNING"}).severity is AlertSeverity.WARNING

    @pytest.mark.parametrize("payload", [{"summary": "x"}, {"summary": "x", "source": None}])
    def test_a_missing_source_is_unknown(self, payload: object) -> None:
        assert event(payload).source == "unknown"

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("text", {"value": "text"}),
            ([1, [2]], {"value": [1, [2]]}),
            (0, {"value": 0}),
            (None, {}),
            ({"firing": [{"a": 1}], "num_firing": 1}, {"firing": [{"a": 1}], "num_firing": 1}),
        ],
    )
    def test_details_that_are_no_object_are_wrapped(self, sent: object, kept: object) -> None:
        assert event({"summary": "x", "custom_details": sent}).details == kept

    def test_a_long_summary_is_cut_with_an_ellipsis_last(self) -> None:
        assert event({"summary": "x" * 1024}).summary == "x" * 1024
        assert event({"summary": "x" * 1025}).summary == "x" * 1023 + "…"

    @pytest.mark.parametrize("key", [None, "", "  "])
    def test_a_trigger_without_a_key_gets_a_new_one(self, key: object) -> None:
        alert = pagerduty.translate(body(dedup_key=key), new_key=lambda: "made").event

        assert alert.dedup_key == "made"

    def test_a_number_is_a_key(self) -> None:
        assert event(dedup_key=8812).dedup_key == "8812"

    def test_component_group_and_class_become_labels(self) -> None:
        alert = event({"summary": "x", "component": "disk", "group": "db", "class": "capacity"})

        assert alert.labels == {"component": "disk", "group": "db", "class": "capacity"}

    def test_images_become_links(self) -> None:
        images = [{"src": "https://graf.example/p.png", "alt": "panel"}, {"src": "ftp://x"}, 7]

        alert = event(images=images)

        assert alert.links == (Link(href="https://graf.example/p.png", text="panel"),)
        assert alert.details == {"tocsin.dropped_links": 1}

    def test_dropped_labels_leave_a_mark(self) -> None:
        alert = event({"summary": "x", "component": "c" * 1025, "custom_details": "text"})

        assert alert.details == {"value": "text", "tocsin.dropped_labels": 1}

    def test_an_acknowledgement_ignores_the_payload_but_for_its_time(self) -> None:
        sent = {"summary": "x" * 2000, "severity": 1, "timestamp": "2026-11-23T09:02:11.054+0000"}

        alert = event(sent, event_action="acknowledge")

        assert alert == AlertEvent(
            action=AlertAction.ACKNOWLEDGE,
            dedup_key="db-3/disk",
            occurred_at=datetime(2026, 11, 23, 9, 2, 11, 54_000, tzinfo=UTC),
        )

    @pytest.mark.parametrize("timestamp", ["soon", "0001-01-01T00:00:00Z", 1795425248, None])
    def test_a_time_that_cannot_be_read_is_not_set(self, timestamp: object) -> None:
        assert event({"summary": "x", "timestamp": timestamp}).occurred_at is None

    def test_unknown_members_are_ignored(self) -> None:
        assert event(cim_version=[{}], payload_version=2).summary == "disk full"

    def test_the_routing_key_may_be_a_service_key_or_in_a_header(self) -> None:
        in_header = body(routing_key=None)
        as_service_key = body(routing_key="", service_key="b" * 32)

        assert pagerduty.translate(in_header, new_key=never, header_routing_key="a" * 32).routing_key == "a" * 32
        assert pagerduty.translate(as_service_key, new_key=never).routing_key == "b" * 32

    def test_a_line_break_after_the_routing_key_does_not_count(self) -> None:
        assert pagerduty.translate(body(routing_key=ROUTING_KEY + "\n"), new_key=never).routing_key == ROUTING_KEY

    @pytest.mark.parametrize(
        ("sent", "read"),
        [
            (b'"x\\u0000y"', "x\ufffdy"),
            (b'"x\\ud83dy"', "x\ufffdy"),
            (b'"x\xffy"', "x\ufffdy"),
            (b'"x\ny"', "x\ny"),
            (b"1e400", "1e400"),
            (b"NaN", "NaN"),
            (b"9" * 5000, "9" * 1023 + "…"),
            (b'"\\ud83d\\ude00"', "\U0001f600"),
        ],
    )
    def test_what_is_hardly_json_still_pages(self, sent: bytes, read: str) -> None:
        document = body({"summary": "MARK"}).replace(b'"MARK"', sent)

        assert pagerduty.translate(document, new_key=never).event.summary == read

    def test_a_byte_order_mark_still_pages(self) -> None:
        assert pagerduty.translate(b"\xef\xbb\xbf" + body(), new_key=never).event.summary == "disk full"


class TestRefusal:
    def test_a_key_that_is_too_long(self) -> None:
        assert event(dedup_key="k" * 255).dedup_key == "k" * 255
        assert reasons(body(dedup_key="k" * 256)) == ["'dedup_key' is too long (maximum is 255 characters)"]

    def test_a_routing_key_of_another_length(self) -> None:
        assert pagerduty.refused(refusal(body(routing_key="short"))) == (
            b'{"status":"invalid event","message":"Event object is invalid",'
            b'"errors":["Length of \'routing_key\' is incorrect (should be 32 characters)"]}'
        )

    def test_every_wrong_field_is_named(self) -> None:
        error = refusal(b'{"event_action":"open","payload":{"summary":" "}}')

        assert [field.pointer for field in error.errors] == ["/routing_key", "/event_action"]
        assert reasons(b'{"event_action":"trigger","payload":{"summary":" "}}') == [
            "'routing_key' is missing or blank",
            "'payload.summary' is missing or blank",
        ]

    @pytest.mark.parametrize("action", ["acknowledge", "resolve"])
    def test_an_end_without_a_key(self, action: str) -> None:
        assert reasons(body(event_action=action, dedup_key=None)) == ["'dedup_key' is missing or blank"]

    def test_a_trigger_without_a_payload(self) -> None:
        sent = json.dumps({"routing_key": ROUTING_KEY, "event_action": "trigger"}).encode()

        assert reasons(sent) == ["'payload' is missing or blank"]
        assert reasons(body("text")) == ["'payload' is invalid (must be an object)"]

    def test_an_unknown_severity_when_strict(self) -> None:
        error = refusal(body({"summary": "x", "source": "db-3", "severity": "page"}), strict=True)

        assert pagerduty.refused(error) == (
            b'{"status":"invalid event","message":"Event object is invalid","errors":["\'payload.severity\' is '
            b"invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')\"]}"
        )

    def test_the_rest_of_the_vendors_contract_when_strict(self) -> None:
        sent = body({"summary": "x" * 1025, "source": None, "timestamp": "soon"}, dedup_key=7)

        assert reasons(sent, strict=True) == [
            "'dedup_key' is invalid (must be a string)",
            "'payload.summary' is too long (maximum is 1024 characters)",
            "'payload.source' is missing or blank",
            "'payload.severity' is missing or blank",
            "'payload.timestamp' is invalid (must be an ISO 8601 date and time)",
        ]

    @pytest.mark.parametrize("sent", [b"", b"{", b"not json", b'{"a":}', b"\x00\x01"])
    def test_what_is_no_json(self, sent: bytes) -> None:
        assert pagerduty.refused(refusal(sent)) == (
            b'{"status":"Unrecognized object","message":"Event object format is unrecognized",'
            b'"errors":["JSON parse error"]}'
        )

    @pytest.mark.parametrize("sent", [b"[]", b'"text"', b"null", b"7"])
    def test_json_that_is_no_object(self, sent: bytes) -> None:
        error = refusal(sent)

        assert error.unrecognized
        assert [field.reason for field in error.errors] == ["the body must be a JSON object"]

    @pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
    def test_a_depth_bomb(self, bracket: bytes) -> None:
        bomb = body({"summary": "x", "custom_details": "MARK"}).replace(b'"MARK"', bracket * 100_000)

        assert refusal(bomb).unrecognized

    def test_a_refusal_says_whose_it_is_but_does_not_show_the_key(self) -> None:
        error = refusal(body(event_action="open"))

        assert error.routing_key == ROUTING_KEY
        assert ROUTING_KEY not in str(error)
        assert str(error).startswith("/event_action: 'event_action' is invalid")

    def test_a_change_without_a_summary(self) -> None:
        with pytest.raises(MalformedEventError) as caught:
            pagerduty.translate_change(b'{"payload":{}}')

        assert [error.pointer for error in caught.value.errors] == ["/routing_key", "/payload/summary"]


class TestAnswers:
    def test_accepted(self) -> None:
        assert pagerduty.accepted("db-3/disk") == (
            b'{"status":"success","message":"Event processed","dedup_key":"db-3/disk"}'
        )

    def test_change_accepted(self) -> None:
        assert pagerduty.change_accepted("c1") == (b'{"status":"success","message":"Change event processed","id":"c1"}')

    def test_unrecognized_by_default_is_a_parse_error(self) -> None:
        assert json.loads(pagerduty.unrecognized())["errors"] == ["JSON parse error"]

    @pytest.mark.parametrize("answer", [pagerduty.throttled(3), pagerduty.unavailable(3)])
    def test_a_pushback_has_the_members_that_clients_read(self, answer: bytes) -> None:
        document = json.loads(answer)

        assert list(document) == ["status", "message", "errors"]
        assert document["errors"] == ["Retry after 3 seconds"]
