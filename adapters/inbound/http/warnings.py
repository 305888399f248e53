"""What is told beside a thing that is read: it can be used, and may not do what it was made for."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final
from uuid import UUID

import msgspec

from application.ports.destination_proofs import RefusingDestination
from application.ports.directory import Unreachable
from domain.notification.fall_back import reason_given
from domain.notification.proof import DestinationProof

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


def refusal_warnings(proof: DestinationProof | None) -> list[WarningBody]:
    """Of a destination: that it takes no messages, since when, and what it answered."""
    if proof is None or not proof.is_refusing:
        return []
    return [WarningBody(code="destination_refuses", detail=_refusal(proof), user_id=None)]


def told_in_vain(refusing: Sequence[RefusingDestination]) -> list[WarningBody]:
    """Of a policy: those that it tells and that take no messages."""
    told = (f"tells {each.destination.name}, which {_refusal(each.proof)}" for each in refusing[:_SHOWN])
    return [WarningBody(code="destination_refuses", detail=detail, user_id=None) for detail in told]


def _refusal(proof: DestinationProof) -> str:
    assert proof.refused_at is not None, "what refuses has refused"
    since = f"{proof.refused_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"takes no messages: it refused for good at {since}, and answered: {reason_given(proof.refusal)}"
