import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.inbound.slack.interactivity import Button, ButtonPress
from adapters.inbound.slack.socket_mode import SocketMode
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.memory.chat_replies import MemoryChatReplies
from adapters.outbound.slack.client import SlackSettings
from adapters.outbound.slack.notifier import SlackNotifier
from adapters.outbound.slack.sockets import SlackSockets
from application.ports.errors import PermanentPortError, TransientPortError
from tests.integration.sessions import loopback_session
from tests.support.fake_slack import FakeSlack, RateLimited, Refused, SlackMessage
from tests.unit.outgoing.messages import INCIDENT_ID, a_message

MEMBER = "U0ADA"


class Presses:
    """What was answered, and how."""

    def __init__(self) -> None:
        self.answered: list[ButtonPress] = []
        self.hold: asyncio.Event | None = None
        self.fault: Exception | None = None
        self.refusal: str | None = None
        self.replies = MemoryChatReplies()

    async def answer(self, press: ButtonPress) -> str | None:
        self.answered.append(press)
        if self.hold is not None:
            await self.hold.wait()
        if self.fault is not None:
            raise self.fault
        return self.refusal


async def until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # of a fake in another thread
            await asyncio.sleep(0.005)


@asynccontextmanager
async def connected(slack: FakeSlack, presses: Presses, **settings: Any) -> AsyncIterator[asyncio.Event]:
    """Socket Mode at work, connected; leaving drains it."""
    draining = asyncio.Event()
    async with loopback_session(slack.port) as session:
        sockets = SlackSockets(SlackSettings(token=slack.app_token, base_url=slack.base_url), session)
        made = SocketMode(
            sockets.open_url, session, presses.answer, presses.replies, **{"first_pause": timedelta(0), **settings}
        )
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(made.run(draining))
            await until(lambda: slack.sockets_opened)
            yield draining
            draining.set()


async def posted(slack: FakeSlack) -> SlackMessage:
    async with loopback_session(slack.port) as session:
        notifier = SlackNotifier(SlackSettings(token=slack.token, base_url=slack.base_url), session)
        await notifier.send(a_message(address="C0CCC333"))
    return slack.last_message()


async def test_a_press_over_the_socket_is_the_one_that_http_brings_and_is_acknowledged(fake_slack: FakeSlack) -> None:
    message, presses = await posted(fake_slack), Presses()
    async with connected(fake_slack, presses):
        envelope = await asyncio.to_thread(fake_slack.press_over_socket, message, Button.ACKNOWLEDGE, MEMBER)
        await until(lambda: fake_slack.acknowledged)
    assert fake_slack.acknowledged == [envelope]
    (press,) = presses.answered
    assert (press.button, press.incident_id, press.slack_user_id) == (Button.ACKNOWLEDGE, INCIDENT_ID, MEMBER)


async def test_it_is_acknowledged_when_it_is_done_and_others_are_taken_meanwhile(fake_slack: FakeSlack) -> None:
    message, presses = await posted(fake_slack), Presses()
    presses.hold = asyncio.Event()
    async with connected(fake_slack, presses):
        for member in ("U1", "U2"):
            await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, member)
        await until(lambda: len(presses.answered) == 2)
        assert fake_slack.acknowledged == []
        presses.hold.set()
        await until(lambda: len(fake_slack.acknowledged) == 2)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_when_slack_asks_another_connection_is_taken(fake_slack: FakeSlack, reason: str) -> None:
    message, presses = await posted(fake_slack), Presses()
    async with connected(fake_slack, presses):
        await asyncio.to_thread(fake_slack.disconnect, reason)
        await until(lambda: fake_slack.sockets_opened == 2)
        await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)
        await until(lambda: fake_slack.acknowledged)


async def test_what_is_in_hand_is_answered_on_the_connection_that_it_came_by(fake_slack: FakeSlack) -> None:
    message, presses = await posted(fake_slack), Presses()
    presses.hold = asyncio.Event()
    async with connected(fake_slack, presses):
        envelope = await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)
        await until(lambda: presses.answered)
        await asyncio.to_thread(fake_slack.disconnect)
        await asyncio.sleep(0.05)
        presses.hold.set()
        await until(lambda: fake_slack.acknowledged == [envelope])
        await until(lambda: fake_slack.sockets_opened == 2)


async def test_a_connection_that_is_lost_or_silent_is_taken_anew(fake_slack: FakeSlack) -> None:
    async with connected(fake_slack, Presses(), silence_seconds=0.2):
        await asyncio.to_thread(fake_slack.drop_socket)
        await until(lambda: fake_slack.sockets_opened == 2)
        await until(lambda: fake_slack.sockets_opened == 3)  # nothing was said on the second


