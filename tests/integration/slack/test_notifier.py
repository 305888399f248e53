import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.inbound.slack.interactivity import Button, read_button_press
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.slack.client import SlackSettings
from adapters.outbound.slack.notifier import SlackNotifier
from application.ports.notifier import Delivery, Outcome
from tests.support.fake_slack import Drop, FakeSlack, Hang, RateLimited, Refused, ServerError
from tests.unit.outgoing.messages import HOSTILE_TITLE, INCIDENT_ID, NOTIFICATION_ID, a_message, a_notice
from tests.unit.outgoing.ports import free_port

POST = "chat.postMessage"
UPDATE = "chat.update"


def to_slack(**changes: Any) -> Any:
    return a_message(**{"address": "C0CCC333", **changes})


def session_for(port: int) -> aiohttp.ClientSession:
    return guarded_session(OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({port})))


@pytest.fixture
async def notifier(fake_slack: FakeSlack) -> AsyncIterator[SlackNotifier]:
    async with session_for(fake_slack.port) as session:
        settings = SlackSettings(token=fake_slack.token, base_url=fake_slack.base_url, timeout_seconds=0.5)
        yield SlackNotifier(settings, session)


@asynccontextmanager
async def answering(response: web.Response) -> AsyncIterator[Delivery]:
    """What becomes of a message when something that is not Slack answers so."""

    async def answer(_: web.Request) -> web.Response:
        return response

    application = web.Application()
    application.router.add_post("/api/{method}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with session_for(port) as session:
            settings = SlackSettings(token="xoxb-x", base_url=f"http://127.0.0.1:{port}/api/")
            yield await SlackNotifier(settings, session).send(to_slack())
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("notice", [False, True])
async def test_a_user_group_is_called_in_its_channel_and_only_when_something_new_is_said(
    fake_slack: FakeSlack, notifier: SlackNotifier, notice: bool
) -> None:
    address = "C0CCC333/S0DDD444"
    if notice:
        await notifier.send_notice(a_notice(address=address))
    else:
        delivery = await notifier.send(to_slack(address=address))
        assert delivery.receipt["channel"] == "C0CCC333"
    message = fake_slack.last_message()
    assert message.channel == "C0CCC333"
    assert message.text.startswith("<!subteam^S0DDD444> ")
    assert message.blocks[0]["text"]["text"] == "<!subteam^S0DDD444>"
    if not notice:
        await notifier.send(to_slack(address=address, status="resolved", update_of=delivery.receipt))
        assert "subteam" not in message.text + str(message.blocks)


async def test_a_page_is_posted_and_its_receipt_names_it(fake_slack: FakeSlack, notifier: SlackNotifier) -> None:
    delivery = await notifier.send(to_slack())
    assert delivery.outcome is Outcome.DELIVERED
    message = fake_slack.last_message()
    assert delivery.receipt == {"channel": "C0CCC333", "ts": message.ts}
    assert message.text == "SEV1 INC-123 checkout 5xx 23%"
    [call] = fake_slack.calls
    assert call.headers["Authorization"] == f"Bearer {fake_slack.token}"
    assert call.headers["Content-Type"] == "application/json;charset=utf-8"
    assert call.body["metadata"]["event_payload"]["delivery_id"] == str(NOTIFICATION_ID)
    assert (call.body["unfurl_links"], call.body["unfurl_media"]) == (False, False)


async def test_its_button_leads_back_to_the_incident(fake_slack: FakeSlack, notifier: SlackNotifier) -> None:
    await notifier.send(to_slack())
    request = fake_slack.press(fake_slack.last_message(), "tocsin_resolve", "U0AAA111")
    press = read_button_press(request.body)
    assert press is not None
    assert (press.button, press.incident_id, press.version) == (Button.RESOLVE, INCIDENT_ID, 4)
    assert press.message_ts == fake_slack.last_message().ts


async def test_an_update_changes_the_message_in_place(fake_slack: FakeSlack, notifier: SlackNotifier) -> None:
    posted = await notifier.send(to_slack())
    update = to_slack(status="acknowledged", status_by="Mira", version=5, update_of=posted.receipt)
    changed = await notifier.send(update)
    assert (changed.outcome, changed.receipt) == (Outcome.DELIVERED, posted.receipt)
    [message] = fake_slack.messages.values()
    assert message.updates == 1
    assert message.text == "SEV1 INC-123 checkout 5xx 23% (acknowledged by Mira)"
    with pytest.raises(LookupError):
        fake_slack.press(message, "tocsin_acknowledge", "U0AAA111")
    assert fake_slack.calls_of(UPDATE)[0].body["parse"] == "none"

    await notifier.send(to_slack(status="resolved", version=6, update_of=changed.receipt))
    with pytest.raises(LookupError):
        fake_slack.press(message, "tocsin_resolve", "U0AAA111")


@pytest.mark.parametrize("receipt", [{}, {"ts": "1.2"}, {"channel": "C1", "ts": ""}])
async def test_an_update_of_nothing_is_posted(
    fake_slack: FakeSlack, notifier: SlackNotifier, receipt: dict[str, str]
) -> None:
    assert (await notifier.send(to_slack(status="resolved", update_of=receipt))).outcome is Outcome.DELIVERED
    assert [call.method for call in fake_slack.calls] == [POST]


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (RateLimited(30), Outcome.RETRY),
        (Refused("ratelimited"), Outcome.RETRY),
        (ServerError(500), Outcome.UNKNOWN),
        (ServerError(503), Outcome.UNKNOWN),
        (ServerError(404), Outcome.RETRY),
        (ServerError(200), Outcome.UNKNOWN),
        (Refused("internal_error"), Outcome.UNKNOWN),
        (Refused("fatal_error"), Outcome.UNKNOWN),
        (Refused("service_unavailable"), Outcome.RETRY),
        (Refused("token_expired"), Outcome.RETRY),
        (Refused("a_code_of_next_year"), Outcome.RETRY),
        (Refused("channel_not_found"), Outcome.REJECTED),
        (Refused("not_in_channel"), Outcome.REJECTED),
        (Refused("is_archived"), Outcome.REJECTED),
        (Refused("invalid_auth"), Outcome.REJECTED),
        (Refused("token_revoked"), Outcome.REJECTED),
        (Refused("account_inactive"), Outcome.REJECTED),
        (Refused("missing_scope", {"needed": "chat:write", "provided": "commands"}), Outcome.REJECTED),
        (Refused("invalid_blocks"), Outcome.REJECTED),
        (Refused("message_not_found"), Outcome.REJECTED),
        (Refused("cant_update_message"), Outcome.REJECTED),
        (Hang(), Outcome.UNKNOWN),
        (Hang(after_processing=True), Outcome.UNKNOWN),
        (Drop(), Outcome.UNKNOWN),
        (Drop(after_processing=False), Outcome.UNKNOWN),
    ],
)
async def test_each_answer_has_its_outcome_and_is_asked_for_once(
    fake_slack: FakeSlack, notifier: SlackNotifier, behaviour: Any, outcome: Outcome
) -> None:
    fake_slack.script(POST, behaviour)
    delivery = await notifier.send(to_slack())
    assert delivery.outcome is outcome
    assert delivery.detail
    assert len(fake_slack.calls) == 1
    assert (await notifier.send(to_slack(attempt=2))).outcome is Outcome.DELIVERED


