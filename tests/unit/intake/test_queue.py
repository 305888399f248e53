"""Bodies of queues: the envelope of SNS, the protocol inside, and the secret in it."""

import json

import pytest

from adapters.inbound.intake import message
from adapters.inbound.intake.envelope import Envelope, unwrap
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.message import Translated
from adapters.inbound.intake.redact import redacted
from domain.alert.alert_event import AlertAction
from tests.support import payloads
from tests.support.payloads import ROUTING_KEY

KEYLESS = b'{"events":[{"action":"trigger","summary":"a"},{"action":"trigger","summary":"b"}]}'


def translate(body: bytes, *, message_key: str = "m-1", **attributes: str) -> Translated:
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return message.translate(body, attributes=named, message_key=message_key)


class TestEnvelope:
    def test_a_notification_of_sns_is_unwrapped(self) -> None:
        assert unwrap(payloads.SNS_NOTIFICATION.decode()) == Envelope(
            body=b'{"AlarmName":"rds-cpu-high","NewStateValue":"ALARM"}',
            published_id="4d4dc071-ddbf-465d-bba8-08f81c89da64",
            topic_arn="arn:aws:sns:eu-west-1:210987654321:alarms-prod",
        )

    def test_the_attributes_of_sns_come_along(self) -> None:
        document = json.loads(payloads.SNS_NOTIFICATION)
        document["MessageAttributes"] = {
            "tocsin-format": {"Type": "String", "Value": "native"},
            "odd": {"Type": "String"},
            "odder": 7,
        }

        assert unwrap(json.dumps(document)).attributes == {"tocsin-format": "native"}

    def test_it_is_unwrapped_once(self) -> None:
        outer = json.loads(payloads.SNS_NOTIFICATION)
        outer["Message"] = payloads.SNS_NOTIFICATION.decode()

        assert unwrap(json.dumps(outer)).body == payloads.SNS_NOTIFICATION

    def test_an_envelope_is_one_however_its_json_is_spelled(self) -> None:
        spelled = payloads.SNS_NOTIFICATION.decode().replace('"Notification"', '"\\u004eotification"')
        assert spelled != payloads.SNS_NOTIFICATION.decode()
        assert unwrap(spelled) == unwrap(payloads.SNS_NOTIFICATION.decode())

    @pytest.mark.parametrize(
        "body",
        [
            payloads.PAGERDUTY_TRIGGER.decode(),
            '{"Type":"Notification","Message":"x"}',
            '{"Type":"Notification","TopicArn":"a","Message":{}}',
            '{"Type":"SubscriptionConfirmation","TopicArn":"a","Message":"x"}',
            "[1]",
            "no json",
            "",
        ],
    )
    def test_anything_else_is_left_as_it_is(self, body: str) -> None:
        assert unwrap(body) == Envelope(body.encode())


