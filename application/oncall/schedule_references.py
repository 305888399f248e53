from collections.abc import Iterable, Iterator

from application.ports.references import Reference, ReferenceKind
from application.references import NamedReference
from domain.oncall.schedule import Schedule
from domain.shared.ids import UserId


def references_of(schedule: Schedule) -> Iterator[NamedReference]:
    """What a schedule names, its overrides aside, and where."""
    yield NamedReference("team_id", Reference(ReferenceKind.TEAM, schedule.team_id))
    for number, layer in enumerate(schedule.layers):
        for turn, users in enumerate(layer.rotation.participants):
            yield from users_at(f"layers[{number}].rotation.participants[{turn}]", users)


def user_at(field: str, user_id: UserId) -> NamedReference:
    return NamedReference(field, Reference(ReferenceKind.USER, user_id))


def users_at(field: str, user_ids: Iterable[UserId]) -> Iterator[NamedReference]:
    """Each by its place in the field."""
    for place, user_id in enumerate(user_ids):
        yield user_at(f"{field}[{place}]", user_id)