async def test_slacks_own_wish_is_passed_on(fake_slack: FakeSlack, notifier: SlackNotifier) -> None:
    fake_slack.script(POST, RateLimited(30))
    assert (await notifier.send(to_slack())).retry_after == timedelta(seconds=30)
    fake_slack.script(POST, Refused("internal_error"))
    assert (await notifier.send(to_slack())).retry_after is None


@pytest.mark.parametrize("given", ["soon", "-1", "1.5", "٣", "9" * 40, ""])
async def test_a_wish_that_is_no_number_is_none(given: str) -> None:
    async with answering(web.json_response({"ok": False}, status=429, headers={"Retry-After": given})) as delivery:
        assert (delivery.outcome, delivery.retry_after) == (Outcome.RETRY, None)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"ok"', b'{"ok": "true"}', b'{"ok": 1}', b"\xff", b'{"error": ["x"]}']
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/html", "application/gzip"])
async def test_an_answer_that_is_not_slacks_is_unknown(body: bytes, content_type: str) -> None:
    async with answering(web.Response(body=body, content_type=content_type)) as delivery:
        assert delivery.outcome is Outcome.UNKNOWN


async def test_a_redirect_is_not_followed_with_our_token() -> None:
    async with answering(web.Response(status=302, headers={"Location": "http://127.0.0.1/secret"})) as delivery:
        assert delivery.outcome is Outcome.RETRY
        assert "secret" not in delivery.detail