class TestMessage:
    def test_pagerduty_is_recognised(self) -> None:
        routing_key, (event,) = translate(payloads.PAGERDUTY_TRIGGER)

        assert routing_key == ROUTING_KEY
        assert event.labels == {"client": "Alertmanager"}

    def test_alertmanager_is_recognised(self) -> None:
        routing_key, (event,) = translate(payloads.ALERTMANAGER_FIRING)

        assert routing_key is None
        assert event.dedup_key == "38cf7fe9cd30e910"

    def test_what_is_neither_is_native(self) -> None:
        routing_key, (event,) = translate(payloads.NATIVE_TRIGGER)

        assert routing_key is None
        assert event.dedup_key == "db-3/disk"

    def test_the_attribute_decides_the_format(self) -> None:
        with pytest.raises(MalformedEventError, match="/alerts"):
            translate(payloads.NATIVE_TRIGGER, tocsin_format="alertmanager")
        with pytest.raises(
            MalformedEventError, match="tocsin-format must be one of pagerduty, alertmanager, cloudwatch, native"
        ):
            translate(payloads.NATIVE_TRIGGER, tocsin_format="nagios")

    @pytest.mark.parametrize(
        "body", [payloads.PAGERDUTY_TRIGGER, payloads.ALERTMANAGER_FIRING, payloads.NATIVE_TRIGGER]
    )
    def test_the_key_may_be_beside_the_message(self, body: bytes) -> None:
        assert translate(body, tocsin_integration_key=" ik-1\n").routing_key == "ik-1"

    @pytest.mark.parametrize("member", ["integration_key", "routing_key"])
    def test_the_key_may_be_in_a_native_message(self, member: str) -> None:
        document = {**json.loads(payloads.NATIVE_TRIGGER), member: "ik-2"}

        translated = translate(json.dumps(document).encode(), tocsin_format="native")

        assert translated.routing_key == "ik-2"
        assert len(translated.events) == 1

    def test_a_pagerduty_message_needs_no_key_in_a_queue(self) -> None:
        routing_key, (event,) = translate(b'{"event_action":"resolve","dedup_key":"k"}')

        assert routing_key is None
        assert event.action is AlertAction.RESOLVE

    def test_a_redelivery_names_the_same_alerts(self) -> None:
        first = [event.dedup_key for event in translate(KEYLESS).events]
        again = [event.dedup_key for event in translate(KEYLESS).events]
        another = [event.dedup_key for event in translate(KEYLESS, message_key="m-2").events]

        assert first == again
        assert len({*first, *another}) == 4

    def test_a_derived_key_never_changes(self) -> None:
        # A message in flight during an upgrade is delivered to both versions.
        body = b'{"routing_key":"' + ROUTING_KEY.encode() + b'","event_action":"trigger","payload":{"summary":"x"}}'

        (event,) = translate(body).events

        assert event.dedup_key == "db056158-baa1-51ed-b22b-9cac8a58a4bc"

    def test_a_refusal_says_whose_it_is(self) -> None:
        with pytest.raises(MalformedEventError) as caught:
            translate(b'{"integration_key":"ik-3","action":"open"}')

        assert caught.value.routing_key == "ik-3"


class TestRedaction:
    def test_the_secret_is_gone_and_the_rest_is_not(self) -> None:
        kept = redacted(payloads.PAGERDUTY_TRIGGER, ROUTING_KEY)

        expected = json.loads(payloads.PAGERDUTY_TRIGGER) | {"routing_key": "[redacted]"}
        assert json.loads(kept) == expected

    @pytest.mark.parametrize("uppercase", [False, True])
    def test_an_escaped_secret_is_found(self, uppercase: bool) -> None:
        secret = "jklmnoz-JKLMNOZ_"  # their code points have letters in hexadecimal
        escapes = "".join(f"\\u{ord(character):04{'X' if uppercase else 'x'}}" for character in secret[:14])
        body = f'{{"routing_key":"{escapes}{secret[14:]}"}}'.encode()
        assert json.loads(body)["routing_key"] == secret

        assert json.loads(redacted(body, secret)) == {"routing_key": "[redacted]"}

    def test_a_secret_with_characters_that_json_escapes(self) -> None:
        body = rb'{"a":"s\/\"\\e","b":"s\u002f\"\\e"}'

        assert json.loads(redacted(body, 's/"\\e')) == {"a": "[redacted]", "b": "[redacted]"}

    def test_no_secret_changes_nothing(self) -> None:
        assert redacted(b'{"a":"b"}', "") == b'{"a":"b"}'


class TestMail:
    def test_what_ses_took_says_by_its_recipient_whose_it_is(self) -> None:
        key, (event,) = translate(payloads.SES_RECEIVED)

        assert key == ROUTING_KEY
        assert (event.action, event.source) == (AlertAction.TRIGGER, "Nagios <nagios@nagios.example>")

    def test_a_key_of_the_message_goes_before_the_recipient(self) -> None:
        assert translate(payloads.SES_RECEIVED, tocsin_integration_key="k" * 32).routing_key == "k" * 32

    def test_one_that_cannot_be_used_is_its_recipient_s_dead_letter(self) -> None:
        with pytest.raises(MalformedEventError) as refused:
            translate(payloads.SES_RECEIVED.replace(b"auto-generated", b"auto-replied"))

        assert refused.value.routing_key == ROUTING_KEY
