from typing import Self
from uuid import UUID

import msgspec

from application.notification.drill import Drilled


class DrillBody(msgspec.Struct):
    """Who gets a test page, and who has no contact."""

    told_ids: list[UUID]
    unreachable_ids: list[UUID]

    @classmethod
    def of(cls, drilled: Drilled) -> Self:
        return cls(told_ids=list(drilled.told), unreachable_ids=list(drilled.unreachable))


class DrillScheduleBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whoever is on call now, or everyone who takes turns."""

    everyone: bool = False
