"""Everything on one machine: the engines, the schema, the first admin, and all roles in one process tree."""

import asyncio
import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
from dishka import AsyncContainer

from adapters.inbound.cli.exit_code import CommandError
from adapters.inbound.cli.profile import FILE, Profile, read_profile
from application.errors import ConflictError, UnauthenticatedError
from application.identity.authenticate import Authenticate
from application.identity.create_api_key import CreateApiKey
from application.identity.create_first_admin import CreateFirstAdmin, FirstAdmin
from domain.identity.role import Permission
from entrypoints.channels import channels
from entrypoints.container import production_container
from entrypoints.demo import seed_into
from entrypoints.embedded.directory import create_directory
from entrypoints.embedded.errors import EmbeddedStartError
from entrypoints.embedded.postgres import EmbeddedPostgres
from entrypoints.embedded.valkey import EmbeddedValkey
from entrypoints.example import Example, example_of
from entrypoints.http_server import listen, listen_for_mail, serve
from entrypoints.local import SECRET, local_admin, secret_key, write_profile
from entrypoints.memory import settle
from entrypoints.migrate import migrate_async
from entrypoints.processes import StartError, check_schema, drained_by_signals, exit_code
from entrypoints.settings import Settings
from entrypoints.worker import work

ADMIN_EMAIL: Final = "admin@tocsin.localhost"
CLI_KEY_DAYS: Final = 365
RESTART_SECONDS: Final = 1.0

type Engine = EmbeddedPostgres | EmbeddedValkey


def run(settings: Settings, *, demo: bool) -> int:
    """Until SIGTERM or Ctrl-C; 0 when everything was drained."""
    return exit_code(_up(settings, Path(settings.data_directory).absolute(), demo=demo), settings)


def say(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _up(settings: Settings, directory: Path, *, demo: bool) -> None:
    listener = listen(settings)
    mail = listen_for_mail(settings)
    draining = drained_by_signals()
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        if mail is not None:
            stack.callback(mail.close)
        settings, engines = await _with_engines(settings, directory, stack)
        say("· schema")
        await migrate_async(settings.database_url)
        await check_schema(settings)
        container = production_container(settings)
        stack.push_async_callback(container.close)
        first_admin = await _first_admin(container)
        await _write_profile(container, settings, directory)
        if demo:
            await seed_into(container, say)
        async with container() as request:
            admin = await local_admin(request)
        example = await example_of(container, directory, admin)
        listening = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(container, listener, draining, listening, mail=mail), name="http")
            group.create_task(work(container, draining), name="worker")
            if settings.sqs_queue_url:
                from entrypoints.consumer import consume  # aiobotocore takes a second to import

                group.create_task(consume(container, draining), name="consumer")
            await listening.wait()
            settle()
            keepers = [group.create_task(_keep(engine, name), name=name) for name, engine in engines.items()]
            _welcome(settings, first_admin, example)
            await draining.wait()
            say("· draining")
            for keeper in keepers:
                keeper.cancel()
    say("· stopped")


async def _with_engines(
    settings: Settings, directory: Path, stack: AsyncExitStack
) -> tuple[Settings, Mapping[str, Engine]]:
    """Start what no URL was given for, and fill the URLs in."""
    changes: dict[str, str] = {}
    engines: dict[str, Engine] = {}
    try:
        create_directory(directory)
        if not settings.secret_key:
            changes["secret_key"] = secret_key(directory)
        if not settings.database_url:
            say("· PostgreSQL")
            postgres = EmbeddedPostgres(directory / "postgres", report=_report)
            changes["database_url"] = await postgres.start()
            stack.push_async_callback(postgres.stop)
            engines["PostgreSQL"] = postgres
        if not settings.redis_url:
            say("· Valkey")
            valkey = EmbeddedValkey(directory / "valkey", report=_report)
            changes["redis_url"] = await valkey.start()
            stack.push_async_callback(valkey.stop)
            engines["Valkey"] = valkey
    except EmbeddedStartError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(
            f"cannot use {directory}: {error.strerror}; set TOCSIN_DATA_DIRECTORY to another folder"
        ) from error
    return msgspec.structs.replace(settings, **changes), engines


async def _keep(engine: Engine, name: str) -> None:
    """Start an engine again whenever it has ended by itself. Everything else waits for it, and goes on then."""
    while True:
        code = await engine.wait()
        say(f"· {name} ended with code {code}; starting it again")
        await engine.stop()
        while True:
            try:
                await engine.start()
                break
            except EmbeddedStartError as error:
                say(f"  {error}; trying again in {RESTART_SECONDS:g} s")
                await asyncio.sleep(RESTART_SECONDS)


def _report(line: str) -> None:
    say(f"  {line}")


async def _first_admin(container: AsyncContainer) -> FirstAdmin | None:
    """None when there was one before: the password is shown once."""
    async with container() as request:
        try:
            return await (await request.get(CreateFirstAdmin))(email=ADMIN_EMAIL, name="Admin")
        except ConflictError:
            return None


async def _write_profile(container: AsyncContainer, settings: Settings, directory: Path) -> None:
    """The commands' key is made on the first start, and again when it is not good any more."""
    known = _known_profile(directory)
    token = known.token if known is not None else ""
    if not token or not await _is_good(container, token):
        token = await _new_cli_key(container)
    profile = Profile(
        url=settings.base_url,
        token=token,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        secret_key_file=str(directory / SECRET),
    )
    write_profile(directory, profile)


def _known_profile(directory: Path) -> Profile | None:
    """None when there is none, or one that cannot be read: it is written anew."""
    try:
        return read_profile(directory / FILE)
    except CommandError:
        return None


async def _is_good(container: AsyncContainer, token: str) -> bool:
    async with container() as request:
        try:
            await (await request.get(Authenticate))(token)
        except UnauthenticatedError:
            return False
    return True


async def _new_cli_key(container: AsyncContainer) -> str:
    """A key that acts as the first admin, for whoever may read this directory: they could read the database too."""
    async with container() as request:
        actor = await local_admin(request)
        create = await request.get(CreateApiKey)
        made = await create(
            name="tocsin command line", scopes=frozenset(Permission), expires_in_days=CLI_KEY_DAYS, actor=actor
        )
    return made.secret


def _welcome(settings: Settings, first_admin: FirstAdmin | None, example: Example) -> None:
    command = _command()
    say()
    say(f"Tocsin is running at {settings.base_url} (API: {settings.base_url}/docs)")
    if first_admin is not None:
        say()
        say(f"  log in as    {first_admin.user.email}")
        say(f"  password     {first_admin.password}")
        say("  or choose your own, once, within a day:")
        say(f"               {settings.base_url}/setup/{first_admin.setup_secret}")
        say("  (shown only now)")
    say()
    say("Ring the bell:")
    say()
    body = msgspec.json.encode(
        {
            "routing_key": example.key,
            "event_action": "trigger",
            "dedup_key": "example",
            "payload": {"summary": "checkout answers 5xx", "source": "curl", "severity": "critical"},
        }
    ).decode()
    say(f"  curl -sS {settings.base_url}/v2/enqueue -H 'Content-Type: application/json' -d {shlex.quote(body)}")
    say()
    say(f"and see what happened:  {command} incident list    {command} mailbox")
    for channel in channels(settings):
        if not channel.is_set:
            names = ", ".join(channel.variables)
            say(f"  {channel.name} is not set up ({names}): its messages land in the local mailbox")
    say()


def _command() -> str:
    """How this very program can be called from the same folder."""
    program = Path(sys.argv[0]).absolute()
    with_path = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    return "tocsin" if shutil.which("tocsin") == str(program) else str(with_path)
