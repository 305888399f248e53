"""The JSON of policies and of schedules' parts, and the rows around it. A field is added, never renamed."""

from collections.abc import Iterable

import msgspec

from adapters.outbound.postgres.session import Row
from domain.escalation.policy import EscalationPolicy, Target
from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.schedule import Schedule
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import FixedShift, TemporarySchedule
from domain.shared.ids import OverrideId, ScheduleId, ShadowId, TeamId, TemporaryScheduleId, UserId

_encoder = msgspec.json.Encoder()


def policy_body(policy: EscalationPolicy) -> bytes:
    """The whole policy as it is now, its version included."""
    return _encoder.encode(policy)


def policy_from(body: object) -> EscalationPolicy:
    """From JSON that is already parsed."""
    return msgspec.convert(body, EscalationPolicy)


def targets_body(targets: tuple[Target, ...]) -> bytes:
    return _encoder.encode(targets)


def targets_from(body: object) -> tuple[Target, ...]:
    """From JSON that is already parsed."""
    return msgspec.convert(body, tuple[Target, ...])


def layers_body(layers: tuple[Layer, ...]) -> bytes:
    return _encoder.encode(layers)


def layers_from(body: object) -> tuple[Layer, ...]:
    """From JSON that is already parsed."""
    return msgspec.convert(body, tuple[Layer, ...])


def shifts_body(shifts: tuple[FixedShift, ...]) -> bytes:
    return _encoder.encode(shifts)


def schedule_from_rows(
    schedule_row: Row,
    override_rows: Iterable[Row],
    temporary_rows: Iterable[Row] = (),
    shadow_rows: Iterable[Row] = (),
) -> Schedule:
    """From a row of `schedules` and any of its rows in the tables around it, in any order."""
    overrides = sorted(map(override_from_row, override_rows), key=lambda override: override.id)  # as they were made
    return Schedule(
        id=ScheduleId(schedule_row["id"]),
        team_id=TeamId(schedule_row["team_id"]),
        name=schedule_row["name"],
        time_zone=schedule_row["time_zone"],
        layers=layers_from(schedule_row["layers"]),
        overrides=tuple(overrides),
        temporaries=tuple(sorted(map(temporary_from_row, temporary_rows), key=lambda temporary: temporary.id)),
        shadows=tuple(sorted(map(shadow_from_row, shadow_rows), key=lambda shadow: shadow.id)),
        version=schedule_row["version"],
    )


def override_from_row(row: Row) -> Override:
    return Override(
        id=OverrideId(row["id"]),
        user_id=UserId(row["user_id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        replaces=row["replaces_user_id"],
        kind=OverrideKind(row["kind"]),
    )


def temporary_from_row(row: Row) -> TemporarySchedule:
    return TemporarySchedule(
        id=TemporaryScheduleId(row["id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        shifts=msgspec.convert(row["shifts"], tuple[FixedShift, ...]),
        is_layer=row["is_layer"],
    )


def shadow_from_row(row: Row) -> Shadow:
    return Shadow(
        id=ShadowId(row["id"]),
        user_id=UserId(row["user_id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        follows=row["follows_user_id"],
        layer=row["layer"],
    )
