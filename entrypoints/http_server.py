"""The HTTP server: uvicorn in this process, drained before it stops."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import uvicorn
from dishka import AsyncContainer
from litestar import Litestar
from prometheus_client import CollectorRegistry

from adapters.inbound.deadlines.loop import every
from adapters.inbound.http.absences import AbsenceController
from adapters.inbound.http.acknowledge_page import AcknowledgePageController
from adapters.inbound.http.app import CONFIGURATION, IDENTITY, create_app
from adapters.inbound.http.asgi import App
from adapters.inbound.http.audit import AuditController
from adapters.inbound.http.calendars import CalendarController
from adapters.inbound.http.covers import CoverController
from adapters.inbound.http.dead_letters import DeadLetterController
from adapters.inbound.http.drill_page import DrillPageController
from adapters.inbound.http.escalations import EscalationController
from adapters.inbound.http.event_hub import EventHub
from adapters.inbound.http.explanations import ExplanationController
from adapters.inbound.http.heartbeat_door import HeartbeatDoor
from adapters.inbound.http.incident_acts import IncidentActController
from adapters.inbound.http.incidents import IncidentController
from adapters.inbound.http.intake import IntakeDoors
from adapters.inbound.http.ledgers import LedgerController
from adapters.inbound.http.mailbox import MailboxController
from adapters.inbound.http.on_call import OnCallController
from adapters.inbound.http.opsgenie import OpsgenieDoor
from adapters.inbound.http.protocol import BoundedProtocol
from adapters.inbound.http.setup_page import SetupPageController
from adapters.inbound.http.slack import SlackController
from adapters.inbound.http.sns import SnsDoor
from adapters.inbound.http.stream import StreamController
from adapters.inbound.http.traced import TracedRequests
from adapters.inbound.http.twilio import TwilioController
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.pings import Pings
from adapters.inbound.intake.setting_aside import SettingAside
from adapters.inbound.smtp.certificate import Certificate
from adapters.outbound.postgres.clock import DatabaseClock
from adapters.outbound.postgres.listener import PostgresListener
from adapters.outbound.postgres.session import Pool
from application.alert.find_reported import FindReported
from application.alert.handle_request import HandleAlertRequest
from application.alert.record_change import RecordChange
from application.alert.set_aside import SetAside
from application.heartbeat.ping import PingHeartbeat
from application.ports.alert_requests import AlertRef, AlertRequest, ReportedAlert
from application.ports.clock import Clock
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget, ReceivedChange
from application.ports.sns import SnsEndpoint
from application.ports.vault import Vault
from application.routing.rules import RulebookCache
from domain.alert.alert_event import ChangeEvent
from domain.shared.ids import IntegrationId
from entrypoints.database import SchemaError, check_on
from entrypoints.providers.http import forget_when_hinted, group_commit, intake_targets
from entrypoints.settings import Settings, SettingsError
from entrypoints.wired import wired

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
    return _bound("TOCSIN_HTTP_ADDRESS", settings.host_and_port)


def listen_for_mail(settings: Settings) -> socket.socket | None:
    """None: no mail is taken. Raises `AddressTakenError`."""
    where = settings.inbound_mail_host_and_port
    return None if where is None else _bound("TOCSIN_INBOUND_MAIL_ADDRESS", where)


def _bound(setting: str, where: tuple[str, int]) -> socket.socket:
    host, port = where
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise AddressTakenError(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it, or set {setting} to another address"
        ) from None
    listener.setblocking(False)
    return listener


async def serve(
    container: AsyncContainer,
    listener: socket.socket,
    draining: asyncio.Event,
    listening: asyncio.Event | None = None,
    *,
    mail: socket.socket | None = None,
) -> None:
    """Run until draining is set: then tell viewers to come back elsewhere, finish requests, and return.

    `listening` is set once requests are answered. Mail is taken where `mail` is bound to.
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
        await all_doors(container, doors),
        http=BoundedProtocol,
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
    async with (
        _taking_mail(mail, doors, settings),
        _spill_of(container, commits) as drain,
        asyncio.TaskGroup() as group,
    ):
        background = [
            group.create_task(drain(), name="spill"),
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


@contextlib.asynccontextmanager
async def _taking_mail(mail: socket.socket | None, doors: IntakeDoors, settings: Settings) -> AsyncIterator[None]:
    """New connections end with the block. Whoever is in the middle of a mail sends it again."""
    if mail is None:
        yield
        return
    from adapters.inbound.smtp.listener import MailDoor, MailServer  # only where it is used

    door = MailDoor(
        targets=doors.targets,
        allowances=doors.allowances,
        commits=doors.commits,
        set_aside=doors.set_aside,
        clock=doors.clock,
        ids=doors.ids,
        metrics=doors.metrics,
    )
    hostname = urlsplit(settings.base_url).hostname or "localhost"
    sessions = MailServer(door, hostname, _certificate_for_mail(settings))
    server = await asyncio.get_running_loop().create_server(sessions, sock=mail)
    try:
        yield
    finally:
        server.close()
        sessions.close()
        await server.wait_closed()


def _certificate_for_mail(settings: Settings) -> Certificate | None:
    """None: no TLS. Raises `SettingsError` when it cannot be read."""
    if not settings.inbound_mail_certificate:
        return None
    certificate = Certificate(Path(settings.inbound_mail_certificate), Path(settings.inbound_mail_key))
    try:
        _ = certificate.context
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"TOCSIN_INBOUND_MAIL_CERTIFICATE and its key cannot be read: {reason}") from None
    return certificate


