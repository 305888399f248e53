"""Runs migrations: over the connection that `entrypoints.database` hands in, or offline as SQL for the linter."""

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


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=target, include_name=include_name, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=target, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run(context.config.attributes["connection"])
