"""The worker's own wiring of Socket Mode, over the in-memory storage and a whole Slack on loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from dishka import AsyncContainer, Provider, Scope, make_async_container, provide

from adapters.inbound.slack.interactivity import Button
from adapters.outbound.memory.chat_replies import MemoryChatReplies
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.slack.client import SlackSettings
from adapters.outbound.slack.notifier import SlackNotifier
from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.randomness import SeededRandomness
from application.ports.chat_replies import ChatReplies
from application.ports.notifier import Notifiers
from application.ports.randomness import Randomness
from domain.incident.incident import IncidentStatus
from domain.shared.via import Via
from entrypoints.container import SettingsProvider
from entrypoints.providers.system import RulesProvider, SecurityProvider
from entrypoints.providers.use_cases import UseCaseProvider
from entrypoints.settings import Settings
from entrypoints.socket_mode import socket_mode
from tests.integration.sessions import loopback_session
from tests.integration.slack.test_socket_mode import until
from tests.support.builders import NOON
from tests.support.fake_slack import FakeSlack, SlackMessage
from tests.support.stock import ADA, Stock, over_memory
from tests.support.world import IN_MEMORY, SeededProvider, Trap, WorldNotifiers
from tests.unit.outgoing.messages import a_message


class _Replies(Provider):
    replies = provide(MemoryChatReplies, provides=ChatReplies, scope=Scope.APP)


@pytest.fixture
async def container(fake_slack: FakeSlack) -> AsyncIterator[AsyncContainer]:
    clock = ManualClock(NOON)
    settings = Settings(
        secret_key="a key that only tests have, ever",
        slack_url=fake_slack.base_url,
        slack_app_token=fake_slack.app_token,
        outgoing_networks="127.0.0.0/8",
    )
    made = make_async_container(
        SettingsProvider(),
        RulesProvider(),
        SecurityProvider(),
        IN_MEMORY,
        UseCaseProvider(),
        SeededProvider(),
        _Replies(),
        context={
            Settings: settings,
            ManualClock: clock,
            Notifiers: WorldNotifiers(clock, Trap()),
            Randomness: SeededRandomness(1),
        },
    )
    yield made
    await made.close()


async def posted(slack: FakeSlack, stock: Stock) -> SlackMessage:
    incident = await stock.incident()
    async with loopback_session(slack.port) as session:
        notifier = SlackNotifier(SlackSettings(token=slack.token, base_url=slack.base_url), session)
        await notifier.send(a_message(address="C0CCC333", incident_id=incident.id))
    return slack.last_message()


async def test_a_press_over_the_workers_socket_acknowledges_as_the_linked_user(
    fake_slack: FakeSlack, container: AsyncContainer
) -> None:
    database = await container.get(MemoryDatabase)
    stock = over_memory(MemorySession(database))
    await stock.lay_in()
    message = await posted(fake_slack, stock)
    draining = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(socket_mode(container, draining))
        await until(lambda: fake_slack.sockets_opened)
        for member in ("U0NOBODY", "U0ADA"):
            await asyncio.to_thread(fake_slack.press_over_socket, message, Button.ACKNOWLEDGE, member)
        await until(lambda: len(fake_slack.acknowledged) == 2)
        draining.set()
    (incident,) = database.incidents.values()
    assert (incident.status, incident.acknowledged_by) == (IncidentStatus.ACKNOWLEDGED, ADA)
    assert database.audit[-1].via is Via.SLACK
