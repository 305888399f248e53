"""Which incidents have stalled: one condition for whoever counts them and whoever lists them (P2)."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, literal_column, not_, or_, select
from sqlalchemy.sql.functions import coalesce
from sqlalchemy.sql.selectable import LateralFromClause

from adapters.outbound.postgres.tables import escalation_runs, incidents


def newest_run() -> LateralFromClause:
    """The run that began last of each incident: a look into an index for each row, not a scan of all runs."""
    return (
        select(escalation_runs.c.status, escalation_runs.c.next_deadline)
        .where(escalation_runs.c.incident_id == incidents.c.id)
        .order_by(escalation_runs.c.started_at.desc(), escalation_runs.c.id.desc())
        .limit(literal_column("1"))
        .lateral("newest_run")
    )


def have_stalled(newest: LateralFromClause, at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Open ones that were there then, and that nothing was to happen to, or said why.

    An incident whose policy is exhausted says so; everything else open and unanswered must have a deadline to come.
    Only its newest run counts: what an earlier one came to excuses nothing.
    """
    is_seen_to = or_(newest.c.status == _EXHAUSTED, newest.c.next_deadline > at)
    is_asking = and_(incidents.c.status == _TRIGGERED, not_(coalesce(is_seen_to, literal_column("false"))))
    return and_(
        incidents.c.status != _RESOLVED,
        incidents.c.triggered_at <= at,
        or_(incidents.c.next_deadline <= at, is_asking),
    )


# Written out, because a parameter would keep the index of open incidents from being used.
_TRIGGERED: Final = literal_column("'triggered'", Text)
_RESOLVED: Final = literal_column("'resolved'", Text)
_EXHAUSTED: Final = literal_column("'exhausted'", Text)
