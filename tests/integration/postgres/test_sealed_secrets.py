"""What messages are signed with, as a copy of the database has it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from adapters.outbound.postgres import sealed
from adapters.outbound.postgres.contact_secrets import PostgresContactSecrets
from adapters.outbound.postgres.destinations import PostgresDestinationRepository, PostgresDestinationSecrets
from adapters.outbound.postgres.sealed import ClearSecrets, SealedSecrets, Sealing
from adapters.outbound.postgres.session import PostgresSession, close_pool, create_pool
from adapters.outbound.postgres.subscriptions import PostgresSubscriptionRepository
from adapters.outbound.postgres.teams import PostgresTeamRepository
from adapters.outbound.postgres.users import PostgresUserRepository
from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.randomness import SystemRandomness
from application.ports.errors import PermanentPortError
from domain.identity.team import Team
from domain.notification.contact import Channel
from domain.notification.destination import Destination, DestinationKind
from domain.shared.ids import DestinationId, TeamId, UserId
from tests.contract.core.storing import an_open_incident
from tests.contract.core.test_event_deliveries import lease, recorded, subscribed
from tests.contract.identity.test_users import contact
from tests.support.builders import SHOP_PROBES, a_town
from tests.support.identity import NEXT_SECRET, SECRET, VAULT, a_user
from tests.support.subscriptions import a_subscription
from tests.support.world import Ports, over_postgres, ports_container

pytestmark = pytest.mark.postgres

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
TEAM = TeamId(UUID(int=100))
USER = UserId(UUID(int=1))
HOOK = contact(11, "https://hooks.example.test/a", channel=Channel.WEBHOOK)
DESTINATION = Destination(
    id=DestinationId(UUID(int=3)),
    team_id=TEAM,
    name="board",
    kind=DestinationKind.WEBHOOK,
    address="https://hooks.example/board",
)
TABLES = ("subscription_secrets", "contact_secrets", "destination_secrets")
# As versions before these columns left them.
MADE_CLEAR = f"""
UPDATE subscription_secrets SET secret = 'subscription-' || number, secret_sealed = NULL;
UPDATE contact_secrets SET secret = 'contact-2', old_secret = 'contact-1', secret_sealed = NULL,
  old_secret_sealed = NULL, old_until = '{LATER.isoformat()}';
UPDATE destination_secrets SET secret = 'destination-2', old_secret = 'destination-1', secret_sealed = NULL,
  old_secret_sealed = NULL, old_expires_at = '{LATER.isoformat()}';
