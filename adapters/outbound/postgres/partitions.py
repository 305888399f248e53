"""Monthly partitions, made ahead of time. A default partition catches what no month was made for."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

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

    @property
    def sql(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name} PARTITION OF {self.parent} "
            f"FOR VALUES FROM ('{self.starts:%Y-%m-%d} 00:00:00+00') TO ('{self.ends:%Y-%m-%d} 00:00:00+00')"
        )


def wanted(at: datetime) -> Iterator[Partition]:
    """The partitions that there should be at an instant."""
    this_month = at.year * 12 + at.month - 1
    for parent in PARTITIONED_BY:
        for month in range(this_month - MONTHS_BEHIND, this_month + MONTHS_AHEAD + 1):
            yield Partition(parent, _first_of(month), _first_of(month + 1))


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
