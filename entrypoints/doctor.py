"""Checks of an installation, each with what to do about it. They only look."""

import zoneinfo
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from dishka import AsyncContainer

from adapters.inbound.cli.operations import Finding
from adapters.outbound.postgres.partitions import wanted
from adapters.outbound.postgres.sealed import SealedSecrets, Sealing
from adapters.outbound.postgres.session import Pool, PostgresSession
from adapters.outbound.system.clock import SystemClock
from application.destination.find_refusing import FindRefusingDestinations
from application.escalation.unreachable import FindUnreachable
from application.escalation.watch import GRACE, CountStalled
from application.ports.calendar_imports import CalendarImportRepository
from application.ports.clock import Clock
from application.ports.destination_proofs import RefusingDestination
from application.ports.directory import Directory
from application.ports.errors import PortError
from application.ports.notifications import NotificationRepository
from application.ports.page import PageRequest
from application.ports.policies import PolicyRepository
from application.ports.readers import IncidentFilter, IncidentQuery, IncidentReader
from application.ports.schedules import ScheduleRepository
from application.ports.vault import Vault
from domain.escalation.policy import EscalationPolicy, TargetKind
from domain.notification.contact import Channel
from domain.notification.fall_back import ANSWER_CHARACTERS
from domain.oncall.override import OverrideKind
from domain.shared.ids import ScheduleId, TeamId, UserId
from domain.shared.limits import PAGE_LIMIT
from entrypoints.channels import channels, in_words
from entrypoints.container import production_container
from entrypoints.database import SchemaError, check_on
from entrypoints.settings import Settings

type Connection = asyncpg.Connection[asyncpg.Record]
type Report = Callable[[Finding], None]

POSTGRES_VERSION: Final = 16
CONNECT_SECONDS: Final = 5.0
CLOCK_DIFFERENCE: Final = timedelta(seconds=2)
# A courier takes what is due within a second; half a minute late means that none does.
BACKLOG_WARNS: Final = timedelta(seconds=30)
BACKLOG_FAILS: Final = timedelta(minutes=5)
REDIS_SECONDS: Final = 3.0
_NAMES_SHOWN: Final = 5


async def examine(settings: Settings, report: Report) -> None:
    """Every check, in order; those that need the database or its schema are left out when it is not there."""
    for finding in (await check_settings(settings), await check_channels(settings), await check_time_zones()):
        report(finding)
    report(await check_redis(settings))
    connection = await _connect(settings, report)
    if connection is None:
        return
    try:
        report(await check_version(connection))
        report(await check_clock(connection))
        schema = await check_schema(connection)
        report(schema)
        if schema.verdict == "fail":
            return
        report(await check_partitions(connection))
    finally:
        await connection.close()
    await _examine_incidents(settings, report)


async def check_settings(settings: Settings) -> Finding:
    if settings.secret_key:
        return Finding("settings", "ok", "they can be read")
    return Finding("settings", "fail", "TOCSIN_SECRET_KEY is not set", "make one with `openssl rand -hex 32`")


async def check_channels(settings: Settings) -> Finding:
    missing = [each for each in channels(settings) if not each.is_set]
    if not missing:
        return Finding("channels", "ok", f"{in_words([each.name for each in channels(settings)])} are set up")
    names = in_words([each.name for each in missing])
    variables = in_words([each.variables[0] for each in missing])
    hint = f"set {variables}; `tocsin mailbox` shows what would have been sent"
    return Finding("channels", "warn", f"{names} not set up: messages land in the local mailbox", hint)


async def check_time_zones() -> Finding:
    return time_zone_finding(f"tzdata {version('tzdata')}", [path for path in zoneinfo.TZPATH if has_zones(path)])


def has_zones(folder: str) -> bool:
    return Path(folder, "UTC").exists()


def time_zone_finding(release: str, folders: Sequence[str]) -> Finding:
    """What it means that this host has time zones of its own in these folders."""
    if not folders:
        return Finding("time zones", "ok", release)
    hint = 'set PYTHONTZPATH="" so that every host has the same rules'
    return Finding("time zones", "warn", f"{release}, but this host's own in {folders[0]} comes first", hint)


async def check_redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("Redis", "ok", "not set; it is only a cache")
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        redis = Redis.from_url(settings.redis_url, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS)
    except ValueError as error:
        return Finding("Redis", "fail", f"TOCSIN_REDIS_URL is no address: {error}", "use redis://host:port/0")
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        hint = "is TOCSIN_REDIS_URL right? Nothing is lost without it, only slower"
        return Finding("Redis", "warn", f"does not answer: {error}", hint)
    finally:
        await redis.aclose()
    return Finding("Redis", "ok", "answers")


