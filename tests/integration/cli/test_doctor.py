"""The checks over a real database, and what an operator does at it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from msgspec import structs

from adapters.inbound.cli.operations import Finding
from application.destination.create_destination import CreateDestination
from application.errors import ConflictError
from application.escalation.create_policy import CreatePolicy
from application.identity.create_team import CreateTeam
from application.oncall.create_schedule import CreateSchedule
from application.oncall.refresh_calendars import RefreshCalendars
from application.oncall.set_calendar_import import SetCalendarImport
from application.ports.destination_proofs import DestinationProofs, TriedDestination
from application.ports.destinations import DestinationRepository, DestinationSecrets
from application.ports.notifier import Outcome
from application.ports.transaction import Transaction
from domain.escalation.policy import Step, Target, TargetKind
from domain.notification.destination import Destination, DestinationKind
from domain.shared.errors import InvalidValueError
from domain.shared.ids import DestinationId, UserId
from entrypoints.container import production_container
from entrypoints.doctor import examine
from entrypoints.local import local_admin
from entrypoints.local_identity import create_first_admin, create_key
from entrypoints.secrets import seal
from entrypoints.settings import Settings

TRIED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


async def _findings(settings: Settings) -> dict[str, Finding]:
    found: list[Finding] = []
    await examine(settings, found.append)
    return {finding.check: finding for finding in found}


def _settings(dsn: str) -> Settings:
    return Settings(database_url=dsn, database_pool=2, secret_key="k" * 40)


async def _policy_that_pages(settings: Settings, user_id: UserId) -> None:
    container = production_container(settings)
    async with container() as request:
        actor = await local_admin(request)
        team = await (await request.get(CreateTeam))(name="Payments", member_ids=[user_id], actor=actor)
        steps = (Step(targets=(Target(kind=TargetKind.TEAM, id=team.id),), delay=timedelta(minutes=5)),)
        await (await request.get(CreatePolicy))(team_id=team.id, name="Payments", steps=steps, actor=actor)
    await container.close()


async def test_a_new_installation_is_healthy(clean_database: str) -> None:
    found = await _findings(_settings(clean_database))
    assert [finding.check for finding in found.values() if finding.verdict == "fail"] == []
    assert set(found) >= {"database", "clock", "schema", "partitions", "stalled incidents", "notifications"}
    assert found["reachability"] == Finding("reachability", "ok", "0 people can be paged")


async def test_a_database_that_is_not_there_fails_alone() -> None:
    found = await _findings(_settings("postgresql://tocsin@127.0.0.1:1/tocsin"))
    assert found["database"].verdict == "fail"
    assert "schema" not in found
    assert (await _findings(_settings("nonsense")))["database"].verdict == "fail"


async def test_a_database_without_the_schema_says_how_to_get_it(empty_database: str) -> None:
    found = await _findings(_settings(empty_database))
    assert found["schema"] == Finding(
        "schema", "fail", "the database has no Tocsin schema yet", "run `tocsin db migrate`"
    )
    assert "reachability" not in found


async def test_a_missing_partition_is_named(fresh_database: str) -> None:
    connection = await asyncpg.connect(fresh_database)
    name = await connection.fetchval("SELECT 'raw_events_p' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')")
    await connection.execute(f"DROP TABLE {name}")
    await connection.close()
    finding = (await _findings(_settings(fresh_database)))["partitions"]
    assert (finding.verdict, finding.detail) == ("fail", f"missing: {name}")


async def test_somebody_whom_a_policy_pages_has_a_contact(clean_database: str) -> None:
    settings = _settings(clean_database)
    admin = await create_first_admin(settings, email="ada@example.com", name="Ada")
    connection = await asyncpg.connect(clean_database)
    await connection.execute("DELETE FROM contacts")
    await _policy_that_pages(settings, UserId(admin["user"]["id"]))
    finding = (await _findings(settings))["reachability"]
    assert (finding.verdict, finding.detail.rpartition(": ")[2]) == ("fail", "Ada")
    await connection.execute(
        "INSERT INTO contacts (id, user_id, channel, address, label)"
        " SELECT gen_random_uuid(), id, 'email', email, '' FROM users"
    )
    assert (await _findings(settings))["reachability"].verdict == "ok"
    await connection.execute("UPDATE users SET is_active = false")
    await connection.close()
    assert (await _findings(settings))["reachability"].verdict == "fail"


async def test_a_channel_that_takes_no_messages_is_named(clean_database: str) -> None:
    settings = _settings(clean_database)
    assert (await _findings(settings))["destinations"].verdict == "ok"
    container = production_container(settings)
    await create_first_admin(settings, email="ada@example.com", name="Ada")
    async with container() as request:
        actor = await local_admin(request)
        team = await (await request.get(CreateTeam))(name="Payments", member_ids=[], actor=actor)
        ops = (
            await (await request.get(CreateDestination))(
                team_id=team.id, name="Ops", kind=DestinationKind.SLACK_CHANNEL, address="C0123OPS", actor=actor
            )
        ).destination
        tried = TriedDestination(ops.id, ops.address, TRIED_AT, Outcome.REJECTED, "Slack refused: is_archived")
        async with await request.get(Transaction):
            await (await request.get(DestinationProofs)).record([tried])
        finding = (await _findings(settings))["destinations"]
        assert (finding.verdict, finding.detail) == ("warn", "take no messages: Ops (Slack refused: is_archived)")

        target = Target(kind=TargetKind.CHANNEL, id=ops.id)
        steps = (Step(targets=(target,), delay=timedelta(minutes=5)),)
        await (await request.get(CreatePolicy))(team_id=team.id, name="Page", steps=steps, actor=actor)
    await container.close()
    finding = (await _findings(settings))["destinations"]
    assert finding.detail == "take no messages: Ops (Slack refused: is_archived), told by the policy Page"


async def test_a_calendar_that_cannot_be_read_is_named(clean_database: str) -> None:
    settings = _settings(clean_database)
    assert (await _findings(settings))["calendars"].verdict == "ok"
    container = production_container(settings)
    await create_first_admin(settings, email="ada@example.com", name="Ada")
    async with container() as request:
        actor = await local_admin(request)
        team = await (await request.get(CreateTeam))(name="Payments", member_ids=[], actor=actor)
        schedule = await (await request.get(CreateSchedule))(
            team_id=team.id, name="Rota", time_zone="UTC", layers=(), actor=actor
        )
        await (await request.get(SetCalendarImport))(schedule.id, url="http://127.0.0.1:1/secret.ics", actor=actor)
    async with container() as request:
        assert await (await request.get(RefreshCalendars))() == 1
    await container.close()
    finding = (await _findings(settings))["calendars"]
    reason = "its address may not be asked: the port is not on the list"
    assert (finding.verdict, finding.detail) == ("warn", f"cannot be read: Rota (127.0.0.1: {reason})")


async def test_the_operator_lets_the_first_admin_in_once(clean_database: str) -> None:
    settings = _settings(clean_database)
    made = await create_first_admin(settings, email="ada@example.com", name="Ada")
    assert made["user"]["role"] == "admin"
    assert made["password"]
    assert made["setup_secret"]
    with pytest.raises(ConflictError):
        await create_first_admin(settings, email="eve@example.com", name="Eve")


async def test_the_operator_makes_a_key_for_the_first_admin(clean_database: str) -> None:
    settings = _settings(clean_database)
    admin = await create_first_admin(settings, email="ada@example.com", name="Ada")
    made = await create_key(settings, name="ci", scopes=frozenset({"read"}), days=7)
    assert made["key"]["user_id"] == admin["user"]["id"]
    assert made["key"]["scopes"] == ["read"]
    assert made["secret"].startswith("tsk_")
    with pytest.raises(InvalidValueError):
        await create_key(settings, name="ci", scopes=frozenset({"read"}), days=0)


async def test_what_another_secret_key_sealed_is_told_and_the_command_seals_it_anew(clean_database: str) -> None:
    settings = _settings(clean_database)
    container = production_container(settings)
    await create_first_admin(settings, email="ada@example.com", name="Ada")
    async with container() as request:
        actor = await local_admin(request)
        team = await (await request.get(CreateTeam))(name="Payments", member_ids=[], actor=actor)
        board = Destination(
            id=DestinationId(UUID(int=1)),
            team_id=team.id,
            name="Board",
            kind=DestinationKind.WEBHOOK,
            address="https://hooks.example/board",
        )
        async with await request.get(Transaction):
            await (await request.get(DestinationRepository)).save(board)
            await (await request.get(DestinationSecrets)).put(board.id, "whsec_board", old_expires_at=TRIED_AT)
    await container.close()
    assert (await _findings(settings))["secrets"].verdict == "ok"

    rotating = structs.replace(settings, secret_key="n" * 40, secret_key_previous=settings.secret_key)
    alone = structs.replace(rotating, secret_key_previous="")
    assert (await _findings(alone))["secrets"].verdict == "fail"
    assert (await _findings(rotating))["secrets"].detail == "1 are sealed under the secret key before"
    told: list[int] = []
    assert await seal(rotating, told.append) == {"clear": 0, "outdated": 1, "unreadable": 0}
    assert told == [1]
    assert (await _findings(alone))["secrets"].verdict == "ok"
