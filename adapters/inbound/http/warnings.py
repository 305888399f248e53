"""What is told beside a thing that is read: it can be used, and may not do what it was made for."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from application.ports.directory import Unreachable

_SHOWN: Final = 50  # enough to know whom to ask; readiness of a team names everybody


class WarningBody(msgspec.Struct):
    code: str
    detail: str
    user_id: UUID | None


def warnings_of(unreachable: Sequence[Unreachable]) -> list[WarningBody]:
    return [
        WarningBody(
            code="unreachable_target",
            detail=f"{each.name} is meant here, and has no contact that works",
            user_id=each.user_id,
        )
        for each in unreachable[:_SHOWN]
    ]
