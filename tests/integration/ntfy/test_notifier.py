import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.outbound.ntfy.notifier import NtfyNotifier, NtfySettings
from application.ports.notifier import Message, Outcome
from tests.integration.sessions import ENDINGS, Ending, forbidden_session, loopback_session
from tests.support.fake_http import Answers, Behaviour, Hangs
from tests.support.fake_ntfy import FakeNtfy, Tap
from tests.unit.outgoing.messages import HOSTILE_TITLE, a_message
from tests.unit.outgoing.ports import free_port


def to_topic(**changes: Any) -> Message:
    return a_message(**{"address": "mira-pages", **changes})


def settings_of(ntfy: FakeNtfy) -> NtfySettings:
    return NtfySettings(base_url=ntfy.base_url, token=ntfy.token, timeout_seconds=0.5)


@pytest.fixture
async def notifier(fake_ntfy: FakeNtfy) -> AsyncIterator[NtfyNotifier]:
    async with loopback_session(fake_ntfy.port) as session:
        yield NtfyNotifier(settings_of(fake_ntfy), session)


async def test_a_page_is_published_and_its_receipt_names_it(fake_ntfy: FakeNtfy, notifier: NtfyNotifier) -> None:
    delivery = await notifier.send(to_topic())
    assert (delivery.outcome, delivery.receipt) == (Outcome.DELIVERED, {"ntfy_id": "msg000000001"})
    [message] = fake_ntfy.published
    assert (message["topic"], message["title"]) == ("mira-pages", "SEV1 INC-123 checkout 5xx 23%")
    assert message["click"] == "https://tocsin.example.org/a/s3cret"
    assert "Service: checkout" in message["message"]


async def test_its_button_posts_to_the_signed_link(fake_ntfy: FakeNtfy, notifier: NtfyNotifier) -> None:
    await notifier.send(to_topic())
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    url = "https://tocsin.example.org/a/s3cret"
    assert fake_ntfy.tap("Acknowledge") == Tap("POST", url, form, "action=acknowledge")


async def test_what_somebody_took_has_no_button(fake_ntfy: FakeNtfy, notifier: NtfyNotifier) -> None:
    await notifier.send(to_topic(status="acknowledged", status_by="Mira", acknowledge_url=None))
    with pytest.raises(LookupError):
        fake_ntfy.tap("Acknowledge")
    assert fake_ntfy.published[0]["title"].endswith("(acknowledged)")


@pytest.mark.parametrize(
    ("severity", "status", "priority"),
    [
        ("SEV1", "triggered", 5),
        ("SEV2", "triggered", 4),
        ("SEV3", "triggered", 3),
        ("SEV4", "triggered", 2),
        ("SEV5", "triggered", 1),
        ("SEV1", "resolved", 3),
        ("SEV5", "resolved", 1),
    ],
)
async def test_the_worse_it_is_the_louder_it_rings_until_somebody_has_it(
    fake_ntfy: FakeNtfy, notifier: NtfyNotifier, severity: str, status: str, priority: int
) -> None:
    await notifier.send(to_topic(severity=severity, status=status))
    assert fake_ntfy.published[0]["priority"] == priority


@pytest.mark.parametrize(("behaviour", "ending"), ENDINGS)
async def test_each_answer_has_its_outcome_and_is_asked_for_once(
    fake_ntfy: FakeNtfy, notifier: NtfyNotifier, behaviour: Behaviour, ending: Ending
) -> None:
    fake_ntfy.script(behaviour)
    delivery = await notifier.send(to_topic())
    assert (delivery.outcome, delivery.retry_after) == ending
    assert delivery.detail
    assert "secret" not in delivery.detail
    assert len(fake_ntfy.asked) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"id": 1}', b"\xff"])
async def test_an_answer_that_is_not_ntfys_is_unknown(fake_ntfy: FakeNtfy, notifier: NtfyNotifier, body: bytes) -> None:
    fake_ntfy.script(Answers(200, body=body))
    assert (await notifier.send(to_topic())).outcome is Outcome.UNKNOWN


async def test_a_topic_by_its_url_is_published_there(fake_ntfy: FakeNtfy) -> None:
    async with loopback_session(fake_ntfy.port) as session:
        elsewhere = NtfySettings(base_url="https://ntfy.invalid", timeout_seconds=0.5)
        address = f"{fake_ntfy.base_url}/mira-pages"
        delivery = await NtfyNotifier(elsewhere, session).send(to_topic(address=address))
        assert delivery.outcome is Outcome.REJECTED  # our token stays with our own server
        assert "Authorization" not in fake_ntfy.asked[0].headers
        own = await NtfyNotifier(settings_of(fake_ntfy), session).send(to_topic(address=address))
    assert own.outcome is Outcome.DELIVERED
    assert fake_ntfy.published[0]["topic"] == "mira-pages"


async def test_an_ntfy_that_is_not_there_is_retried() -> None:
    port = free_port()
    async with loopback_session(port) as session:
        notifier = NtfyNotifier(NtfySettings(base_url=f"http://127.0.0.1:{port}"), session)
        assert (await notifier.send(to_topic())).outcome is Outcome.RETRY


async def test_an_address_that_the_guard_forbids_is_rejected_and_never_asked(fake_ntfy: FakeNtfy) -> None:
    async with forbidden_session(fake_ntfy.port) as session:
        delivery = await NtfyNotifier(settings_of(fake_ntfy), session).send(to_topic())
    assert (delivery.outcome, fake_ntfy.asked) == (Outcome.REJECTED, [])


async def test_the_token_is_in_no_detail_and_no_log(fake_ntfy: FakeNtfy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = NtfySettings(base_url=fake_ntfy.base_url, token="tk_stolen", timeout_seconds=0.3)
    async with loopback_session(fake_ntfy.port) as session:
        notifier = NtfyNotifier(settings, session)
        deliveries = [await notifier.send(to_topic())]
        fake_ntfy.script(Hangs())
        deliveries.append(await notifier.send(to_topic()))
    assert deliveries[0].outcome is Outcome.REJECTED
    assert "stolen" not in repr(deliveries) + caplog.text + repr(notifier)


async def test_a_hostile_message_stays_within_what_ntfy_takes(fake_ntfy: FakeNtfy, notifier: NtfyNotifier) -> None:
    hostile = to_topic(title=HOSTILE_TITLE * 100, service="\N{FIRE}" * 5000, status_by="&" * 5000)
    assert (await notifier.send(hostile)).outcome is Outcome.DELIVERED
    assert "\n" not in fake_ntfy.published[0]["title"]


@pytest.mark.parametrize(("base_url", "token"), [("ntfy.sh", ""), ("javascript:x", ""), ("https://x", "a\nb")])
def test_settings_that_cannot_be_are_refused_at_the_start(base_url: str, token: str) -> None:
    with pytest.raises(ValueError, match=r"base_url|token"):
        NtfySettings(base_url=base_url, token=token)
