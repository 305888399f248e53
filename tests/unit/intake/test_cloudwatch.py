import json
from typing import Any

import pytest

from adapters.inbound.intake import message
from adapters.inbound.intake.cloudwatch import NEVER_RESOLVES, translate
from adapters.inbound.intake.envelope import unwrap
from adapters.inbound.intake.errors import MalformedEventError
from domain.alert.alert_event import AlertAction, AlertEvent
from tests.support import payloads
from tests.support.oncall import utc

ARN = "arn:aws:cloudwatch:eu-west-1:210987654321:alarm:rds-cpu-high"
TOPIC = "arn:aws:sns:eu-west-1:210987654321:alarms-prod"


def published(**members: object) -> tuple[AlertEvent, ...]:
    return translate(json.dumps({**json.loads(payloads.CLOUDWATCH_ALARM), **members}).encode(), topic_arn=TOPIC)


def delivered(**members: object) -> tuple[AlertEvent, ...]:
    return translate(json.dumps({**json.loads(payloads.EVENTBRIDGE_ALARM), **members}).encode())


def detail(**members: object) -> dict[str, Any]:
    return {**json.loads(payloads.EVENTBRIDGE_ALARM)["detail"], **members}


def test_an_alarm_opens_an_alert_named_by_its_arn() -> None:
    (event,) = translate(payloads.CLOUDWATCH_ALARM)
    assert (event.action, event.dedup_key) == (AlertAction.TRIGGER, ARN)
    assert event.summary == "rds-cpu-high: Threshold Crossed: 3 out of the last 3 datapoints were greater"
    assert event.labels == {
        "alarmname": "rds-cpu-high",
        "account": "210987654321",
        "region": "eu-west-1",
        "namespace": "AWS/RDS",
        "metric": "CPUUtilization",
        "DBInstanceIdentifier": "orders",
    }
    assert event.starts_at == utc("2026-11-23 09:02:11.054")
    assert [link.href for link in event.links] == [
        "https://rb.example/rds",
        "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/rds-cpu-high",
    ]


def test_by_eventbridge_the_same_alarm_is_the_same_alert() -> None:
    (by_sns,), (by_eventbridge,) = translate(payloads.CLOUDWATCH_ALARM), translate(payloads.EVENTBRIDGE_ALARM)
    for member in ("action", "dedup_key", "summary", "labels", "starts_at", "source"):
        assert getattr(by_eventbridge, member) == getattr(by_sns, member), member


def test_ok_resolves() -> None:
    (event,) = published(NewStateValue="OK")
    assert (event.action, event.dedup_key) == (AlertAction.RESOLVE, ARN)
    (event,) = delivered(detail=detail(state={"value": "OK"}))
    assert (event.action, event.dedup_key) == (AlertAction.RESOLVE, ARN)


def test_too_little_data_decides_nothing() -> None:
    assert published(NewStateValue="INSUFFICIENT_DATA") == ()
    assert delivered(detail=detail(state={"value": "INSUFFICIENT_DATA"})) == ()


def test_a_change_of_the_alarm_itself_is_no_event() -> None:
    assert delivered(**{"detail-type": "CloudWatch Alarm Configuration Change"}) == ()


def test_the_arn_of_an_older_message_is_made_from_its_topics_region() -> None:
    (event,) = published(AlarmArn=None)
    assert event.dedup_key == ARN


def test_a_composite_alarm_has_a_rule_and_no_metric() -> None:
    (event,) = published(Trigger=None, AlarmRule='ALARM("a") OR ALARM("b")', AlarmDescription=None)
    assert event.dedup_key == ARN
    assert "metric" not in event.labels


def test_an_alarm_that_never_says_that_it_is_over_is_marked() -> None:
    (event,) = published(OKActions=[])
    assert NEVER_RESOLVES in event.details
    (event,) = published()
    assert NEVER_RESOLVES not in event.details


def test_a_long_name_is_a_key_all_the_same() -> None:
    keys = {published(AlarmArn=ARN + "x" * number)[0].dedup_key for number in (300, 301)}
    assert len(keys) == 2
    assert all(len(key) <= 255 for key in keys)


@pytest.mark.parametrize("state", ["", "alarm", None, 7])
def test_a_state_that_is_none_is_malformed(state: object) -> None:
    with pytest.raises(MalformedEventError):
        published(NewStateValue=state)
    with pytest.raises(MalformedEventError):
        delivered(detail=detail(state={"value": state}))


@pytest.mark.parametrize("body", [b"", b"a text that somebody published", b"[]", b"{}", b'{"AlarmName":"x"}'])
def test_what_is_no_alarm_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEventError):
        translate(body)


@pytest.mark.parametrize("body", [payloads.CLOUDWATCH_ALARM, payloads.EVENTBRIDGE_ALARM], ids=["raw", "eventbridge"])
def test_it_is_recognised_in_a_queue(body: bytes) -> None:
    translated = message.translate(body, attributes={}, message_key="m")
    assert translated == (None, translate(body))


def test_it_is_recognised_in_a_queue_within_the_envelope_of_sns() -> None:
    envelope = {"Type": "Notification", "TopicArn": TOPIC, "MessageId": "m-1"}
    wrapped = json.dumps({**envelope, "Message": payloads.CLOUDWATCH_ALARM.decode()})
    assert message.translate(unwrap(wrapped).body, attributes={}, message_key="m").events == translate(
        payloads.CLOUDWATCH_ALARM
    )


def test_an_event_of_eventbridge_is_the_same_message_however_often_it_is_delivered() -> None:
    assert unwrap(payloads.EVENTBRIDGE_ALARM.decode()).published_id == "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92"
    assert unwrap('{"id":"a","summary":"of our own"}').published_id is None
