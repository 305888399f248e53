from collections.abc import Iterator

from application.ports.references import Reference, ReferenceKind
from application.references import NamedReference
from domain.oncall.schedule import Schedule
from domain.shared.ids import UserId


def references_of(schedule: Schedule) -> Iterator[NamedReference]:
    """What a schedule names, its overrides aside, and where."""
    yield NamedReference("team_id", Reference(ReferenceKind.TEAM, schedule.team_id))
    for number, layer in enumerate(schedule.layers):
        for turn, users in enumerate(layer.rotation.participants):
            for place, user_id in enumerate(users):
                yield user_at(f"layers[{number}].rotation.participants[{turn}][{place}]", user_id)


def user_at(field: str, user_id: UserId) -> NamedReference:
    return NamedReference(field, Reference(ReferenceKind.USER, user_id))
