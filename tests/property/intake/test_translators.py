"""Whatever arrives, a translator answers with events within the limits, or says what is wrong: never anything else."""

import json
import math
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.inbound.http.senders import SENDERS
from adapters.inbound.intake import alertmanager, cloudwatch, mail, message, native, opsgenie, pagerduty
from adapters.inbound.intake.envelope import unwrap
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.redact import redacted
from adapters.inbound.intake.sent import Sent
from adapters.inbound.intake.timestamps import parse
from domain.alert.alert_event import AlertEvent, ChangeEvent, Link
from domain.alert.fingerprint import fingerprint
from domain.service.mapping import EventMapping
from tests.support import payloads
from tests.support.builders import NOON

A_MAPPING = EventMapping(
    items="(alerts || events || [@])[]",
    action="status",
    actions=(("firing", "trigger"), ("resolved", "resolve")),
    dedup_key="fingerprint || id || dedup_key",
    summary="annotations.summary || summary || workflow_run.name",
    severity="labels.severity",
    source="labels.instance || to_string(source)",
    group_key="groupKey",
    occurred_at="startsAt",
    labels="labels",
    details="@",
    links="[{href: generatorURL, text: name}, links[]][]",
)
IGNORED = frozenset({"replica", "cluster"})


def pagerduty_event(body: bytes) -> list[AlertEvent]:
    return [pagerduty.translate(body, new_key=lambda: "made", header_routing_key="h" * 32).event]


def strict_pagerduty_event(body: bytes) -> list[AlertEvent]:
    return [pagerduty.translate(body, new_key=lambda: "made", strict=True).event]


def change_event(body: bytes) -> list[ChangeEvent]:
    return [pagerduty.translate_change(body, header_routing_key="h" * 32).event]


def each_alert(body: bytes) -> Iterable[AlertEvent]:
    return alertmanager.translate(body, mode="alert", ignore_labels=IGNORED)


def group_of_alerts(body: bytes) -> Iterable[AlertEvent]:
    return alertmanager.translate(body, mode="group")


def native_events(body: bytes) -> Iterable[AlertEvent]:
    return native.translate(body, new_key=lambda: "made")


def opsgenie_alert(body: bytes) -> list[AlertEvent]:
    return [opsgenie.create(body, new_key=lambda: "made").event]


def cloudwatch_alarm(body: bytes) -> Iterable[AlertEvent]:
    return cloudwatch.translate(body)


def queued_events(body: bytes) -> Iterable[AlertEvent]:
    envelope = unwrap(body.decode("utf-8", "surrogateescape"))
    return message.translate(envelope.body, attributes=envelope.attributes, message_key="m").events


def mail_of_ses(body: bytes) -> Iterable[AlertEvent]:
    return [mail.event_of(mail.of_ses(body).content)]


def by_sender(name: str) -> "Translator":
    """The sender's translator, given what its requests have besides a body."""
    (sender,) = (each for each in SENDERS if each.name == name)

    def translate(body: bytes) -> Iterable[AlertEvent]:
        sent = Sent(body=body, received_at=NOON, headers={"ce-specversion": "1.0"}, mapping=A_MAPPING)
        return sender.translate(sent).events

    translate.__name__ = f"sent by {name}"
    return translate


type Translator = Callable[[bytes], Iterable[AlertEvent | ChangeEvent]]

TRANSLATORS: list[Translator] = [
    pagerduty_event,
    strict_pagerduty_event,
    change_event,
    each_alert,
    group_of_alerts,
    native_events,
    opsgenie_alert,
    cloudwatch_alarm,
    queued_events,
    mail_of_ses,
    *(by_sender(sender.name) for sender in SENDERS),
]

FIRST_DAY = datetime.fromisoformat("1971-01-03")  # still 1971 where the offset takes a day away
LAST_DAY = datetime.fromisoformat("9999-12-29")

