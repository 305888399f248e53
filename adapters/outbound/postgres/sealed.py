"""Secrets that messages are signed with, in columns: each sealed for whose it is, beside where it once lay clear.

They are sealed under the server's secret. Where that is replaced, what the one before sealed is sealed anew, in
batches, while everything goes on to be read.

Versions before these columns wrote what is clear, and may still do so while a new one is rolled out. So a clear secret
is newer than a sealed one beside it, and is read as it is until `ClearSecrets` has sealed it.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from adapters.outbound.postgres.session import PostgresSession, Row
from application.ports.errors import PermanentPortError
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


# Where sealed secrets lie, by what names a row; the first of its columns is whose they are.
_SEALED: Final = (
    *(
        (table, (owner, "number") if table == "subscription_secrets" else (owner,), f"{column}_sealed")
        for table, owner, column in _COLUMNS
    ),
    ("integrations", ("id",), "signing_secret_sealed"),
    ("integrations", ("id",), "previous_signing_secret_sealed"),
)


_COUNT_CLEAR: Final = "SELECT count(*) FROM {table} WHERE {column} IS NOT NULL"


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


class Sealing(NamedTuple):
    """How many secrets lie clear, are sealed under the server's secret before, or can be read with neither."""

    clear: int = 0
    outdated: int = 0
    unreadable: int = 0

    def __add__(self, other: object) -> "Sealing":
        assert isinstance(other, Sealing)
        return Sealing(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """Whatever is sealed under the server's secret, wherever it lies."""

    session: PostgresSession
    vault: Vault

    async def look(self) -> Sealing:
        """What there is to do for `renew` and `ClearSecrets`. Nothing is held meanwhile."""
        found = Sealing()
        for table, _, column in _COLUMNS:
            (row,) = await self.session.fetch(_COUNT_CLEAR.format(table=table, column=column))
            found += Sealing(clear=row["count"])
        for place in _SEALED:
            async for rows in self._batches(_Place(*place)):
                found += _Renewed.of(rows, self.vault).done
        return found

    async def renew(self, told: Callable[[int], None]) -> Sealing:
        """Seal anew what is sealed under the secret before; up to `BATCH` in a transaction, `told` how many so far.

        What was done stays done: whoever is stopped begins again, and finds the rest.
        """
        found = Sealing()
        for each in _SEALED:
            place, after = _Place(*each), None
            while True:
                async with self.session:
                    rows = await self._rows(place, after, is_held=True)
                    renewed = _Renewed.of(rows, self.vault)
                    await self.session.connection.executemany(place.update, renewed.values)
                if not rows:
                    break
                after, found = rows[-1], found + renewed.done
                if renewed.values:
                    told(found.outdated)
        return found

    async def _batches(self, place: "_Place") -> AsyncIterator[list[Row]]:
        after: Row | None = None
        while rows := await self._rows(place, after, is_held=False):
            yield rows
            after = rows[-1]

    async def _rows(self, place: "_Place", after: Row | None, *, is_held: bool) -> list[Row]:
        values = [] if after is None else [after[key] for key in place.keys]
        return await self.session.fetch(place.select(is_first=after is None, is_held=is_held), BATCH, *values)


class _Place(NamedTuple):
    """A column with sealed secrets. Its names are constants of this module, never a value."""

    table: str
    keys: tuple[str, ...]
    column: str

    def select(self, *, is_first: bool, is_held: bool) -> str:
        """A batch, in the order of the keys, after those of a row."""
        keys = ", ".join(self.keys)
        values = ", ".join(f"${number}" for number in range(2, len(self.keys) + 2))
        after = "" if is_first else f" AND ({keys}) > ({values})"
        held = " FOR NO KEY UPDATE" if is_held else ""
        return (
            f"SELECT {keys}, {self.keys[0]} AS owner, {self.column} AS sealed FROM {self.table}"  # noqa: S608
            f" WHERE {self.column} IS NOT NULL{after} ORDER BY {keys} LIMIT $1{held}"
        )

    @property
    def update(self) -> str:
        where = " AND ".join(f"{key} = ${number}" for number, key in enumerate(self.keys, start=2))
        return f"UPDATE {self.table} SET {self.column} = $1 WHERE {where}"  # noqa: S608


class _Renewed(NamedTuple):
    """Rows of a batch that are sealed anew, as the values of an update, and what was found in it."""

    values: list[tuple[object, ...]]
    done: Sealing

    @classmethod
    def of(cls, rows: Sequence[Row], vault: Vault) -> "_Renewed":
        values: list[tuple[object, ...]] = []
        unreadable = 0
        for row in rows:
            *keys, owner, sealed = row.values()
            try:
                renewed = vault.renewed(sealed, owner=owner)
            except PermanentPortError:
                unreadable += 1
            else:
                if renewed is not None:
                    values.append((renewed, *keys))
        return cls(values, Sealing(outdated=len(values), unreadable=unreadable))
