"""What `References` promises."""

from uuid import UUID

from application.ports.references import Reference, ReferenceKind
from tests.contract.config.building import a_stored_service
from tests.contract.config.conftest import CORE, GONE, Store
from tests.contract.config.test_schedules import stored_schedule
from tests.support.oncall import ANN, BOB

NOTHING = UUID(int=7)


async def test_what_is_there_is_told_from_what_is_not(store: Store) -> None:
    service = await a_stored_service(store)
    schedule = await stored_schedule(store)
    there = {
        Reference(ReferenceKind.USER, ANN),
        Reference(ReferenceKind.USER, BOB),
        Reference(ReferenceKind.TEAM, CORE),
        Reference(ReferenceKind.POLICY, service.policy_id),
        Reference(ReferenceKind.SCHEDULE, schedule.id),
    }
    not_there = {Reference(kind, NOTHING) for kind in ReferenceKind}
    crossed = {Reference(ReferenceKind.TEAM, ANN), Reference(ReferenceKind.SCHEDULE, service.policy_id)}
    assert await store.references.missing(there) == frozenset()
    assert await store.references.missing(there | not_there | crossed) == not_there | crossed


async def test_a_deactivated_user_is_missing(store: Store) -> None:
    gone = Reference(ReferenceKind.USER, GONE)
    assert await store.references.missing([gone]) == {gone}