# Hypothesis alone hardly writes these, and they are what storage and encoders choke on.
ODD_TEXT = st.sampled_from(
    ["", " ", "\x00", "a\x00b", "\ud800", "x" * 300, "ü" * 2000, "trigger", "firing", "resolved"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=20),
    ODD_TEXT,
    st.sampled_from(["0001-01-01T00:00:00Z", "2026-11-23T09:02:11+00:00Z", "https://rb.example", "javascript:x"]),
)
# fmt: off
MEMBERS = (
    "routing_key", "event_action", "dedup_key", "payload", "summary", "source", "severity", "custom_details",
    "links", "href", "client", "client_url", "alerts", "groupKey", "status", "labels", "annotations", "startsAt",
    "fingerprint", "orgId", "truncatedAlerts", "events", "action", "details", "Type", "TopicArn", "Message",
    "MessageAttributes", "integration_key", "endsAt", "transition", "cycle_key", "tags", "alertType", "monitorID",
    "heartbeat", "monitor", "event_id", "event_value", "data", "event", "issue", "issue_id", "specversion", "id",
    "type", "subject",
)
# fmt: on
NAMES = st.one_of(
    st.text(max_size=5),
    ODD_TEXT,
    st.sampled_from(MEMBERS),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6))
)
DOCUMENTS = [json.loads(body) for body in payloads.ALL if body.startswith((b"{", b"["))]


@st.composite
def mutated_documents(draw: st.DrawFn) -> bytes:
    """A real body in which some members, at any depth, hold something else."""
    document: Any = json.loads(json.dumps(draw(st.sampled_from(DOCUMENTS))))
    for _ in range(draw(st.integers(1, 4))):
        place = document
        while True:
            steps = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not steps:
                break
            step = draw(st.sampled_from(steps))
            if isinstance(place[step], dict | list) and draw(st.booleans()):
                place = place[step]
                continue
            place[step] = draw(JSON)
            break
    return json.dumps(document).encode()


@st.composite
def mutated_bytes(draw: st.DrawFn) -> bytes:
    """A real body with some of its bytes replaced, repeated or lost."""
    body = bytearray(draw(st.sampled_from(payloads.ALL)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 8)))
        body[start:end] = draw(st.one_of(st.binary(max_size=4), st.just(bytes(body[start:end]) * 2)))
    return bytes(body)


BODIES = st.one_of(
    st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode()), mutated_documents(), mutated_bytes()
)


def outcome(translate: Translator, body: bytes) -> tuple[AlertEvent | ChangeEvent, ...] | MalformedEventError:
    try:
        return tuple(translate(body))
    except MalformedEventError as error:
        return error


def is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def texts(value: object) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, member in value.items():
                yield from (*texts(name), *texts(member))
        case list():
            for item in value:
                yield from texts(item)
        case float():
            assert math.isfinite(value)
        case int():
            assert -(2**63) <= value < 2**63
        case _:
            assert value is None


def assert_links_within_limits(links: tuple[Link, ...]) -> None:
    assert len(links) <= 32
    for link in links:
        assert link.href.lower().startswith(("http://", "https://"))
        assert len(link.href) <= 2048
        assert len(link.text) <= 255
        assert is_storable(link.href + link.text)


def assert_within_limits(event: AlertEvent | ChangeEvent) -> None:
    assert len(event.summary) <= 1024
    assert len(event.source) <= 1024
    assert event.occurred_at is None or event.occurred_at.year > 1970
    assert_links_within_limits(event.links)
    assert all(map(is_storable, texts(dict(event.details))))
    assert is_storable(event.summary + event.source)
    msgspec.json.encode(event.details)
    if isinstance(event, AlertEvent):
        assert 1 <= len(event.dedup_key) <= 255
        assert event.group_key is None or 1 <= len(event.group_key) <= 255
        assert len(event.labels) <= 64
        assert all(1 <= len(name) <= 1024 and len(value) <= 1024 for name, value in event.labels.items())
        assert all(is_storable(text) for text in (event.dedup_key, event.group_key or "", *texts(dict(event.labels))))


@settings(deadline=None)
@given(body=BODIES)
def test_any_bytes_give_events_within_the_limits_or_a_refusal(body: bytes) -> None:
    for translate in TRANSLATORS:
        result = outcome(translate, body)
        if isinstance(result, MalformedEventError):
            assert result.errors
            assert json.loads(pagerduty.refused(result))["errors"] == [error.reason for error in result.errors]
        else:
            for event in result:
                assert_within_limits(event)


def assert_same(first: object, again: object) -> None:
    """Two outcomes: the same events, or refused for the same."""
    if isinstance(first, MalformedEventError):
        assert isinstance(again, MalformedEventError)
        assert first.errors == again.errors
    else:
        assert first == again


def looked_at_field_by_field(body: bytes) -> Iterable[AlertEvent]:
    return native.of_document(native.document(body), new_key=lambda: "made")


