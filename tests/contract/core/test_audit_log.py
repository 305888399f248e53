"""The promises of `AuditLog`, kept by every adapter of it."""

from uuid import UUID

import pytest

from application.ports.readers import AuditRecord, NewestFirst
from domain.audit.entry import AuditEntry
from domain.shared.via import Via
from tests.support.builders import ADA, NOON
from tests.support.world import Ports


def an_entry(number: int = 1) -> AuditEntry:
    return AuditEntry(
        id=UUID(int=number),
        at=NOON,
        action="incident.acknowledge",
        noun="incident",
        noun_id=UUID(int=77),
        actor_id=ADA,
        via=Via.SLACK,
        credential="slack",
        address="192.0.2.7",
        request_id="r-1",
        before={"status": "triggered"},
        after={"status": "acknowledged", "nested": [1, None, {"a": "ü"}]},
    )


async def entries(ports: Ports) -> tuple[AuditRecord, ...]:
    return (await ports.audit_reader.list(NewestFirst())).items


async def test_an_entry_is_read_as_it_was_appended(ports: Ports) -> None:
    async with ports.transaction:
        await ports.audit.append(an_entry())

    assert [record.entry for record in await entries(ports)] == [an_entry()]


async def test_entries_are_kept_apart(ports: Ports) -> None:
    async with ports.transaction:
        await ports.audit.append(an_entry(1))
        await ports.audit.append(an_entry(2))

    assert [record.entry.id.int for record in await entries(ports)] == [2, 1]


async def test_no_entry_stays_without_its_write(ports: Ports) -> None:
    async def crash() -> None:
        async with ports.transaction:
            await ports.audit.append(an_entry())
            raise RuntimeError("crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        await crash()
    assert await entries(ports) == ()
