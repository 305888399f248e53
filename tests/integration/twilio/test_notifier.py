import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.inbound.twilio.reply import Reply, Word, read_reply
from adapters.outbound.twilio.notifier import SmsNotifier, TwilioSettings, VoiceNotifier
from adapters.outbound.twilio.text import GSM, SMS_CHARACTERS
from application.ports.notifier import Message, Outcome
from tests.integration.sessions import ENDINGS, Ending, loopback_session
from tests.support.fake_http import Answers, Behaviour, Hangs
from tests.support.fake_twilio import FakeTwilio, Text
from tests.unit.outgoing.messages import HOSTILE_TITLE, a_message
from tests.unit.outgoing.ports import free_port

MIRA = "+4915112345678"


def to_phone(**changes: Any) -> Message:
    return a_message(**{"address": MIRA, **changes})


def settings_of(twilio: FakeTwilio) -> TwilioSettings:
    return TwilioSettings(
        account_sid=twilio.account_sid,
        auth_token=twilio.auth_token,
        sender=twilio.number,
        base_url=twilio.base_url,
        timeout_seconds=0.5,
    )


@pytest.fixture
async def notifier(fake_twilio: FakeTwilio) -> AsyncIterator[SmsNotifier]:
    async with loopback_session(fake_twilio.port) as session:
        yield SmsNotifier(settings_of(fake_twilio), session)


async def test_a_page_is_texted_and_its_receipt_names_it(fake_twilio: FakeTwilio, notifier: SmsNotifier) -> None:
    delivery = await notifier.send(to_phone())
    assert (delivery.outcome, delivery.receipt) == (Outcome.DELIVERED, {"sid": f"SM{1:032x}"})
    assert fake_twilio.texts == [Text(MIRA, fake_twilio.number, "SEV1 INC-123 checkout 5xx 23%")]


@pytest.mark.parametrize("kind", [SmsNotifier, VoiceNotifier])
async def test_twilio_is_told_where_to_say_what_became_of_an_attempt(
    fake_twilio: FakeTwilio, kind: type[SmsNotifier | VoiceNotifier]
) -> None:
    async with loopback_session(fake_twilio.port) as session:
        settings = replace(settings_of(fake_twilio), receipts_url="https://tocsin.example/twilio/receipts")
        message = to_phone(attempt=3)
        assert (await kind(settings, session).send(message)).outcome is Outcome.DELIVERED
        assert (await kind(settings_of(fake_twilio), session).send(message)).outcome is Outcome.DELIVERED
    told = [text.receipts for text in fake_twilio.texts] + [call.receipts for call in fake_twilio.calls]
    assert told == [f"https://tocsin.example/twilio/receipts/{message.notification_id}/3", None]


async def test_where_answers_are_taken_a_page_says_how_to_answer(fake_twilio: FakeTwilio) -> None:
    async with loopback_session(fake_twilio.port) as session:
        notifier = SmsNotifier(replace(settings_of(fake_twilio), takes_answers=True), session)
        await notifier.send(to_phone())
        await notifier.send(to_phone(status="resolved"))
        await notifier.send(to_phone(title="x" * 500, may_be_repeat=True))
    assert [text.body for text in fake_twilio.texts[:2]] == [
        "SEV1 INC-123 checkout 5xx 23%. Answer ACK 123",
        "SEV1 INC-123 checkout 5xx 23% (resolved)",
    ]
    assert len(fake_twilio.texts[2].body) == SMS_CHARACTERS
    assert fake_twilio.texts[2].body.endswith("xx.. (may be a repeat). Answer ACK 123")
    assert read_reply("ACK 123") == Reply(Word.ACKNOWLEDGE, 123)


@pytest.mark.parametrize(("behaviour", "ending"), ENDINGS)
async def test_each_answer_has_its_outcome_and_is_asked_for_once(
    fake_twilio: FakeTwilio, notifier: SmsNotifier, behaviour: Behaviour, ending: Ending
) -> None:
    fake_twilio.script(behaviour)
    delivery = await notifier.send(to_phone())
    assert (delivery.outcome, delivery.retry_after) == ending
    assert delivery.detail
    assert len(fake_twilio.asked) == 1


async def test_twilios_own_code_is_told_and_the_number_is_not(fake_twilio: FakeTwilio, notifier: SmsNotifier) -> None:
    delivery = await notifier.send(to_phone(address="12345"))
    assert (delivery.outcome, delivery.detail) == (Outcome.REJECTED, "Twilio refused with status 400, code 21211")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"sid": 1}', b"\xff"])
async def test_an_answer_that_is_not_twilios_is_unknown(
    fake_twilio: FakeTwilio, notifier: SmsNotifier, body: bytes
) -> None:
    fake_twilio.script(Answers(201, body=body))
    assert (await notifier.send(to_phone())).outcome is Outcome.UNKNOWN


async def test_a_twilio_that_is_not_there_is_retried(fake_twilio: FakeTwilio) -> None:
    port = free_port()
    async with loopback_session(port) as session:
        settings = replace(settings_of(fake_twilio), base_url=f"http://127.0.0.1:{port}")
        assert (await SmsNotifier(settings, session).send(to_phone())).outcome is Outcome.RETRY


async def test_the_token_and_the_number_are_in_no_detail_and_no_log(
    fake_twilio: FakeTwilio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with loopback_session(fake_twilio.port) as session:
        notifier = SmsNotifier(replace(settings_of(fake_twilio), auth_token="stolen"), session)
        deliveries = [await notifier.send(to_phone())]
        fake_twilio.script(Hangs())
        deliveries.append(await notifier.send(to_phone()))
    assert deliveries[0].detail == "Twilio refused with status 401, code 20003"
    told = repr(deliveries) + caplog.text + repr(notifier)
    assert "stolen" not in told
    assert MIRA not in told


@pytest.mark.parametrize("title", [HOSTILE_TITLE, "\N{FIRE}", "{[~|^\\]}", "naïve Ångström — “é”", "x"])
@pytest.mark.parametrize("times", [1, 200])
async def test_whatever_was_sent_is_one_part_of_an_sms(
    fake_twilio: FakeTwilio, notifier: SmsNotifier, title: str, times: int
) -> None:
    message = to_phone(title=title * times, severity="S" * 40, may_be_repeat=True)
    assert (await notifier.send(message)).outcome is Outcome.DELIVERED
    [text] = fake_twilio.texts
    assert len(text.body) <= SMS_CHARACTERS
    assert set(text.body) <= GSM
    assert text.body.endswith("(may be a repeat)"), "what matters is not cut"


@pytest.mark.parametrize("wrong", [{"account_sid": "AC/1"}, {"auth_token": ""}, {"sender": ""}])
def test_settings_that_cannot_be_are_refused_at_the_start(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"account_sid": "AC1", "auth_token": "x", "sender": "+15005550006"}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TwilioSettings(**{**right, **wrong})
