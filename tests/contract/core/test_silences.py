"""The promises of `SilenceRepository`, kept by every adapter of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from application.errors import ConflictError, NotFoundError
from application.ports.ending import EndingQuery, EndKey
from domain.incident.mute import Mute, MuteKind
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId
from tests.contract.core.storing import firing, held
from tests.support.builders import CREW, NOON, a_draft, an_alert
from tests.support.routing import a_silence
from tests.support.world import Ports

HOUR = timedelta(hours=1)


async def saved(ports: Ports, *silences: Silence) -> None:
    async with ports.transaction:
        for silence in silences:
            await ports.silences.save(silence)


async def listed(ports: Ports, **query: Any) -> list[int]:
    page = await ports.silences.list(EndingQuery(**{"since": NOON, **query}))
    return [silence.id.int - 70_000 for silence in page.items]


async def test_a_silence_is_read_as_it_was_saved_and_is_another_revision(ports: Ports) -> None:
    silence = a_silence('app=~"a|b", "c d"!="e"', team_id=CREW)
    before = await ports.rulebook_source.revision()
    await saved(ports, silence)
    assert await ports.silences.look_up(silence.id) == replace(silence, version=1)
    assert await ports.rulebook_source.revision() != before
    async with ports.transaction:
        read = await ports.silences.get(silence.id)
        assert await ports.silences.save(replace(read, comment="b")) == replace(silence, comment="b", version=2)


async def test_one_that_was_saved_since_it_was_read_is_a_conflict(ports: Ports) -> None:
    await saved(ports, a_silence())
    for version in (0, 2):
        with pytest.raises(ConflictError):
            await saved(ports, a_silence(version=version))
    with pytest.raises(NotFoundError):
        await ports.silences.look_up(SilenceId(UUID(int=1)))


async def test_those_that_are_not_over_are_listed_by_their_end_and_counted(ports: Ports) -> None:
    await saved(
        ports,
        a_silence(number=1, ends_at=NOON + 2 * HOUR),
        a_silence(number=2, ends_at=NOON + HOUR, team_id=CREW),
        a_silence(number=3, starts_at=NOON - HOUR, ends_at=NOON),
        a_silence(number=4, ends_at=NOON + HOUR),
    )
    assert await listed(ports) == [2, 4, 1]
    assert await listed(ports, team_id=CREW) == [2]
    assert await listed(ports, limit=2) == [2, 4]
    assert await listed(ports, after=EndKey(NOON + HOUR, UUID(int=70_002))) == [4, 1]
    assert await ports.silences.count(at=NOON) == 3
    assert [each.id.int for each in await ports.rulebook_source.silences(at=NOON)] == [70_001, 70_002, 70_004]


async def test_incidents_are_found_by_what_mutes_them_while_nobody_has_them(ports: Ports) -> None:
    mute = Mute(kind=MuteKind.SILENCED, by="one", reason="quiet", until=NOON + HOUR)
    drafts = [
        a_draft(1, muted=mute),
        a_draft(2, muted=replace(mute, by="other")),
        a_draft(3),
        a_draft(4, muted=replace(mute, until=None)),
    ]
    async with ports.transaction:
        opened = await ports.intake.open_incidents(drafts)
    assert [each.is_muted for _, each in sorted(opened.items())] == [True, True, False, True]
    async with ports.transaction:
        found = await ports.incidents.muted_by("one")
        assert [each.id for each in found] == [drafts[0].id, drafts[3].id]
        assert (found[0].muted, found[0].next_deadline) == (mute, NOON + HOUR)
        await ports.incidents.save(found[1].unmute(at=NOON))
    assert [each.id for each in await muted_by(ports, "one")] == [drafts[0].id]
    assert (await held(ports, drafts[3].id)).muted is None
    assert await ports.incidents.earliest_deadline() == NOON + HOUR
    assert await ports.runs.count_stalled(at=NOON) == 2  # the third, and the one that is heard now
    assert await ports.runs.count_stalled(at=NOON + HOUR) == 4


async def muted_by(ports: Ports, by: str) -> Any:
    async with ports.transaction:
        return await ports.incidents.muted_by(by)


async def test_an_incident_that_is_open_and_muted_says_so_to_the_next_alert(ports: Ports) -> None:
    mute = Mute(kind=MuteKind.SUPPRESSED, by="one", reason="quiet")
    for _ in range(2):
        async with ports.transaction:
            (opened,) = (await ports.intake.open_incidents([a_draft(1, muted=mute)])).values()
        assert opened.is_muted


async def test_firing_alerts_are_looked_up_without_being_held(ports: Ports) -> None:
    await firing(ports, an_alert(1), an_alert(2), an_alert(3, incident=2))
    found = await ports.alerts.look_up_firing({an_alert(1).incident_id})
    assert found == (an_alert(1), an_alert(2))