@pytest.mark.parametrize("refusal", [RateLimited(1), Refused("internal_error"), Refused("invalid_auth")])
async def test_a_slack_that_opens_no_socket_is_asked_again_more_and_more_rarely(
    fake_slack: FakeSlack, refusal: RateLimited | Refused
) -> None:
    fake_slack.script("apps.connections.open", refusal, refusal, refusal)
    begun = monotonic()
    async with connected(fake_slack, Presses(), first_pause=timedelta(seconds=0.05)):
        assert monotonic() - begun >= 0.05 + 0.1 + 0.2
    assert len(fake_slack.calls_of("apps.connections.open")) == 4


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type": 1}', '{"type": "hello"}', '{"type": "new"}', '{"envelope_id": "e"}']
)
async def test_what_slack_does_not_say_is_passed_over(fake_slack: FakeSlack, text: str) -> None:
    message, presses = await posted(fake_slack), Presses()
    async with connected(fake_slack, presses):
        await asyncio.to_thread(fake_slack.write_to_socket, text)
        await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)
        await until(lambda: fake_slack.acknowledged)
    assert (len(presses.answered), fake_slack.sockets_opened) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events_api", {"event": {}}),
        ("slash_commands", {"command": "/x"}),
        ("interactive", {"type": "view_submission"}),
        ("interactive", {"type": "block_actions"}),
        ("interactive", []),
    ],
)
async def test_an_envelope_without_one_of_our_buttons_is_acknowledged_and_does_nothing(
    fake_slack: FakeSlack, kind: str, payload: object
) -> None:
    presses = Presses()
    async with connected(fake_slack, presses):
        envelope = await asyncio.to_thread(fake_slack.send_over_socket, kind, payload)
        await until(lambda: fake_slack.acknowledged == [envelope])
    assert presses.answered == []


async def test_a_bug_at_one_press_leaves_no_other_waiting(fake_slack: FakeSlack) -> None:
    message, presses = await posted(fake_slack), Presses()
    presses.fault = RuntimeError("a bug")
    async with connected(fake_slack, presses):
        for count in (1, 2):
            await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)
            await until(partial(_acknowledged, fake_slack, count))
    assert len(presses.answered) == 2


def _acknowledged(slack: FakeSlack, count: int) -> bool:
    return len(slack.acknowledged) == count


async def test_what_there_is_to_say_is_said_after_the_acknowledgement_and_to_slacks_own_hosts_alone(
    fake_slack: FakeSlack,
) -> None:
    message, presses = await posted(fake_slack), Presses()
    presses.refusal = "It is resolved."
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": MEMBER},
        "actions": [{"action_id": Button.RESOLVE, "value": f"{INCIDENT_ID}:v1"}],
        "response_url": "https://hooks.slack.com/actions/T0/1/xyz",
    }
    async with connected(fake_slack, presses):
        await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)  # answers to loopback
        await asyncio.to_thread(fake_slack.send_over_socket, "interactive", payload)
        await until(lambda: presses.replies.replies)
    assert presses.replies.replies == [("https://hooks.slack.com/actions/T0/1/xyz", "It is resolved.")]


async def test_after_a_hello_a_lost_connection_is_not_waited_for_long(fake_slack: FakeSlack) -> None:
    async with connected(fake_slack, Presses(), first_pause=timedelta(seconds=0.01)):
        begun = monotonic()
        for count in range(2, 9):  # the seventh pause of a row would be more than a second
            await asyncio.to_thread(fake_slack.drop_socket)
            await until(partial(_opened, fake_slack, count))
        assert monotonic() - begun < 1


def _opened(slack: FakeSlack, count: int) -> bool:
    return slack.sockets_opened == count


async def test_a_stop_finishes_what_is_in_hand(fake_slack: FakeSlack) -> None:
    message, presses = await posted(fake_slack), Presses()
    presses.hold = asyncio.Event()
    async with connected(fake_slack, presses) as draining:
        envelope = await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)
        await until(lambda: presses.answered)
        draining.set()
        await asyncio.sleep(0.05)
        presses.hold.set()
    await until(lambda: fake_slack.acknowledged == [envelope])  # the fake's thread reads when it may


async def test_neither_the_ticket_nor_the_token_is_told(
    fake_slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        async with connected(fake_slack, Presses()):
            await asyncio.to_thread(fake_slack.drop_socket)
            await until(lambda: fake_slack.sockets_opened == 2)
    told = json.dumps(logs, default=str) + caplog.text
    assert "slack_socket_connected" in told
    assert "ticket" not in told
    assert fake_slack.app_token not in told


async def test_a_connection_lives_longer_than_any_request_may(fake_slack: FakeSlack) -> None:
    message, presses = await posted(fake_slack), Presses()
    guard = OutgoingGuard(allowed_private=networks(("127.0.0.0/8",)), ports=frozenset({fake_slack.port}))
    async with guarded_session(guard, total_seconds=0.4, connect_seconds=0.3) as session:
        sockets = SlackSockets(SlackSettings(token=fake_slack.app_token, base_url=fake_slack.base_url), session)
        draining = asyncio.Event()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(SocketMode(sockets.open_url, session, presses.answer, presses.replies).run(draining))
            await until(lambda: fake_slack.sockets_opened)
            await asyncio.sleep(0.6)
            await asyncio.to_thread(fake_slack.press_over_socket, message, Button.RESOLVE, MEMBER)
            await until(lambda: fake_slack.acknowledged)
            draining.set()
    assert fake_slack.sockets_opened == 1


async def test_a_socket_that_is_not_encrypted_is_not_opened(fake_slack: FakeSlack) -> None:
    async with loopback_session(fake_slack.port) as session:
        sockets = SlackSockets(SlackSettings(token=fake_slack.app_token, base_url=fake_slack.base_url), session)
        fake_slack.script("apps.connections.open", Refused("", {"url": "ws://x/"}))
        with pytest.raises(TransientPortError, match=r"^Slack opens no socket"):
            await sockets.open_url()
        sockets._scheme = "wss"
        with pytest.raises(PermanentPortError, match=r"^Slack's socket is not encrypted$"):
            await sockets.open_url()
