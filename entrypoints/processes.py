"""One process, one role: start, run until a signal, drain, exit 0."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Final

import structlog
import uvloop
from dishka import AsyncContainer
from prometheus_client import CollectorRegistry, start_http_server

from application.ports.errors import PortError
from entrypoints.container import production_container
from entrypoints.database import SchemaError, check
from entrypoints.http_server import AddressTakenError, listen, listen_for_mail, serve
from entrypoints.memory import settle
from entrypoints.settings import Settings, SettingsError
from entrypoints.telemetry import set_up_logging
from entrypoints.time_zones import use_packaged_zones

type Role = Callable[[AsyncContainer, asyncio.Event], Awaitable[None]]

FAILED: Final = 1

_log = structlog.get_logger()


class StartError(Exception):
    """It cannot start. The message says in one line what to do."""


def run_http(settings: Settings) -> int:
    return _exit_code(_run_http, settings)


def run_worker(settings: Settings) -> int:
    from entrypoints.worker import work  # what it imports, no other role keeps

    return _exit_code(lambda given: run_role(given, work, name="worker"), settings)


def run_consumer(settings: Settings) -> int:
    return _exit_code(_run_consumer, settings)


async def _run_http(settings: Settings) -> None:
    listener = listen(settings)
    mail = listen_for_mail(settings)
    listening = asyncio.Event()

    async def serve_settled(container: AsyncContainer, draining: asyncio.Event) -> None:
        settling = asyncio.create_task(_settle_once(listening))
        try:
            await serve(container, listener, draining, listening, mail=mail)
        finally:
            settling.cancel()

    with listener, mail or nullcontext():
        await run_role(settings, serve_settled, name="http")


async def _run_consumer(settings: Settings) -> None:
    from entrypoints.consumer import consume  # aiobotocore takes a second to import

    if not settings.sqs_queue_url:
        raise StartError("TOCSIN_SQS_QUEUE_URL is not set: name the queue that events come from")
    await run_role(settings, consume, name="consumer")


async def run_role(settings: Settings, role: Role, *, name: str) -> None:
    """Raises `StartError`, `SchemaError`."""
    for setting in ("database_url", "secret_key"):
        if not getattr(settings, setting):
            raise StartError(f"TOCSIN_{setting.upper()} is not set: set it, or try everything with `tocsin up`")
    await check_schema(settings)
    draining = drained_by_signals()
    container = production_container(settings)
    try:
        if name != "http":  # which has a route for them
            await _show_metrics(container, settings)
        settle()
        _log.info("started", role=name)
        await role(container, draining)
    finally:
        await container.close()
    _log.info("stopped", role=name)


async def _settle_once(ready: asyncio.Event) -> None:
    """Once more, for what the server is made of: the imports were most of it, and are left out already."""
    await ready.wait()
    settle()


async def _show_metrics(container: AsyncContainer, settings: Settings) -> None:
    where = settings.metrics_host_and_port
    if where is not None:
        host, port = where
        try:
            start_http_server(port, host, await container.get(CollectorRegistry))
        except OSError as error:
            raise StartError(f"cannot show metrics at TOCSIN_METRICS_ADDRESS {host}:{port}: {error.strerror}") from None


async def check_schema(settings: Settings) -> None:
    """Raises `SchemaError`, and `StartError` when the database cannot be reached."""
    try:
        await check(settings.database_url)
    except SchemaError:
        raise
    except Exception as error:
        raise StartError(
            f"the database cannot be reached ({type(error).__name__}: {error}); is TOCSIN_DATABASE_URL right?"
        ) from error


def drained_by_signals() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set. A second signal ends the process at once."""
    draining = asyncio.Event()
    loop = asyncio.get_running_loop()

    def drain(number: signal.Signals) -> None:
        if draining.is_set():
            sys.stderr.write("stopped at once\n")
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        draining.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, drain, number)
    return draining


def _exit_code(run: Callable[[Settings], Awaitable[None]], settings: Settings) -> int:
    return exit_code(run(settings), settings)


def exit_code(running: Awaitable[None], settings: Settings) -> int:
    """0 when it drained; 1, after one line that says what to do, when it could not start."""
    use_packaged_zones()
    set_up_logging(settings)

    async def main() -> None:
        await running

    try:
        uvloop.run(main())
    except (StartError, SchemaError, SettingsError, AddressTakenError, PortError) as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return FAILED
    return 0
