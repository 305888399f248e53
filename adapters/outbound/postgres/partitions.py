"""Monthly partitions, made ahead of time and dropped when their time is over; a default one catches all other rows.

Neither waits for a lock that intake would then wait behind. A new one is attached, which lets others read and write. An
old one is emptied first, which locks nothing but itself. Removing the empty one needs the whole table for an instant
(with a default partition PostgreSQL does not detach concurrently), so it is done only when nobody has it: asked for
with `NOWAIT`, a busy table is left alone until next time.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, Self

import asyncpg

from adapters.outbound.postgres.session import Connection
from adapters.outbound.postgres.tables import PARTITIONED_BY

MONTHS_BEHIND = 1  # a demo's week, or a late event, may reach into the month before
MONTHS_AHEAD = 2


class Partition(NamedTuple):
    parent: str
    starts: date
    ends: date

    @property
    def name(self) -> str:
        return f"{self.parent}_p{self.starts:%Y%m}"

    @classmethod
    def named(cls, parent: str, name: str) -> Self | None:
        """None: it is no month of the table."""
        found = re.fullmatch(rf"{parent}_p([0-9]{{4}})([0-9]{{2}})", name)
        if found is None or not 1 <= int(found[2]) <= 12:
            return None
        month = int(found[1]) * 12 + int(found[2]) - 1
        return cls(parent, _first_of(month), _first_of(month + 1))

    @property
    def sql(self) -> str:
        """For a table that nobody uses yet: it locks all of it."""
        return f"CREATE TABLE IF NOT EXISTS {self.name} PARTITION OF {self.parent} {self._bounds}"

    @property
    def attaching(self) -> tuple[str, str]:
        """The same in two statements that let others go on. The empty table gets its indexes when it is attached."""
        like = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE"
        return (
            f"CREATE TABLE {self.name} (LIKE {self.parent} {like})",
            f"ALTER TABLE {self.parent} ATTACH PARTITION {self.name} {self._bounds}",
        )

    @property
    def _bounds(self) -> str:
        return f"FOR VALUES FROM ('{self.starts:%Y-%m-%d} 00:00:00+00') TO ('{self.ends:%Y-%m-%d} 00:00:00+00')"

    def is_over(self, *, before: datetime) -> bool:
        """Whether all that it can hold is from before that."""
        return datetime(self.ends.year, self.ends.month, self.ends.day, tzinfo=UTC) <= before


def wanted(at: datetime) -> Iterator[Partition]:
    """The partitions that there should be at an instant."""
    this_month = at.year * 12 + at.month - 1
    for parent in PARTITIONED_BY:
        for month in range(this_month - MONTHS_BEHIND, this_month + MONTHS_AHEAD + 1):
            yield Partition(parent, _first_of(month), _first_of(month + 1))


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


# Longer than anybody has a lock on a table that nobody reads any more; whoever has is waited for next time.
PATIENCE: Final = "SET LOCAL lock_timeout = '200ms'"
# How often an instant is looked for in which nobody has the table, and how long it is waited in between.
TRIES: Final = 50
PAUSE_SECONDS: Final = 0.02

# One message, and so one transaction: whoever takes it to the server may be kept waiting himself, and must not hold the
# table meanwhile, for intake waits for it.
_DETACH: Final = f"""
{PATIENCE};
LOCK TABLE ONLY {{parent}} IN ACCESS EXCLUSIVE MODE NOWAIT;
ALTER TABLE {{parent}} DETACH PARTITION {{name}}
"""
_TABLES = """
SELECT c.relname AS name, pg_relation_size(c.oid) > 0 AS has_rows, i.inhparent IS NOT NULL AS is_attached
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND starts_with(c.relname, $1)
ORDER BY c.relname
"""


class Dropped(NamedTuple):
    """Which partitions are gone, and which are empty and still wait for an instant in which nobody has their table."""

    gone: tuple[str, ...]
    emptied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartitionUpkeep:
    """What a worker does from time to time. Several at once do no harm. Tables without a time are kept for ever."""

    connection: Connection
    kept: Mapping[str, timedelta]

    async def make(self, *, at: datetime) -> Sequence[str]:
        """The partitions that there should be and were not yet. Raises what asyncpg raises."""
        made = []
        for partition in wanted(at):
            is_there = await self.connection.fetchval("SELECT to_regclass($1) IS NOT NULL", partition.name)
            if is_there or self._is_over(partition, at):
                continue
            # Another worker was faster; or rows of the month are in the default partition, which `tocsin doctor` finds.
            with suppress(asyncpg.DuplicateTableError, asyncpg.CheckViolationError):
                async with self.connection.transaction():
                    await self.connection.execute(PATIENCE)
                    for statement in partition.attaching:
                        await self.connection.execute(statement)
                made.append(partition.name)
        return made

    async def drop(self, *, at: datetime) -> Dropped:
        """Everything of which the time is over. Raises what asyncpg raises."""
        gone, emptied = [], []
        for parent in self.kept:
            for row in await self.connection.fetch(_TABLES, f"{parent}_p"):
                partition = Partition.named(parent, row["name"])
                if partition is None or not self._is_over(partition, at):
                    continue
                if row["is_attached"] and row["has_rows"] and not await self._is_emptied(partition):
                    continue
                if not row["is_attached"] or await self._is_detached(partition):
                    await self.connection.execute(f"DROP TABLE IF EXISTS {partition.name}")
                    gone.append(partition.name)
                else:
                    emptied.append(partition.name)
        return Dropped(tuple(gone), tuple(emptied))

    def _is_over(self, partition: Partition, at: datetime) -> bool:
        kept = self.kept.get(partition.parent)
        return kept is not None and partition.is_over(before=at - kept)

    async def _is_emptied(self, partition: Partition) -> bool:
        """Not if somebody reads it."""
        try:
            async with self.connection.transaction():
                await self.connection.execute(PATIENCE)
                await self.connection.execute(f"TRUNCATE {partition.name}")
        except (asyncpg.LockNotAvailableError, asyncpg.UndefinedTableError):
            return False
        return True

    async def _is_detached(self, partition: Partition) -> bool:
        """Not if somebody has the table all the time."""
        for _ in range(TRIES):
            try:
                await self.connection.execute(_DETACH.format(parent=partition.parent, name=partition.name))
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(PAUSE_SECONDS)
            except asyncpg.UndefinedTableError:  # another worker was faster
                return True
            else:
                return True
        return False
