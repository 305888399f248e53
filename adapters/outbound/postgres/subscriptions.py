from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select

from adapters.outbound.postgres import named
from adapters.outbound.postgres.sealed import secret_in
from adapters.outbound.postgres.session import PostgresSession, Row
from adapters.outbound.postgres.statement import Statement
from adapters.outbound.postgres.tables import subscriptions
from application.errors import NotFoundError
from application.ports.page import Page, PageRequest
from application.ports.subscriptions import SigningSecret, SubscriptionRepository
from application.ports.vault import Vault
from domain.shared.ids import SubscriptionId, TeamId
from domain.subscription.subscription import Subscription, SubscriptionKind

COLUMNS: Final = tuple(field.name for field in fields(Subscription))
_QUERY = select(*(subscriptions.c[column] for column in COLUMNS))
_GET = named.one_of(subscriptions, _QUERY, is_held=True)
_READ = named.one_of(subscriptions, _QUERY)
_INSERT = named.inserting(subscriptions, *COLUMNS)
_UPDATE = named.updating(subscriptions, *(column for column in COLUMNS if column != "id"))
# A thousand at the most (`limits.SUBSCRIPTIONS`), so one statement serves every filter. The braces hold column names.
_LIST = f"""
SELECT {", ".join(COLUMNS)} FROM subscriptions
WHERE ($1::uuid[] IS NULL OR team_id = ANY($1)) AND ($2::text IS NULL OR (name, id) > ($2, $3::uuid))
ORDER BY name, id LIMIT $4
"""  # noqa: S608
# The cursor first: a relay that holds it may be adding lanes.
_DELETE = (
    "DELETE FROM subscription_cursors WHERE subscription_id = $1",
    "DELETE FROM subscription_lanes WHERE subscription_id = $1",
    "DELETE FROM subscription_health WHERE subscription_id = $1",
    "DELETE FROM subscription_secrets WHERE subscription_id = $1",
    "DELETE FROM subscriptions WHERE id = $1",
)
_FORGET_OLD = """
DELETE FROM subscription_secrets s WHERE s.subscription_id = $1
AND s.number < (SELECT max(number) FROM subscription_secrets WHERE subscription_id = $1)
"""
_END_PRESENT = "UPDATE subscription_secrets SET expires_at = $2 WHERE subscription_id = $1"
_ADD_NEWEST = """
INSERT INTO subscription_secrets (subscription_id, number, secret_sealed)
SELECT $1, coalesce(max(number), 0) + 1, $2 FROM subscription_secrets WHERE subscription_id = $1
"""
_PRESENT = """
SELECT secret, secret_sealed, expires_at FROM subscription_secrets
WHERE subscription_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY number DESC
"""


@dataclass(frozen=True, slots=True)
class PostgresSubscriptionRepository(SubscriptionRepository):
    session: PostgresSession
    vault: Vault

    async def get(self, subscription_id: SubscriptionId) -> Subscription:
        return await self._one(_GET, subscription_id)

    async def look_up(self, subscription_id: SubscriptionId) -> Subscription:
        return await self._one(_READ, subscription_id)

    async def save(self, subscription: Subscription) -> Subscription:
        stored = replace(subscription, version=subscription.version + 1)
        await named.save(self.session, "subscription", _INSERT, _UPDATE, asdict(stored))
        return stored

    async def delete(self, subscription_id: SubscriptionId) -> None:
        for statement in _DELETE:
            await self.session.connection.execute(statement, subscription_id)

    async def count(self) -> int:
        rows = await self.session.fetch("SELECT count(*) FROM subscriptions")
        count: int = rows[0]["count"]
        return count

    async def list(self, page: PageRequest, *, team_ids: Collection[TeamId] | None = None) -> Page[Subscription]:
        name, key = page.after or (None, None)
        wanted = None if team_ids is None else list(team_ids)
        rows = await self.session.fetch(_LIST, wanted, name, key, page.limit + 1)
        return Page(tuple(map(subscription_of, rows[: page.limit])), len(rows) > page.limit)

    async def add_secret(self, subscription_id: SubscriptionId, secret: str, *, old_expire_at: datetime) -> None:
        connection = self.session.connection
        await connection.execute(_FORGET_OLD, subscription_id)
        await connection.execute(_END_PRESENT, subscription_id, old_expire_at)
        await connection.execute(_ADD_NEWEST, subscription_id, self.vault.seal(secret, owner=subscription_id))

    async def secrets(self, subscription_id: SubscriptionId, *, at: datetime) -> tuple[SigningSecret, ...]:
        rows = await self.session.fetch(_PRESENT, subscription_id, at)
        secrets = (
            (secret_in(self.vault, clear=row["secret"], sealed=row["secret_sealed"], owner=subscription_id), row)
            for row in rows
        )
        return tuple(SigningSecret(secret, row["expires_at"]) for secret, row in secrets if secret is not None)

    async def _one(self, statement: Statement, subscription_id: SubscriptionId) -> Subscription:
        row = await self.session.row(statement, key=subscription_id)
        if row is None:
            raise NotFoundError("subscription", subscription_id)
        return subscription_of(row)


def subscription_of(row: Row, prefix: str = "") -> Subscription:
    """From its columns, which a join may have given a prefix."""
    values = {column: row[prefix + column] for column in COLUMNS}
    kinds = {"kind": SubscriptionKind(values["kind"]), "event_kinds": tuple(values["event_kinds"])}
    return Subscription(**{**values, **kinds})
