"""What is no event, while storage is away and there is a spill: it is accepted as ever."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from adapters.inbound.intake.allowances import UNMET_PINGS
from adapters.inbound.intake.targets import hash_of
from application.ports.alert_requests import RequestedAction
from domain.heartbeat.heartbeat import Heartbeat, PingKind
from domain.shared.ids import HeartbeatId
from tests.support import payloads
from tests.support.builders import NOON, SHOP_PROBES
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


GENIE = {"authorization": f"GenieKey {KEY}"}


async def asked(town: Doors, path: str, **body: object) -> Any:
    with capture_logs():
        answer = await town.ask(f"/v2/alerts{path}", json.dumps(body).encode(), headers=GENIE)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_what_is_asked_about_alerts_is_accepted_under_the_id_that_it_will_have(town: Doors) -> None:
    town.storage.is_away = True
    created = await asked(town, "", message="disk full", alias="disk", note="on the left")
    closed = await asked(town, "/disk/close?identifierType=alias", user="ada")

    assert created["result"] == "Request will be processed"
    assert [str(each.raw.id) for each in town.spill.requests] == [created["requestId"], closed["requestId"]]
    assert [(each.order.action, each.order.ref.name) for each in town.spill.requests] == [
        (RequestedAction.CREATE, "disk"),
        (RequestedAction.CLOSE, "disk"),
    ]
    assert town.alerts == ()


@pytest.mark.parametrize("is_back", [False, True])
async def test_until_it_is_done_its_status_is_not_found_yet(town: Doors, *, is_back: bool) -> None:
    town.storage.is_away = True
    request_id = (await asked(town, "", message="disk full"))["requestId"]
    town.storage.is_away = not is_back
    answer = await town.ask(f"/v2/alerts/requests/{request_id}", method="GET", headers=GENIE)

    assert (answer.status_code, answer.json()["message"]) == (
        404,
        "Request not found. It might not be processed, yet.",
    )


async def test_a_status_that_cannot_be_asked_for_is_worth_another_try_while_nothing_waits(town: Doors) -> None:
    town.storage.is_away = True
    with capture_logs():
        answer = await town.ask(f"/v2/alerts/requests/{UUID(int=7)}", method="GET", headers=GENIE)

    assert answer.status_code == 503


def a_heartbeat(town: Doors, **more: Any) -> str:
    """Its address."""
    key = f"hb_{len(town.database.heartbeats):032x}"
    made = Heartbeat(
        id=HeartbeatId(UUID(int=len(town.database.heartbeats) + 1)),
        integration_id=SHOP_PROBES,
        name=key,
        key_hash=hash_of(key),
        period_seconds=3600,
        grace_seconds=300,
        version=1,
    )
    town.database.heartbeats[made.id] = replace(made, **more)
    return f"/v1/heartbeats/{key}"


async def test_a_sign_of_life_is_taken_with_when_it_was_given(town: Doors) -> None:
    path = a_heartbeat(town)
    town.storage.is_away = True
    with capture_logs():
        answers = [await town.ask(path + "/start")]
        town.clock.move_to(NOON + timedelta(minutes=3))
        answers.append(await town.ask(path + "/9", b"disk full"))

    assert [(each.status_code, each.text) for each in answers] == [(200, "OK"), (200, "OK")]
    assert [(each.kind, each.received_at, each.output) for each in town.spill.pings] == [
        (PingKind.START, NOON, ""),
        (PingKind.FAIL, NOON + timedelta(minutes=3), "disk full"),
    ]


async def test_one_that_takes_only_post_is_left_alone_as_long_as_it_is_remembered(town: Doors) -> None:
    path = a_heartbeat(town, is_post_only=True)
    assert (await town.ask(path)).status_code == 200
    town.storage.is_away = True
    with capture_logs():
        answer = await town.ask(path, method="GET")

    assert (answer.status_code, town.spill.pings) == (405, [])


async def test_whoever_guesses_keys_does_not_fill_the_spill_and_keeps_out_none_that_was_met(town: Doors) -> None:
    path = a_heartbeat(town)
    assert (await town.ask(path)).status_code == 200
    town.storage.is_away = True
    with capture_logs():
        guessed = [await town.ask(f"/v1/heartbeats/hb_{7 + number:032x}") for number in range(UNMET_PINGS.burst + 9)]
        met = await town.ask(path)

    assert [each.status_code for each in guessed] == [200] * UNMET_PINGS.burst + [503] * 9
    assert met.status_code == 200
    assert len(town.spill.pings) == UNMET_PINGS.burst + 1