async def test_a_slack_that_is_not_there_is_retried() -> None:
    port = free_port()
    async with session_for(port) as session:
        notifier = SlackNotifier(SlackSettings(token="xoxb-x", base_url=f"http://127.0.0.1:{port}/api/"), session)
        delivery = await notifier.send(to_slack())
    assert delivery.outcome is Outcome.RETRY


async def test_a_slack_that_the_guard_forbids_is_never_asked(fake_slack: FakeSlack) -> None:
    async with guarded_session(OutgoingGuard(ports=frozenset({fake_slack.port}))) as session:
        notifier = SlackNotifier(SlackSettings(token=fake_slack.token, base_url=fake_slack.base_url), session)
        assert (await notifier.send(to_slack())).outcome is Outcome.RETRY
    assert fake_slack.calls == []


async def test_a_connection_that_is_never_accepted_is_retried(fake_slack: FakeSlack) -> None:
    guard = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({fake_slack.port}))
    # One connection, taken: waiting for it is before anything is sent, and so surely not delivered.
    async with guarded_session(guard, total_seconds=5, connect_seconds=0.2, limit=1) as session:
        settings = SlackSettings(token=fake_slack.token, base_url=fake_slack.base_url, timeout_seconds=1.0)
        notifier = SlackNotifier(settings, session)
        fake_slack.script(POST, Hang())
        first, second = await asyncio.gather(notifier.send(to_slack()), notifier.send(to_slack(attempt=2)))
    assert [first.outcome, second.outcome] == [Outcome.UNKNOWN, Outcome.RETRY]


async def test_the_environments_proxy_never_sees_the_token(
    fake_slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with session_for(fake_slack.port) as session:
        notifier = SlackNotifier(SlackSettings(token=fake_slack.token, base_url=fake_slack.base_url), session)
        assert (await notifier.send(to_slack())).outcome is Outcome.DELIVERED


async def test_the_token_is_in_no_detail_and_no_log(fake_slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = SlackSettings(token="xoxb-stolen", base_url=fake_slack.base_url, timeout_seconds=0.3)
    async with session_for(fake_slack.port) as session:
        notifier = SlackNotifier(settings, session)
        deliveries = [await notifier.send(to_slack())]
        for behaviour in (Hang(), Drop(), ServerError(), RateLimited(), Refused("xoxb-stolen")):
            fake_slack.script(POST, behaviour)
            deliveries.append(await notifier.send(to_slack()))
    assert deliveries[0].outcome is Outcome.REJECTED
    assert "stolen" not in repr(deliveries) + caplog.text + repr(settings) + repr(notifier)


async def test_a_hostile_message_is_delivered_as_text(fake_slack: FakeSlack, notifier: SlackNotifier) -> None:
    hostile = to_slack(title=HOSTILE_TITLE * 100, service="<!here>" * 500, status_by="&" * 5000)
    assert (await notifier.send(hostile)).outcome is Outcome.DELIVERED
    assert "<!" not in fake_slack.last_message().text


@pytest.mark.parametrize("token", ["", " ", "xoxb\r\nX: y", "é"])
def test_a_token_that_is_none_is_refused_at_the_start(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        SlackSettings(token=token)