"""  # noqa: S608


@dataclass(frozen=True)
class Stored:
    session: PostgresSession
    vault: SealedVault = VAULT

    async def put(self, number: int) -> None:
        """A secret of each kind, beside which the one before is valid until later."""
        async with self.session:
            await PostgresContactSecrets(self.session, self.vault).put(HOOK.id, f"contact-{number}", old_until=LATER)
            await PostgresDestinationSecrets(self.session, self.vault).put(
                DESTINATION.id, f"destination-{number}", old_expires_at=LATER
            )
            await PostgresSubscriptionRepository(self.session, self.vault).add_secret(
                a_subscription().id, f"subscription-{number}", old_expire_at=LATER
            )

    async def read(self, at: datetime = AT) -> list[str]:
        contacts = PostgresContactSecrets(self.session, self.vault)
        subscriptions = PostgresSubscriptionRepository(self.session, self.vault)
        return [
            *await contacts.of_address(USER, Channel.WEBHOOK, HOOK.address, at=at),
            *await PostgresDestinationSecrets(self.session, self.vault).of(DESTINATION.id, at=at),
            *[each.secret for each in await subscriptions.secrets(a_subscription().id, at=at)],
        ]

    async def make_clear(self) -> None:
        async with self.session:
            await self.session.connection.execute(MADE_CLEAR)

    async def dump(self) -> str:
        async with self.session:
            await self.session.connection.execute("SET LOCAL bytea_output = 'escape'")  # what is text shows as text
            rows = [await self.session.fetch(f"SELECT t::text AS row FROM {table} t") for table in TABLES]  # noqa: S608
        assert all(rows)
        return " ".join(row["row"] for each in rows for row in each)


BOTH = [f"{noun}-{number}" for noun in ("contact", "destination", "subscription") for number in (2, 1)]
NEWEST = [name for name in BOTH if name.endswith("2")]


@pytest.fixture
async def stored(clean_database: str) -> AsyncIterator[Stored]:
    pool = await create_pool(clean_database)
    session = PostgresSession(pool)
    made = Stored(session)
    async with session:
        await PostgresTeamRepository(session).save(Team(id=TEAM, name="crew"))
        users = PostgresUserRepository(session)
        await users.save(a_user(1))
        await users.save_reachability(USER, [HOOK], [])
        await PostgresDestinationRepository(session).save(DESTINATION)
        await PostgresSubscriptionRepository(session, VAULT).save(a_subscription(1, team_id=TEAM))
    await made.put(1)
    await made.put(2)
    yield made
    await close_pool(pool)


async def test_a_copy_of_the_database_shows_no_secret(stored: Stored) -> None:
    assert await stored.read() == BOTH
    dump = await stored.dump()
    assert not [secret for secret in BOTH if secret in dump]


async def test_an_old_secret_ends_although_it_is_sealed(stored: Stored) -> None:
    assert await stored.read(at=LATER) == NEWEST


async def test_what_a_version_before_stored_goes_on_to_be_read_and_to_overlap(stored: Stored) -> None:
    await stored.make_clear()
    assert "contact-1" in await stored.dump()
    assert await stored.read() == BOTH
    await stored.put(3)
    assert await stored.read() == [name.replace("1", "3") for name in sorted(BOTH, key=_as_rotated)]


def _as_rotated(name: str) -> tuple[str, str]:
    return name.rpartition("-")[0], name[-1]


async def test_what_a_version_before_writes_meanwhile_counts(stored: Stored) -> None:
    async with stored.session:
        await stored.session.connection.execute("UPDATE contact_secrets SET secret = 'contact-9', old_secret = NULL")
    assert (await stored.read())[0] == "contact-9"


async def test_a_worker_seals_what_lies_clear_and_it_goes_on_to_be_read(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "BATCH", 1)
    await stored.make_clear()
    assert await ClearSecrets(stored.session, VAULT).seal() == len(BOTH)
    dump = await stored.dump()
    assert not [secret for secret in BOTH if secret in dump]
    assert await stored.read() == BOTH
    assert await ClearSecrets(stored.session, VAULT).seal() == 0


async def test_another_server_secret_reads_none_of_them(stored: Stored) -> None:
    stranger = Stored(stored.session, SealedVault(b"another secret of thirty-two bytes!", SystemRandomness()))
    with pytest.raises(PermanentPortError):
        await stranger.read()


ROTATING = SealedVault(NEXT_SECRET, SystemRandomness(), previous=SECRET)


class StoppedError(Exception):
    """Whoever seals anew is stopped half-way."""


async def test_while_the_secret_key_is_replaced_everything_goes_on_to_be_read_and_is_sealed_anew_at_the_end(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "BATCH", 1)
    rotating = Stored(stored.session, ROTATING)
    assert await rotating.read() == BOTH
    secrets, told = SealedSecrets(stored.session, ROTATING), list[int]()
    assert await secrets.look() == Sealing(outdated=len(BOTH))

    def stop_at_two(count: int) -> None:
        told.append(count)
        if count == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        await secrets.renew(stop_at_two)
    assert await rotating.read() == BOTH
    assert await secrets.renew(told.append) == Sealing(outdated=len(BOTH) - 2)
    assert told == [1, 2, 1, 2, 3, 4]

    assert await secrets.look() == Sealing()
    assert await Stored(stored.session, SealedVault(NEXT_SECRET, SystemRandomness())).read() == BOTH


async def test_what_neither_key_opens_is_counted_and_left_as_it_is(stored: Stored) -> None:
    stranger = SealedSecrets(stored.session, SealedVault(NEXT_SECRET, SystemRandomness()))
    assert await stranger.renew(lambda _: None) == await stranger.look() == Sealing(unreadable=len(BOTH))
    assert await stored.read() == BOTH


async def test_what_lies_clear_is_counted_until_it_is_sealed(stored: Stored) -> None:
    await stored.make_clear()
    secrets = SealedSecrets(stored.session, VAULT)
    assert await secrets.look() == Sealing(clear=len(BOTH))
    await ClearSecrets(stored.session, VAULT).seal()
    assert await secrets.look() == Sealing()


async def test_what_senders_sign_with_is_sealed_anew_too(town: Ports, clean_database: str) -> None:
    pool = await create_pool(clean_database)
    owner = SHOP_PROBES
    async with pool.acquire() as connection:
        old = VAULT.seal("whsec_sender", owner=owner), VAULT.seal("whsec_before", owner=owner), owner
        await connection.execute(
            "UPDATE integrations SET signing_secret_sealed = $1, previous_signing_secret_sealed = $2 WHERE id = $3",
            *old,
        )
    await SealedSecrets(PostgresSession(pool), ROTATING).renew(lambda _: None)
    row = await pool.fetchrow("SELECT * FROM integrations WHERE id = $1", owner)
    await close_pool(pool)
    assert row is not None
    alone = SealedVault(NEXT_SECRET, SystemRandomness())
    read = [alone.open(row[f"{name}signing_secret_sealed"], owner=owner) for name in ("", "previous_")]
    assert read == ["whsec_sender", "whsec_before"]


@pytest.fixture
async def town(clean_database: str) -> AsyncIterator[Ports]:
    """One of whose subscriptions an event waits for, signed with `whsec_one`."""
    container = ports_container(over_postgres(clean_database))
    async with container() as request:
        ports = await request.get(Ports)
        await ports.settle_in(a_town())
        await an_open_incident(ports)
        await subscribed(ports)
        await recorded(ports, 1)
        yield ports
    await container.close()


async def test_an_event_is_signed_with_what_a_version_before_stored(town: Ports, clean_database: str) -> None:
    await _execute(clean_database, "UPDATE subscription_secrets SET secret = 'whsec_old', secret_sealed = NULL")
    (leased,) = await lease(town)
    assert leased.secrets == ("whsec_old",)


async def test_a_secret_that_cannot_be_read_is_said_and_costs_the_others_nothing(
    town: Ports, clean_database: str
) -> None:
    await subscribed(town, 2)
    await recorded(town, 2, of=2)
    await _execute(clean_database, "UPDATE subscription_secrets SET secret_sealed = 'x' WHERE subscription_id = $1", 1)
    with capture_logs() as logs:
        first, second = await lease(town)
    assert (first.secrets, second.secrets) == ((), ("whsec_one",))
    assert [line["event"] for line in logs] == ["signing_secret_unreadable"]


async def _execute(dsn: str, statement: str, *subscriptions: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement, *(a_subscription(number).id for number in subscriptions))
    await connection.close()
