"""The HTTP server: uvicorn in this process, drained before it stops."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Final
from uuid import UUID

import uvicorn
from dishka import AsyncContainer
from litestar import Litestar
from prometheus_client import CollectorRegistry

from adapters.inbound.deadlines.loop import every
from adapters.inbound.http.absences import AbsenceController
from adapters.inbound.http.acknowledge_page import AcknowledgePageController
from adapters.inbound.http.app import CONFIGURATION, IDENTITY, create_app
from adapters.inbound.http.audit import AuditController
from adapters.inbound.http.calendars import CalendarController
from adapters.inbound.http.covers import CoverController
from adapters.inbound.http.dead_letters import DeadLetterController
from adapters.inbound.http.drill_page import DrillPageController
from adapters.inbound.http.escalations import EscalationController
from adapters.inbound.http.event_hub import EventHub
from adapters.inbound.http.explanations import ExplanationController
from adapters.inbound.http.incident_acts import IncidentActController
from adapters.inbound.http.incidents import IncidentController
from adapters.inbound.http.intake import IntakeDoors, IntakeMetrics
from adapters.inbound.http.ledgers import LedgerController
from adapters.inbound.http.mailbox import MailboxController
from adapters.inbound.http.on_call import OnCallController
from adapters.inbound.http.setup_page import SetupPageController
from adapters.inbound.http.slack import SlackController
from adapters.inbound.http.stream import StreamController
from adapters.inbound.http.twilio import TwilioController
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.outbound.postgres.clock import DatabaseClock
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.session import Pool
from application.alert.record_change import RecordChange
from application.alert.set_aside import SetAside
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget
from application.routing.rules import RulebookCache
from domain.alert.alert_event import ChangeEvent
from domain.shared.ids import IntegrationId
from entrypoints.database import SchemaError, check_on
from entrypoints.providers.http import forget_when_hinted, group_commit, intake_targets
from entrypoints.settings import Settings

HANDLERS: Final = (
    *CONFIGURATION,
    *IDENTITY,
    AbsenceController,
    AcknowledgePageController,
    AuditController,
    CalendarController,
    CoverController,
    DeadLetterController,
    EscalationController,
    ExplanationController,
    IncidentActController,
    DrillPageController,
    IncidentController,
    LedgerController,
    MailboxController,
    OnCallController,
    SetupPageController,
    SlackController,
    StreamController,
    TwilioController,
)
CLOCK_INTERVAL: Final = timedelta(seconds=10)


class AddressTakenError(Exception):
    """Somebody else listens there. The message says what to do."""


class Server(uvicorn.Server):
    """Leaves signals to the entrypoint, which drains first, and says when it answers."""

    def __init__(self, config: uvicorn.Config, listening: asyncio.Event) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(settings: Settings) -> socket.socket:
    """Raises `AddressTakenError`: better now than after everything else has started."""
    host, port = settings.host_and_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise AddressTakenError(
            f"cannot listen on {settings.http_address} ({error.strerror}): stop what uses it, "
            "or set TOCSIN_HTTP_ADDRESS to another address"
        ) from None
    listener.setblocking(False)
    return listener


async def serve(
    container: AsyncContainer, listener: socket.socket, draining: asyncio.Event, listening: asyncio.Event | None = None
) -> None:
    """Run until draining is set: then tell viewers to come back elsewhere, finish requests, and return.

    `listening` is set once requests are answered.
    """
    settings = await container.get(Settings)
    hub = await container.get(EventHub)
    clock = await container.get(DatabaseClock)
    hints = await container.get(PostgresListener)
    rules = await container.get(RulebookCache)
    app = await create_litestar(container, draining)
    commits = group_commit(container)
    doors = await intake_doors(container, app, commits)
    config = uvicorn.Config(
        doors,
        http="httptools",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=round(max(1.0, settings.shutdown_seconds - 2)),
        limit_concurrency=5_000,
        backlog=1_024,
    )
    server = Server(config, listening or asyncio.Event())
    async with asyncio.TaskGroup() as group:
        background = [
            group.create_task(commits.run(), name="group-commit"),
            group.create_task(hub.run(), name="event-hub"),
            group.create_task(forget_when_hinted(doors.targets, rules, hints), name="forget-targets"),
            group.create_task(every(CLOCK_INTERVAL, clock.synchronize, draining, name="clock")),
        ]
        serving = group.create_task(server.serve(sockets=[listener]), name="http")
        drained = group.create_task(_stop_when(draining, server, hub), name="drain")
        await serving
        for task in (*background, drained):
            task.cancel()


async def _stop_when(draining: asyncio.Event, server: Server, hub: EventHub) -> None:
    await draining.wait()
    hub.drain()
    server.should_exit = True


async def create_litestar(container: AsyncContainer, draining: asyncio.Event) -> Litestar:
    pool = await container.get(Pool)

    async def is_ready() -> Sequence[str]:
        if draining.is_set():
            return ("draining",)
        try:
            async with pool.acquire(timeout=2) as connection:
                await check_on(connection)
        except SchemaError:
            return ("schema",)
        except Exception:  # noqa: BLE001  # whatever it is, the database does not answer
            return ("database",)
        return ()

    return create_app(
        container=container,
        route_handlers=HANDLERS,
        ids=await container.get(IdFactory),
        registry=await container.get(CollectorRegistry),
        is_ready=is_ready,
        version=version("tocsin"),
    )


async def intake_doors(container: AsyncContainer, app: Litestar, commits: GroupCommit) -> IntakeDoors:
    clock = await container.get(Clock)

    async def set_aside(body: bytes, *, reason: str, source: str, integration_id: IntegrationId | None) -> None:
        async with container() as request:
            await (await request.get(SetAside))(body, reason=reason, source=source, integration_id=integration_id)

    async def record_change(target: IntakeTarget, change: ChangeEvent) -> UUID:
        async with container() as request:
            return await (await request.get(RecordChange))(target, change)

    return IntakeDoors(
        app=app,
        targets=await intake_targets(container),
        commits=commits,
        set_aside=set_aside,
        record_change=record_change,
        clock=clock,
        ids=await container.get(IdFactory),
        metrics=IntakeMetrics(await container.get(CollectorRegistry)),
    )