@contextlib.asynccontextmanager
async def _spill_of(
    container: AsyncContainer, commits: GroupCommit
) -> AsyncIterator[Callable[[], Coroutine[None, None, None]]]:
    """Gives the commits a spill, if one is set up, and what stores its events again until it is cancelled."""
    if not (await container.get(Settings)).spill_queue_url:
        yield _nothing
        return
    from entrypoints.spill import open_spill  # aiobotocore takes a second to import

    async with open_spill(container) as opened:
        commits.spill = opened.spill
        yield lambda: opened.drain(commits)


async def _nothing() -> None:
    return


async def _stop_when(draining: asyncio.Event, server: Server, hub: EventHub) -> None:
    await draining.wait()
    hub.drain()
    server.should_exit = True


async def create_litestar(container: AsyncContainer, draining: asyncio.Event) -> Litestar:
    pool = await container.get(Pool)
    settings = await container.get(Settings)

    async def is_ready() -> Sequence[str]:
        if draining.is_set():
            return ("draining",)
        try:
            async with pool.acquire(timeout=2) as connection:
                await check_on(connection)
        except SchemaError:
            return ("schema",)
        except Exception:  # noqa: BLE001  # whatever it is, the database does not answer
            # With a spill, events are taken all the same: nobody should send them elsewhere.
            return () if settings.spill_queue_url else ("database",)
        return ()

    return create_app(
        container=container,
        route_handlers=HANDLERS,
        ids=await container.get(IdFactory),
        registry=await container.get(CollectorRegistry),
        is_ready=is_ready,
        version=version("tocsin"),
    )


async def all_doors(container: AsyncContainer, doors: IntakeDoors) -> App:
    """Each in front of the next, and of the API last."""
    sns = sns_door_of(doors, await container.get(SnsEndpoint))
    return TracedRequests(heartbeat_door(container, doors, await opsgenie_door(container, doors, sns)))


def heartbeat_door(container: AsyncContainer, doors: IntakeDoors, app: App) -> HeartbeatDoor:
    """In front of `app`."""

    pings = Pings(ping=wired(container, PingHeartbeat), commits=doors.commits, allowances=doors.allowances)
    return HeartbeatDoor(app=app, allowances=doors.allowances, pings=pings, clock=doors.clock, metrics=doors.metrics)


def sns_door_of(doors: IntakeDoors, endpoint: SnsEndpoint) -> SnsDoor:
    """In front of the other doors."""
    return SnsDoor(
        app=doors,
        targets=doors.targets,
        allowances=doors.allowances,
        store=doors.commits.store,
        set_aside=doors.set_aside,
        endpoint=endpoint,
        clock=doors.clock,
        ids=doors.ids,
        metrics=doors.metrics,
    )


async def opsgenie_door(container: AsyncContainer, doors: IntakeDoors, app: App) -> OpsgenieDoor:
    """In front of `app`."""

    async def find_alert(integration_id: IntegrationId, ref: AlertRef) -> ReportedAlert | None:
        async with container() as request:
            return await (await request.get(FindReported)).alert(integration_id, ref)

    async def find_request(integration_id: IntegrationId, request_id: UUID) -> AlertRequest | None:
        async with container() as request:
            return await (await request.get(FindReported)).request(integration_id, request_id)

    return OpsgenieDoor(
        app=app,
        targets=doors.targets,
        allowances=doors.allowances,
        commits=doors.commits,
        handle=wired(container, HandleAlertRequest),
        find_alert=find_alert,
        find_request=find_request,
        set_aside=doors.set_aside,
        clock=doors.clock,
        ids=doors.ids,
        metrics=doors.metrics,
    )


async def intake_doors(container: AsyncContainer, app: Litestar, commits: GroupCommit) -> IntakeDoors:
    clock = await container.get(Clock)
    ids = await container.get(IdFactory)
    settings = await container.get(Settings)

    record = wired(container, RecordChange)

    async def record_change(target: IntakeTarget, change: ChangeEvent) -> UUID:
        received = ReceivedChange(ids.new(), target, change, clock.now())

        await commits.keep(lambda: record(received), lambda spill: spill.put_change(received))
        return received.id

    return IntakeDoors(
        app=app,
        targets=await intake_targets(container, outlive_storage=bool(settings.spill_queue_url)),
        allowances=await container.get(Allowances),
        commits=commits,
        set_aside=SettingAside(wired(container, SetAside), commits, clock, ids),
        record_change=record_change,
        vault=await container.get(Vault),
        clock=clock,
        ids=ids,
        metrics=await container.get(IntakeMetrics),
    )
