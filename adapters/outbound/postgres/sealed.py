"""Secrets that messages are signed with, in columns: each sealed for whose it is, beside where it once lay clear.

Versions before these columns wrote what is clear, and may still do so while a new one is rolled out. So a clear secret
is newer than a sealed one beside it, and is read as it is until `ClearSecrets` has sealed it.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.vault import Vault

BATCH: Final = 500
# Table, whose they are, and the column; beside each is one of the same name for what is sealed.
_COLUMNS: Final = (
    ("subscription_secrets", "subscription_id", "secret"),
    ("contact_secrets", "contact_id", "secret"),
    ("contact_secrets", "contact_id", "old_secret"),
    ("destination_secrets", "destination_id", "secret"),
    ("destination_secrets", "destination_id", "old_secret"),
)
# The braces hold names of the table above. Rows that are locked stay where they are, so their place names them.
_FIND: Final = (
    "SELECT ctid AS place, {owner} AS owner, {column} AS clear FROM {table} WHERE {column} IS NOT NULL"
    " LIMIT $1 FOR UPDATE SKIP LOCKED"
)
_SEAL: Final = (
    "UPDATE {table} t SET {column}_sealed = s.sealed, {column} = NULL"
    " FROM unnest($1::tid[], $2::bytea[]) AS s (place, sealed) WHERE t.ctid = s.place"
)


def secret_in(vault: Vault, *, clear: str | None, sealed: bytes | None, owner: UUID) -> str | None:
    """None: there is none. Raises `PermanentPortError`: it was sealed under another server secret."""
    if clear is not None or sealed is None:
        return clear
    return vault.open(sealed, owner=owner)


def secrets_in(row: Row, vault: Vault, *, owner: UUID) -> tuple[str, ...]:
    """The present one and, while `is_overlapping`, the one before it. Raises `PermanentPortError`."""
    named = ("secret", "old_secret") if row["is_overlapping"] else ("secret",)
    found = (secret_in(vault, clear=row[name], sealed=row[f"{name}_sealed"], owner=owner) for name in named)
    return tuple(each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class ClearSecrets:
    """What versions before wrote as it is."""

    session: PostgresSession
    vault: Vault

    async def seal(self) -> int:
        """How many were sealed; up to `BATCH` of each column in a transaction, until none is left."""
        sealed = 0
        for table, owner, column in _COLUMNS:
            names = {"table": table, "owner": owner, "column": column}
            while count := await self._seal(_FIND.format(**names), _SEAL.format(**names)):
                sealed += count
        return sealed

    async def _seal(self, find: str, seal: str) -> int:
        async with self.session:
            rows = await self.session.fetch(find, BATCH)
            sealed = [self.vault.seal(row["clear"], owner=row["owner"]) for row in rows]
            await self.session.connection.execute(seal, [row["place"] for row in rows], sealed)
        return len(rows)
