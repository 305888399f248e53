"""The `tocsin` command: what the commands ask of the other entrypoints is given to them here, and imported late."""

import os
import sys
from collections.abc import Awaitable, Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from adapters.inbound.cli.app import run
from adapters.inbound.cli.context import Context
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.operations import EffectiveSetting, Finding, Operations, Record
from adapters.inbound.cli.profile import Profile, profile_path, read_profile
from adapters.outbound.system.clock import SystemClock
from application.ports.dead_letter_queue import DeadLetterQueue
from entrypoints.settings import SECRETS, Settings, SettingsError, load
from entrypoints.time_zones import use_packaged_zones

MASK = "********"


def main() -> NoReturn:
    use_packaged_zones()
    # A lone surrogate in somebody's text must not end the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    context = Context(operations=LocalOperations(), environment=os.environ, now=SystemClock().now())
    sys.exit(run(sys.argv[1:], context))


class LocalOperations(Operations):
    """On this machine, with the settings of the environment and what `tocsin up` left in this folder."""

    def up(self, *, demo: bool) -> int:
        settings = _settings()  # before the imports, which take seconds: a wrong setting is said at once
        from entrypoints import up

        return up.run(settings, demo=demo)

    def http(self) -> int:
        settings = _settings()
        from entrypoints import processes

        return processes.run_http(settings)

    def worker(self) -> int:
        settings = _settings()
        from entrypoints import processes

        return processes.run_worker(settings)

    def consumer(self) -> int:
        settings = _settings()
        from entrypoints import processes

        return processes.run_consumer(settings)

    def migrate(self) -> None:
        from entrypoints.migrate import migrate_async

        _finish(migrate_async(_local_settings().database_url))

    def check_schema(self) -> None:
        from entrypoints.database import check

        _finish(check(_local_settings().database_url))

    def seal(self, told: Callable[[int], None]) -> Record:
        from entrypoints.secrets import seal

        return _finish(seal(_local_settings(), told))

    def create_first_admin(self, *, email: str, name: str) -> Record:
        from entrypoints import local_identity

        return _finish(local_identity.create_first_admin(_local_settings(), email=email, name=name))

    def create_key(self, *, name: str, scopes: frozenset[str], days: int) -> Record:
        from entrypoints import local_identity

        return _finish(local_identity.create_key(_local_settings(), name=name, scopes=scopes, days=days))

    def seed_demo(self) -> None:
        from entrypoints import demo

        _finish(demo.seed(_local_settings()))

    def remove_demo(self) -> None:
        from entrypoints import demo

        _finish(demo.remove(_local_settings()))

    def examine(self, report: Callable[[Finding], None]) -> None:
        from entrypoints.doctor import examine

        try:
            settings = _local_settings()
        except CommandError as error:
            report(Finding("settings", "fail", str(error)))
            return
        _finish(examine(settings, report))

    def settings(self) -> tuple[EffectiveSetting, ...]:
        from msgspec.structs import fields

        own = _settings()
        effective = _with_profile(own)
        return tuple(
            EffectiveSetting(
                name=f"TOCSIN_{field.name.upper()}",
                value=_masked(field.name, getattr(effective, field.name)),
                source=_source(field.name, own, effective),
            )
            for field in fields(Settings)
        )

    def with_dead_letters[T](self, use: Callable[[DeadLetterQueue], Awaitable[T]]) -> T:
        settings = _settings()
        for name in ("sqs_dead_letter_queue_url", "sqs_queue_url"):
            if not getattr(settings, name):
                message = f"TOCSIN_{name.upper()} is not set: there is no dead-letter queue to look at"
                raise CommandError(message, ExitCode.USAGE)
        return _finish(_with_dead_letters(settings, use))


async def _with_dead_letters[T](settings: Settings, use: Callable[[DeadLetterQueue], Awaitable[T]]) -> T:
    from adapters.outbound.sqs.client import SqsSettings, open_client
    from adapters.outbound.sqs.dead_letters import SqsDeadLetterQueue

    sqs = SqsSettings(region=settings.sqs_region, endpoint_url=settings.sqs_endpoint_url or None)
    async with open_client(sqs) as client:
        queue = SqsDeadLetterQueue(
            client=client, queue_url=settings.sqs_dead_letter_queue_url, source_url=settings.sqs_queue_url
        )
        return await use(queue)


def _settings() -> Settings:
    """Raises `CommandError`."""
    try:
        return load()
    except SettingsError as error:
        raise CommandError(str(error), ExitCode.USAGE) from None


def _local_settings() -> Settings:
    """With a database, if only that of the `tocsin up` of this folder. Raises `CommandError`."""
    settings = _with_profile(_settings())
    if not settings.database_url:
        message = "no database is known here: set TOCSIN_DATABASE_URL, or run `tocsin up` in this folder"
        raise CommandError(message, ExitCode.USAGE)
    return settings


def _with_profile(settings: Settings) -> Settings:
    """The secret belongs to the database: one that is set for another is not mixed with the folder's."""
    from msgspec.structs import replace

    if settings.database_url:
        return settings
    profile = read_profile(profile_path(os.environ)) or Profile()
    return replace(
        settings,
        database_url=profile.database_url,
        redis_url=settings.redis_url or profile.redis_url,
        secret_key=settings.secret_key or _secret_of(profile),
    )


def _secret_of(profile: Profile) -> str:
    if not profile.secret_key_file:
        return ""
    try:
        return Path(profile.secret_key_file).read_text().strip()
    except OSError as error:
        message = f"cannot read {profile.secret_key_file}: {error.strerror}; set TOCSIN_SECRET_KEY_FILE instead"
        raise CommandError(message, ExitCode.USAGE) from None


def _masked(name: str, value: Any) -> str:
    return MASK if name in SECRETS and value else str(value)


def _source(name: str, own: Settings, effective: Settings) -> Any:
    variable = f"TOCSIN_{name.upper()}"
    if variable in os.environ:
        return "environment"
    if f"{variable}_FILE" in os.environ:
        return "file"
    return "default" if getattr(own, name) == getattr(effective, name) else "profile"


def _finish[T](work: Awaitable[T]) -> T:
    """The result of work at the database or the queue. Raises `CommandError` for what an operator can put right."""
    import asyncio

    from asyncpg import InterfaceError, PostgresError

    from application.ports.errors import TransientPortError
    from entrypoints.database import SchemaError
    from entrypoints.processes import StartError

    async def finished() -> T:
        return await work

    try:
        return asyncio.run(finished())
    except SchemaError as error:
        raise CommandError(str(error), ExitCode.CONFLICT) from None
    except SettingsError as error:
        raise CommandError(str(error), ExitCode.USAGE) from None
    except StartError as error:
        raise CommandError(str(error), ExitCode.FAILURE) from None
    except TransientPortError as error:
        message = f"{error}; try again, and see what `tocsin doctor` says"
        raise CommandError(message, ExitCode.UNAVAILABLE) from error
    except InterfaceError as error:
        raise CommandError(f"TOCSIN_DATABASE_URL cannot be used: {error}", ExitCode.USAGE) from error
    except PostgresError as error:
        message = f"the database refused: {error}; is TOCSIN_DATABASE_URL right?"
        raise CommandError(message, ExitCode.FAILURE) from error
    except OSError as error:
        message = f"the database cannot be reached: {error}; is it running, and is TOCSIN_DATABASE_URL right?"
        raise CommandError(message, ExitCode.UNAVAILABLE) from error
