"""SQLSTATE to port error. No asyncpg exception leaves this package."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from application.errors import ConflictError
from application.ports.errors import ContendedError, PermanentPortError, PortError, TransientPortError

# PostgreSQL documentation, appendix A. Classes and codes that another try may overcome.
_TRANSIENT_CLASSES = frozenset({"08", "40", "53", "57", "58"})  # connection, rollback, resources, operator, system
_TRANSIENT_CODES = frozenset(
    {"55P03", "25006", "25P03", "25P04"}
)  # lock not available, read-only, idle, transaction time-out
_CONTENDED = frozenset({"40001", "40P01"})  # serialization failure, deadlock detected
_UNIQUE_VIOLATION = "23505"
_EXCLUSION_VIOLATION = "23P01"
_FOREIGN_KEY_VIOLATION = "23503"


def translated(error: BaseException) -> PortError | ConflictError | None:
    """What the caller should see, or None when the error is not the database's."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        constraint = getattr(error, "constraint_name", None) or "row"
        if state == _UNIQUE_VIOLATION:
            return ConflictError(error.table_name or "row", constraint, "is taken by another")
        if state == _EXCLUSION_VIOLATION:
            return ConflictError(error.table_name or "row", constraint, "overlaps another")
        if state == _FOREIGN_KEY_VIOLATION:
            return ConflictError(
                error.table_name or "row", constraint, "names something that is not there, or is still used"
            )
        if state in _CONTENDED:
            return ContendedError(f"the database gave way to others: {type(error).__name__}")
        if state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_CODES:
            return TransientPortError(f"the database refused: {type(error).__name__}")
        return PermanentPortError(f"the database refused: {type(error).__name__} {state}")
    if isinstance(
        error, asyncpg.InterfaceError | asyncpg.InternalClientError | ConnectionError | TimeoutError | OSError
    ):
        return TransientPortError(f"the database cannot be reached: {type(error).__name__}")
    return None


@contextmanager
def translating() -> Iterator[None]:
    """Raises `TransientPortError`, `PermanentPortError` or `ConflictError` in place of the driver's exceptions."""
    try:
        yield
    except Exception as error:
        ours = translated(error)
        if ours is None:
            raise
        raise ours from error
