"""Pings at their address, as Healthchecks takes them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from adapters.inbound.http.heartbeat_door import LIMIT_BYTES
from adapters.inbound.intake.allowances import PINGS
from adapters.inbound.intake.targets import hash_of
from domain.heartbeat.heartbeat import Heartbeat, HeartbeatStatus
from domain.service.integration import IntegrationKind
from domain.shared.ids import HeartbeatId
from tests.support import payloads
from tests.support.builders import NOON, SHOP_PROBES
from tests.support.doors import Doors, doors

KEY = "hb_0123456789abcdef0123456789abcdef"
PATH = f"/v1/heartbeats/{KEY}"
ID = HeartbeatId(SHOP_PROBES)
UP, DOWN, NEW = HeartbeatStatus.UP, HeartbeatStatus.DOWN, HeartbeatStatus.NEW


@pytest.fixture
async def town() -> AsyncIterator[Doors]:
    async with doors(kind=IntegrationKind.HEARTBEAT) as opened:
        opened.database.heartbeats[ID] = Heartbeat(
            id=ID,
            integration_id=SHOP_PROBES,
            name="backup",
            key_hash=hash_of(KEY),
            period_seconds=3600,
            grace_seconds=300,
            version=1,
        )
        yield opened


def heartbeat(town: Doors) -> Heartbeat:
    return town.database.heartbeats[ID]


async def test_whoever_pings_without_end_is_asked_to_come_again_and_costs_no_other_heartbeat_anything(
    town: Doors,
) -> None:
    for _ in range(PINGS.burst):
        assert (await town.ask(PATH, method="GET")).status_code == 200
    answer = await town.ask(f"{PATH}/fail")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert heartbeat(town).status is UP
    assert (await town.ask(f"/v1/heartbeats/hb_{'0' * 32}")).status_code == 404
    town.clock.move_to(NOON + PINGS.refill)
    assert (await town.ask(f"{PATH}/fail")).status_code == 200
    assert heartbeat(town).status is DOWN


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("ending", ["", "/", "/success", "/0"])
async def test_a_ping_is_a_success_unless_it_says_otherwise(town: Doors, method: str, ending: str) -> None:
    answer = await town.ask(PATH + ending + "?rid=7f1b0b0e-1b1e-4d0e-8d0e-0b0e7f1b1b1e", method=method)
    assert (answer.status_code, answer.text) == (200, "" if method == "HEAD" else "OK")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (heartbeat(town).status, heartbeat(town).last_success_at) == (UP, NOON)


@pytest.mark.parametrize(
    ("ending", "summary"),
    [
        ("/fail", "backup: its run failed"),
        ("/1", "backup: its run failed with exit status 1"),
        ("/255", "backup: its run failed with exit status 255"),
    ],
)
async def test_a_failure_opens_an_alert_with_what_the_run_said(town: Doors, ending: str, summary: str) -> None:
    answer = await town.ask(PATH + ending, b"tar: cannot open\x00 /dev/st0 \xff")
    assert answer.status_code == 200
    (alert,) = town.alerts
    assert (alert.summary, heartbeat(town).status) == (summary, DOWN)
    assert alert.details["output"] == "tar: cannot open\ufffd /dev/st0 \ufffd"


async def test_a_start_is_remembered_and_a_log_changes_nothing(town: Doors) -> None:
    await town.ask(PATH + "/log", b"hello")
    assert (heartbeat(town).status, heartbeat(town).last_ping_at) == (NEW, NOON)
    await town.ask(PATH + "/start")
    assert (heartbeat(town).status, heartbeat(town).started_at) == (UP, NOON)


@pytest.mark.parametrize("ending", ["/soon", "/256", "/999"])
async def test_what_is_no_signal_is_refused(town: Doors, ending: str) -> None:
    answer = await town.ask(PATH + ending)
    assert answer.status_code == 400
    assert "exit status" in answer.text
    assert heartbeat(town).status is NEW


async def test_a_key_of_nobodys_is_not_found(town: Doors) -> None:
    assert (await town.ask(f"/v1/heartbeats/hb_{'0' * 32}")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/v1/heartbeats", f"/v1/heartbeats/{ID}", "/v1/heartbeats/hb_0", PATH + "/a/b", PATH.upper(), PATH + "\n"]
)
async def test_another_path_is_another_door(town: Doors, path: str) -> None:
    assert (await town.ask(path.replace("\n", "%0A"))).text == "no door"


async def test_one_that_takes_only_post_is_left_alone_by_what_looks_at_links(town: Doors) -> None:
    town.database.heartbeats[ID] = replace(heartbeat(town), is_post_only=True)
    for method in ("GET", "HEAD"):
        answer = await town.ask(PATH, method=method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert heartbeat(town).status is NEW
    assert (await town.ask(PATH)).status_code == 200
    assert heartbeat(town).status is UP


async def test_another_method_is_refused(town: Doors) -> None:
    answer = await town.ask(PATH, method="DELETE")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_too_long_a_body_is_let_go_and_the_ping_counts(town: Doors) -> None:
    assert (await town.ask(PATH, b"x" * (LIMIT_BYTES + 1))).status_code == 200
    assert heartbeat(town).status is UP


async def test_a_watchdogs_alert_is_a_sign_of_life_until_it_resolves(town: Doors) -> None:
    firing = payloads.ALERTMANAGER_FIRING
    await town.ask(PATH, firing)
    assert heartbeat(town).status is UP
    await town.ask(PATH, firing.replace(b'"status":"firing"', b'"status":"resolved"'))
    assert heartbeat(town).status is DOWN
    await town.ask(PATH, firing)
    assert heartbeat(town).status is UP


@pytest.mark.parametrize("body", [b"{", b'{"status":"resolved"}', b"[1]", b"{\xff}", b'{"a":' * 5000])
async def test_whatever_else_a_body_holds_a_ping_is_a_ping(town: Doors, body: bytes) -> None:
    assert (await town.ask(PATH, body)).status_code == 200
    assert heartbeat(town).status is UP


async def test_while_storage_is_away_whoever_pings_is_to_try_again(town: Doors) -> None:
    town.storage.is_away = True
    with capture_logs():
        answer = await town.ask(PATH)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