@settings(deadline=None)
@given(body=st.one_of(st.sampled_from(payloads.ALL), BODIES))
def test_our_own_events_are_the_same_at_first_sight_as_field_by_field(body: bytes) -> None:
    assert_same(outcome(native_events, body), outcome(looked_at_field_by_field, body))


@settings(deadline=None)
@given(body=BODIES)
def test_the_same_bytes_give_the_same_events(body: bytes) -> None:
    for translate in TRANSLATORS:
        assert_same(outcome(translate, body), outcome(translate, body))


@pytest.mark.parametrize("translate", TRANSLATORS)
@pytest.mark.parametrize("depth", [30, 900, 1100, 20_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_no_depth_is_too_deep(translate: Translator, depth: int, opening: bytes, closing: bytes) -> None:
    inner = opening * depth + b"1" + closing * depth
    for body in (
        inner,
        b'{"routing_key":"'
        + b"k" * 32
        + b'","event_action":"trigger","payload":{"summary":"x","custom_details":'
        + inner
        + b"}}",
        b'{"groupKey":"g","alerts":[{"status":"firing","labels":{"a":"b"},"annotations":' + inner + b"}]}",
        b'{"action":"trigger","summary":"x","details":{"a":' + inner + b"}}",
    ):
        result = outcome(translate, body)
        if not isinstance(result, MalformedEventError):
            for event in result:
                assert_within_limits(event)


@pytest.mark.parametrize("shown", ["summary", "custom_details"])
@given(text=st.text(max_size=1024).filter(lambda text: text.strip() != ""))
def test_pagerduty_text_arrives_as_sent(shown: str, text: str) -> None:
    payload = {"summary": "x", shown: text}
    body = json.dumps({"event_action": "trigger", "dedup_key": "k", "payload": payload}).encode()

    (event,) = pagerduty_event(body)

    assert (event.summary if shown == "summary" else event.details["value"]) == text.replace("\x00", "\ufffd")


@given(labels=st.dictionaries(st.text(), st.text()), seed=st.integers())
def test_the_fingerprint_does_not_depend_on_order(labels: dict[str, str], seed: int) -> None:
    shuffled = list(labels.items())
    random.Random(seed).shuffle(shuffled)

    assert fingerprint(dict(shuffled)) == fingerprint(labels)
    assert len(fingerprint(labels)) == 16


@given(
    moment=st.datetimes(FIRST_DAY, LAST_DAY),
    offset_minutes=st.integers(-24 * 60 + 1, 24 * 60 - 1),
    digits=st.integers(0, 9),
    colon=st.sampled_from(["", ":"]),
)
def test_an_instant_survives_its_spelling(moment: datetime, offset_minutes: int, digits: int, colon: str) -> None:
    hours, minutes = divmod(abs(offset_minutes), 60)
    offset = f"{'-' if offset_minutes < 0 else '+'}{hours:02}{colon}{minutes:02}"
    fraction = f"{moment.microsecond:06}789"[:digits]
    written = f"{moment:%H:%M:%S}" + ("." + fraction if digits else "") + offset
    kept = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))

    parsed = parse(f"{moment.date().isoformat()}T{written}")

    assert parsed == kept.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))


@given(text=st.text())
def test_no_text_breaks_the_timestamp_parser(text: str) -> None:
    for written in (text, "2026-11-23T" + text, "2026-11-23T09:02:11" + text):
        parsed = parse(written)
        assert parsed is None or parsed.utcoffset() is not None


@given(
    secret=st.text("0123456789abcdefXYZ", min_size=32, max_size=32),
    escaped=st.lists(st.booleans(), min_size=32, max_size=32),
    before=st.text(),
    after=st.text(),
)
def test_no_spelling_hides_a_secret(secret: str, escaped: list[bool], before: str, after: str) -> None:
    assume(secret not in before and secret not in after)
    spelt = "".join(
        f"\\u{ord(character):04x}" if escape else character for character, escape in zip(secret, escaped, strict=True)
    )
    body = f'{{"a":{json.dumps(before)},"routing_key":"{spelt}","b":{json.dumps(after)}}}'.encode()
    assert json.loads(body)["routing_key"] == secret

    assert json.loads(redacted(body, secret)) == {"a": before, "routing_key": "[redacted]", "b": after}
