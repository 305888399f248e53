"""The index of raw events is made beside the traffic, part by part, also when a try before was cut off."""

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from entrypoints.migrate import alembic_config, migrate_async

pytestmark = pytest.mark.postgres

_PARTS = """
SELECT count(*) FILTER (WHERE x.indexrelid IS NOT NULL) AS indexed, count(*) AS partitions FROM pg_inherits p
LEFT JOIN (pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid AND x.indisvalid)
  ON i.inhparent = 'raw_events_heard_idx'::regclass AND x.indrelid = p.inhrelid
WHERE p.inhparent = 'raw_events'::regclass
"""
_IS_WHOLE = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'raw_events_heard_idx'::regclass"


async def test_every_part_of_the_raw_events_is_indexed(empty_database: str) -> None:
    mine = ScriptDirectory.from_config(alembic_config()).get_revision("0020_mappings")
    assert isinstance(mine.down_revision, str)
    await migrate_async(empty_database, revision=mine.down_revision)
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(
            "CREATE INDEX raw_events_heard_idx ON ONLY raw_events (integration_id, received_at DESC, id DESC);"
            "CREATE INDEX raw_events_default_heard_idx ON raw_events_default (integration_id)"
        )
        await migrate_async(empty_database)
        parts = await connection.fetchrow(_PARTS)
        assert parts is not None
        assert parts["partitions"] > 1
        assert parts["indexed"] == parts["partitions"]
        assert await connection.fetchval(_IS_WHOLE)
    finally:
        await connection.close()
