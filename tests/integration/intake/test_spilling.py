"""What is no event, while storage is away and there is a spill: it is accepted as ever."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from tests.support import payloads
from tests.support.doors import KEY, Doors, doors


@pytest.fixture
async def town() -> AsyncIterator[Doors]:
    async with doors(with_spill=True) as made:
        yield made


async def test_a_change_is_accepted_under_the_id_that_it_will_have(town: Doors) -> None:
    town.storage.is_away = True
    with capture_logs():
        answer = await town.ask("/v2/change/enqueue", payloads.PAGERDUTY_CHANGE)

    assert answer.status_code == 202
    (change,) = town.spill.changes
    assert answer.json()["id"] == str(change.id)
    assert town.database.change_events == ()


@pytest.mark.parametrize(("path", "status"), [(f"/integrations/{KEY}/alertmanager", 202), ("/v1/events", 400)])
async def test_a_body_that_cannot_be_read_is_answered_as_ever_and_kept(town: Doors, path: str, status: int) -> None:
    town.storage.is_away = True
    headers = {"authorization": f"Bearer {KEY}"}
    with capture_logs():
        answer = await town.ask(path, b"[not JSON", headers=headers)

    assert answer.status_code == status
    assert [letter.body for letter in town.spill.letters] == [b"[not JSON"]
    assert town.reasons == []


async def test_without_a_spill_both_are_asked_to_come_again() -> None:
    async with doors() as town:
        town.storage.is_away = True
        with capture_logs():
            change = await town.ask("/v2/change/enqueue", payloads.PAGERDUTY_CHANGE)
            unreadable = await town.ask(f"/integrations/{KEY}/alertmanager", b"[not JSON")

    assert (change.status_code, unreadable.status_code) == (503, 503)


async def test_what_comes_before_the_spill_is_empty_goes_there_too(town: Doors) -> None:
    town.storage.is_away = True
    with capture_logs():
        await town.ask("/v2/enqueue", payloads.PAGERDUTY_TRIGGER)
    town.storage.is_away = False
    await town.ask("/v2/change/enqueue", payloads.PAGERDUTY_CHANGE)

    assert (len(town.spill.kept), len(town.spill.changes)) == (1, 1)
