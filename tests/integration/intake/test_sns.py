"""SNS over HTTPS: its certificate comes over TLS and through the guard, from a host of ours on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from adapters.inbound.http.sns import LIMIT_BYTES
from adapters.inbound.intake.allowances import UNSIGNED_KEPT
from adapters.outbound.http.sns import CERTIFICATE_BYTES, CERTIFICATE_KEPT
from application.ports.errors import PermanentPortError, TransientPortError
from domain.alert.alert import AlertStatus
from domain.service.integration import IntegrationKind
from tests.support import payloads, topics
from tests.support.builders import NOON
from tests.support.doors import KEY, Doors, doors
from tests.support.topics import HOST, PATH, TOPIC, FakeSns, endpoint_at

SIGNER = topics.new_key()
CERTIFICATE = topics.certificate_of(SIGNER)
ALARM = payloads.CLOUDWATCH_ALARM.decode()
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
DOOR = f"/integrations/{KEY}/sns"
CONFIRMED = "/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:210987654321:alarms-prod&Token=tok"


@dataclass(slots=True)
class Town:
    doors: Doors
    sns: FakeSns

    async def post(self, members: dict[str, Any], *, version: str = "2", key: Any = SIGNER) -> httpx.Response:
        headers = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": members["Type"]}
        return await self.doors.ask(DOOR, topics.signed(members, key, version=version), headers=headers)


@asynccontextmanager
async def a_town(**of_the_integration: Any) -> AsyncIterator[Town]:
    fake = FakeSns(CERTIFICATE)
    values = {"kind": IntegrationKind.CLOUDWATCH, "topic_arns": (TOPIC,), **of_the_integration}
    async with doors(**values) as opened, endpoint_at(fake, opened.clock) as endpoint:
        opened.sns.endpoint = endpoint
        yield Town(opened, fake)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with a_town() as made:
        yield made


def confirmation(kind: str = "SubscriptionConfirmation", **more: Any) -> dict[str, Any]:
    values = {"Token": "tok", "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription", **more}
    return topics.posted("You have chosen to subscribe", kind=kind, **values)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_an_alarm_opens_an_alert_and_ok_clears_it(town: Town, version: str) -> None:
    answer = await town.post(topics.posted(ALARM, Subject="ALARM"), version=version)
    assert (answer.status_code, answer.json()["events"]) == (200, 1)
    (alert,) = town.doors.alerts
    assert alert.dedup_key == "arn:aws:cloudwatch:eu-west-1:210987654321:alarm:rds-cpu-high"
    assert [raw.format for raw in town.doors.database.raw_events] == ["sns"]

    over = ALARM.replace('"NewStateValue":"ALARM"', '"NewStateValue":"OK"')
    assert (await town.post(topics.posted(over), version=version)).status_code == 200
    assert town.doors.database.alerts[alert.id].status is AlertStatus.CLEARED


async def test_an_alarm_whose_delivery_is_tried_again_after_its_end_opens_nothing(town: Town) -> None:
    await town.post(topics.posted(ALARM))
    await town.post(topics.posted(ALARM.replace('"NewStateValue":"ALARM"', '"NewStateValue":"OK"')))
    await town.post(topics.posted(ALARM))
    assert [alert.status for alert in town.doors.alerts] == [AlertStatus.CLEARED]


async def test_an_alarm_belongs_to_the_trace_that_its_message_came_with(town: Town) -> None:
    attributes = {"traceparent": {"Type": "String", "Value": TRACE}, "other": {"Type": "Binary", "Value": 7}}
    await town.post(topics.posted(ALARM, MessageAttributes=attributes))

    assert [raw.trace for raw in town.doors.database.raw_events] == [TRACE]


@pytest.mark.parametrize("attributes", [None, [], {"traceparent": {"Value": "no trace"}}, {"traceparent": TRACE}])
async def test_without_one_that_is_a_trace_it_belongs_to_none(town: Town, attributes: object) -> None:
    assert (await town.post(topics.posted(ALARM, MessageAttributes=attributes))).status_code == 200

    assert [raw.trace for raw in town.doors.database.raw_events] == [None]


async def test_a_subscription_to_a_topic_of_the_list_is_confirmed(town: Town) -> None:
    answer = await town.post(confirmation())
    assert (answer.status_code, answer.json()["status"]) == (200, "subscribed")
    assert town.sns.asked == [PATH, CONFIRMED]


async def test_the_address_in_a_confirmation_is_not_visited(town: Town) -> None:
    await town.post(confirmation(SubscribeURL="https://169.254.169.254/latest/meta-data"))
    assert town.sns.asked == [PATH, CONFIRMED]


async def test_whoever_unsubscribed_is_not_subscribed_again_and_people_are_told(town: Town) -> None:
    answer = await town.post(confirmation("UnsubscribeConfirmation"))
    assert answer.status_code == 200
    assert town.sns.asked == [PATH]
    assert town.doors.reasons == [f"{TOPIC} was unsubscribed: nothing comes from it any more"]


@pytest.mark.parametrize("members", [confirmation(), topics.posted(ALARM)], ids=["subscription", "notification"])
async def test_a_strangers_topic_is_refused_before_anything_is_fetched(members: dict[str, Any]) -> None:
    async with a_town(topic_arns=(TOPIC + "-of-ours",)) as town:
        assert (await town.post(members)).status_code == 403
        assert (town.sns.asked, town.doors.alerts) == ([], ())
        assert town.doors.reasons == [f"{TOPIC} is not one of the integration's topics"]


@pytest.mark.parametrize("members", [confirmation(), topics.posted(ALARM)], ids=["subscription", "notification"])
async def test_what_another_key_signed_is_refused_and_shown_to_people(town: Town, members: dict[str, Any]) -> None:
    assert (await town.post(members, key=topics.new_key())).status_code == 403
    assert (town.sns.asked, town.doors.alerts) == ([PATH], ())
    assert len(town.doors.reasons) == 1


async def test_a_certificate_from_elsewhere_is_not_fetched(town: Town) -> None:
    url = f"https://sns.eu-west-1.amazonaws.com.evil.example{PATH}"
    assert (await town.post(topics.posted(ALARM, SigningCertURL=url))).status_code == 403
    assert town.sns.asked == []


async def test_a_certificate_is_fetched_once_in_a_while(town: Town) -> None:
    for _ in range(3):
        await town.post(topics.posted(ALARM))
    assert town.sns.asked == [PATH]
    town.doors.clock.move_to(NOON + CERTIFICATE_KEPT)
    await town.post(topics.posted(ALARM, sent_at=NOON + CERTIFICATE_KEPT))
    assert town.sns.asked == [PATH] * 2


async def test_a_topic_that_sends_too_much_hears_429_which_sns_sends_again() -> None:
    async with a_town(events_per_minute=1, event_burst=1) as town:
        assert (await town.post(topics.posted(ALARM))).status_code == 200
        with capture_logs():
            answer = await town.post(topics.posted(ALARM))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert len(town.doors.database.raw_events) == 1


async def test_of_a_flood_that_nobody_signed_some_is_kept_and_nothing_is_taken_from_the_topic() -> None:
    async with a_town(events_per_minute=1, event_burst=1) as town:
        forger = topics.new_key()
        for _ in range(UNSIGNED_KEPT.burst + 5):
            assert (await town.post(topics.posted(ALARM), key=forger)).status_code == 403
        assert len(town.doors.reasons) == UNSIGNED_KEPT.burst
        assert (await town.post(topics.posted(ALARM))).status_code == 200


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_while_sns_does_not_answer_it_is_asked_to_come_again(town: Town, status: int) -> None:
    town.sns.status = status
    with capture_logs():
        answer = await town.post(topics.posted(ALARM))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert town.doors.reasons == []


@pytest.mark.parametrize("status", [302, 403, 404])
async def test_a_certificate_that_is_not_there_vouches_for_nothing(town: Town, status: int) -> None:
    town.sns.status = status
    with capture_logs():
        assert (await town.post(topics.posted(ALARM))).status_code in {403, 503}
    assert town.doors.alerts == ()


async def test_a_subscription_that_sns_refuses_is_shown_to_people(town: Town) -> None:
    await town.post(topics.posted(ALARM))  # its certificate is known now
    town.sns.status = 400
    assert (await town.post(confirmation())).status_code == 403
    assert town.doors.reasons == [f"{TOPIC} could not be subscribed to: SNS answered 400"]


async def test_raw_delivery_is_not_signed_and_so_not_taken(town: Town) -> None:
    answer = await town.doors.ask(DOOR, payloads.CLOUDWATCH_ALARM, headers={"x-amz-sns-rawdelivery": "true"})
    assert answer.status_code == 403
    assert town.doors.alerts == ()
    assert "raw message delivery" in town.doors.reasons[0]


@pytest.mark.parametrize("text", ["hello", "{}", ALARM.replace('"ALARM"', '"BROKEN"', 1)])
async def test_what_is_no_alarm_is_kept_for_people(town: Town, text: str) -> None:
    answer = await town.post(topics.posted(text))
    assert (answer.status_code, answer.json()["status"]) == (202, "set aside")
    assert len(town.doors.reasons) == 1


async def test_only_a_key_of_ours_lets_in(town: Town) -> None:
    body = topics.signed(topics.posted(ALARM), SIGNER)
    assert (await town.doors.ask(f"/integrations/{'0' * 32}/sns", body)).status_code == 401
    assert town.sns.asked == []


async def test_its_key_alone_lets_nobody_in_at_another_door(town: Town) -> None:
    answer = await town.doors.ask(f"/integrations/{KEY}/alertmanager", payloads.ALERTMANAGER_FIRING)
    assert answer.status_code == 401
    assert town.doors.alerts == ()


async def test_too_long_a_body_and_another_method_are_refused(town: Town) -> None:
    assert (await town.doors.ask(DOOR, b" " * (LIMIT_BYTES + 1))).status_code == 413
    assert (await town.doors.ask(DOOR, method="GET")).headers["allow"] == "POST"


async def test_while_storage_is_away_sns_tries_again(town: Town) -> None:
    town.doors.storage.is_away = True
    with capture_logs():
        assert (await town.post(topics.posted(ALARM))).status_code == 503


class TestEndpoint:
    async def test_the_guard_keeps_it_out_of_the_network_we_stand_in(self, town: Town) -> None:
        async with endpoint_at(town.sns, town.doors.clock, is_allowed=False) as endpoint:
            with pytest.raises(TransientPortError):
                await endpoint.certificate(f"https://{HOST}{PATH}")
        assert town.sns.asked == []

    async def test_who_cannot_prove_to_be_sns_is_not_asked(self, town: Town) -> None:
        async with endpoint_at(town.sns, town.doors.clock, is_trusted=False) as endpoint:
            with pytest.raises(TransientPortError):
                await endpoint.certificate(f"https://{HOST}{PATH}")
        assert town.sns.asked == []

    async def test_an_endless_certificate_is_cut_off(self, town: Town) -> None:
        town.sns.certificate = b"x" * (CERTIFICATE_BYTES + 1)
        async with endpoint_at(town.sns, town.doors.clock) as endpoint:
            with pytest.raises(PermanentPortError):
                await endpoint.certificate(f"https://{HOST}{PATH}")
