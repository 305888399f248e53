"""Runs migrations: over the connection that `entrypoints.migrate` hands in, or offline as SQL for the linter."""

from alembic import context
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from adapters.outbound.postgres.tables import PARTITIONED_BY, Xid8, metadata

target: MetaData = metadata
ischema_names["xid8"] = Xid8


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Partitions belong to their parents; Alembic need not know them."""
    if kind != "table" or name is None:
        return True
    parent = name.removesuffix("_default") if name.endswith("_default") else name.rpartition("_p")[0]
    return parent not in PARTITIONED_BY


# Whatever waits behind a migration's lock waits at most so long. A statement that takes longer than this is a backfill,
# and goes in batches.
TIMEOUTS = ("SET lock_timeout = '5s'", "SET statement_timeout = '60s'")


def run(connection: Connection) -> None:
    for timeout in TIMEOUTS:
        connection.execute(text(timeout))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=target,
        include_name=include_name,
        compare_type=True,
        transaction_per_migration=True,  # so that one of them may leave its own, to make an index beside the traffic
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=target, literal_binds=True)
    with context.begin_transaction():
        for timeout in TIMEOUTS:
            context.execute(timeout)
        context.run_migrations()
else:
    run(context.config.attributes["connection"])