async def _connect(settings: Settings, report: Report) -> Connection | None:
    try:
        return await asyncpg.connect(settings.database_url, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        detail = f"cannot be reached: {str(error) or type(error).__name__}"
        report(Finding("database", "fail", detail, "is it running, and is TOCSIN_DATABASE_URL right?"))
        return None


async def check_version(connection: Connection) -> Finding:
    server = connection.get_server_version()
    if server.major < POSTGRES_VERSION:
        detail = f"PostgreSQL {server.major}.{server.minor}"
        return Finding("database", "fail", detail, f"upgrade it to PostgreSQL {POSTGRES_VERSION} or later")
    return Finding("database", "ok", f"PostgreSQL {server.major}.{server.minor} answers")


async def check_clock(connection: Connection) -> Finding:
    clock = SystemClock()
    before = clock.now()
    theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
    after = clock.now()
    return clock_finding(theirs - (before + (after - before) / 2))


def clock_finding(difference: timedelta) -> Finding:
    """What a difference between this host's clock and the database's means."""
    detail = f"{abs(difference).total_seconds():.3f} s from the database's"
    if abs(difference) <= CLOCK_DIFFERENCE:
        return Finding("clock", "ok", detail)
    hint = "start NTP on both hosts; deadlines go by the database's clock and stay right, log times do not"
    return Finding("clock", "warn", detail, hint)


async def check_schema(connection: Connection) -> Finding:
    try:
        await check_on(connection)
    except SchemaError as error:
        detail, _, hint = str(error).partition(": ")
        return Finding("schema", "fail", detail, hint)
    return Finding("schema", "ok", "it is this version's")


async def check_partitions(connection: Connection) -> Finding:
    """Those of this month and the next; without one, rows land in the default partition and stay for ever."""
    now: datetime = await connection.fetchval("SELECT now()")
    soon = now.astimezone(UTC) + timedelta(days=31)
    names = [each.name for each in wanted(now.astimezone(UTC)) if each.starts <= soon.date() and each.ends > now.date()]
    rows = await connection.fetch("SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL", names)
    if not rows:
        return Finding("partitions", "ok", "those of this month and the next are there")
    missing = _some([row["name"] for row in rows])
    return Finding("partitions", "fail", f"missing: {missing}", "run `tocsin db migrate`, and see that a worker runs")


async def _examine_incidents(settings: Settings, report: Report) -> None:
    container = production_container(settings)
    checks: Iterable[tuple[str, Callable[[AsyncContainer], Awaitable[Finding]]]] = (
        ("stalled incidents", check_stalled),
        ("notifications", check_backlog),
        ("reachability", check_reachability),
        ("destinations", check_destinations),
        ("calendars", check_calendars),
        ("secrets", check_secrets),
    )
    try:
        for name, check in checks:
            try:
                async with container() as request:
                    report(await check(request))
            except PortError as error:
                report(Finding(name, "fail", f"could not be looked at: {error}", "try again"))
    finally:
        await container.close()


async def check_stalled(request: AsyncContainer) -> Finding:
    """Promise P2: an incident that waits for an answer has a next deadline, or a stated reason for none."""
    stalled = await (await request.get(CountStalled))()
    if not stalled:
        return Finding("stalled incidents", "ok", "none")
    reader = await request.get(IncidentReader)
    at = (await request.get(Clock)).now() - GRACE
    query = IncidentQuery(filter=IncidentFilter(stalled_at=at), oldest_first=True, limit=_NAMES_SHOWN)
    named = [f"INC-{each.number} ({each.stall_reason(at).sentence})" for each in (await reader.list(query)).items]
    more = f": {', '.join(named)}" if named else ""
    hint = "start `tocsin worker`; if one runs, look at its log, and acknowledge by hand: `tocsin incident stalled`"
    return Finding("stalled incidents", "fail", f"{stalled} open incidents that nothing will happen to{more}", hint)


async def check_backlog(request: AsyncContainer) -> Finding:
    notifications = await request.get(NotificationRepository)
    now = (await request.get(Clock)).now()
    deadlines = {channel: await notifications.earliest_deadline(channel) for channel in Channel}
    late = {channel: now - at for channel, at in deadlines.items() if at is not None and at < now}
    return backlog_finding(late)


def backlog_finding(late: dict[Channel, timedelta]) -> Finding:
    """What it means that the oldest message of each channel is so late."""
    worst = max(late.values(), default=timedelta(0))
    if worst <= BACKLOG_WARNS:
        return Finding("notifications", "ok", "none is late")
    detail = ", ".join(f"the oldest by {channel} is {by.total_seconds():.0f} s late" for channel, by in late.items())
    hint = "start `tocsin worker`; if one runs, its log says what the channel answers"
    return Finding("notifications", "fail" if worst > BACKLOG_FAILS else "warn", detail, hint)


async def check_reachability(request: AsyncContainer) -> Finding:
    """Whoever a policy can page, or takes turns in a schedule, is active and has a contact that works."""
    directory = await request.get(Directory)
    meant = await _meant(await request.get(PolicyRepository), directory, at=(await request.get(Clock)).now())
    unreachable = await (await request.get(FindUnreachable))()
    if not unreachable:
        return Finding("reachability", "ok", f"{len(meant)} people can be paged")
    shown = _some(sorted(each.name for each in unreachable))
    hint = "give them a contact (PUT /v1/users/{id}/notification-rules), or take them out of policies and schedules"
    return Finding("reachability", "fail", f"cannot be paged, though a policy or a schedule means them: {shown}", hint)


async def check_destinations(request: AsyncContainer) -> Finding:
    """Channels and servers that policies may tell beside people take what is sent to them."""
    refusing = await (await request.get(FindRefusingDestinations)).with_policies()
    if not refusing:
        return Finding("destinations", "ok", "none refuses what it is sent")
    told = _some([_refusing(each, policies) for each, policies in refusing])
    hint = "`tocsin destination edit NAME --address …`, or take them out of policies; people are paged as before"
    return Finding("destinations", "warn", f"take no messages: {told}", hint)


def _refusing(refusing: RefusingDestination, policies: Sequence[str]) -> str:
    told = f"{refusing.destination.name} ({refusing.proof.refusal[:ANSWER_CHARACTERS]})"
    if not policies:
        return told
    return f"{told}, told by the {'policy' if len(policies) == 1 else 'policies'} {_some(policies)}"


async def check_secrets(request: AsyncContainer) -> Finding:
    """Secrets that messages are signed with: none lies clear, and each is sealed under the present secret key."""
    secrets = SealedSecrets(PostgresSession(await request.get(Pool)), await request.get(Vault))
    return sealing_finding(await secrets.look())


def sealing_finding(found: Sealing) -> Finding:
    """What it means that so many secrets are not as they should be."""
    if found.unreadable:
        hint = "set TOCSIN_SECRET_KEY_PREVIOUS to the key that sealed them, or replace them"
        return Finding("secrets", "fail", f"{found.unreadable} stored secrets cannot be read", hint)
    if found.outdated:
        hint = "run `tocsin db seal`, and do without TOCSIN_SECRET_KEY_PREVIOUS after it"
        return Finding("secrets", "warn", f"{found.outdated} are sealed under the secret key before", hint)
    if found.clear:
        hint = "a worker seals them an hour after its start, and `tocsin db seal` at once"
        return Finding("secrets", "warn", f"{found.clear} lie clear, as versions before stored them", hint)
    return Finding("secrets", "ok", "none lies clear, and each is sealed under the present secret key")


async def check_calendars(request: AsyncContainer) -> Finding:
    """Calendars that schedules follow: what was read last stays on a schedule, and gets older."""
    failing = await (await request.get(CalendarImportRepository)).failing(limit=PAGE_LIMIT)
    if not failing:
        return Finding("calendars", "ok", "every calendar that a schedule follows can be read")
    now = (await request.get(Clock)).now()
    schedules = await (await request.get(ScheduleRepository)).look_up_many(
        [each.schedule_id for each in failing], since=now
    )
    names = {schedule.id: schedule.name for schedule in schedules}
    told = _some([f"{names.get(each.schedule_id, each.schedule_id)} ({each.host}: {each.failure})" for each in failing])
    hint = "`tocsin oncall calendar show SCHEDULE` says since when; until then who is on call is as it was read last"
    return Finding("calendars", "warn", f"cannot be read: {told}", hint)


async def _meant(policies: PolicyRepository, directory: Directory, *, at: datetime) -> set[UserId]:
    targets = {target for policy in [each async for each in _every(policies)] for target in _targets(policy)}
    users = {UserId(id_) for kind, id_ in targets if kind is TargetKind.USER}
    schedules = await directory.schedules(
        {ScheduleId(id_) for kind, id_ in targets if kind is TargetKind.SCHEDULE}, at=at
    )
    teams = await directory.team_members({TeamId(id_) for kind, id_ in targets if kind is TargetKind.TEAM})
    users.update(member for members in teams.values() for member in members)
    for schedule in schedules.values():
        users.update(user for layer in schedule.layers for turn in layer.rotation.participants for user in turn)
        users.update(each.user_id for each in schedule.overrides if each.kind is not OverrideKind.REMOVE)
        users.update(shift.user_id for temporary in schedule.temporaries for shift in temporary.shifts)
    return users


def _targets(policy: EscalationPolicy) -> Iterable[tuple[TargetKind, UUID]]:
    return ((target.kind, target.id) for step in policy.steps for target in step.targets)


async def _every(policies: PolicyRepository) -> AsyncIterator[EscalationPolicy]:
    page = await policies.list(PageRequest(limit=PAGE_LIMIT))
    while True:
        for policy in page.items:
            yield policy
        if not page.has_more:
            return
        last = page.items[-1]
        page = await policies.list(PageRequest(limit=PAGE_LIMIT, after=(last.name, last.id)))


def _some(names: Collection[str]) -> str:
    shown = list(names)[:_NAMES_SHOWN]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more
